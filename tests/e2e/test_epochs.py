"""Another network, and a machine that slept: what begins a new epoch, what it costs, and that nothing of the old one is
seen in it (F06, F07; design 5, Networks and epochs)."""

import ctypes
import ipaddress
import os
import pathlib
import platform
import re
import signal
import struct
import time

import pytest
import wire
from conftest import addresses, warm
from cookies import cookie_of
from load import load
from netns import Network
from reach import During, answered_first, fails, fresh, timed
from roaming import ANY4, ANY6, NAME, Roaming
from testserver import expected_a, wait_for

pytestmark = pytest.mark.clock

FIRST = 2.0  # seconds until the first answer after a network change or a sleep
MOVED = r"info network: .* (connections, tickets and cookies are made anew) \(epoch {}\)"


@pytest.fixture
def world(certs):
    with Roaming(certs) as network:
        yield network


@pytest.fixture
def both(certs):
    with Roaming(certs, versions=(4, 6)) as network:
        yield network


@pytest.fixture
def net():
    with Network() as network:
        yield network


def epoch(fwd):
    return fwd.stats()["epoch"]


def moved(fwd, number):
    """This epoch has begun, for the workers too: they hear of it before they are asked for their figures."""
    fwd.wait_log(MOVED.format(number))
    fwd.stats()


def first_connection(fwd, number):
    """The line of the log that tells of the first one of this epoch."""
    lines = fwd.log()
    (begin,) = [i for i, line in enumerate(lines) if f"(epoch {number})" in line]
    return next(line for line in lines[begin:] if "connected" in line)


def check(fwd, name):
    assert addresses(fwd.ask(name)) == [expected_a(name)]


# -- the network ----------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 3])
def test_another_gateway(world, start, workers):
    """The old 5-tuple leads nowhere.  Queries under way are answered on the new network."""
    fwd = warm(start(world.upstream, {"workers": workers}, netns=world.client))
    steps = During(time.monotonic, (0.5, lambda: world.move(1)))
    result = load(fwd, 150, window=50, rate=100, name=fresh(), each_turn=steps)
    assert steps.done()
    result.check()
    moved(fwd, 2)
    assert world.servers[1].stat("queries") > 0
    assert epoch(fwd) == 2


def test_first_answer_after_a_change(world, start):
    fwd = warm(start(world.upstream, netns=world.client))
    for number in range(2, 6):
        world.move((number + 1) % 2)
        answered_first(fwd, f"n{number}.test", "route change: first answer, asked at once", FIRST + 1)
        moved(fwd, number)
        answered_first(fwd, f"m{number}.test", "route change: first answer, asked when it was noticed", FIRST)


def test_another_address(net, certs, start):
    server = net.hosts[0].serve(certs=certs)
    fwd = warm(start([{"server": server, "address": net.hosts[0].v4}], netns=net.client))
    for number in range(2, 5):
        net.renumber(1, 100 + number)
        answered_first(fwd, f"n{number}.test", "new address of ours: first answer", FIRST + 1)
        moved(fwd, number)


def test_link_lost_and_back(net, certs, start):
    """With the same addresses: it may be another place."""
    host = net.hosts[0]
    server = host.serve(certs=certs)
    fwd = warm(start([{"server": server, "address": host.v4}], {"query-timeout": "2s"}, netns=net.client))
    host.link(False)
    fails(fwd, "away.test")
    assert epoch(fwd) == 1
    host.link(True)
    answered_first(fwd, "back.test", "link back: first answer", FIRST)
    moved(fwd, 2)


def test_nothing_of_the_old_network(world, start):
    """No ticket, no cookie, no connection: who sees both networks can't tell that it is the same client."""
    for server in world.servers:
        server.cookies("on")
    fwd = warm(start(world.upstream, {"log-level": "debug"}, netns=world.client))
    world.servers[0].closeall("notify")
    check(fwd, "again.test")
    wait_for(lambda: world.servers[0].stat("resumed") >= 1, what="a ticket that works")
    check(fwd, "cookie.test")
    old = {cookie_of(q.data)[:8] for q in world.servers[0].queries()}
    world.move(1)
    moved(fwd, 2)
    check(fwd, "there.test")
    seen = world.servers[1].stats()
    assert seen["handshakes"] >= 1 and seen["resumed"] == 0
    assert not old & {cookie_of(q.data)[:8] for q in world.servers[1].queries()}
    world.servers[1].closeall("notify")
    check(fwd, "resumed.test")
    wait_for(lambda: world.servers[1].stat("resumed") >= 1, what="tickets of this network are of use on it")
    world.move(0)
    moved(fwd, 3)
    check(fwd, "home.test")
    assert "resumed" not in first_connection(fwd, 3)


def test_without_clients(world, start):
    """Nobody asks: nothing is sent on the new network, and tickets of the old one are gone all the same."""
    fwd = warm(start(world.upstream, netns=world.client))
    world.servers[0].closeall("notify")
    check(fwd, "resumed.test")
    with world.syns_to(1, ANY4) as syns:
        before = fwd.stats()["connects"]
        world.servers[0].closeall("notify")
        wait_for(lambda: fwd.stats()["connects"] > before, what="one that is opened ahead")  # before the move, or it is there
        world.move(1)
        moved(fwd, 2)
        # Clients were active a moment ago: it is opened ahead.  Once.
        wait_for(lambda: syns.packets() == 1, what="a connection ahead of the next query")
        assert world.servers[1].stat("resumed") == 0


def test_zone_in_clear(certs, start):
    """Its answers and its cookies belong to the network they came from; those of the default group stay."""
    with Roaming(certs, plain=True, clear=True) as world:
        for server in world.servers:
            server.cookies("on")
        zone = {"name": "corp.test", "forward": [f"udp://{ANY4}"]}
        options = {"cache-size": "1M", "zone": [zone], "insecure-plain": True}
        fwd = warm(start(world.upstream, options, netns=world.client))
        for _ in range(2):
            check(fwd, "a.corp.test")
            check(fwd, "b.test")
        check(fwd, "c.corp.test")
        asked = [q for q in world.servers[0].queries() if wire.name("corp.test") in q.data]
        assert len(asked) == 2
        old = {cookie_of(q.data)[:8] for q in asked}
        assert len(old) == 1, "one cookie for the server"
        world.move(1)
        moved(fwd, 2)
        check(fwd, "a.corp.test")
        check(fwd, "b.test")
        (asked,) = [q for q in world.servers[1].queries() if wire.name("a.corp.test") in q.data]
        assert cookie_of(asked.data)[:8] not in old and len(cookie_of(asked.data)) == 8
        assert world.servers[1].count("b.test") == 0


@pytest.mark.parametrize("name", ["other.test", "resolver.test"])
def test_opportunistic(certs, start, name):
    """What somebody unproven has answered stays on his network; what the right one has is as good as ever."""
    with Roaming(certs) as world:
        upstream = [world.upstream[0] | {"profile": "opportunistic", "auth-name": name}]
        fwd = warm(start(upstream, {"cache-size": "1M"}, netns=world.client))
        check(fwd, "a.test")
        check(fwd, "a.test")
        assert world.servers[0].count("a.test") == 1
        world.move(1)
        moved(fwd, 2)
        check(fwd, "a.test")
        assert world.servers[1].count("a.test") == (name == "other.test")


def prefix_rule(server, prefix):
    """What it says of ipv4only.arpa: the prefix of the network's NAT64 (RFC 7050)."""
    octets = ipaddress.ip_address(f"{prefix}c000:aa").packed
    reply = wire.header(wire.QR | wire.RD | wire.RA, (1, 1, 0, 0), 0) + wire.question("ipv4only.arpa", 28)
    reply += b"\xc0\x0c" + struct.pack("!HHIH", 28, 1, 3600, 16) + octets
    server.rule(f"name=ipv4only.arpa type=AAAA hex={reply.hex()}")


def test_prefix_of_a_nat64(certs, start):
    """Another network has another one, or none: what was found in the old one makes no addresses here."""
    with Roaming(certs, plain=True) as world:
        for server, prefix in zip(world.servers, ("2001:db8:a::", "2001:db8:b::")):
            prefix_rule(server, prefix)

        def made(prefix):
            want = str(ipaddress.ip_address(f"{prefix}c633:6407"))
            return lambda: addresses(fwd.ask("a-198-51-100-7.test", "AAAA")) == [want]

        fwd = warm(start(world.upstream, {"dns64": "auto"}, netns=world.client))
        wait_for(made("2001:db8:a::"), what="the prefix of the first")
        world.move(1)
        moved(fwd, 2)
        wait_for(made("2001:db8:b::"), what="the prefix of the second")


def test_winner_of_the_race_is_remembered(both, start):
    """Home has no IPv6 beyond the gateway, the café has.  Back at home IPv4 is tried first."""
    with both.lose(0, ANY6):
        fwd = warm(start(both.upstream, netns=both.client))
        assert fwd.stats()["connects"] == 2
        fwd.wait_log("connected, .*authenticated")
        with both.syns_to(1, ANY6) as tried:
            both.move(1)
            moved(fwd, 2)
            check(fwd, "there.test")
            wait_for(lambda: tried.packets() >= 1, what="IPv6, which is preferred on a network not known")
        # The gateway's hardware address is what a network is known by.
        time.sleep(3.5)
        since = len(fwd.log())
        both.move(0)
        moved(fwd, 3)
        with timed("known network: first answer, without waiting for the family that is broken there", FIRST):
            check(fwd, "home.test")
        line = fwd.wait_log("connected, ", since).string
        assert ANY4 in line and float(re.search(r"([\d.]+) ms", line)[1]) < 200, fwd.log_text()


def test_names_are_looked_up_anew(certs, start, tmp_path):
    with Roaming(certs, plain=True) as world:
        options = {"bootstrap": [ANY4], "state-dir": str(tmp_path)}
        for address in (ANY4, ANY6):
            world.sniffer.policy.allow(address)
        fwd = start(f"tls://{NAME}", options, server=world.servers[0], netns=world.client)
        warm(fwd)
        before = world.servers[0].count(NAME, "A")
        assert before >= 1
        world.move(1)
        moved(fwd, 2)
        check(fwd, "there.test")
        wait_for(lambda: world.servers[1].count(NAME, "A") >= 1, what="a lookup on the new network")


# -- what is no change ----------------------------------------------------------------------


def test_other_business_of_the_machine(world, start):
    """Containers come and go, addresses by the hundred, routes to elsewhere: connections stand."""
    fwd = warm(start(world.upstream, netns=world.client))
    before = fwd.stats()
    client = world.client
    client.ip("link add docker0 type veth peer name inside0", "link set docker0 up", "link set inside0 up",
              "addr add 172.17.0.1/16 dev docker0", "addr add fd17::1/64 dev docker0 nodad")
    client.ip(*(f"addr add 172.18.{i // 100}.{i % 100 + 1}/32 dev docker0" for i in range(200)))
    client.ip("route add 198.51.100.0/24 dev docker0", "route add 203.0.113.0/24 dev docker0",
              "route add default via 172.17.0.2 metric 500")
    check(fwd, "meanwhile.test")
    client.ip("link set inside0 down", "link del docker0")
    wait_for(lambda: fwd.stats()["network_events"] >= before["network_events"] + 200, what="events that were heard")
    last = fwd.stats()["network_checks"]
    wait_for(lambda: fwd.stats()["network_checks"] > last or not time.sleep(0.3), what="the last look")
    check(fwd, "after.test")
    after = fwd.stats()
    assert after["epoch"] == 1 and after["connects"] == before["connects"], fwd.log_text()
    assert after["network_checks"] - before["network_checks"] <= 12, "a burst is looked at a few times"


def test_other_family_appears(certs, start):
    """A way that nobody uses, to an upstream that is well."""
    with Roaming(certs, versions=(4, 6)) as world:
        world.client.run("ip", "-6", "route", "del", "default")
        fwd = warm(start(world.upstream, netns=world.client))
        before = fwd.stats()
        world.client.run("ip", "-6", "route", "add", "default", "via", "fd53:1::1")
        fwd.wait_stat("network_checks", before["network_checks"] + 1)
        check(fwd, "after.test")
        assert epoch(fwd) == 1 and fwd.stats()["connects"] == before["connects"]


def wakeups(pid):
    text = [(task / "status").read_text() for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    return sum(int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", t)[1]) for t in text)


def test_idle_costs_nothing(world, start):
    """Nothing looks at the network or the clocks now and then."""
    fwd = warm(start(world.upstream, netns=world.client))
    world.move(1)
    moved(fwd, 2)
    time.sleep(4)  # the look for the gateway's hardware address is over, and the session stands
    before = wakeups(fwd.pid)
    time.sleep(5)
    assert wakeups(fwd.pid) - before <= 2


# -- sleep ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [3, 120, 7200])
@pytest.mark.parametrize("workers", [1, 3])
def test_sleep(server, start, clock, seconds, workers):
    """The first query after it is asked on a connection that is new, by a full handshake."""
    fwd = warm(start(server, {"workers": workers}, clock=clock))
    before = server.stats()
    clock.sleep(seconds)
    answered_first(fwd, "awake.test", f"after {seconds} s of sleep: first answer", FIRST)
    (query,) = [q for q in server.queries() if wire.name("awake.test") in q.data]
    assert query.conn not in {q.conn for q in server.queries() if q.seq < query.seq}
    after = server.stats()
    assert after["handshakes"] > before["handshakes"] and after["resumed"] == before["resumed"]
    fwd.wait_log(rf"network: the machine has slept for {seconds} s; .*\(epoch 2\)")
    assert epoch(fwd) == 2


def test_short_sleep(server, start, clock):
    """Less than two seconds is no matter."""
    fwd = warm(start(server, clock=clock))
    before = fwd.stats()
    clock.sleep(1)
    check(fwd, "awake.test")
    after = fwd.stats()
    assert after["connects"] == before["connects"] and after["epoch"] == 1


def test_sleep_over_tcp(server, start, clock):
    fwd = warm(start(server, clock=clock))
    with fwd.tcp() as client:
        client.send(wire.query("before.test"))
        client.receive()
        clock.sleep(60)
        client.send(wire.query("awake.test"))
        assert wire.rcode_of(client.receive()) == wire.NOERROR
    fwd.wait_log("the machine has slept for 60 s")


def test_sleep_with_the_connections_gone(net, certs, start, clock):
    """Routers have forgotten them (F07)."""
    server = net.hosts[0].serve(certs=certs)
    fwd = warm(start([{"server": server, "address": net.hosts[0].v4}], netns=net.client, clock=clock))
    with net.forget_connections(net.hosts[0].v4):
        clock.sleep(120)
        answered_first(fwd, "awake.test", "after 120 s of sleep, connections forgotten: first answer", FIRST)


def test_sleep_and_another_network(world, start, clock):
    fwd = warm(start(world.upstream, netns=world.client, clock=clock))
    world.move(1)
    clock.sleep(600)
    answered_first(fwd, "awake.test", "asleep at home, awake elsewhere: first answer", FIRST)
    assert world.servers[1].stat("resumed") == 0
    assert world.servers[1].stat("queries") >= 1


@pytest.mark.long
def test_stopped_with_the_connections_gone(net, certs, start):
    """The same in earnest: stopped for two minutes, while routers forget."""
    server = net.hosts[0].serve(certs=certs)
    fwd = warm(start([{"server": server, "address": net.hosts[0].v4}], netns=net.client))
    os.kill(fwd.pid, signal.SIGSTOP)
    with net.forget_connections(net.hosts[0].v4):
        time.sleep(120)
        os.kill(fwd.pid, signal.SIGCONT)
        answered_first(fwd, "awake.test", "after 120 s stopped, connections forgotten: first answer", FIRST)


# -- without netlink --------------------------------------------------------------------------

SOCKET = {"x86_64": 41, "aarch64": 198}
AF_NETLINK, EPERM = 16, 1
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def forbid_netlink():
    """socket(AF_NETLINK, ...) gives EPERM, from now on and for all children."""
    number = SOCKET[platform.machine()]
    rules = (
        (0x20, 0, 0, 0),  # the call's number
        (0x15, 0, 3, number),
        (0x20, 0, 0, 16),  # its first argument
        (0x15, 0, 1, AF_NETLINK),
        (0x06, 0, 0, 0x00050000 | EPERM),
        (0x06, 0, 0, 0x7FFF0000),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
    program = ctypes.create_string_buffer(struct.pack("HP", len(rules), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def test_without_netlink(server, start, clock):
    """It is told once, and all else works: what it can't see it finds out."""
    if platform.machine() not in SOCKET:
        pytest.skip("the call's number is not known here")
    fwd = warm(start(server, preexec=forbid_netlink, clock=clock))
    lines = [line for line in fwd.log() if "netlink" in line]
    assert len(lines) == 1 and " warning " in lines[0] and "Operation not permitted" in lines[0]
    clock.sleep(60)
    answered_first(fwd, "awake.test", "without netlink, after 60 s of sleep: first answer", FIRST)
    assert len([line for line in fwd.log() if "netlink" in line]) == 1
