"""A server that answers strangely (F10-F13, F35), refuses, or lies about lengths."""

import struct
import time

import dns.flags
import pytest
import wire
from conftest import addresses, warm
from load import load
from loadprogs import Honest, honest
from machine import Stopwatch
from testserver import expected_a, wait_for

# -- F10 -----------------------------------------------------------------------------


@pytest.mark.parametrize("count", [5000, pytest.param(200000, marks=pytest.mark.long)])
def test_wrong_ids_duplicates_delays_random_order(start_server, start, count):
    """Fast ones never wait for slow ones, and no answer goes to another query."""
    server = start_server(
        rules=[
            "every=50 delay=500-1500",
            "every=9 dup=2 shuffle=20",
            "every=7 answer=wrong-id,good",
            "every=11 answer=wrong-name,good:delay=5",
            "shuffle=40",
        ]
    )
    fwd = start(server)
    result = load(fwd, count, window=800)
    result.check()
    stats = fwd.stats()
    repeats = stats["upstream_repeats"]  # of what was late because the machine stood still
    assert stats["upstream_answers"] == stats["upstream_queries"] - repeats == count
    assert stats["upstream_late"] <= repeats
    assert stats["upstream_unknown"] + stats["upstream_mismatch"] > count // 10
    assert result.median_own < 0.5


@pytest.mark.parametrize("count", [20000, pytest.param(1000000, marks=pytest.mark.long)])
@pytest.mark.parametrize("connections", [1, 4])
def test_a_million_shuffled_answers(start_server, start, count, connections):
    """Each one in another order, some twice, some behind one with a wrong id or for another name: no mismatch."""
    rules = ["every=9 dup=2 shuffle=64", "every=7 answer=wrong-id,good:shuffle=64", "every=11 answer=wrong-name,good"]
    server = start_server(rules=[*rules, "shuffle=64"])
    fwd = start({"connections": connections}, server=server)
    result = honest(fwd, count=count, window=1000, timeout=30000)
    result.check()
    stats = fwd.stats()
    strange = stats["upstream_unknown"] + stats["upstream_mismatch"] + stats["upstream_late"]
    print(f"\n  {count} over {connections} connections: {strange} strange answers, 0 mismatches; {result}")
    assert strange > count // 5


