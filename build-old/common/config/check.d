build-old/common/config/check.o: common/config/check.c \
 common/config/check.h common/config/load.h common/config/errors.h \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 common/config/option.h common/config/source.h common/base/bytes.h \
 common/config/pins.h common/config/presets.h common/config/value.h
common/config/check.h:
common/config/load.h:
common/config/errors.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/option.h:
common/config/source.h:
common/base/bytes.h:
common/config/pins.h:
common/config/presets.h:
common/config/value.h:
