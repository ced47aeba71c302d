#include "proxy/version.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

#ifndef BUILT
#define BUILT 0
#endif

const char dnsfwd_version[] = VERSION;
const long long dnsfwd_built = BUILT;
