"""Nobody can be reached, at the start or for a while: clients are told, and it heals by itself (F05, F32)."""

import time

import pytest
import wire
from conftest import warm
from daemon import SANITIZED
from load import load
from loadprogs import honest
from netns import Network
from reach import During, answered_first, comes_back, cpu_share, fails, fresh, long, report

pytestmark = pytest.mark.clock


@pytest.fixture
def net():
    with Network() as network:
        yield network


class Outage:
    """A server on a host, whom something takes away: begin() and end() it."""

    def __init__(self, net, certs):
        self.net, self.host, self.certs = net, net.hosts[0], certs
        self.server = self.host.serve(certs=certs)
        self.upstream = [{"server": self.server, "address": self.host.v4}]


class Killed(Outage):
    def begin(self):
        self.server.kill()

    def end(self):
        self.host.stop()
        self.server = self.host.serve(certs=self.certs)


class Closed(Outage):
    def begin(self):
        self.server.listen(False)
        self.server.closeall("rst")

    def end(self):
        self.server.listen()


class Unplugged(Outage):
    def begin(self):
        self.host.link(False)

    def end(self):
        self.host.link(True)


class Lost(Outage):
    def begin(self):
        self.fault = self.net.black_hole(self.host.v4)

    def end(self):
        self.fault.undo()


class Unreachable(Lost):
    def begin(self):
        self.fault = self.net.reject(self.host.v4, how="icmp-host-unreachable")


WAYS = [Killed, Closed, Unplugged, Lost, Unreachable]


@pytest.fixture(params=WAYS)
def outage(request, net, certs):
    return request.param(net, certs)


def test_one_second_costs_no_query(outage, net, start):
    """Whoever asks meanwhile waits for the return, which his deadline allows."""
    fwd = warm(start(outage.upstream, netns=net.client))
    steps = During(time.monotonic, (0.3, outage.begin), (1.3, outage.end))
    result = load(fwd, 100, window=100, rate=50, name=fresh(), each_turn=steps)
    assert steps.done()
    result.check()
    report(f"{type(outage).__name__} for 1 s: slowest answer", result.slowest)


@pytest.mark.parametrize("outage", [Killed, Unplugged, Lost, long(Closed), long(Unreachable)], indirect=True)
@pytest.mark.parametrize("seconds", [2, long(60)])
def test_longer_outage(outage, net, start, seconds):
    """SERVFAIL that says why, little work; the first query after the return is answered."""
    fwd = warm(start(outage.upstream, {"query-timeout": "3s"}, netns=net.client))
    outage.begin()
    result = None

    def ask():
        nonlocal result
        result = load(fwd, 20 * seconds, window=20 * seconds, rate=20, name=fresh())

    used = cpu_share(fwd, ask)
    report(f"{type(outage).__name__}: {used:.1%} of a processor meanwhile; slowest SERVFAIL", result.slowest)
    assert result.failed == {wire.SERVFAIL: result.count} and not result.lost
    assert {wire.edes(wire.parse(message))[0][0] for _, message in result.failures} <= {22, 23}
    assert used < (0.1 if SANITIZED else 0.02)
    outage.end()
    answered_first(fwd, "back.test", f"{type(outage).__name__} for {seconds} s: first answer")
    load(fwd, 100, window=10, name=fresh()).check()


@pytest.mark.parametrize("outage", [Killed, Unplugged, Lost, long(Closed), long(Unreachable)], indirect=True)
@pytest.mark.parametrize("minutes", [1, 10, long(600)])
def test_outage_of_minutes(outage, net, start, clock, minutes):
    """Of the clock's; somebody asks now and then."""
    fwd = warm(start(outage.upstream, {"query-timeout": "1s"}, netns=net.client, clock=clock))
    outage.begin()
    for i in range(10):
        fails(fwd, f"out{i}.test")
        clock.run(6 * minutes)
    fails(fwd, "last.test")
    outage.end()
    comes_back(fwd, "back.test", f"{type(outage).__name__} for {minutes} min: first answer", 2 if minutes == 1 else 5)


@pytest.mark.parametrize("outage", [Closed, Lost, Unreachable], indirect=True)
@pytest.mark.parametrize("seconds", [10, long(60)])
def test_nobody_is_hammered_in_an_outage(outage, net, start, seconds):
    """At most 20 connections in 10 s, however many clients ask; the work that is in it."""
    fwd = warm(start(outage.upstream, netns=net.client))
    outage.begin()
    before, stats = fwd.cpu(), fwd.stats()
    syns = net.syns(outage.host.v4)
    result = honest(fwd, seconds=seconds, rate=100, window=4000, timeout=30000)
    used = (fwd.cpu() - before) / result.seconds
    connects = {k: v - stats[k] for k, v in fwd.stats().items() if k in ("connects", "connects_failed")}
    print(
        f"\n  {type(outage).__name__} for {seconds} s, 100 q/s: {connects}, {syns.packets()} SYNs, {used:.2%} of a processor"
    )
    assert result.failed.keys() <= {wire.SERVFAIL} and result.good == result.lost == result.wrong == 0
    assert connects["connects"] <= 20 * (1 + result.seconds // 10)
    assert used < (0.2 if SANITIZED else 0.02)
    outage.end()
    answered_first(fwd, "back.test", f"{type(outage).__name__} for {seconds} s: first answer")


@pytest.mark.parametrize("seconds", [1, long(45)])
def test_outage_that_nobody_noticed(outage, net, start, seconds):
    """No client asked; the connection may be dead without a word."""
    fwd = warm(start(outage.upstream, netns=net.client))
    outage.begin()
    time.sleep(seconds)  # the outage itself
    outage.end()
    answered_first(fwd, "unnoticed.test", f"{type(outage).__name__} unnoticed: first answer")


def test_both_gone_and_one_back(certs, start):
    with Network(hosts=2) as two:
        servers = [host.serve(certs=certs) for host in two.hosts]
        upstreams = [{"server": s, "address": h.v4} for s, h in zip(servers, two.hosts)]
        fwd = warm(start(upstreams, {"query-timeout": "4s"}, netns=two.client))
        with two.black_hole(two.hosts[0].v4):
            with two.black_hole(two.hosts[1].v4):
                assert fwd.ask("both.test").rcode() == wire.SERVFAIL
            answered_first(fwd, "second.test", "the second is back")
            load(fwd, 100, window=10, name=fresh()).check()


# -- the network comes later than dnsfwd (F32) ------------------------------------------------


@pytest.mark.parametrize("what", ["link", "addresses"])
def test_start_before_the_network(net, certs, start, what):
    """It is ready, says why it can't answer yet, and can as soon as there is a way."""
    host = net.hosts[0]
    server = host.serve(certs=certs)
    if what == "link":
        host.link(False)
    else:
        net.leave(1, 4, 6)
    fwd = start([server], {"query-timeout": "2s"}, netns=net.client)
    for i in range(2):
        fails(fwd, f"early{i}.test", (14, 22, 23))
    if what == "link":
        host.link(True)
    else:
        net.renumber(1, 100)
    answered_first(fwd, "there.test", f"first answer after the {what} came")
    assert len([line for line in fwd.log() if " warning " in line]) <= 2
