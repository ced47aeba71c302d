build-old/common/config/presets_text.o: \
 build-old/common/config/presets_text.c common/config/presets_text.h
common/config/presets_text.h:
