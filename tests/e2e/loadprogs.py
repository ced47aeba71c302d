"""The load programs (tests/hostile): clients in C for what Python is too slow for.

    result = honest(fwd, count=100000)
    result.check()                          # none lost, none failed, none wrong
    with Honest(fwd, rate=200) as beside:   # asks until the end of this block
        hostile(fwd, 1000000, seed)
    beside.result.check()
"""

import json
import os
import signal
import subprocess

import machine
from testserver import BINARY as SERVER
from testserver import TIMEOUT

FOLDER = SERVER.parent / "tests/hostile"  # they are made beside the test resolver


class Answered:
    """What an honest client found.  Times in seconds."""

    def __init__(self, figures, taken):
        self.count, self.good, self.lost = figures["asked"], figures["good"], figures["lost"]
        self.failed = {int(rcode): n for rcode, n in figures["rcodes"].items()}
        self.wrong, self.stray = figures["wrong"], figures["stray"]
        self.p50, self.p99, self.p999, self.slowest = (figures[k] / 1e6 for k in ("p50", "p99", "p999", "max"))
        self.seconds, self.taken = figures["seconds"], taken
        self.told = []  # (what, when sent, name, rcode, reason) of those that are not good

    def __repr__(self):
        return (
            f"<{self.count} queries in {self.seconds:.1f} s: {self.good} good, {self.lost} lost, failed {self.failed}, "
            f"{self.wrong} wrong, {self.stray} stray; p50 {self.p50 * 1000:.2f} ms, p99 {self.p99 * 1000:.2f} ms, "
            f"slowest {self.slowest * 1000:.0f} ms>"
        )

    def check(self, failed=0):
        assert self.wrong == self.stray == self.lost == 0, (self, self.told[:5])
        assert sum(self.failed.values()) == failed and self.good == self.count - failed, (self, self.told[:5])


def _program(name):
    path = FOLDER / name
    assert path.exists(), f"{path} is missing: make server"
    return str(path)


def _words(options):
    words = []
    for name, value in options.items():
        if value is not None and value is not False:
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return words


class Honest:
    """Runs in the course of a block; options as the program's: count or seconds (else it asks until stopped), rate,
    window, tcp, prefix, suffix, names, expect, timeout (milliseconds)."""

    def __init__(self, fwd, **options):
        prefix = fwd.netns.prefix if fwd.netns else []
        self.endless = "count" not in options and "seconds" not in options
        words = _words({"port": fwd.port, "tell": True, **({"seconds": 1e6} if self.endless else {}), **options})
        self._before = machine.taken()
        self.process = subprocess.Popen(
            [*prefix, _program("honest"), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.result = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.end(wait=exc[0] is None)

    def end(self, wait=True, timeout=3600):
        """Those that it waits for are waited for."""
        if self.endless or not wait:
            self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=TIMEOUT if self.endless or not wait else timeout)
        if not wait:
            return None
        assert self.process.returncode == 0, out
        *told, last = out.splitlines()
        self.result = Answered(json.loads(last), machine.taken() - self._before)
        for line in told:
            what, when, name, rcode, *reason = line.split(None, 4)
            self.result.told.append((what, float(when), name, int(rcode), *(reason or [""])))
        return self.result


def honest(fwd, **options):
    return Honest(fwd, **options).end()


def hostile(fwd, count, seed, timeout=3600, **options):
    """Figures of the program; its complaint is the error's text."""
    prefix = fwd.netns.prefix if fwd.netns else []
    words = _words({"port": fwd.port, "seed": seed, "count": count, **options})
    done = subprocess.run([*prefix, _program("hostile"), *words], capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, f"{done.stderr}{fwd.log_text()[-4000:]}"
    return json.loads(done.stdout)


def new_seed():
    """Another one each time, or that of DNSFWD_SEED: the same octets again."""
    return int(os.environ.get("DNSFWD_SEED") or int.from_bytes(os.urandom(4), "big") | 1)
