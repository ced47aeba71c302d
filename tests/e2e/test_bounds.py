"""What runs out: descriptors (F22), clients that vanish (F24), a log that nobody takes (F27); and how a process ends and
begins under load (F20, F21)."""

import contextlib
import os
import pathlib
import re
import resource
import signal
import socket
import sys
import time

import pytest
import wire
from conftest import addresses, warm
from daemon import BINARY, SANITIZED, Dnsfwd
from load import load
from machine import Stopwatch
from ports import free_port
from test_activation import pair
from testserver import TIMEOUT, expected_a, wait_for

TCP_REPAIR = 19  # Linux: its close sends nothing
MANY = 1000


@pytest.fixture
def descriptors():
    """Enough of them for the test itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4 * MANY:
        pytest.skip(f"{hard} descriptors are too few for {MANY} clients")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# -- descriptors (F22) ----------------------------------------------------------------------


def many_clients(fwd, stack, message):
    """Each connects, if it can, and asks; none waits for anything."""
    for _ in range(MANY):
        s = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
        with contextlib.suppress(BlockingIOError):
            s.connect(fwd.address)
        with contextlib.suppress(OSError):
            s.send(len(message).to_bytes(2, "big") + message)


@pytest.mark.parametrize("limit", [32, 64, 256])
@pytest.mark.clock
def test_a_thousand_clients_and_few_descriptors(server, start, descriptors, limit):
    """UDP loses nothing, connections to the server are made anew, nothing spins, and all is well a second later."""
    fwd = warm(start(server, {"tcp-clients": MANY, "control": True},
               preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))))
    server.rule("name=busy.test delay=3000")
    with contextlib.ExitStack() as stack:
        many_clients(fwd, stack, wire.query("busy.test"))
        before, begin = fwd.cpu(), time.monotonic()
        for i in range(3):
            load(fwd, 200, window=20, rate=200).check()
            server.closeall()
            assert addresses(fwd.ask(f"reconnect{i}.test")) == [expected_a(f"reconnect{i}.test")]
        used = (fwd.cpu() - before) / (time.monotonic() - begin)
        assert used < 0.5, f"{used:.0%} of a core"
        assert fwd.fds() <= limit
        assert fwd.ctl_json("status"), "the control socket has one left, too"
    server.clear_rules()
    watch = Stopwatch()
    wait_for(lambda: tcp_answers(fwd), what="an answer over TCP")
    print(f"\n  {limit} descriptors: {used:.1%} of a core, {fwd.fds()} open, over TCP again after {watch.own():.2f} s")
    assert watch.own() < 5


def tcp_answers(fwd):
    try:
        return addresses(fwd.ask("again.test", transport="tcp", timeout=2)) == [expected_a("again.test")]
    except (OSError, AssertionError, EOFError):
        return False


# -- memory (F25) -----------------------------------------------------------------------------


def vm_size(fwd):
    text = pathlib.Path(f"/proc/{fwd.pid}/status").read_text()
    return int(re.search(r"VmSize:\s+(\d+) kB", text)[1]) * 1024


@pytest.mark.skipif(SANITIZED, reason="a sanitizer ends what has no memory")
@pytest.mark.clock
def test_no_memory_for_a_connection(server, start):
    """The libraries that a handshake stands on would crash: it is not begun, clients hear why, and later all is well."""
    fwd = warm(start(server, {"query-timeout": "500ms"}))
    resource.prlimit(fwd.pid, resource.RLIMIT_AS, (vm_size(fwd) + 65536, resource.RLIM_INFINITY))
    server.closeall("rst")
    for i in range(20):
        reply = fwd.ask(f"short{i}.test")
        assert reply.rcode() == wire.SERVFAIL and "memory" in wire.edes(reply)[0][1], reply
    os.kill(fwd.pid, signal.SIGHUP)
    fwd.wait_log("reload: .*(out of memory|Cannot allocate memory)")
    resource.prlimit(fwd.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    warm(fwd)
    load(fwd, 200, window=20).check()


# -- clients that vanish (F24) ----------------------------------------------------------------


def vanish(s):
    """As somebody whose network has gone: not a word at its end."""
    s.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    s.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="TCP_REPAIR is root's")
@pytest.mark.clock
def test_clients_that_vanish_are_let_go(server, start):
    """At once connected, in the middle of a query, and while they wait for an answer."""
    fwd = warm(start(server, {"tcp-idle-timeout": "2s", "tcp-clients": 200}))
    server.rule("name=slow.test delay=1000")
    query = wire.query("slow.test")
    said = [b"", b"\0", len(query).to_bytes(2, "big") + query[:20], len(query).to_bytes(2, "big") + query]
    for text in said * 20:
        s = socket.create_connection(fwd.address, TIMEOUT)
        s.sendall(text)
        vanish(s)
    watch = Stopwatch()
    wait_for(lambda: fwd.stats()["tcp_clients"] == 0, what="no client left")
    assert watch.own() < 10
    assert addresses(fwd.ask("after.test", transport="tcp")) == [expected_a("after.test")]


# -- the log (F27) ------------------------------------------------------------------------------


WHERE = {
    "full": "w = os.open('/dev/full', os.O_WRONLY)",
    "pipe": "r, w = os.pipe(); os.close(r)",
    "journal": "r, s = socket.socketpair(); r.close(); w = s.detach()",
}


class Elsewhere(Dnsfwd):
    """Its log goes where nobody takes it; whether it is ready is found by asking."""

    def __init__(self, server, where):
        port = free_port()
        code = f"import os, socket, sys; {WHERE[where]}; os.dup2(w, 2); os.execv(sys.argv[1], sys.argv[1:])"
        options = {"listen": [f"127.0.0.1:{port}"], "control": True, "log-queries": True, "log-level": "debug"}
        super().__init__(server, options, command=[sys.executable, "-c", code, str(BINARY)], wait=False)
        self.addresses = [("127.0.0.1", port)]
        wait_for(self._answers, what="a first answer")

    def _answers(self):
        try:
            reply = self.ask_wire(wire.query("first.test"), timeout=2)
            return reply is not None and wire.rcode_of(reply) == wire.NOERROR
        except OSError:
            return False


@pytest.mark.parametrize("where", WHERE)
def test_a_log_that_takes_nothing(server, where):
    """Answers are as before, and what is lost is counted."""
    with Elsewhere(server, where) as fwd:
        load(fwd, 1000, window=20).check()
        assert log_dropped(fwd) > 1000


def log_dropped(fwd):
    def find(value):
        if isinstance(value, dict):
            for k, v in value.items():
                if k == "log_dropped" and isinstance(v, int):
                    return v
                if (found := find(v)) is not None:
                    return found
        return None

    return find(fwd.ctl_json("stats"))


# -- the end and the beginning (F20, F21) ----------------------------------------------------------


@pytest.mark.clock
def test_the_end_under_load(server, start):
    """What was taken is answered, those that take up to two seconds, too; it is over within three."""
    fwd = warm(start(server))
    server.rule("name=*.slow.test delay=1200")
    with fwd.udp_socket() as s:
        for i in range(500):
            s.send(wire.query(f"n{i}.slow.test", id=i))
        server.wait_stat("queries", 500)
        watch = Stopwatch()
        fwd.process.terminate()
        replies = [s.recv(4096) for _ in range(500)]
        assert fwd.wait_end() == 0
        own = watch.own()
    assert sorted(map(wire.id_of, replies)) == list(range(500))
    assert {wire.rcode_of(r) for r in replies} == {wire.NOERROR}
    print(f"\n  500 in flight answered, exit 0 after {own:.2f} s")
    assert own < 3


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.clock
def test_killed_again_and_again(server, certs, number):
    """With passed sockets what comes between an end and the next start waits, and is answered."""
    times, sockets = [], pair()
    address = sockets[0].getsockname()
    with sockets[0], sockets[1], socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address)
        client.settimeout(TIMEOUT)
        fwd = Dnsfwd(server, {"listen": None}, passed=sockets)
        for turn in range(10):
            os.kill(fwd.pid, number)
            fwd.wait_end()
            fwd.kill()
            for i in range(50):
                client.send(wire.query(f"t{turn}n{i}.test", id=i))
            watch = Stopwatch()
            fwd = Dnsfwd(server, {"listen": None}, passed=sockets)
            replies = [client.recv(4096) for _ in range(50)]
            times.append(watch.own())
            assert sorted(map(wire.id_of, replies)) == list(range(50))
            assert {wire.rcode_of(r) for r in replies} == {wire.NOERROR}
        fwd.stop()
    print(f"\n  {len(times)} restarts: all 50 queries that waited answered after {max(times):.2f} s at most")
    assert sorted(times)[len(times) // 2] < 3


@pytest.mark.clock
def test_restarts_at_load_lose_no_query(server):
    """A stream of queries, and three restarts in good order in the middle of it."""
    sockets = pair()
    with sockets[0], sockets[1]:
        daemons = [Dnsfwd(server, {"listen": None}, passed=sockets)]
        address, restarts, begin = daemons[0].address, [], time.monotonic()

        def restart():
            if len(restarts) < 3 and time.monotonic() - begin > 0.5 * (len(restarts) + 1):
                restarts.append(time.monotonic())
                daemons[-1].process.terminate()
                daemons[-1].wait_end()
                daemons.append(Dnsfwd(server, {"listen": None}, passed=sockets))

        try:
            result = load(daemons[0], 2000, window=2000, rate=1000, each_turn=restart)
            assert daemons[-1].address == address and len(restarts) == 3
            result.check(within=20)
            print(f"\n  {result}")
        finally:
            for daemon in daemons:
                daemon.stop()
