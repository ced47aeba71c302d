build-old/common/config/value.o: common/config/value.c \
 common/config/value.h common/config/errors.h common/config/config.h \
 common/base/addr.h common/config/spelling.h common/config/option.h \
 common/base/hostmatch.h common/config/local.h common/config/load.h \
 common/config/source.h common/base/bytes.h
common/config/value.h:
common/config/errors.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/config/option.h:
common/base/hostmatch.h:
common/config/local.h:
common/config/load.h:
common/config/source.h:
common/base/bytes.h:
