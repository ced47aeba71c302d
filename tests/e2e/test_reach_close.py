"""A server that closes connections costs no query, however often it does (F01, F02, F03), and its habits are learnt."""

import threading
import time

import pytest
import wire
from conftest import warm
from load import load
from loadprogs import honest
from reach import fresh, long, queries
from testserver import wait_for

HOWS = ["fin", "rst", "notify", "alert"]
SESSIONS_MAX = 16


def keeps(fwd, count):
    """A load of which nothing is lost, with a bounded number of sessions; returns it, its repeats and connections."""
    before, seen = fwd.stats(), []

    def look():
        if not seen or time.monotonic() - seen[-1][0] > 0.2:
            seen.append((time.monotonic(), fwd.stats()["sessions"]))

    result = load(fwd, count, window=50, name=fresh(), each_turn=look)
    result.check()
    assert max(sessions for _, sessions in seen) <= SESSIONS_MAX
    figures = fwd.stats()
    assert figures["replies_servfail"] == 0
    return result, *(figures[name] - before[name] for name in ("upstream_repeats", "connects"))


@pytest.mark.parametrize("after", [1, 2, 10, 100])
@pytest.mark.parametrize("how, count", [("fin", 2000), ("rst", 500), ("notify", 500), ("alert", 500)])
def test_closes_after_n_answers(server, start, how, count, after):
    """F01: as fast as it goes; once that is learnt, a query is hardly ever sent in vain."""
    server.rule(f"answers={after}:{how}")
    fwd = start(server)
    keeps(fwd, count // 4)
    result, repeats, connects = keeps(fwd, count)
    assert count // after // 2 <= connects
    if result.starved:
        return  # a close is told from an idle limit by 100 ms
    assert connects <= 1.5 * count / after + SESSIONS_MAX
    if how != "alert":  # which is a failure, not a limit
        assert repeats <= 0.1 * count


@pytest.mark.long
@pytest.mark.parametrize("after", [1, 2, 10, 100])
def test_closes_after_n_answers_for_long(start_server, start, after):
    """F01: 100,000 queries, faster than 200 q/s, each for a connection of its own in the worst case: none lost."""
    server = start_server(rules=[f"answers={after}:fin"])
    fwd = start(server)
    result = honest(fwd, count=100000, window=50, timeout=30000)
    result.check()
    assert fwd.stats()["replies_servfail"] == 0
    print(f"\n  closes after {after}: {result}, {server.stat('connections')} connections")


@pytest.mark.clock
@pytest.mark.parametrize("how", HOWS)
def test_closes_at_the_nth_query(server, start, how):
    """With the query in hand and unanswered.

    After a stall all sessions may have had nine answers and outlived that limit: a query can meet them all.
    """
    server.rule(f"queries=10:{how}")
    fwd = start(server)
    load(fwd, 300, window=10, rate=300).check()


@pytest.mark.parametrize("burst", [2, 10, 50])
def test_one_answer_a_connection_and_a_burst(server, start, burst):
    """The connections that this takes are made within the deadline."""
    server.rule("answers=1:fin")
    fwd = start(server)
    load(fwd, burst, window=burst).check()


@pytest.mark.parametrize("seconds", [3, long(20)])
@pytest.mark.parametrize("how", ["fin", "rst"])
def test_closes_every_second(start_server, start, seconds, how):
    """F02: 500 q/s while every connection lives one second."""
    server = start_server(rules=[f"life=1000:{how}"])
    fwd = start(server)
    load(fwd, 500 * seconds, window=200, rate=500).check()
    assert server.stat("connections") >= seconds - 1


def test_all_connections_closed_under_load(fwd, server):
    """With queries on their way and answers held back; each connection has answered something."""
    server.rule("delay=5-30")
    stop = threading.Event()

    def close():
        for how in ("fin", "rst", "notify", "alert") * 4:
            before = server.stat("answers")
            while server.stat("answers") < before + 60 and not stop.is_set():
                pass
            server.closeall(how)

    closer = threading.Thread(target=close)
    closer.start()
    try:
        load(fwd, 3000, window=100, rate=1500).check()
    finally:
        stop.set()
        closer.join()
    assert server.stat("connections") >= 10


def test_a_closed_idle_connection_is_no_news_to_clients(fwd, server):
    for how in ("fin", "rst", "notify", "alert"):
        for i in range(5):
            server.closeall(how)
            assert fwd.ask(f"i{i}.{how}.idle.test").rcode() == wire.NOERROR


@pytest.mark.parametrize("units", [0, 1, 5])
@pytest.mark.clock
def test_keepalive_of_the_server_is_heeded(start_server, start, units):
    """RFC 7828: we close first; 0 means after this answer."""
    server = start_server()
    server.keepalive(units)
    fwd = start(server)
    for i in range(3):
        assert fwd.ask(f"k{i}.test").rcode() == wire.NOERROR
        server.wait_stat("closed_by_peer", i + 1)
    assert server.stat("closed_by_us") == 0


@pytest.mark.parametrize("places", [[*range(0, 16), 40, 100, 300, 467, 468, 469], long(range(470))], ids=len)
def test_half_an_answer_from_the_first_of_two(start_server, start, places):
    """F03: cut by a reset at any octet, the answer comes whole from one of them."""
    servers = [start_server() for _ in range(2)]
    fwd = start(servers)
    for at in places:
        servers[0].clear_rules()
        servers[0].rule(f"skip=5 every=10 cut={at}:rst")
        load(fwd, 60, window=10, name=fresh()).check()


@pytest.mark.parametrize("at", [0, 1, 14, 300])
def test_every_answer_of_the_first_of_two_is_cut(start_server, start, at):
    servers = [start_server(), start_server()]
    servers[0].rule(f"cut={at}:rst")
    fwd = start(servers)
    load(fwd, 300, window=20, rate=1000).check()
    assert servers[0].stat("queries") > 0 and servers[1].stat("queries") >= 300


@pytest.mark.parametrize("how", ["rst", "fin"])
@pytest.mark.clock
def test_one_name_is_cut_each_time(start_server, start, how):
    """The first answers all others well: it is no failure of its path, and yet the second has to be asked."""
    servers = [start_server(), start_server()]
    servers[0].rule(f"name=poison.*.test cut=half:{how}")
    fwd = warm(start(servers))
    for i in range(5):
        assert fwd.ask(f"good.n{i}.test").rcode() == wire.NOERROR
        assert fwd.ask(f"poison.n{i}.test").rcode() == wire.NOERROR, i
    assert queries(servers[1])[0] <= 10


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_one_name_that_makes_the_server_close(start_server, start, how):
    """It takes nobody with it that is on the same connections."""
    server = start_server(rules=[f"name=poison.test none close={how}"])
    fwd = warm(start(server))
    result = load(fwd, 50, window=50, name=lambda i: "poison.test" if i == 25 else f"p{i}.test")
    result.check(failed=1)
    assert server.count("poison.test") <= 3 + 12, "three sends, and those that cost nothing"


def test_closes_cost_no_descriptors(fwd, server):
    """But for those of sessions that stand: where closes look like a limit, there may be several."""
    warm(fwd)
    before = fwd.fds() - 1
    for i in range(50):
        for how in HOWS:
            server.closeall(how)
            assert fwd.ask(f"i{i}.{how}.fds.test").rcode() == wire.NOERROR
    wait_for(lambda: fwd.fds() <= before + SESSIONS_MAX, what=f"{before} descriptors again, and those of sessions")


@pytest.mark.parametrize("how", ["fin", "notify"])
@pytest.mark.clock
def test_idle_limit_is_learnt(server, start, how):
    """The server closes what is idle; when that has been seen, dnsfwd goes first."""
    server.rule(f"idle=1000:{how}")
    fwd = start(server)

    def closed():
        return server.stat("closed_by_us") + server.stat("closed_by_peer")

    for i in range(10):
        before = closed()
        assert fwd.ask(f"idle{i}.test").rcode() == wire.NOERROR
        wait_for(lambda: closed() > before, what="the end of an idle connection")  # noqa: B023
        if server.stat("closed_by_peer") >= 2:
            break
    assert server.stat("closed_by_peer") >= 2
    assert queries(server)[0] == i + 1 and fwd.stats()["upstream_repeats"] == 0
