build-old/common/config/print.o: common/config/print.c \
 common/config/print.h common/config/config.h common/base/addr.h \
 common/config/spelling.h common/config/option.h common/config/local.h \
 common/config/load.h common/config/errors.h common/config/source.h \
 common/base/bytes.h common/config/pins.h common/config/value.h
common/config/print.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/option.h:
common/config/local.h:
common/config/load.h:
common/config/errors.h:
common/config/source.h:
common/base/bytes.h:
common/config/pins.h:
common/config/value.h:
