build-old/common/config/option.o: common/config/option.c \
 common/config/option.h common/config/config.h common/base/addr.h \
 common/config/spelling.h common/config/nearest.h
common/config/option.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/nearest.h:
