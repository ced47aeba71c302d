"""dnsfwdctl zone: zones that are added while it runs, and last until they are taken out or their interface goes."""

import os
import pathlib

import dns.edns
import pytest
import wire
from conftest import addresses, warm
from daemon import Dnsfwd
from netns import namespace_or_skip
from ports import free_port
from testserver import TestServer, expected_a, wait_for


@pytest.fixture
def corp(start_server):
    port = free_port()
    return start_server(udp=[f"127.0.0.1:{port}"], tcp=[f"127.0.0.1:{port}"])


@pytest.fixture
def fwd(server, start):
    return warm(start(server, {"control": True}))


def at(server):
    return f"udp://127.0.0.1:{server.udp[0].port}"


def zones(fwd):
    return {z["name"]: z for z in fwd.ctl_json("zone", "list")["zones"]}


def good(done):
    assert done.returncode == 0 and done.stderr == "", done


def refused(done, *words):
    assert done.returncode == (2 if "usage: " in done.stderr else 1), done
    for word in words:
        assert word in done.stderr, done.stderr


def who(server, corp, fwd, name):
    assert addresses(fwd.ask(name)) == [expected_a(name)]
    return (server.count(name), corp.count(name))


def test_add_and_del(server, corp, fwd):
    assert who(server, corp, fwd, "a.corp.test") == (1, 0)
    good(fwd.ctl("zone", "add", "corp.test", at(corp)))
    assert who(server, corp, fwd, "b.corp.test") == (0, 1)
    assert zones(fwd) == {"corp.test": {"name": "corp.test", "forward": [at(corp)], "interface": "", "added": True}}
    assert "corp.test" in fwd.ctl("zone", "list").stdout
    good(fwd.ctl("zone", "del", "CORP.test."))
    assert who(server, corp, fwd, "c.corp.test") == (1, 0)
    assert zones(fwd) == {}
    refused(fwd.ctl("zone", "del", "corp.test"), "no zone corp.test was added", "configuration")
    assert len(server.conns()) == 1  # all that time


def test_longest_wins_and_the_same_is_replaced(server, corp, fwd, start_server):
    other = start_server(udp=1)
    good(fwd.ctl("zone", "add", "test", at(other)))
    good(fwd.ctl("zone", "add", "corp.test", at(other)))
    good(fwd.ctl("zone", "add", "corp.test.", at(corp)))
    assert who(other, corp, fwd, "a.corp.test") == (0, 1)
    assert who(other, corp, fwd, "acorp.test") == (1, 0)
    assert set(zones(fwd)) == {"test", "corp.test"}


def test_it_takes_the_place_of_the_file_s(server, corp, start, start_server):
    other = start_server(udp=1)
    fwd = start(server, {"control": True, "zone": [{"name": "corp.test", "forward": [at(other)]}]})
    assert who(other, corp, fwd, "a.corp.test") == (1, 0)
    good(fwd.ctl("zone", "add", "corp.test", at(corp)))
    assert who(other, corp, fwd, "b.corp.test") == (0, 1)
    good(fwd.ctl("zone", "del", "corp.test"))
    assert who(other, corp, fwd, "c.corp.test") == (1, 0)
    refused(fwd.ctl("zone", "del", "corp.test"), "no zone")
    assert [z["added"] for z in zones(fwd).values()] == [False]


def test_its_answers_go_with_it(server, corp, start):
    """What is asked in clear belongs to the network that it was added for, also what comes only then."""
    fwd = warm(start(server, {"control": True, "cache-size": "1M"}))
    over_tcp = at(corp).replace("udp", "tcp")  # nothing is repeated there
    good(fwd.ctl("zone", "add", "corp.test", over_tcp))
    for _ in range(2):
        assert who(server, corp, fwd, "a.corp.test") == (0, 1)
    corp.rule("name=late.corp.test delay=700")
    with fwd.udp_socket() as client:
        client.send(wire.query("late.corp.test"))
        corp.wait_stat("queries", 2)
        good(fwd.ctl("zone", "del", "corp.test"))
        assert wire.rcode_of(client.recv(4096)) == wire.NOERROR
    corp.clear_rules()
    good(fwd.ctl("zone", "add", "corp.test", over_tcp))
    for name in ("a.corp.test", "late.corp.test"):
        assert who(server, corp, fwd, name) == (0, 2)


