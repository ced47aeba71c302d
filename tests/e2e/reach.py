"""What the tests of reaching a resolver share (test_reach_*.py).

Times that a fault costs are reported (pytest -s shows them) and asserted as no more than what a client waits, without
the time that the machine took (machine.py): a full time-out is to be seen anyway.
"""

import contextlib
import itertools
import time

import machine
import pytest
import wire
from load import load
from testserver import wait_for

DEADLINE = 3.5  # under query-timeout's default of 4 s: who is answered in this time did not wait in vain
POLICIES = ["failover", "fastest", "round-robin"]

_numbers = itertools.count()


def long(*values):
    """A parameter of the long run."""
    return pytest.param(*values, marks=pytest.mark.long)


def report(what, seconds):
    print(f"\n  {what}: {seconds * 1000:.0f} ms")


def fresh(word="q"):
    """Names that nobody asked for before, for one load."""
    n = next(_numbers)
    return lambda i: f"{word}{i}.r{n}.test"


@contextlib.contextmanager
def timed(what, at_most=DEADLINE):
    watch = machine.Stopwatch()
    yield
    seconds = watch.own()
    report(what, seconds)
    assert seconds < at_most, f"{what} took {seconds:.2f} s"


def answered_first(fwd, name, what, at_most=DEADLINE):
    """The first query after something happened is answered within its own deadline, and no other one is asked.

    One whose time the machine took in good part says nothing; then the next one is the first.
    """
    while True:
        watch, begin = machine.Stopwatch(), time.monotonic()
        with timed(what, at_most):
            reply = fwd.ask(name)
        if reply.rcode() == wire.NOERROR or watch.own() > 0.7 * (time.monotonic() - begin):
            break
    assert reply.rcode() == wire.NOERROR, f"{what}: {reply}\n{fwd.log_text()}"
    return reply


def comes_back(fwd, name, what, at_most=15):
    """Asked until it is answered."""
    with timed(what, at_most):
        wait_for(lambda: fwd.ask(name).rcode() == wire.NOERROR, at_most, f"{what}: an answer\n{fwd.log_text()}")


def fails(fwd, name, codes=(22, 23)):
    """SERVFAIL, and an Extended DNS Error that says that nobody could be reached; 14 is "not ready"."""
    reply = fwd.ask(name)
    assert reply.rcode() == wire.SERVFAIL, reply
    ((code, text),) = wire.edes(reply)
    assert code in codes and text, reply


class During:
    """Things to do one after another in the course of a load: each when its time has come.

    steps     (count, action): when `progress` has grown by so much
    progress  a figure that grows; asked on each turn of the load
    """

    def __init__(self, progress, *steps):
        self._progress, self._steps = progress, list(steps)
        self._begin = progress()

    def __call__(self):
        if self._steps and self._progress() - self._begin >= self._steps[0][0]:
            self._steps.pop(0)[1]()

    def done(self):
        return not self._steps


def queries(*servers):
    return [server.stat("queries") for server in servers]


def gained(servers, action):
    """How many queries each server got while the action ran."""
    before = queries(*servers)
    action()
    return [after - then for after, then in zip(queries(*servers), before)]


def goes_to(fwd, servers, wanted, at_least=0.9, timeout=30):
    """Clients stay active until nearly all of what they ask goes to the servers that are wanted."""

    def most():
        got = gained(servers, lambda: load(fwd, 40, window=4, rate=400, name=fresh()).check())
        return sum(got[servers.index(s)] for s in wanted) >= at_least * 40

    wait_for(most, timeout, f"queries go to the servers wanted\n{fwd.log_text()}")


def cpu_share(fwd, action):
    """Of a processor, that it takes while the action runs."""
    before, begin = fwd.cpu(), time.monotonic()
    action()
    return (fwd.cpu() - before) / (time.monotonic() - begin)
