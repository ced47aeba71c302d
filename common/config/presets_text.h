/* presets.conf as it was when the program was built. */
#ifndef COMMON_CONFIG_PRESETS_TEXT_H
#define COMMON_CONFIG_PRESETS_TEXT_H

extern const unsigned char presets_text[]; /* NUL-terminated */

#endif
