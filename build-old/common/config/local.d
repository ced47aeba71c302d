build-old/common/config/local.o: common/config/local.c \
 common/config/local.h common/config/load.h common/config/errors.h \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 common/config/option.h common/config/source.h common/base/bytes.h \
 common/config/value.h common/local/record_line.h common/local/records.h \
 common/local/nameset.h common/local/suffix.h common/dns/name.h \
 common/dns/wire.h common/local/special.h
common/config/local.h:
common/config/load.h:
common/config/errors.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/option.h:
common/config/source.h:
common/base/bytes.h:
common/config/value.h:
common/local/record_line.h:
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
common/local/special.h:
