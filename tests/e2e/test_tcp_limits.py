"""TCP clients that want too much, too long or nothing (A40-A44)."""

import resource
import select
import socket
import struct
import threading

import pytest
import wire
from conftest import addresses, warm
from daemon import SANITIZED
from load import load
from machine import Stopwatch
from testserver import TIMEOUT, expected_a, wait_for

UNHURRIED = {"tcp-idle-timeout": "2m"}  # a slow machine empties the kernel's buffers slowly, too
SLACK = 10  # seconds within which what lasts one second has to be over


def framed(message):
    return struct.pack("!H", len(message)) + message


def small_stack():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_STACK, (256 << 10, 256 << 10))


def write_in_background(stream, data):
    def write():
        try:
            stream.write(data)
        except OSError:
            pass

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


# -- A40 ------------------------------------------------------------------------------


def test_100000_queries_in_one_write(server, start):
    """Answered by the listener itself, with 256 KiB of stack."""
    fwd = start(server, UNHURRIED, preexec=small_stack)
    count = 100000
    with fwd.tcp() as stream:
        thread = write_in_background(stream, b"".join(framed(wire.probe(i & 0xFFFF)) for i in range(count)))
        for i in range(count):
            reply = stream.receive()
            assert reply[:2] == struct.pack("!H", i & 0xFFFF) and reply[3] & 15 == wire.REFUSED
        thread.join()
    stats = fwd.stats()
    assert stats["queries_tcp"] == stats["replies_local"] == count


def test_pipelined_far_beyond_the_limit(server, start):
    """20,000 to the upstream on one connection: read as fast as they are answered, none lost."""
    fwd = start(server, UNHURRIED, preexec=small_stack)
    load(fwd, 20000, window=20000, transport="tcp").check(within=TIMEOUT)
    assert fwd.stats()["bound_tcp_inflight"] > 0
    assert server.stat("max_pipelined") <= 100


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("local", [True, False])
def test_many_queries_and_an_immediate_close(fwd, server, reset, local):
    """Others never wait long for it."""
    data = b"".join(framed(wire.probe() if local else wire.query("close.test")) for _ in range(20000))
    longest = 0
    for _ in range(3):
        stream = fwd.tcp()
        stream.socket.setblocking(False)
        sent = 0
        while sent < len(data) and select.select([], [stream.socket], [], 0.2)[1]:
            sent += stream.socket.send(data[sent : sent + 65536])
        watch = Stopwatch()
        stream.reset() if reset else stream.socket.close()
        for _ in range(20):
            fwd.ask_wire(wire.probe())
        longest = max(longest, watch.own())
    assert longest < 5
    wait_for(lambda: fwd.stats()["tcp_clients"] == 0)
    wait_for(lambda: fwd.stats()["queries_inflight"] == 0)


# -- A41 ------------------------------------------------------------------------------


def write_until_blocked(stream, message, limit=64 << 20):
    data = framed(message) * 2000
    stream.socket.setblocking(False)
    sent = 0
    while sent < limit and select.select([], [stream.socket], [], 0.1)[1]:
        try:
            sent += stream.socket.send(data[sent % len(framed(message)) :])
        except ConnectionError:
            break
    return sent


@pytest.mark.parametrize("kind", ["local", "forwarded", "large answers"])
def test_writers_that_never_read(server, start, kind):
    fwd = warm(start(server, {"tcp-idle-timeout": "1s"}))
    message = {
        "local": wire.probe(),
        "forwarded": wire.query("noread.test"),
        "large answers": wire.query("size-30000.noread.test", wire.TXT),
    }[kind]
    before, clients = fwd.rss(), 4
    streams = []
    for _ in range(clients):
        streams.append(fwd.tcp(buffers=4096))
        assert write_until_blocked(streams[-1], message) < 64 << 20, "everything is read from one who never reads"
        load(fwd, 50, window=10).check()
    grown = fwd.rss() - before
    wait_for(lambda: fwd.stats()["tcp_clients"] == 0, SLACK, "all closed")
    stats = fwd.stats()
    assert stats["tcp_timeouts"] + stats["bound_tcp_hard"] == clients
    if not SANITIZED:
        assert grown < clients << 20
    load(fwd, 50, window=10, transport="tcp").check()
    for stream in streams:
        stream.socket.close()


@pytest.mark.clock
def test_one_who_reads_slowly_is_served(server, start):
    """Output that moves is no reason to close."""
    fwd = start(server, {"tcp-idle-timeout": "1s"})
    with fwd.tcp() as stream:
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        thread = write_in_background(stream, b"".join(framed(wire.probe(i)) for i in range(20000)))
        for i in range(20000):
            if i % 2000 == 0:
                select.select([], [], [], 0.2)  # the client's own pace: 10 x 0.2 s, twice the limit in all
            assert wire.id_of(stream.receive()) == i
        thread.join()


# -- A42 ------------------------------------------------------------------------------


def test_an_octet_now_and_then_is_no_life_sign(server, start):
    fwd = start(server, {"tcp-idle-timeout": "1s"})
    data = framed(wire.query("a-name-that-is-long-enough.slow.writer.test", edns=True))
    with fwd.tcp() as stream:
        watch, at = Stopwatch(), 0
        while at < len(data) and not select.select([stream.socket], [], [], 0.2)[0]:
            stream.write(data[at : at + 1])
            at += 1
        assert stream.closed()
        assert watch.own() < SLACK and at < len(data)
    assert fwd.stats()["tcp_timeouts"] == 1


