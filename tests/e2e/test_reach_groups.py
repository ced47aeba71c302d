"""Several upstreams: who is asked, what moves a query on, and what does not (F09, F10)."""

import re

import pytest
import wire
from conftest import warm
from load import load
from loadprogs import honest
from reach import POLICIES, During, fresh, gained, goes_to, long, queries, report, timed
from testserver import wait_for

pytestmark = pytest.mark.clock


def die(server):
    server.listen(False)
    server.closeall("rst")


def recover(server):
    server.clear_rules()
    server.mute(False)
    server.listen()


FAULTS = {
    "dead": die,
    "servfail": lambda server: server.rule("rcode=SERVFAIL"),
    "refused": lambda server: server.rule("rcode=REFUSED"),
    "slow": lambda server: server.rule("delay=3000"),
    "stalled": lambda server: [server.rule("stall"), server.closeall("rst")],
    "mute": lambda server: server.mute(),
}


@pytest.fixture
def servers(start_server):
    return [start_server() for _ in range(2)]


# -- one of them is of no use --------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("fault", ["dead", "servfail", "refused", "stalled", long("slow"), long("mute")])
def test_one_of_two_is_of_no_use(servers, start, fault, place, policy):
    """From the start: no client gets a SERVFAIL."""
    FAULTS[fault](servers[place])
    fwd = start(servers, {"policy": policy})
    load(fwd, 100, window=20, name=fresh()).check()
    result = load(fwd, 100, window=20, name=fresh())
    result.check()
    assert fwd.stats()["replies_servfail"] == 0
    report(f"{policy}, {fault} at place {place}: 99 of 100 within", sorted(result.times)[98])


@pytest.mark.parametrize("policy", ["failover", long("fastest"), long("round-robin")])
@pytest.mark.parametrize("fault", ["dead", "servfail", "refused", "slow", long("stalled"), long("mute")])
def test_nobody_waits_for_the_useless_one(servers, start, fault, policy):
    """99 of 100 take as long as with two that are well; both in one run, and with a way of 20 ms to each of them."""
    fwd = warm(start(servers, {"policy": policy}))
    well, ill = Ill.measure(fwd, servers, None), Ill.measure(fwd, servers, fault)
    ratio = ill.p99 / well.p99
    print(f"\n  {policy}, {fault}: p99 {ill.p99 * 1000:.1f} ms, {ratio:.2f} times that with both well")
    assert fwd.stats()["replies_servfail"] == 0
    assert ill.p99 < 1.2 * well.p99 + 0.05, "the goal is 1.2 times; a busy machine has others to do"


class Ill:
    @staticmethod
    def measure(fwd, servers, fault):
        for server in servers:
            server.clear_rules()
            server.rule("delay=20")
        if fault:
            servers[0].clear_rules()
            FAULTS[fault](servers[0])
        load(fwd, 300, window=20, rate=150, name=fresh()).check()  # the first ones find out
        result = honest(fwd, count=500, rate=150, prefix=f"{fault}x")
        result.check()
        return result


@pytest.mark.parametrize("policy", ["failover", long("fastest"), long("round-robin")])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_of_two_becomes_useless_under_load(servers, start, fault, policy):
    """With queries on their way."""
    fwd = warm(start(servers, {"policy": policy}))
    steps = During(lambda: sum(queries(*servers)), (100, lambda: FAULTS[fault](servers[0])))
    load(fwd, 400, window=20, rate=400, name=fresh(), each_turn=steps).check()
    assert steps.done() and fwd.stats()["replies_servfail"] == 0


@pytest.mark.parametrize("fault", ["dead", "servfail", "stalled", long("slow"), long("mute")])
def test_failover_returns_by_itself(servers, start, fault):
    """Also if the first answers well again, but later than the second."""
    fwd = warm(start(servers))
    goes_to(fwd, servers, servers[:1])
    FAULTS[fault](servers[0])
    goes_to(fwd, servers, servers[1:])
    recover(servers[0])
    servers[0].rule("delay=20")
    with timed(f"return to the first after it was {fault}", 40):
        goes_to(fwd, servers, servers[:1], timeout=40)

    def last_move():
        fwd.ask("told.test")
        return re.findall(r"queries go to (\S+) now", fwd.log_text())[-1:]

    wait_for(lambda: last_move() == ["u1"], what="word of the return")


def test_the_third_of_three(start_server, start):
    servers = [start_server() for _ in range(3)]
    die(servers[0])
    servers[1].rule("rcode=REFUSED")
    fwd = start(servers)
    load(fwd, 300, window=20, name=fresh()).check()
    assert queries(servers[2])[0] >= 300


def test_all_of_them_fail(servers, start):
    """Each is asked; three sends are the end of it."""
    for server in servers:
        server.rule("name=bad.test rcode=SERVFAIL")
    fwd = warm(start(servers))
    for _ in range(3):
        before = [server.count("bad.test") for server in servers]
        assert fwd.ask("bad.test").rcode() == wire.SERVFAIL
        sends = [server.count("bad.test") - then for server, then in zip(servers, before)]
        assert all(sends) and sum(sends) <= 3


def test_spellings_make_a_group_too(servers, start):
    fwd = start(None, {"forward": [s.upstream() for s in servers], "tls-cert-bundle": servers[0].ca})
    die(servers[0])
    load(fwd, 100, window=20, name=fresh()).check()
    assert queries(*servers) == [0, 100]


# -- what does not move a query --------------------------------------------------------


@pytest.mark.parametrize("rule", ["rcode=NXDOMAIN", "nodata", "rcode=SERVFAIL ede=6", "rcode=NXDOMAIN ede=15"])
def test_an_answer_is_an_answer(servers, start, rule):
    """Also where it says that the name is bogus, or blocked: nobody else is asked until one likes the answer."""
    fwd = warm(start(servers))
    servers[0].rule(f"name=*.final.test {rule}")
    before = queries(*servers)
    for i in range(60):
        fwd.ask(f"n{i}.final.test")
    assert queries(servers[0])[0] - before[0] >= 54 and queries(servers[1])[0] - before[1] <= 6


def test_a_closed_connection_moves_nobody(servers, start):
    """At rest; so few that the bound on fruitless connections is not met."""
    fwd = warm(start(servers))

    def ask():
        for i in range(15):
            servers[0].closeall(("fin", "notify", "rst")[i % 3])
            for k in range(3):
                assert fwd.ask(f"c{i}-{k}.test").rcode() == wire.NOERROR

    got = gained(servers, ask)
    assert got[0] >= 40 and got[1] <= 5


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
def test_a_name_that_fails_moves_alone(servers, start, rcode):
    """However many of them are asked at the same time: the others stay with the first."""
    servers[0].rule(f"name=*.bad.test rcode={rcode}")
    servers[1].rule("delay=20")
    fwd = warm(start(servers))
    number = fresh()

    def name(i):
        return f"b{i}.bad.test" if i % 3 == 0 else number(i)

    got = gained(servers, lambda: load(fwd, 300, window=10, name=name).check())
    assert 300 <= got[0] <= 330 and 100 <= got[1] <= 130


# -- policies ----------------------------------------------------------------------------


def test_failover_asks_the_first(servers, start):
    """Which is the default; the second is not even connected to."""
    fwd = warm(start(servers))
    load(fwd, 300, window=20, name=fresh()).check()
    assert queries(servers[0])[0] >= 300 and queries(servers[1])[0] <= 10


def test_fastest_asks_the_faster(servers, start):
    """Whichever it is, and the other one when that changes."""
    servers[0].rule("delay=60")
    fwd = warm(start(servers, {"policy": "fastest"}))
    goes_to(fwd, servers, servers[1:])
    got = gained(servers, lambda: load(fwd, 500, window=20, name=fresh()).check())
    assert got[1] >= 450
    servers[0].clear_rules()
    servers[1].rule("delay=250")
    goes_to(fwd, servers, servers[:1])


def test_fastest_is_not_who_fails_fastest(servers, start):
    """A SERVFAIL at once wins nothing."""
    servers[0].rule("rcode=SERVFAIL")
    servers[1].rule("delay=50")
    fwd = warm(start(servers, {"policy": "fastest"}))
    load(fwd, 200, window=20, name=fresh()).check()
    got = gained(servers, lambda: load(fwd, 200, window=20, name=fresh()).check())
    assert got[1] >= 190 and got[0] <= 40


@pytest.mark.parametrize("count", [2, 3])
def test_round_robin_is_even(start_server, start, count):
    servers = [start_server() for _ in range(count)]
    fwd = warm(start(servers, {"policy": "round-robin"}))
    goes_to(fwd, servers, servers)
    for i in range(20 * count):  # until each has its connection
        fwd.ask(f"r{i}.even.test")
    got = gained(servers, lambda: load(fwd, 300 * count, window=20, name=fresh()).check())
    assert all(270 <= n <= 330 for n in got), got


# -- many of them, strange ones ------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("count", [2000, long(100000)])
def test_wrong_ids_duplicates_delays_random_order(servers, start, policy, count):
    """F10 from two sides: no answer goes to another query, fast ones never wait for slow ones."""
    for server in servers:
        for rule in ("every=50 delay=500-1500", "every=9 dup=2 shuffle=20", "every=7 answer=wrong-id,good"):
            server.rule(rule)
        server.rule("every=11 answer=wrong-name,good:delay=5")
    fwd = start(servers, {"policy": policy})
    result = load(fwd, count, window=400, name=fresh())
    result.check()
    stats = fwd.stats()
    assert stats["upstream_unknown"] + stats["upstream_mismatch"] > count // 10
    assert result.median_own < 0.5


@pytest.mark.parametrize("policy", POLICIES)
def test_a_healthy_group_is_asked_once(servers, start, policy):
    fwd = warm(start(servers, {"policy": policy}))
    before = fwd.stats()["upstream_repeats"]
    load(fwd, 3000, window=30, rate=2000, name=fresh()).check()
    assert fwd.stats()["upstream_repeats"] - before <= 60
