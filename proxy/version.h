/* The version of this build, "0.1.0". */
#ifndef PROXY_VERSION_H
#define PROXY_VERSION_H

extern const char dnsfwd_version[];
/* When it was built, or what it was built from was made: seconds since 1970; 0: not known. */
extern const long long dnsfwd_built;

#endif