def test_answers_of_its_former_upstream_go_too(server, corp, start, start_server):
    other = start_server(udp=1)
    fwd = warm(start(server, {"control": True, "cache-size": "1M"}))
    for times, asked in enumerate((corp, other, corp), start=1):
        good(fwd.ctl("zone", "add", "corp.test", at(asked)))
        for _ in range(2):
            assert addresses(fwd.ask("a.corp.test")) == [expected_a("a.corp.test")]
        assert corp.count("a.corp.test") + other.count("a.corp.test") == times


def test_a_reload_keeps_it(server, corp, fwd):
    good(fwd.ctl("zone", "add", "corp.test", at(corp)))
    fwd.reload({"cache-size": "1M"})
    assert who(server, corp, fwd, "a.corp.test") == (0, 1)
    good(fwd.ctl("reload"))
    assert who(server, corp, fwd, "b.corp.test") == (0, 1)


def test_the_file_is_not_read(server, corp, fwd):
    """It may be in the middle of being written when a VPN comes up."""
    with open(fwd.path, "w") as out:
        out.write("forward = [")
    good(fwd.ctl("zone", "add", "corp.test", at(corp)))
    assert who(server, corp, fwd, "a.corp.test") == (0, 1)
    assert not fwd.hang_up()[0]
    assert who(server, corp, fwd, "b.corp.test") == (0, 1)
    good(fwd.ctl("zone", "del", "corp.test"))
    assert who(server, corp, fwd, "c.corp.test") == (1, 0)


@pytest.mark.parametrize(
    "words, why",
    [
        (("add", "corp.test", "udp://9.9.9.9"), ["zone corp.test: ", "insecure-plain"]),
        (("add", "corp..test", "udp://10.0.0.1"), ["zone corp..test: ", "a host name in quotes is wanted"]),
        (("add", "corp.test", "nonsense!"), ["zone corp.test: ", "forward"]),
        (("add", "corp.test"), ["usage: zone add"]),
        (("add", "corp.test", "udp://10.0.0.1", "--interface"), ["usage: zone add"]),
        (("add", "corp.test", "udp://10.0.0.1", "--interface", "nolink0"), ["there is no interface nolink0"]),
        (("add", "corp.test", *(f"udp://10.0.0.{i}" for i in range(17))), []),
        (("del",), ["usage: zone add"]),
        (("what",), ["usage: zone add"]),
    ],
)
def test_refused(server, fwd, words, why):
    """For the same reasons as in the file; all stays as it is."""
    refused(fwd.ctl("zone", *words), *why)
    assert zones(fwd) == {} and len(server.conns()) == 1
    assert addresses(fwd.ask("a.corp.test")) == [expected_a("a.corp.test")]


def test_bound(fwd):
    for i in range(16):
        good(fwd.ctl("zone", "add", f"z{i}.test", "udp://127.0.0.1:1"))
    refused(fwd.ctl("zone", "add", "more.test", "udp://127.0.0.1:1"), "16 zones are added already")
    good(fwd.ctl("zone", "add", "z3.test", "udp://127.0.0.1:2"))
    assert len(zones(fwd)) == 16


def test_ourselves_are_refused(fwd):
    refused(fwd.ctl("zone", "add", "corp.test", f"udp://127.0.0.1:{fwd.port}"), "where dnsfwd itself listens")
    assert zones(fwd) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_not_for_everybody(fwd):
    os.chmod(fwd.control, 0o666)
    os.chmod(os.path.dirname(fwd.control), 0o755)
    refused(fwd.ctl("zone", "add", "corp.test", "udp://10.0.0.1", user=65534, group=65534, extra_groups=[]), "root")
    assert zones(fwd) == {}


@pytest.fixture
def lan(certs):
    space = namespace_or_skip(clear=True)  # zones
    space.ip("link add tun0 type veth peer name tun1", "addr add 10.9.0.1/24 dev tun0", "link set tun0 up",
             "link set tun1 up", "addr add 10.9.0.1/32 dev lo")
    yield space
    space.remove()


@pytest.mark.parametrize("how", ["down", "del"])
def test_until_the_interface_goes(lan, certs, how):
    """Names that were its own go where all go, at once; the zone does not come back with the interface."""
    server = TestServer(certs=certs, netns=lan, udp=1)
    try:
        with Dnsfwd(server, {"control": True}, netns=lan) as fwd:
            good(fwd.ctl("zone", "add", "corp.test", at(server), "--interface", "tun0"))
            good(fwd.ctl("zone", "add", "other.test", at(server)))
            assert zones(fwd)["corp.test"]["interface"] == "tun0"
            lan.ip("link set tun0 down" if how == "down" else "link del tun0")
            wait_for(lambda: set(zones(fwd)) == {"other.test"}, what="the zone to go")
            fwd.wait_log("zone corp.test: its interface tun0 has gone")
            assert addresses(fwd.ask("a.corp.test")) == [expected_a("a.corp.test")]
            refused(fwd.ctl("zone", "add", "corp.test", at(server), "--interface", "tun0"), "no interface tun0 that is up")
    finally:
        server.stop()


def test_all_of_an_interface_go_at_once(lan, certs):
    server = TestServer(certs=certs, netns=lan, udp=1)
    try:
        with Dnsfwd(server, {"control": True, "log-level": "debug"}, netns=lan) as fwd:
            for i in range(8):
                good(fwd.ctl("zone", "add", f"z{i}.test", at(server), "--interface", "tun0"))
            fwd.stats()  # the log is read up to here
            before = fwd.log_text().count("trust anchors loaded")
            lan.ip("link del tun0")
            wait_for(lambda: zones(fwd) == {}, what="the zones to go")
            fwd.stats()
            assert fwd.log_text().count("has gone, it is taken out") == 8
            assert fwd.log_text().count("trust anchors loaded") == before + 1, "one change of the configuration"
    finally:
        server.stop()


def test_interface_goes_while_nothing_can_be_changed(lan, certs, tmp_path):
    """A file of the configuration can't be read then: the zone goes as soon as it can be."""
    server = TestServer(certs=certs, netns=lan, udp=1)
    ca = tmp_path / "ca.pem"
    good_ca = pathlib.Path(server.ca).read_bytes()
    ca.write_bytes(good_ca)
    try:
        with Dnsfwd({"server": server, "tls-cert-bundle": str(ca)}, {"control": True}, netns=lan) as fwd:
            good(fwd.ctl("zone", "add", "corp.test", at(server), "--interface", "tun0"))
            ca.write_text("nothing")
            lan.ip("link del tun0")
            fwd.wait_log("can't be taken out yet: ")
            assert set(zones(fwd)) == {"corp.test"} and fwd.ask("a.corp.test").rcode() == 2
            ca.write_bytes(good_ca)
            wait_for(lambda: zones(fwd) == {}, what="the zone to go")
    finally:
        server.stop()


def test_interface_missing_is_no_way_out(lan, certs):
    """Before the zone is taken out nothing of it goes anywhere else: an interface of the file only answers why."""
    server = TestServer(certs=certs, netns=lan, udp=1)
    try:
        zone = {"name": "corp.test", "forward": [at(server)], "interface": "tun7"}
        with Dnsfwd(server, {"control": True, "zone": [zone]}, netns=lan) as fwd:
            reply = fwd.ask("a.corp.test")
            assert reply.rcode() == 2
            (ede,) = [o for o in reply.options if o.otype == dns.edns.OptionType.EDE]
            assert "no interface tun7" in ede.text
            assert server.count("a.corp.test") == 0
    finally:
        server.stop()