@pytest.mark.clock
def test_slow_writers_do_not_harm_others(server, start):
    fwd = warm(start(server, {"tcp-idle-timeout": "1s"}))
    slow = [fwd.tcp() for _ in range(100)]
    data = framed(wire.query("slow.writer.test"))
    at = 0

    def trickle():
        nonlocal at
        at += 1
        for stream in slow[at % 4 :: 4]:
            try:
                stream.socket.send(data[at % len(data) : at % len(data) + 1])
            except ConnectionError:
                pass

    for transport in ("udp", "tcp"):
        load(fwd, 600, window=20, transport=transport, rate=600, each_turn=trickle).check()
    wait_for(lambda: fwd.stats()["tcp_clients"] == 0, SLACK)
    for stream in slow:
        stream.socket.close()


def test_idle_clients_are_closed(server, start):
    fwd = start(server, {"tcp-idle-timeout": "1s"})
    with fwd.tcp() as silent, fwd.tcp() as asked:
        watch = Stopwatch()
        asked.send(wire.query("idle.test"))
        assert asked.receive()
        assert silent.closed() and asked.closed()
        assert watch.own() < SLACK
    assert fwd.stats()["tcp_timeouts"] == 2


def test_a_client_that_waits_for_its_answer_is_not_idle(server, start):
    fwd = start(server, {"tcp-idle-timeout": "1s"})
    server.rule("name=patient.test delay=2500")
    with fwd.tcp() as stream:
        stream.send(wire.query("patient.test", id=3))
        assert wire.id_of(stream.receive()) == 3


# -- A43 ------------------------------------------------------------------------------


@pytest.mark.parametrize("cap, offered", [(32, 200), pytest.param(1024, 10000, marks=pytest.mark.long)])
def test_many_connections(server, start, cap, offered):
    """The longest idle makes room; who is active stays, UDP notices nothing."""
    fwd = warm(start(server, {"tcp-clients": cap, "tcp-idle-timeout": "10m"}))
    before = fwd.rss()
    active = [fwd.tcp() for _ in range(8)]
    idle = []

    def be_active():
        for i, stream in enumerate(active):
            stream.send(wire.query("active.test", id=i))
            assert wire.id_of(stream.receive()) == i

    for i in range(offered):
        idle.append(fwd.tcp())
        if i % 10 == 9:
            be_active()
        if i % 100 == 99:
            load(fwd, 20, window=20).check()
    be_active()
    stats = fwd.stats()
    assert stats["tcp_clients"] == cap and stats["tcp_accepted"] == offered + 8
    if not SANITIZED:
        assert fwd.rss() - before < cap * (16 << 10) + (4 << 20)
    kept = [stream.open() for stream in idle]
    assert kept == [False] * (offered - cap + 8) + [True] * (cap - 8)
    for stream in idle + active:
        stream.socket.close()
    wait_for(lambda: fwd.stats()["tcp_clients"] == 0)


def test_the_new_one_goes_where_all_are_busy(server, start):
    fwd = warm(start(server, {"tcp-clients": 4}))
    server.pause()
    busy = [fwd.tcp() for _ in range(4)]
    for stream in busy:
        stream.send(wire.query("busy.test"))
    wait_for(lambda: fwd.stats()["queries_inflight"] == 4)
    with fwd.tcp() as late:
        assert late.closed()
    server.pause(False)
    for stream in busy:
        assert addresses(wire.parse(stream.receive())) == [expected_a("busy.test")]
        stream.socket.close()
    answered = wait_for(lambda: fwd.stats()["tcp_clients"] == 0)
    assert answered and fwd.ask("after.test", transport="tcp").rcode() == 0


def test_connections_that_come_and_go(fwd):
    """Descriptors and clients are given back."""
    before = fwd.fds()
    for i in range(300):
        with fwd.tcp() as stream:
            if i % 3:
                stream.send(wire.query("gone.test"))
            if i % 3 == 2:
                stream.receive()
            if i % 5 == 0:
                stream.reset()
    wait_for(lambda: fwd.stats()["tcp_clients"] == 0)
    assert fwd.fds() <= before + 1


# -- A44 ------------------------------------------------------------------------------


def test_half_closed_clients_have_their_answers(server, start):
    fwd = warm(start(server, {"tcp-clients": 1000}))
    server.rule("name=*.half.test delay=100")
    streams = []
    for i in range(1000):
        stream = fwd.tcp()
        stream.send(wire.query(f"h{i}.half.test", id=i))
        stream.shutdown()
        streams.append(stream)
    for i, stream in enumerate(streams):
        replies = stream.receive_all()
        assert len(replies) == 1 and wire.id_of(replies[0]) == i
        assert addresses(wire.parse(replies[0])) == [expected_a(f"h{i}.half.test")]
    wait_for(lambda: not {"05", "08"} & fwd.tcp_states().keys(), SLACK, "no CLOSE_WAIT and FIN_WAIT2")
    assert fwd.stats()["tcp_clients"] == 0
    for stream in streams:
        stream.socket.close()


def test_half_close_without_a_question(fwd):
    streams = [fwd.tcp() for _ in range(100)]
    for stream in streams:
        stream.shutdown()
    for stream in streams:
        assert stream.closed()
    wait_for(lambda: not {"05", "08"} & fwd.tcp_states().keys(), SLACK)
    for stream in streams:
        stream.socket.close()
