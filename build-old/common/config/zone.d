build-old/common/config/zone.o: common/config/zone.c common/config/zone.h \
 common/config/load.h common/config/errors.h common/config/config.h \
 common/base/addr.h common/config/spelling.h common/config/option.h \
 common/config/source.h common/base/bytes.h common/config/forward.h \
 common/config/value.h
common/config/zone.h:
common/config/load.h:
common/config/errors.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/option.h:
common/config/source.h:
common/base/bytes.h:
common/config/forward.h:
common/config/value.h:
