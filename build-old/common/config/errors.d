build-old/common/config/errors.o: common/config/errors.c \
 common/config/errors.h common/config/config.h common/base/addr.h \
 common/config/spelling.h
common/config/errors.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