@pytest.mark.parametrize("seconds", [3, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.clock
def test_fast_names_beside_slow_ones(start_server, start, seconds):
    """Beside answers that take up to 3 s the others take as long as without them."""
    server = start_server(rules=["name=*.slow.test delay=0-3000"])
    fwd = warm(start(server))
    alone = honest(fwd, seconds=seconds, rate=300, prefix="alone")
    with Honest(fwd, rate=100, suffix="slow.test", window=2000, timeout=10000) as slow:
        beside = honest(fwd, seconds=seconds, rate=300)
    for result in (alone, beside, slow.result):
        result.check()
    print(f"\n  p99 of fast names {beside.p99 * 1000:.2f} ms, {alone.p99 * 1000:.2f} ms without slow ones")
    assert beside.p99 < alone.p99 + 0.1, "the goal is 5 ms; a busy machine has others to do"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.clock
def test_slow_names_hold_nobody_up(fwd, server, transport):
    server.rule("name=*.slow.test delay=2000")

    def name(i):
        return f"s{i}.slow.test" if i < 50 else f"f{i}.fast.test"

    result = load(fwd, 550, window=150, transport=transport, pipes=2, name=name, rate=None)
    result.check()
    assert sorted(result.times)[480] < 1.5 < sorted(result.times)[-50]


# -- F11 -----------------------------------------------------------------------------


@pytest.mark.parametrize("lie", [0, 1, 2, 11])
def test_impossible_prefix_from_the_server(fwd, server, lie):
    """The connection is given up, what waits on it is asked again."""
    server.rule(f"name=*.lie.test skip=10 every=25 prefix={lie}")
    load(fwd, 200, window=20, rate=1000, name=lambda i: f"p{i}.lie.test").check()
    assert server.stat("connections") > 3


@pytest.mark.parametrize("lie", [12, 40, 60])
def test_prefix_too_short(fwd, server, lie):
    """Half an answer and its rest as the next one: nothing of it reaches a client, and no query is lost by it."""
    for i in range(3):
        server.rule(f"name=*.lie{i}.test skip=50 times=1 prefix={lie}")
        load(fwd, 100, window=20, rate=1000, name=lambda q, i=i: f"t{q}.lie{i}.test").check()


def test_prefix_too_long_and_nothing_more(server, start):
    """Octets are no progress: who asked is told at the deadline at the latest, and the next ones are answered."""
    fwd = warm(start(server, {"query-timeout": "1s"}))
    server.rule("name=liar.test times=1 prefix=65535")
    reply = fwd.ask("liar.test")
    assert reply.rcode() in (wire.NOERROR, wire.SERVFAIL)
    wait_for(lambda: fwd.ask("after.liar.test").rcode() == wire.NOERROR, 10, "an answer after a lying prefix")


@pytest.mark.parametrize("octets", [1, 5, 100, 20000])
def test_octets_that_are_no_tls(fwd, server, octets):
    server.rule(f"name=*.noise.test skip=10 every=30 noise={octets}")
    load(fwd, 200, window=20, rate=1000, name=lambda i: f"n{i}.noise.test").check()
    assert server.stat("connections") > 2


def test_noise_on_a_connection_at_rest(fwd, server):
    for octets in (1, 6, 1000):
        fwd.ask("before.noise.test")
        server.noise(octets)
        assert addresses(fwd.ask(f"n{octets}.noise.test")) == [expected_a(f"n{octets}.noise.test")]


def test_messages_that_nobody_asked_for(fwd, server):
    fwd.ask("first.test")
    for data in (b"", b"x", b"y" * 11):
        server.inject(struct.pack("!H", len(data)) + data if data else b"\0\0")
        assert fwd.ask("inject.test").rcode() == wire.NOERROR
    for message in (wire.header(0x8180, (9, 9, 9, 9)), b"z" * 500, wire.header(0xA000), wire.header(0xB000)):
        server.inject(struct.pack("!H", len(message)) + message)
        assert fwd.ask("inject.test").rcode() == wire.NOERROR


# -- F12 -----------------------------------------------------------------------------


@pytest.mark.clock
def test_truncated_over_tls(fwd, server):
    """Handed on as it is, asked for once."""
    server.rule("name=tc.test tc")
    for transport in ("udp", "tcp"):
        reply = fwd.ask("tc.test", "TXT", transport)
        assert reply.flags & dns.flags.TC and reply.rcode() == wire.NOERROR
    assert server.count("tc.test") == 2


# -- F13 -----------------------------------------------------------------------------


@pytest.mark.clock
def test_slow_big_answer(server, start):
    """At 1,000 octets a second the deadline holds; others wait for the octets in front of theirs, no longer."""
    fwd = warm(start(server, {"query-timeout": "1s"}))
    server.rule("name=size-65000.slow.test rate=1000")
    begin, watch = time.monotonic(), Stopwatch()
    with fwd.udp_socket() as s:
        s.send(wire.query("size-65000.slow.test", wire.TXT, id=1))
        reply = s.recv(4096)
    assert wire.id_of(reply) == 1 and wire.rcode_of(reply) == wire.SERVFAIL
    assert 0.9 < time.monotonic() - begin and watch.own() < 5
    server.closeall("rst")  # its 65 s are not waited for
    warm(fwd)


@pytest.mark.clock
def test_others_are_late_by_the_octets_only(fwd, server):
    server.rule("name=size-20000.slow.test rate=20000")
    with fwd.tcp() as stream:
        stream.send(wire.query("size-20000.slow.test", wire.TXT, id=1))
        server.wait_stat("queries", 1)
        result = load(fwd, 50, window=50)
        result.check()
        reply = stream.receive()
    assert wire.id_of(reply) == 1 and len(reply) > 19000
    assert result.slowest_own < 3.9


# -- F35 -----------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 2, 4])
@pytest.mark.clock
def test_5000_at_once(start_server, start, connections):
    server = start_server()
    fwd = start({"connections": connections}, server=server)
    load(fwd, 5000, window=5000).check()
    assert server.stat("connections") <= connections
    assert fwd.stats()["bound_queries"] == 0


@pytest.mark.clock
def test_5000_at_once_to_a_slow_server(start_server, start):
    """More than may be in flight: the others wait their turn."""
    server = start_server(rules=["delay=500"])
    fwd = start({"connections": 2, "max-inflight": 1000}, server=server)
    load(fwd, 5000, window=5000).check()
    assert server.stat("open_max") <= 2 and server.stat("max_pipelined") <= 1000
    assert fwd.stats()["bound_inflight"] > 0


# -- post-handshake messages -------------------------------------------------------------


@pytest.mark.parametrize("command", ["keyupdate all 1", "keyupdate all 20", "sendtickets all 5"])
@pytest.mark.clock
def test_key_updates_and_tickets_under_load(fwd, server, command):
    due = time.monotonic()

    def now_and_then():
        nonlocal due
        if time.monotonic() >= due:
            server.command(command)
            due = time.monotonic() + 0.25  # after a stall there is no haste: eight a second are the library's limit

    load(fwd, 2000, window=50, rate=2000, each_turn=now_and_then).check()
    # GnuTLS ends a connection with more than eight key updates a second; that costs no query either.
    assert server.stat("connections") <= 1 or command == "keyupdate all 20"


def test_server_of_tls_1_2(start_server, start):
    server = start_server(args=("--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2"))
    fwd = start(server)
    load(fwd, 500, window=50).check()
    assert server.stat("tls12") == 1
    fwd.wait_log(r"connected, TLS1\.2 ")


@pytest.mark.parametrize(
    "priority",
    ["NORMAL:-VERS-ALL:+VERS-TLS1.1:%UNSAFE_RENEGOTIATION", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA"]
    + ["NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC"],
)
def test_weak_tls_is_refused(start_server, start, priority):
    """A62: no answer is better than one by such means."""
    server = start_server(args=("--priority", priority))
    fwd = start(server, {"query-timeout": "1s"})

    def told():  # 14: at the deadline the first handshake was still under way
        reply = fwd.ask("weak.test")
        assert reply.rcode() == wire.SERVFAIL and wire.edes(reply)[0][0] in (14, 22, 23)
        return wire.edes(reply)[0][0] != 14

    wait_for(told, what="the end of a handshake")
    assert server.stat("queries") == 0 and server.stat("handshakes") == 0
