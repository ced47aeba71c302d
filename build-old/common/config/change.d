build-old/common/config/change.o: common/config/change.c \
 common/config/change.h common/config/config.h common/base/addr.h \
 common/config/spelling.h common/config/option.h common/config/print.h
common/config/change.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/option.h:
common/config/print.h:
