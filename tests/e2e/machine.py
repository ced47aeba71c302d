"""Time that the machine took: what those under test could have used and were not given.

A limit of time says something about dnsfwd as far as it was let run.  On a busy machine the test, dnsfwd and the test
server wait for a processor, and a host may take the processor away from all of them for seconds.  The kernel counts
both; limits in the tests are limits of what is left:

    watch = Stopwatch()
    ...
    assert watch.own() < 4

On a machine at rest that is the time on the clock.
"""

import os
import pathlib
import time

TICK = os.sysconf("SC_CLK_TCK")

_watched = {os.getpid(): 0.0}  # process -> its waiting so far, as last seen
_gone = 0.0  # of those that ended


def _waiting(pid):
    """Seconds that the threads of a process were ready to run and did not."""
    total = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((thread / "schedstat").read_text().split()[1])
    return total / 1e9


def _see(pid):
    try:
        _watched[pid] = max(_watched[pid], _waiting(pid))
    except (OSError, IndexError):
        pass  # it has ended, or the kernel does not count


def watch(pid):
    """From now on this process is one of those under test."""
    _watched[pid] = 0.0


def forget(pid):
    """It is about to end, or has."""
    global _gone
    if pid in _watched:
        _see(pid)
        _gone += _watched.pop(pid)


def _stolen():
    """Seconds that the host took from processors that had work."""
    with open("/proc/stat") as stat:
        return int(stat.readline().split()[8]) / TICK


def taken():
    """Seconds taken so far; only differences mean something."""
    for pid in _watched:
        _see(pid)
    return _gone + sum(_watched.values()) + _stolen()


class Stopwatch:
    def __init__(self):
        self._begin, self._taken = time.monotonic(), taken()

    def own(self):
        """Seconds since it was made, without what was taken."""
        return max(0.0, time.monotonic() - self._begin - (taken() - self._taken))
