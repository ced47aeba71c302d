/* Waiting for a descriptor until a point in time: microseconds of clock_monotonic_us. */
#ifndef PROXY_CTL_AUDIT_WAIT_H
#define PROXY_CTL_AUDIT_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds for poll() until then; 0 if that is past. */
int audit_wait_ms(uint64_t until_us);

/* True: poll() says so before that. */
bool audit_wait_for(int fd, short what, uint64_t until_us);

#endif
