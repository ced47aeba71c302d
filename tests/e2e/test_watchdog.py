"""Signs of life for the service manager (WATCHDOG_USEC): none while a thread is stuck, and no more than it needs."""

import ctypes
import os
import socket
import time

import pytest
import wire
from testserver import TIMEOUT, wait_for

USEC = 400_000
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17


@pytest.fixture
def manager(tmp_path):
    """The receiving end of NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(tmp_path / "notify"))
        s.settimeout(TIMEOUT)
        yield s


def begin(start, server, manager, env=None, **options):
    env = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": str(USEC), **(env or {})}
    return start(server, options, env=env)


def signs(manager, seconds):
    """How many came within this time, beside what else is told."""
    manager.setblocking(False)
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            count += b"WATCHDOG=1" in manager.recv(4096).split(b"\n")
        except BlockingIOError:
            time.sleep(0.01)
    manager.settimeout(TIMEOUT)
    return count


def wait_sign(manager):
    while b"WATCHDOG=1" not in manager.recv(4096).split(b"\n"):
        pass


class Stopped:
    """One thread of a process, held as a debugger holds it; the others go on."""

    def __init__(self, thread):
        self.thread = thread
        self.ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self.ptrace.argtypes = [ctypes.c_long] * 4

    def _call(self, request):
        if self.ptrace(request, self.thread, 0, 0) < 0:
            pytest.skip(f"a thread can't be stopped here: {os.strerror(ctypes.get_errno())}")

    def __enter__(self):
        self._call(PTRACE_SEIZE)
        self._call(PTRACE_INTERRUPT)
        os.waitpid(self.thread, 0x40000000)  # __WALL
        return self

    def __exit__(self, *exc):
        self._call(PTRACE_DETACH)


def worker_threads(fwd):
    return [int(t) for t in os.listdir(f"/proc/{fwd.pid}/task") if int(t) != fwd.pid]


@pytest.mark.clock
def test_signs_of_life_are_as_many_as_needed(server, start, manager):
    begin(start, server, manager, workers=3)
    wait_sign(manager)
    count = signs(manager, 3 * USEC / 1e6)
    assert 2 <= count <= 8, "every half of the interval, idle or not"


@pytest.mark.parametrize("env", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": ""}, {"WATCHDOG_USEC": "soon"}])
def test_nobody_waits_for_any(server, start, manager, env):
    fwd = begin(start, server, manager, env=env)
    assert wire.rcode_of(fwd.ask_wire(wire.query("quiet.test"))) == wire.NOERROR
    assert signs(manager, 2 * USEC / 1e6) == 0


@pytest.mark.clock
def test_a_stuck_worker_ends_them(server, start, manager):
    """The others answer, and main; it takes all of them.  Let go, it goes on."""
    fwd = begin(start, server, manager, workers=3)
    wait_sign(manager)
    with Stopped(worker_threads(fwd)[1]):
        signs(manager, USEC / 1e6)  # what was on its way
        assert signs(manager, 4 * USEC / 1e6) == 0
    wait_sign(manager)
    wait_sign(manager)


@pytest.mark.clock
def test_a_stuck_main_ends_them(server, start, manager):
    fwd = begin(start, server, manager)
    wait_sign(manager)
    with Stopped(fwd.pid):
        signs(manager, USEC / 1e6)
        assert signs(manager, 4 * USEC / 1e6) == 0
        assert wire.rcode_of(fwd.ask_wire(wire.query("still.test"))) == wire.NOERROR, "the worker is its own"
    wait_sign(manager)


@pytest.mark.clock
def test_load_does_not_end_them(server, start, manager):
    """A worker that is busy answers all the same."""
    fwd = begin(start, server, manager)
    wait_sign(manager)
    server.rule("name=*.slow.test delay=2000")
    with fwd.udp_socket() as s:
        for i in range(2000):
            s.send(wire.query(f"n{i}.slow.test", id=i))
        assert signs(manager, 3 * USEC / 1e6) >= 2
    wait_for(lambda: fwd.alive(), what="life")
