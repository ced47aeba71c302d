"""Runs a program as a service manager does that passes descriptors (sd_listen_fds(3)).

    activate.py FD,FD,... COMMAND...

The descriptors become 3 and up, in this order.  LISTEN_FDS and LISTEN_PID are set unless the environment has them.
"""

import fcntl
import os
import sys

FIRST = 3

descriptors = [int(fd) for fd in sys.argv[1].split(",") if fd]
# Out of the way first: some may stand where others have to go.
aside = [fcntl.fcntl(fd, fcntl.F_DUPFD, FIRST + len(descriptors)) for fd in descriptors]
for i, fd in enumerate(aside):
    os.dup2(fd, FIRST + i, inheritable=True)
os.closerange(FIRST + len(descriptors), max(aside + descriptors, default=FIRST) + 1)
os.environ.setdefault("LISTEN_FDS", str(len(descriptors)))
os.environ.setdefault("LISTEN_PID", str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
