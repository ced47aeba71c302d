build-old/common/config/presets_print.o: common/config/presets_print.c \
 common/config/presets.h common/config/config.h common/base/addr.h \
 common/config/spelling.h
common/config/presets.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
