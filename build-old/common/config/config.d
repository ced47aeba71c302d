build-old/common/config/config.o: common/config/config.c \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 common/config/upstream.h common/config/load.h common/config/errors.h \
 common/config/option.h common/config/source.h common/base/bytes.h
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/upstream.h:
common/config/load.h:
common/config/errors.h:
common/config/option.h:
common/config/source.h:
common/base/bytes.h:
