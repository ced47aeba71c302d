#include "proxy/version.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

const char dnsfwd_version[] = VERSION;
