build-old/common/config/presets.o: common/config/presets.c \
 common/config/presets.h common/config/config.h common/base/addr.h \
 common/config/spelling.h common/base/hostmatch.h \
 common/config/presets_text.h
common/config/presets.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/base/hostmatch.h:
common/config/presets_text.h:
