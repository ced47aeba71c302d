"""A path or a server that says nothing more (F04, F06): queries move on, and come back."""

import time

import pytest
import wire
from conftest import addresses, warm
from load import load
from netns import Network
from reach import During, answered_first, comes_back, fails, fresh, goes_to, long, queries, report
from testserver import expected_a, wait_for

pytestmark = pytest.mark.clock


@pytest.fixture
def net():
    with Network() as network:
        yield network


@pytest.fixture
def two():
    with Network(hosts=2) as network:
        yield network


def v4(host, server):
    """That server by one address only."""
    return {"server": server, "address": host.v4}


def group(net, certs):
    servers = [host.serve(certs=certs) for host in net.hosts]
    return servers, [v4(host, server) for host, server in zip(net.hosts, servers)]


# -- a name that takes its time ----------------------------------------------------------


@pytest.mark.parametrize("ms", [1200, 2200, 3200, 3700])
@pytest.mark.parametrize("count", [1, 2])
def test_slow_name_is_answered_before_the_deadline(start_server, start, count, ms):
    """With nothing else to ask: however often its path is doubted, the first answer that comes counts."""
    servers = [start_server(rules=[f"name=*.slow.test delay={ms}"]) for _ in range(count)]
    fwd = warm(start(servers))
    reply = fwd.ask("a.slow.test")
    assert addresses(reply) == [expected_a("a.slow.test")], wire.edes(reply)
    assert sum(server.count("a.slow.test") for server in servers) <= 3
    assert "others are asked before it" not in fwd.log_text(), "one slow name puts nobody in doubt"


# -- the server accepts and is silent ----------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 30])
def test_one_connection_falls_silent(server, start, after):
    """After so many queries it answers nothing more; the next connection is a good one."""
    if after:
        server.rule(f"conn=2 queries={after}:silence")
    fwd = start(server)
    answered_first(fwd, "first.silent.test", "first answer")
    server.closeall()
    if not after:
        server.rule("conn=2 handshake=silence")
    load(fwd, 200, window=20, rate=200, name=fresh()).check()
    assert fwd.stats()["replies_servfail"] == 0


@pytest.mark.parametrize("how", ["accept", "stall", "mute"])
def test_silent_server_alone(start_server, start, how):
    """Nobody answers: clients are told why by their deadline, and all is well as soon as he speaks."""
    server = start_server()
    fwd = warm(start(server, {"query-timeout": "1s"}))
    server.command({"accept": "accept off", "stall": "rule stall", "mute": "mute on"}[how])
    if how != "mute":
        server.closeall("rst")
    fails(fwd, "nobody.silent.test")
    result = load(fwd, 50, window=50, name=fresh())
    assert result.failed == {wire.SERVFAIL: 50}
    server.clear_rules()
    server.accept()
    server.mute(False)
    comes_back(fwd, "again.silent.test", f"answer after {how}")
    load(fwd, 200, window=20, name=fresh()).check()
    assert server.stat("open") <= 16


@pytest.mark.parametrize("how", ["accept", "mute"])
def test_silent_first_of_two(start_server, start, how):
    """In the middle of a load: nothing is lost."""
    servers = [start_server() for _ in range(2)]
    fwd = warm(start(servers))

    def silence():
        getattr(servers[0], how)(how == "mute")
        if how == "accept":
            servers[0].closeall("rst")

    steps = During(lambda: queries(servers[0])[0], (100, silence))
    load(fwd, 600, window=40, rate=400, name=fresh(), each_turn=steps).check()
    assert steps.done() and queries(servers[1])[0] > 0


# Longer than two seconds is all that three sends to the same one can meet.
PAUSES = [(1, 0.7), (1, 1.05), (1, 1.3), (2, 2.0), (2, 2.5), *(long(1, s) for s in (1.0, 1.1, 1.2, 1.5, 1.7, 1.9))]
PAUSES += [long(2, s) for s in (0.7, 1.05, 1.3, 1.6, 2.2, 3.0)]


@pytest.mark.parametrize("count, seconds", PAUSES)
def test_what_a_pause_has_swallowed(start_server, start, count, seconds):
    """A server takes queries for a while and answers none of them, then all that come: nobody's deadline has passed."""
    servers = [start_server() for _ in range(count)]
    fwd = warm(start(servers, {"query-timeout": None}))
    begin = time.monotonic()
    steps = During(
        time.monotonic, (0.5, lambda: servers[0].mute()), (0.5 + seconds, lambda: servers[0].mute(False))
    )
    result = load(fwd, int(400 * (seconds + 1.5)), window=4000, rate=400, name=fresh(), each_turn=steps)
    result.check()
    assert steps.done() and time.monotonic() - begin > seconds
    report(f"{count} servers, the first swallows all for {seconds} s: slowest answer", result.slowest)


