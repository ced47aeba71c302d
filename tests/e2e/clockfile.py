"""The clocks of a dnsfwd under test: hours pass, the machine sleeps, the wall clock steps, in a moment.

    clock = ClockFile(folder)
    fwd = Dnsfwd(server, clock=clock)          # the program built with the test clock
    clock.run(600)                             # ten minutes of running
    clock.sleep(120)                           # suspended: timers stand still, what ages does not
    clock.step(-3600)                          # somebody sets the clock

dnsfwd meets a jump at once where it reads a clock, and within 10 ms where it waits (common/base/clock_test.h).
Several may go by one file, and one file may be there before and after a restart.
"""

import mmap
import pathlib
import struct
import time

FORM = struct.Struct("=Qqqq")  # version, then microseconds: wall, monotonic, boottime


class ClockFile:
    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "clock"
        self.path.write_bytes(bytes(FORM.size))
        self._version = 0
        self._offsets = [0, 0, 0]
        with open(self.path, "r+b") as handle:
            self._map = mmap.mmap(handle.fileno(), FORM.size)

    @property
    def env(self):
        return {"DNSFWD_TESTCLOCK": str(self.path)}

    def _add(self, *seconds):
        self._offsets = [o + round(s * 1e6) for o, s in zip(self._offsets, seconds)]
        self._map[:8] = struct.pack("=Q", self._version + 1)  # odd: nobody reads
        self._map[8:] = struct.pack("=qqq", *self._offsets)
        self._version += 2
        self._map[:8] = struct.pack("=Q", self._version)

    def run(self, seconds):
        """Time passes, for all clocks alike."""
        self._add(seconds, seconds, seconds)

    def sleep(self, seconds):
        """The machine is suspended for so long, and resumed."""
        self._add(seconds, 0, seconds)

    def step(self, seconds):
        """The wall clock is set."""
        self._add(seconds, 0, 0)

    def wall(self):
        return time.time() + self._offsets[0] / 1e6

    def set_wall(self, seconds):
        """To a time, in seconds since 1970."""
        self.step(seconds - self.wall())


def binary_of(path):
    """The program with the test clock beside the one that is released."""
    return path.with_name(path.name + "-testclock")

