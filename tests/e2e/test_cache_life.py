"""Joining, flushing, bounds, snapshots: the cache as a part of a running program."""

import os
import pathlib
import random
import re
import signal

import pytest
import wire
from cachecase import SERVFAIL, cached, hit, learn, right
from conftest import warm
from load import load, random_case
from machine import Stopwatch
from testserver import wait_for


def hold(fwd, server, name):
    """From now on its answer waits for release()."""
    warm(fwd)
    for held in (name, "release.test"):
        server.rule(f"name={held} shuffle=2/20000")


def release(fwd):
    """What was sent to dnsfwd before is read before this."""
    assert fwd.ask("release.test").rcode() == 0


@pytest.mark.parametrize("size", [0, "1M"])
@pytest.mark.parametrize("count", [100, 1000])
def test_equal_questions_are_asked_once(start, server, size, count):
    """With any letters; each gets its own id and its own letters back (A09)."""
    fwd = start(server, {"cache-size": size})
    hold(fwd, server, "same.question.test")
    spelt = [random_case("same.question.test", random.getrandbits(64)) for _ in range(count)]
    with fwd.udp_socket() as s:
        want = set()
        for i, name in enumerate(spelt):
            query = wire.query(name, id=i)
            want.add((query[:2], query[12:]))
            s.send(query)
        release(fwd)
        got = set()
        for _ in range(count):
            reply = s.recv(4096)
            got.add((reply[:2], reply[12 : 12 + len(next(iter(want))[1])]))
            assert wire.rcode_of(reply) == 0
    assert got == want and server.count("same.question.test") == 1
    assert fwd.stats()["joined"] == count - 1


def test_over_both_transports(start, server):
    fwd = start(server)
    hold(fwd, server, "same.test")
    with fwd.udp_socket() as s, fwd.tcp() as t:
        s.send(wire.query("same.test"))
        t.send(*[wire.query("same.test") for _ in range(10)])
        fwd.wait_stat("queries_tcp", 10)
        release(fwd)
        assert wire.rcode_of(s.recv(4096)) == 0
        assert all(wire.rcode_of(t.receive()) == 0 for _ in range(10))
    assert server.count("same.test") == 1


def test_not_equal(start, server):
    """DO, CD, type, AD where it was not asked for, copied options, signatures: each goes by itself."""
    fwd = start(server)
    server.rule("name=same.test delay=300")
    tsig = wire.record(b"\0", 250, bytes.fromhex("00000000000001012c0002abcd424200000000"), 255, 0)
    queries = [
        wire.query("same.test"),
        wire.query("same.test", rrtype=28),
        wire.query("same.test", flags=wire.RD | 0x10),
        wire.query("same.test", flags=wire.RD | 0x20),
        wire.query("same.test", edns=wire.opt(wire.option(5, b"\x08\x0d"))),
        wire.query("same.test", edns=wire.opt(wire.option(5, b"\x08"))),
        wire.query("same.test", edns=wire.opt(wire.option(14, b"\x4f\x66"))),
        wire.query("same.test", extra=tsig, extra_count=1),
        wire.query("same.test", extra=tsig, extra_count=1),
    ]
    with fwd.udp_socket() as s:
        for query in queries:
            s.send(query)
        for _ in queries:
            s.recv(4096)
    assert server.stat("queries") == len(queries) and fwd.stats()["joined"] == 0


@pytest.mark.parametrize("name", ["~.test", "!.test", "*.test", "_dmarc.test"])
def test_odd_names_and_a_silent_upstream(start, server, name):
    """Asked once, whoever asks (A09)."""
    fwd = start(server, {"query-timeout": "1s"})
    server.rule(f"name={name} none")
    with fwd.udp_socket() as s:
        for _ in range(50):
            s.send(wire.query(name))
        assert {wire.rcode_of(s.recv(4096)) for _ in range(50)} == {SERVFAIL}
    assert server.count(name) == 1


def test_waiters_are_bounded(start, server):
    """More than may wait for one answer are told so at once."""
    fwd = start(server)
    hold(fwd, server, "same.test")
    with fwd.udp_socket() as s:
        for i in range(1100):
            s.send(wire.query("same.test", id=i))
        release(fwd)
        codes = [wire.rcode_of(s.recv(4096)) for _ in range(1100)]
    assert codes.count(SERVFAIL) == 76 and codes[:76] == [SERVFAIL] * 76
    assert fwd.stats()["bound_waiters"] == 76 and server.count("same.test") == 1


def test_deadlines_are_each_ones_own(start, server):
    """One who joins late waits as long as anybody."""
    fwd = start(server, {"query-timeout": "1500ms"})
    server.rule("name=same.test delay=2000")
    with fwd.udp_socket() as s:
        s.send(wire.query("same.test", id=1))
        wait_for(lambda: server.count("same.test") == 1)
        fwd.ask("other.test")
        assert wire.rcode_of(s.recv(4096)) == SERVFAIL
        s.send(wire.query("same.test", id=2))
        s.recv(4096)


# -- flushing -------------------------------------------------------------------------


def test_sigusr2(start, server):
    fwd = cached(start, server)
    for i in range(20):
        learn(fwd, server, f"f{i}.test")
    os.kill(fwd.pid, signal.SIGUSR2)
    fwd.wait_log(r"SIGUSR2: the cache is empty, 20 answers were in it")
    assert fwd.stats()["cache_entries"] == 0
    learn(fwd, server, "f1.test")
    hit(fwd, server, "f1.test")


def test_sigusr2_without_a_cache(start, server):
    fwd = start(server)
    os.kill(fwd.pid, signal.SIGUSR2)
    fwd.wait_log(r"SIGUSR2: there is no cache")
    assert right(fwd.ask("a.test"), "a.test")


# -- bounds ---------------------------------------------------------------------------


def test_it_stays_in_its_bounds(start, server):
    """Far more names than fit: the memory does not grow, and a name that is asked for often stays."""
    fwd = cached(start, server, **{"cache_size": "256k"})
    load(fwd, 4000, window=200).check()
    for _ in range(5):
        fwd.ask("kept.test")
    load(fwd, 8000, window=200, name=lambda i: f"once{i}.test" if i % 100 else "kept.test").check()
    stats = fwd.stats()
    assert stats["cache_octets"] <= 256 * 1024 and stats["cache_evicted"] > 5000
    assert stats["cache_hits"] > 80
    hit(fwd, server, "kept.test")


def test_replies_under_load(start, server):
    """Hits and misses mixed, many clients: every reply is right."""
    fwd = cached(start, server, workers=2)
    load(fwd, 20000, window=300, name=lambda i: f"n{i * i % 997}.load.test").check()
    stats = fwd.stats()
    assert stats["cache_hits"] + stats["joined"] + stats["upstream_queries"] - stats["upstream_repeats"] == 20000
    assert stats["cache_hits"] > 15000


def wakeups(fwd):
    """How often its threads have gone to sleep so far."""
    total = 0
    for task in pathlib.Path(f"/proc/{fwd.pid}/task").iterdir():
        total += int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text())[1])
    return total


def elapse(seconds):
    watch = Stopwatch()
    wait_for(lambda: watch.own() >= seconds, what=f"{seconds} s")


@pytest.mark.clock
def test_no_wakeups_when_idle(start, server):
    """A full cache with answers that expire costs no time: nothing looks after them but who asks."""
    fwd = cached(start, server)
    load(fwd, 500, window=50, name=lambda i: f"ttl-1.n{i}.test").check()
    elapse(1)
    before = wakeups(fwd)
    elapse(2)
    assert wakeups(fwd) - before <= 4
