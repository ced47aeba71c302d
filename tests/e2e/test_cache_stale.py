"""Old answers where new ones do not come (A13), and new ones before the old are over."""

import os
import signal

import pytest
import wire
from cachecase import NXDOMAIN, SERVFAIL, cached, edes, hit, is_stale, learn, right, ttls
from conftest import addresses
from machine import Stopwatch
from testserver import expected_a, wait_for

NAME = "ttl-1.a.test"


def make_old(fwd, server, name=NAME):
    """Known, and its second is over: the upstream is what the test makes of it from now on."""
    learn(fwd, server, name)
    watch = Stopwatch()
    wait_for(lambda: watch.own() > 1.2, what="a second")


@pytest.fixture
def fwd(start, server):
    daemon = cached(start, server)
    make_old(daemon, server)
    return daemon


def test_a_good_upstream(fwd, server):
    """It is renewed, and nothing stale is given."""
    reply = learn(fwd, server, NAME)
    assert right(reply, NAME) and not edes(reply)
    assert fwd.stats()["cache_stale"] == 0


@pytest.mark.clock
def test_a_slow_upstream(fwd, server):
    """Stale after 1.8 s; the new one is taken when it comes."""
    server.rule(f"name={NAME} delay=2500")
    watch = Stopwatch()
    reply = fwd.ask(NAME)
    assert right(reply, NAME) and is_stale(reply) and 1.7 < watch.own() < 2.4
    watch = Stopwatch()
    assert is_stale(fwd.ask(NAME)) and watch.own() < 0.3  # at once now
    server.clear_rules()
    assert server.count(NAME) == 2 + fwd.stats()["upstream_repeats"]  # the path is doubted meanwhile
    wait_for(lambda: not is_stale(fwd.ask(NAME)), what="the late answer is used")


@pytest.mark.clock
def test_a_dead_upstream(fwd, server):
    server.mute()
    watch = Stopwatch()
    assert is_stale(fwd.ask(NAME)) and watch.own() < 2.4
    for _ in range(5):
        watch = Stopwatch()
        assert is_stale(fwd.ask(NAME)) and watch.own() < 0.3


@pytest.mark.clock
def test_nobody_listens(fwd, server):
    server.listen(False)
    server.closeall()
    watch = Stopwatch()
    assert is_stale(fwd.ask(NAME)) and watch.own() < 2.4
    server.listen()


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "FORMERR"])
def test_an_upstream_that_fails(fwd, server, rcode):
    server.rule(f"name={NAME} rcode={rcode}")
    reply = learn(fwd, server, NAME)
    assert right(reply, NAME) and is_stale(reply)
    assert is_stale(hit(fwd, server, NAME))  # and it is left alone for a while


@pytest.mark.parametrize("code", [6, 15])
def test_a_name_that_was_judged(fwd, server, code):
    """Bogus or blocked: the old answer is gone."""
    server.rule(f"name={NAME} rcode=SERVFAIL ede={code}")
    reply = learn(fwd, server, NAME)
    assert reply.rcode() == SERVFAIL and edes(reply) == [code]
    assert hit(fwd, server, NAME).rcode() == SERVFAIL


def test_a_name_that_is_gone(fwd, server):
    server.rule(f"name={NAME} hex=" + "0000818300010000000000000574746c2d310161047465737400" + "00010001")
    assert fwd.ask(NAME).rcode() == NXDOMAIN
    server.clear_rules()
    assert not is_stale(learn(fwd, server, NAME))


@pytest.mark.parametrize("stale", [0, "1s"])
@pytest.mark.parametrize("how", ["slow", "dead", "SERVFAIL"])
def test_not_allowed(start, server, stale, how):
    """Never, or no longer."""
    fwd = cached(start, server, serve_stale=stale, query_timeout="3s")
    make_old(fwd, server)
    if stale:
        watch = Stopwatch()
        wait_for(lambda: watch.own() > 1.2, what="another second")
    server.rule(f"name={NAME} " + {"slow": "delay=2000", "dead": "none", "SERVFAIL": "rcode=SERVFAIL"}[how])
    reply = fwd.ask(NAME)
    assert not is_stale(reply) and right(reply, NAME) == (how == "slow")


@pytest.mark.parametrize("timeout", ["1s", "5s"])
@pytest.mark.parametrize("how", ["slow", "dead", "SERVFAIL"])
def test_timeouts(start, server, timeout, how):
    """A client's deadline before the 1.8 s or behind them: it gets what is known."""
    fwd = cached(start, server, query_timeout=timeout)
    make_old(fwd, server)
    server.rule(f"name={NAME} " + {"slow": "delay=6000", "dead": "none", "SERVFAIL": "rcode=SERVFAIL"}[how])
    reply = fwd.ask(NAME)
    assert right(reply, NAME) and is_stale(reply)


def test_stale_nxdomain(start, server):
    """EDE 19 tells it; SOA's MINIMUM of 60 s is cut short by cache-max-ttl."""
    fwd = cached(start, server, cache_max_ttl=1)
    make_old(fwd, server, "nxdomain.a.test")
    server.rule("name=nxdomain.a.test rcode=SERVFAIL")
    reply = fwd.ask("nxdomain.a.test")
    assert reply.rcode() == NXDOMAIN and edes(reply) == [19] and ttls(reply) == [30]


def test_servfail_is_never_stale(start, server):
    """An old failure is none: the upstream is asked, and its silence is told."""
    fwd = cached(start, server, query_timeout="1s")
    make_old(fwd, server, "ede-22.a.test")
    server.mute()
    reply = fwd.ask("ede-22.a.test")
    assert reply.rcode() == SERVFAIL and 13 not in edes(reply) and 3 not in edes(reply)


def test_all_of_a_hundred(fwd, server):
    """Many wait for the same: each gets the old answer, the upstream is asked once."""
    server.rule(f"name={NAME} rcode=SERVFAIL delay=200")
    with fwd.udp_socket() as s:
        ids = set()
        for _ in range(100):
            query = wire.query(NAME)
            ids.add(query[:2])
            s.send(query)
        got = [s.recv(4096) for _ in range(100)]
    assert {r[:2] for r in got} == ids and all(wire.rcode_of(r) == 0 for r in got)
    assert server.count(NAME) == 2


# -- prefetch -------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.clock
def test_prefetch(start, server):
    """In the last tenth of a minute one client's hit renews it for all: nobody waits for the upstream."""
    fwd = cached(start, server)
    name = "ttl-60.a.test"
    learn(fwd, server, name)
    for i in range(30):
        hit(fwd, server, name)
    wait_for(lambda: fwd.ask(name) and server.count(name) == 2, timeout=70, what="prefetch")
    assert wait_for(lambda: ttls(fwd.ask(name))[0] > 50, what="its answer is used")
    assert fwd.stats()["cache_prefetches"] == 1 and addresses(fwd.ask(name)) == [expected_a(name)]


def test_refresh_goes_on_over_a_flush(fwd, server):
    """An emptied cache while a question is behind it."""
    server.rule(f"name={NAME} delay=2500")
    fwd.ask(NAME)
    os.kill(fwd.pid, signal.SIGUSR2)
    fwd.wait_log(r"the cache is empty, 1 answers")
    assert right(fwd.ask(NAME), NAME)
