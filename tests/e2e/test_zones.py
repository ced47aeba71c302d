"""Zones: names that upstreams of their own answer, and nobody else."""

import dns.edns
import pytest
from conftest import addresses
from ports import free_port
from testserver import expected_a

BOOTSTRAPPED = "a-127-0-0-1.upstream.test"  # that the test resolver has at 127.0.0.1
LINK = "nolink0"  # an interface that does not exist


@pytest.fixture
def corp(start_server):
    """Another server, over UDP and TCP on one port."""
    port = free_port()
    return start_server(udp=[f"127.0.0.1:{port}"], tcp=[f"127.0.0.1:{port}"])


def at(server, scheme="udp"):
    return f"{scheme}://127.0.0.1:{server.udp[0].port}"


def zone(name, *forward, **options):
    return {"name": name, "forward": list(forward), **options}


def asked(server, name):
    return server.count(name)


def reason(reply):
    (ede,) = [o for o in reply.options if o.otype == dns.edns.OptionType.EDE]
    return ede.text or ""


def test_only_its_names_go_there(start, server, corp):
    fwd = start(server, {"zone": [zone("corp.test", at(corp))]})
    inside = ["corp.test", "a.corp.test", "A.b.CORP.Test", "x.y.z.corp.test"]
    outside = ["test", "acorp.test", "corp.test.example", "a.corp.tes", "corp"]
    for name in inside + outside:
        assert addresses(fwd.ask(name)) == [expected_a(name)], name
    for name in inside:
        assert (asked(corp, name.lower()) >= 1, asked(server, name.lower())) == (True, 0), name
    for name in outside:
        assert (asked(corp, name), asked(server, name) >= 1) == (0, True), name


def test_longest_zone_wins(start, server, start_server):
    servers = [start_server(udp=1) for _ in range(3)]
    names = ["a.test", "b.a.test", "d.c.b.a.test"]
    for order in (1, -1):
        zones = [zone(n, at(s)) for n, s in zip(names, servers)][::order]
        fwd = start(server, {"zone": zones})
        for s in servers:
            s.reset()
        for name, there in (
            ("x.a.test", 0),
            ("b.a.test", 1),
            ("c.b.a.test", 1),
            ("x.d.c.b.a.test", 2),
            ("e.c.b.a.test", 1),
        ):
            assert addresses(fwd.ask(name)) == [expected_a(name)]
            assert [asked(s, name) > 0 for s in servers] == [i == there for i in range(3)], name


def test_reverse_zone(start, server, corp):
    fwd = start(server, {"zone": [zone("168.192.in-addr.arpa", at(corp))]})
    assert fwd.ask("1.2.168.192.in-addr.arpa", "TXT").rcode() == 0
    assert asked(corp, "1.2.168.192.in-addr.arpa") >= 1
    assert asked(server, "1.2.168.192.in-addr.arpa") == 0


def test_encrypted_zone(start, server, start_server):
    other = start_server()
    fwd = start(server, {"zone": [zone("corp.test", other.upstream())], "tls-cert-bundle": server.ca})
    assert addresses(fwd.ask("a.corp.test")) == [expected_a("a.corp.test")]
    assert (asked(other, "a.corp.test"), asked(server, "a.corp.test")) == (1, 0)


def test_dead_zone_never_asks_elsewhere(start, server):
    fwd = start(server, {"zone": [zone("corp.test", f"udp://127.0.0.1:{free_port()}")], "query-timeout": "1s"})
    reply = fwd.ask("a.corp.test")
    assert reply.rcode() == 2 and "127.0.0.1" in reason(reply)
    assert asked(server, "a.corp.test") == 0
    assert addresses(fwd.ask("a.other.test")) == [expected_a("a.other.test")]


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_missing_interface(start, server, corp, scheme):
    """SERVFAIL with the reason, at once, and never the default group."""
    fwd = start(server, {"zone": [zone("corp.test", at(corp, scheme), interface=LINK)]})
    for i in range(3):
        reply = fwd.ask(f"a{i}.corp.test")
        assert reply.rcode() == 2 and reason(reply) == f"there is no interface {LINK}"
        assert asked(server, f"a{i}.corp.test") + asked(corp, f"a{i}.corp.test") == 0
    assert fwd.stats()["timeouts"] == 0
    assert addresses(fwd.ask("a.other.test")) == [expected_a("a.other.test")]


@pytest.mark.parametrize("scheme", ["udp", "tcp", "tls"])
def test_interface(start, server, corp, scheme):
    forward = corp.upstream() if scheme == "tls" else at(corp, scheme)
    fwd = start(server, {"zone": [zone("corp.test", forward, interface="lo")]})
    assert addresses(fwd.ask("a.corp.test")) == [expected_a("a.corp.test")]
    assert {q.transport for q in corp.queries()} == {scheme}


@pytest.mark.built_with("DTLS")
def test_datagrams_through_an_interface(start, server, certs, start_server):
    """DTLS, and the TLS beside it, leave by it or not at all."""
    other = start_server(both=1)
    long = {"name": "corp", "address": "127.0.0.1", "port": other.dtls[0].port, "auth-name": "resolver.test",
            "transport": "dtls", "tls-cert-bundle": server.ca}
    home = {**long, "name": "home", "port": server.tls[0].port, "transport": "tls"}
    for link, rcode in (("lo", 0), (LINK, 2)):
        other.reset()
        fwd = start(server, {"upstream": [long, home], "forward": ["home"], "insecure-dtls-library": True,
                             "zone": [zone("corp.test", "corp", interface=link)]})
        for i in range(5):
            assert fwd.ask(f"a{i}.corp.test").rcode() == rcode
        assert server.queries() == []
        assert (other.stat("queries_dtls") > 0) == (link == "lo")
        assert other.stat("queries_dtls") + other.stat("queries_tls") == (5 if link == "lo" else 0)


def test_zone_s_server_by_name(start, server, start_server):
    """It is looked up through bootstrap, as those of forward are, and the answer is asked there."""
    other, names = start_server(), start_server(tls=0, udp=1)
    spelled = f"tls://{BOOTSTRAPPED}:{other.tls[0].port}#resolver.test"
    fwd = start(server, {"bootstrap": [f"127.0.0.1:{names.udp[0].port}"], "state-dir": "",
                         "zone": [zone("corp.test", spelled)]})
    assert addresses(fwd.ask("a.corp.test")) == [expected_a("a.corp.test")]
    assert names.count(BOOTSTRAPPED) > 0
    assert (asked(other, "a.corp.test"), asked(server, "a.corp.test")) == (1, 0)
