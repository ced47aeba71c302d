build-old/common/config/pins.o: common/config/pins.c common/config/pins.h \
 common/config/load.h common/config/errors.h common/config/config.h \
 common/base/addr.h common/config/spelling.h common/config/option.h \
 common/config/source.h common/base/bytes.h common/base/base64.h \
 common/config/value.h
common/config/pins.h:
common/config/load.h:
common/config/errors.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/option.h:
common/config/source.h:
common/base/bytes.h:
common/base/base64.h:
common/config/value.h:
