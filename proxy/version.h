/* The version of this build, "0.1.0". */
#ifndef PROXY_VERSION_H
#define PROXY_VERSION_H

extern const char dnsfwd_version[];

#endif
