build-old/common/config/include.o: common/config/include.c \
 common/config/include.h common/config/config.h common/base/addr.h \
 common/config/spelling.h
common/config/include.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
