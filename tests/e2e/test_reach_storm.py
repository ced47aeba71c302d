"""Many queries and little that answers them: everything stays bounded (F35, A52, A53)."""

import pytest
import wire
from conftest import warm
from daemon import SANITIZED
from load import load
from loadprogs import honest
from reach import comes_back, fresh, long, queries, report

pytestmark = pytest.mark.clock

CONNECTS = 20  # that answered nothing, to an upstream in 10 s


@pytest.fixture
def servers(start_server):
    return [start_server() for _ in range(2)]


# -- 5,000 at once --------------------------------------------------------------------


def be_dead(server):
    server.listen(False)


def be_stalled(server):
    server.rule("stall")


def be_fussy(server):
    server.rule("answers=10:fin")


def be_good(_):
    pass


@pytest.mark.parametrize("first", [be_good, be_dead, be_stalled, be_fussy])
@pytest.mark.parametrize("policy", ["failover", "round-robin"])
def test_5000_at_once(servers, start, first, policy):
    """Cold, none lost.  Fewer where each handshake is good for ten: a slow machine has 4 s for them, too."""
    count = 1500 if first is be_fussy else 5000
    first(servers[0])
    fwd = start(servers, {"policy": policy})
    result = load(fwd, count, window=count, name=fresh())
    result.check()
    figures = fwd.stats()
    assert figures["bound_queries"] == 0 and figures["sessions"] <= 32
    report(f"5,000 at once, {policy}, {first.__name__}: slowest answer", result.slowest)


# -- A52: a server that only shakes hands ------------------------------------------------


@pytest.mark.parametrize("rule", ["handshake", "queries=1:rst", long("handshake=rst"), long("queries=1:fin")])
@pytest.mark.parametrize("seconds", [3, long(10)])
def test_connects_are_few(start_server, start, rule, seconds):
    """While clients ask 100 times a second; and it comes back by itself."""
    server = start_server(rules=[rule])
    fwd = start(server, {"query-timeout": "1s"})
    result = load(fwd, 100 * seconds, window=200, rate=100, name=fresh())
    assert not result.lost and not result.wrong and result.failed == {wire.SERVFAIL: result.count}
    windows = 1 + int(result.seconds) // 10
    assert server.stat("connections") <= CONNECTS * windows
    server.clear_rules()
    comes_back(fwd, "served.test", f"answer after {rule}")


@pytest.mark.parametrize("rule", ["handshake", "queries=1:rst"])
def test_connects_are_few_beside_a_good_one(servers, start, rule):
    """The second answers them all."""
    servers[0].rule(rule)
    fwd = start(servers)
    result = load(fwd, 500, window=50, rate=150, name=fresh())
    result.check()
    assert servers[0].stat("connections") <= CONNECTS * (1 + int(result.seconds) // 10)


@pytest.mark.parametrize("rule", ["rcode=SERVFAIL", "none"])
def test_a_failing_name_is_asked_for_now_and_then(server, start, rule):
    """100 times a second by clients, with a cache: once a second upstream, or three times in a deadline."""
    server.rule(f"name=q0.fails.test {rule}")
    fwd = warm(start(server, {"cache-size": "1M", "query-timeout": "1s"}))
    result = honest(fwd, seconds=5, rate=100, names=1, suffix="fails.test", timeout=10000)
    sends = server.count("q0.fails.test")
    print(f"\n  {rule}: asked {result.count} times, sent {sends} times in {result.seconds:.1f} s")
    assert result.failed == {wire.SERVFAIL: result.count}
    assert 1 <= sends <= (3 if rule == "none" else 1) * (result.seconds + 2)


@pytest.mark.parametrize("rule", ["queries=1:fin", "queries=1:rst", "cut=half:fin"])
def test_three_sends_are_the_end(servers, start, rule):
    """Of one query, to all of them."""
    for server in servers:
        server.rule(rule)
    fwd = start(servers, {"query-timeout": "2s"})
    assert fwd.ask("poison.test").rcode() == wire.SERVFAIL
    sends = [server.count("poison.test") for server in servers]
    assert all(sends) and sum(sends) <= 3, sends


# -- A53: a server that reads nothing ------------------------------------------------------


@pytest.mark.parametrize("seconds", [3, long(60)])
def test_server_that_reads_nothing(server, start, seconds):
    """2,000 q/s: memory stays bounded, clients are told at the deadline, and all is well when it reads again."""
    fwd = warm(start(server, {"query-timeout": "500ms"}))
    load(fwd, 2000, window=2000, name=fresh()).check()  # what so many cost at all
    before, descriptors = fwd.rss(), fwd.fds()
    server.pause()
    result = load(fwd, 2000 * seconds, window=8000, rate=2000, name=fresh())
    assert not result.lost and not result.wrong and sum(result.failed.values()) + result.good == result.count
    assert result.failed.keys() <= {wire.SERVFAIL}
    grown = fwd.rss() - before
    print(f"\n  memory: {grown / 1024:+.0f} KiB")
    assert grown < (64 if SANITIZED else 8) << 20
    assert fwd.fds() <= descriptors + 16
    server.pause(False)
    comes_back(fwd, "resumed.test", "answer when it reads again")
    load(fwd, 200, window=20, name=fresh()).check()


def test_first_of_two_reads_nothing(servers, start):
    fwd = warm(start(servers))
    servers[0].pause()
    load(fwd, 2000, window=2000, rate=1000, name=fresh()).check()
    assert queries(servers[1])[0] >= 2000