def test_lost_answers_are_asked_for_again(server, start):
    """One in a hundred never comes: each client gets its answer, and nobody else is asked twice."""
    fwd = warm(start(server))
    server.rule("every=100 none")
    load(fwd, 2000, window=100, rate=1000, name=fresh()).check()
    assert fwd.stats()["upstream_repeats"] <= 2000 * 0.02 + 20


def test_mute_connections_do_not_pile_up(start_server, start):
    server = start_server()
    fwd = warm(start(server, {"query-timeout": "1s"}))
    before = fwd.fds()
    server.mute()
    load(fwd, 300, window=100, rate=200, name=fresh())
    assert server.stat("open_max") <= 16 and fwd.fds() - before <= 16
    server.mute(False)
    comes_back(fwd, "speaks.test", "answer after silence under load")
    wait_for(lambda: fwd.fds() <= before + 1, what="descriptors given back")


# -- the path swallows all ---------------------------------------------------------------


@pytest.mark.parametrize("there, back", [(True, True), (True, False), (False, True)])
def test_path_lost_for_the_connections_that_stand(net, certs, start, there, back):
    """A router forgot them; the way for new ones is open."""
    servers, upstreams = group(net, certs)
    fwd = warm(start(upstreams, netns=net.client))
    for i in range(3):
        with net.forget_connections(net.hosts[0].v4, there=there, back=back):
            answered_first(fwd, f"moved{i}.test", "first answer over a new connection")
            load(fwd, 100, window=20, name=fresh()).check()
    assert fwd.stats()["replies_servfail"] == 0


def test_path_lost_under_load(net, certs, start):
    servers, upstreams = group(net, certs)
    fwd = warm(start(upstreams, netns=net.client))
    steps = During(lambda: queries(*servers)[0], (100, lambda: net.forget_connections(net.hosts[0].v4)))
    load(fwd, 600, window=50, rate=400, name=fresh(), each_turn=steps).check()
    assert steps.done() and servers[0].stat("connections") >= 2


def test_new_address_of_our_own(net, certs, start):
    """F06: what is sent from the old one comes back no more."""
    _, upstreams = group(net, certs)
    fwd = warm(start(upstreams, netns=net.client))
    for i in range(3):
        net.renumber(1, 101 + i)
        answered_first(fwd, f"new{i}.test", "first answer from a new address")


def test_path_lost_to_the_only_one(net, certs, start):
    """For longer than a client waits; then it is answered again by itself."""
    _, upstreams = group(net, certs)
    fwd = warm(start(upstreams, {"query-timeout": "1s"}, netns=net.client))
    with net.black_hole(net.hosts[0].v4):
        fails(fwd, "hole.test")
        result = load(fwd, 100, window=100, rate=50, name=fresh())
        assert result.failed == {wire.SERVFAIL: 100} and not result.lost
    comes_back(fwd, "out.test", "answer after a black hole")


@pytest.mark.parametrize("there, back", [(True, True), (True, False), (False, True)])
def test_path_lost_to_the_first_of_two(two, certs, start, there, back):
    """Its queries go to the second, and to the first again when it can be reached."""
    servers, upstreams = group(two, certs)
    fwd = warm(start(upstreams, netns=two.client))
    with two.black_hole(two.hosts[0].v4, there=there, back=back):
        answered_first(fwd, "second.test", "first answer from the second")
        load(fwd, 300, window=20, name=fresh()).check()
        assert queries(servers[1])[0] >= 290
    goes_to(fwd, servers, servers[:1], timeout=60)
    assert fwd.stats()["replies_servfail"] == 0


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("policy", ["failover", "fastest", "round-robin"])
def test_black_hole_from_the_start(two, certs, start, policy, place):
    _, upstreams = group(two, certs)
    with two.black_hole(two.hosts[place].v4):
        fwd = start(upstreams, {"policy": policy}, netns=two.client)
        answered_first(fwd, "cold.test", f"{policy}: first answer, place {place} in a black hole")
        load(fwd, 200, window=20, name=fresh()).check()


@pytest.mark.parametrize("share", [0.02, 0.1])
@pytest.mark.parametrize("count", [500, long(10000)])
def test_packets_get_lost(two, certs, start, share, count):
    """By chance: TCP mends it, other connections and the second upstream the rest."""
    _, upstreams = group(two, certs)
    fwd = warm(start(upstreams, netns=two.client))
    with two.lose(share, two.hosts[0].v4):
        load(fwd, count, window=20, rate=300, name=fresh()).check()
    assert fwd.stats()["sessions"] <= 32
