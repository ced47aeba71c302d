"""What the service manager is told (sd_notify(3)): when queries are taken, and when no more."""

import os
import select
import socket
import struct
import time

import pytest
import wire
from daemon import TIMEOUT, Dnsfwd
from ports import free_port


class Manager:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self, address, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(TIMEOUT)

    def next(self):
        """One datagram as a dictionary."""
        data = self.socket.recv(4096).decode()
        assert not data.endswith("\n") and len(data.splitlines()) == len(set(data.splitlines()))
        return dict(line.split("=", 1) for line in data.splitlines())

    def silent(self):
        """Nothing more has been said up to now."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    path = str(tmp_path / "notify")
    name = f"dnsfwd-test-{os.getpid()}-{tmp_path.name}"
    them = Manager(path, path) if request.param == "path" else Manager("\0" + name, "@" + name)
    with them.socket:
        yield them


def test_ready_then_stopping(server, start, manager):
    fwd = start(server, env={"NOTIFY_SOCKET": manager.name})
    told = manager.next()
    assert told["READY"] == "1" and 0 < len(told["STATUS"]) < 100
    assert wire.rcode_of(fwd.ask_wire(wire.query("ready.test"))) == wire.NOERROR
    assert manager.silent(), "queries are no news"
    fwd.process.terminate()
    told = manager.next()
    assert told["STOPPING"] == "1" and 0 < len(told["STATUS"]) < 100
    assert fwd.wait_end() == 0
    assert manager.silent()


def test_ready_without_any_upstream(start, certs, manager):
    """Whoever is ordered after us must not wait for a network: the sockets take queries."""
    fwd = start(
        f"tls://127.0.0.1:{free_port()}#resolver.test",
        {"tls-cert-bundle": str(certs / "ca.pem"), "query-timeout": "1s"},
        env={"NOTIFY_SOCKET": manager.name},
        wait=False,
    )
    assert manager.next()["READY"] == "1"
    fwd.wait_ready()
    reply = fwd.ask_wire(wire.query("early.test"))
    assert wire.rcode_of(reply) == wire.SERVFAIL


def test_ready_comes_when_queries_are_taken(server, start, manager):
    """Who starts at READY is answered, without looking at the log."""
    address = ("127.0.0.1", free_port())
    start(server, {"listen": ["%s:%d" % address]}, env={"NOTIFY_SOCKET": manager.name}, wait=False)
    assert manager.next()["READY"] == "1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT)
        client.connect(address)
        client.send(wire.query("first.test"))
        assert wire.rcode_of(client.recv(4096)) == wire.NOERROR
    with socket.create_connection(address, TIMEOUT) as client:
        query = wire.query("second.test")
        client.sendall(struct.pack("!H", len(query)) + query)
        assert client.recv(1)


@pytest.mark.clock
def test_stopping_comes_when_draining_begins(server, start, manager):
    """Not at its end: the last query is answered afterwards."""
    server.rule("name=last.test delay=700")
    fwd = start(server, env={"NOTIFY_SOCKET": manager.name})
    manager.next()
    with fwd.udp_socket() as client:
        client.send(wire.query("last.test", id=1))
        server.wait_stat("queries", 1)
        fwd.process.terminate()
        assert manager.next()["STOPPING"] == "1"
        assert wire.rcode_of(client.recv(4096)) == wire.NOERROR


def fill(manager):
    """Its queue, with so many."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        filled = 0
        with pytest.raises(BlockingIOError):
            while True:
                other.sendto(b"X=1", manager.socket.getsockname())
                filled += 1
    return filled


def test_manager_that_is_busy_hears_of_it_later(server, start, manager):
    """Its queue is full at the start: nothing blocks, and READY is not lost."""
    filled = fill(manager)
    fwd = start(server, env={"NOTIFY_SOCKET": manager.name})
    assert wire.rcode_of(fwd.ask_wire(wire.query("meanwhile.test"))) == wire.NOERROR
    for _ in range(filled):
        assert manager.next() == {"X": "1"}
    assert manager.next()["READY"] == "1"


@pytest.mark.parametrize("name", ["", "relative", "/", "@", "vsock:2:1234", "/nowhere/at/all", "@nobody", "/" + "x" * 200])
def test_nobody_to_tell(server, start, name):
    """Nothing that a person has to hear of."""
    fwd = start(server, env={"NOTIFY_SOCKET": name})
    assert wire.rcode_of(fwd.ask_wire(wire.query("quiet.test"))) == wire.NOERROR
    fwd.stop()
    assert "notif" not in fwd.log_text() and " warning " not in fwd.log_text()


def test_debug_says_so(server, start):
    fwd = start(server, args=["-v"], env={"NOTIFY_SOCKET": "/nowhere/at/all"})
    fwd.wait_log("can't be notified at /nowhere/at/all: No such file or directory")


def test_nothing_of_it_for_a_check(server, manager):
    fwd = Dnsfwd(server, args=["-t"], env={"NOTIFY_SOCKET": manager.name}, wait=False)
    assert fwd.wait_end() == 0
    fwd.kill()
    assert manager.silent()


def test_failed_start_is_not_ready(server, manager):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        fwd = Dnsfwd(
            server,
            {"listen": ["127.0.0.1:%d" % taken.getsockname()[1]]},
            env={"NOTIFY_SOCKET": manager.name},
            wait=False,
        )
        assert fwd.wait_end() == 2
        fwd.kill()
    assert manager.silent()


def test_reload(server, start, manager):
    """RELOADING with the time of it, then READY (Type=notify-reload); for one that is refused, too."""
    fwd = start(server, env={"NOTIFY_SOCKET": manager.name})
    assert manager.next()["READY"] == "1"
    for changes in ({}, {"cache-size": "1M"}, {"port": 1}):
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        fwd.write_config(changes)
        fwd.hang_up()
        told = manager.next()
        assert told["RELOADING"] == "1"
        assert before <= int(told["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert manager.next()["READY"] == "1"
    assert manager.silent()


def test_reload_while_the_manager_is_busy(server, start, manager):
    """Neither is lost, and they come in this order; the time is that of the reload."""
    fwd = start(server, env={"NOTIFY_SOCKET": manager.name})
    assert manager.next()["READY"] == "1"
    filled = fill(manager)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    fwd.reload({"cache-size": "1M"})
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    for _ in range(filled):
        assert manager.next() == {"X": "1"}
    told = manager.next()
    assert told["RELOADING"] == "1" and before <= int(told["MONOTONIC_USEC"]) <= after
    assert manager.next()["READY"] == "1"
