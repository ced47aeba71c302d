build-old/common/config/source.o: common/config/source.c \
 common/config/source.h common/base/bytes.h common/config/errors.h \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 common/config/include.h
common/config/source.h:
common/base/bytes.h:
common/config/errors.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/include.h:
