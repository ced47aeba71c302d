build-old/common/config/array.o: common/config/array.c \
 common/config/load.h common/config/errors.h common/config/config.h \
 common/base/addr.h common/config/spelling.h common/config/option.h \
 common/config/source.h common/base/bytes.h common/config/value.h
common/config/load.h:
common/config/errors.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/option.h:
common/config/source.h:
common/base/bytes.h:
common/config/value.h:
