/*
 * What is built in, 1 or 0: the Makefile says so ("make DTLS=0"), else all is.  For use in an `if`: the compiler leaves
 * out what is behind a 0, and with it the files that only it needs.
 */
#ifndef COMMON_BASE_BUILD_H
#define COMMON_BASE_BUILD_H

#ifndef WITH_HTTP
#define WITH_HTTP 1
#endif
#ifndef WITH_DTLS
#define WITH_DTLS 1
#endif
#ifndef WITH_IMPORT
#define WITH_IMPORT 1
#endif
#ifndef WITH_SYSTEMD
#define WITH_SYSTEMD 1
#endif
#ifndef WITH_LANDLOCK
#define WITH_LANDLOCK 1
#endif
#ifndef WITH_LOGFILES
#define WITH_LOGFILES 1
#endif
#ifndef WITH_RECORDER
#define WITH_RECORDER 1
#endif
#ifndef WITH_SNAPSHOT
#define WITH_SNAPSHOT 1
#endif
#ifndef WITH_PORTAL
#define WITH_PORTAL 1
#endif
#ifndef WITH_DESK
#define WITH_DESK 1
#endif

#endif
