"""Several addresses of one upstream (F08, RFC 8305): the first that shakes hands wins and is remembered."""

import time

import pytest
import wire
from conftest import warm
from load import load
from netns import PORT, Network
from reach import answered_first, fails, fresh, long, queries
from testserver import wait_for

pytestmark = pytest.mark.clock

HEAD_START = 0.25  # of an address before the next one


@pytest.fixture
def net():
    with Network() as network:
        yield network


class House:
    """A host with a server of its own on each address, so that it can be told who was asked."""

    def __init__(self, net, certs):
        self.net, self.host = net, net.hosts[0]
        self.server = {a: self.host.serve([a], certs=certs) for a in self.host.addresses}
        self.v4, self.v6 = self.server[self.host.v4], self.server[self.host.v6]

    def upstream(self, addresses=None):
        return [{"address": addresses or list(self.server), "port": PORT, "auth-name": "resolver.test"}]

    def forward(self, start, addresses=None, options=None):
        ca = {"tls-cert-bundle": self.v4.ca}
        return start(self.upstream(addresses), {**ca, **(options or {})}, netns=self.net.client)

    def close(self):
        for server in self.server.values():
            server.closeall()


@pytest.fixture
def house(net, certs):
    return House(net, certs)


def used(*servers):
    """Which of them has been asked since the last time."""
    found = [server.stat("queries") > 0 for server in servers]
    for server in servers:
        server.reset()
    return found


# -- all is well --------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_ipv6_goes_first(house, start, turned):
    """Whatever the order in the configuration."""
    addresses = [house.host.v6, house.host.v4]
    fwd = house.forward(start, addresses[::-1] if turned else addresses)
    load(fwd, 50, window=10, name=fresh()).check()
    assert used(house.v6, house.v4) == [True, False]


def test_one_address_written_alone(house, start):
    fwd = house.forward(start, house.host.v4)
    answered_first(fwd, "one.test", "first answer")
    assert used(house.v6, house.v4) == [False, True]


# -- one of the families is of no use --------------------------------------------------


def lost(house, address):
    return house.net.black_hole(address)


def lost_there(house, address):
    return house.net.black_hole(address, back=False)


def lost_back(house, address):
    return house.net.black_hole(address, there=False)


def reset(house, address):
    return house.net.reject(address)


def unreachable(house, address):
    return house.net.reject(address, how="icmp6-no-route" if ":" in address else "icmp-net-unreachable")


def prohibited(house, address):
    return house.net.reject(address, how="icmp6-adm-prohibited" if ":" in address else "icmp-admin-prohibited")


class stalled:
    """TCP as it should be, and no TLS."""

    def __init__(self, house, address):
        self.server = house.server[address]

    def __enter__(self):
        self.server.rule("stall")
        self.server.closeall("rst")

    def __exit__(self, *exc):
        self.server.clear_rules()
        self.server.closeall("rst")


FAULTS = [lost, lost_there, lost_back, reset, unreachable, prohibited, stalled]


@pytest.mark.parametrize("family", ["v6", "v4"])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_family_from_the_start(house, start, fault, family):
    """Nobody waits for more than the head start of the other; warm, nobody waits at all."""
    broken = getattr(house.host, family)
    other = house.v4 if family == "v6" else house.v6
    with fault(house, broken):
        fwd = house.forward(start)
        answered_first(fwd, "cold.test", f"{family} {fault.__name__}, cold")
        answered_first(fwd, "warm.test", f"{family} {fault.__name__}, warm")
        load(fwd, 50, window=10, name=fresh()).check()
    assert queries(other)[0] == 52 and fwd.stats()["replies_servfail"] == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_the_winner_is_lost_later(house, start, fault):
    fwd = warm(house.forward(start))
    with fault(house, house.host.v6):
        house.v6.closeall("rst")
        answered_first(fwd, "later.test", f"{fault.__name__} later")
        load(fwd, 50, window=10, name=fresh()).check()
    assert queries(house.v4)[0] >= 50


def test_no_ipv6_at_all(house, start):
    """Our own lack of an address is no fault of the upstream."""
    house.net.leave(1, 6)
    fwd = house.forward(start)
    answered_first(fwd, "no6.test", "no IPv6, cold")
    assert not [line for line in fwd.log() if " warning " in line or " error " in line]


def test_no_ipv4_at_all(house, start):
    house.net.leave(1, 4)
    fwd = house.forward(start)
    answered_first(fwd, "no4.test", "no IPv4, cold")


def test_no_family_at_all(house, start):
    with house.net.black_hole(*house.host.addresses):
        fwd = house.forward(start, options={"query-timeout": "2s"})
        fails(fwd, "none.test", (14, 22, 23))
    answered_first(fwd, "both.test", "both families return")


# -- what is remembered -------------------------------------------------------------------


def test_the_winner_is_remembered(house, start):
    """The next connections go there at once: no head start for the one that lost."""
    with house.net.black_hole(house.host.v6):
        fwd = house.forward(start)
        answered_first(fwd, "race.test", "first race")
        times = []
        for i in range(8):
            house.v4.closeall()
            begin = time.monotonic()
            assert fwd.ask(f"again{i}.test").rcode() == wire.NOERROR
            times.append(time.monotonic() - begin)
    assert min(times) < HEAD_START and sorted(times)[4] < HEAD_START, times


def test_a_good_address_is_asked_alone(house, start):
    """With the winner up, nobody knocks at the other doors each time."""
    with house.net.syns(house.host.v4) as syns:
        fwd = house.forward(start)
        for i in range(15):
            assert fwd.ask(f"alone{i}.test").rcode() == wire.NOERROR
            house.v6.closeall()
        assert syns.packets() <= 3


@pytest.mark.parametrize("fault", [lost, long(reset), long(unreachable), long(stalled)])
def test_return_to_the_better_family(house, start, fault):
    """It is tried again beside the other while clients are active, and no client notices."""
    with fault(house, house.host.v6):
        fwd = house.forward(start)
        load(fwd, 50, window=10, name=fresh()).check()
    house.v6.reset()

    def is_back():
        load(fwd, 20, window=5, rate=100, name=fresh()).check()
        return house.v6.stat("queries") > 0

    wait_for(is_back, 60, f"queries over IPv6 again\n{fwd.log_text()}")
    load(fwd, 20, window=5, name=fresh()).check()
    used(house.v6, house.v4)
    load(fwd, 50, window=10, name=fresh()).check()
    assert used(house.v6, house.v4) == [True, False]


@pytest.mark.long
def test_nobody_asks_nobody_tries(house, start):
    """30 s after the last client's query nothing is sent any more, to the one that lost neither."""
    with house.net.black_hole(house.host.v6):
        fwd = house.forward(start)
        answered_first(fwd, "once.test", "first race")
    time.sleep(35)
    before = fwd.stats()["connects"]
    with house.net.syns(*house.host.addresses) as syns:
        time.sleep(30)
        assert syns.packets() == 0 and fwd.stats()["connects"] == before


# -- more than two --------------------------------------------------------------------------


def test_families_take_turns(certs, start):
    """After the first IPv6 address the first IPv4 one, not the second IPv6 one."""
    with Network(addresses=2) as net:
        house, host = House(net, certs), net.hosts[0]
        with net.black_hole(host.v6s[0]):
            fwd = house.forward(start, host.v6s + host.v4s)
            answered_first(fwd, "turns.test", "first of four lost")
        assert used(*(house.server[a] for a in (host.v6s[1], host.v4s[0], host.v4s[1]))) == [False, True, False]


@pytest.mark.parametrize("good", [0, 1, 5, long(2), long(3), long(4)])
def test_the_only_good_one_of_six(certs, start, good):
    with Network(addresses=3) as net:
        house, host = House(net, certs), net.hosts[0]
        with net.black_hole(*(a for i, a in enumerate(host.addresses) if i != good)):
            fwd = house.forward(start)
            answered_first(fwd, "six.test", f"only number {good + 1} of 6 is good")


def test_one_that_has_another_name_is_no_winner(house, net, start):
    """Authentication belongs to the handshake: who fails it is passed over like who fails to answer."""
    other = net.hosts[0].serve([net.hosts[0].v6], port=PORT + 1, san=["DNS:other.test"])
    good = net.hosts[0].serve([net.hosts[0].v4], port=PORT + 1, certs=house.v4.certs)
    upstream = {"address": net.hosts[0].addresses, "port": PORT + 1, "server": good}
    fwd = start([upstream], netns=net.client)
    answered_first(fwd, "name.test", "IPv6 under another name")
    assert queries(other, good) == [0, 1]
