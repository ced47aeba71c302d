"""DNS64: IPv6 addresses for names that have IPv4 addresses only (RFC 6147), prefix given or found (RFC 7050)."""

import ipaddress
import struct

import dns.flags
import dns.message
import pytest
import wire
from conftest import addresses
from testserver import expected_a, expected_aaaa, wait_for

PREFIX = "64:ff9b:1::"  # of RFC 8215: any address may stand behind it


def in_prefix(v4, prefix=PREFIX):
    return str(ipaddress.ip_address(int(ipaddress.ip_address(prefix)) + int(ipaddress.ip_address(v4))))


@pytest.fixture
def fwd64(server, start):
    return start(server, {"dns64": f"{PREFIX}/96"})


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_made_of_a(server, fwd64, transport):
    reply = fwd64.ask("a-198-51-100-7.test", "AAAA", transport)
    assert addresses(reply) == [in_prefix("198.51.100.7")]
    assert [code for code, _ in wire.edes(reply)] == [29]
    assert reply.answer[0].ttl <= 60  # what the SOA says of how long there is no AAAA
    assert fwd64.stats()["synthesized"] == 1
    assert addresses(fwd64.ask("a-198-51-100-7.test", "A", transport)) == ["198.51.100.7"]


def test_only_where_there_is_none(server, fwd64):
    assert addresses(fwd64.ask("both.test", "AAAA")) == [expected_aaaa("both.test")]
    assert fwd64.ask("x.nx.test", "AAAA").rcode() == 3
    reply = fwd64.ask("both.test", "HTTPS")
    assert reply.rcode() == 0 and not reply.answer
    assert fwd64.stats()["synthesized"] == 0


def test_aliases(server, fwd64):
    server.rule("name=alias.test type=AAAA nodata")
    server.rule(
        "name=alias.test type=A hex="
        + (
            wire.header(wire.QR | wire.RD | wire.RA, (1, 2, 0, 0), 0)
            + wire.question("alias.test")
            + b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 40, 9) + b"\x06target\xc0\x12"
            + b"\xc0\x28" + struct.pack("!HHIH", 1, 1, 300, 4) + bytes([198, 51, 100, 9])
        ).hex()
    )  # fmt: skip
    reply = fwd64.ask("alias.test", "AAAA")
    assert [rrset.to_text() for rrset in reply.answer] == [
        "alias.test. 40 IN CNAME target.test.",
        f"target.test. 300 IN AAAA {in_prefix('198.51.100.9')}",
    ]


def test_neither_has_any(server, fwd64):
    """An empty answer, as it is without DNS64."""
    server.rule("name=none.test nodata")
    reply = fwd64.ask("none.test", "AAAA")
    assert reply.rcode() == 0 and not reply.answer
    assert fwd64.stats()["synthesized"] == 0 and server.count("none.test") == 2


def test_an_error_of_the_second_question(server, fwd64):
    server.rule("name=bad.test type=AAAA nodata")
    server.rule("name=bad.test type=A rcode=2")
    assert fwd64.ask("bad.test", "AAAA").rcode() == wire.SERVFAIL


def test_whoever_validates_gets_the_truth(server, fwd64):
    """RFC 6147 5.5: with DO and CD nothing is made; with DO alone it is, without AD."""
    query = dns.message.make_query("a-198-51-100-8.test", "AAAA", want_dnssec=True)
    query.flags |= dns.flags.CD
    assert not fwd64.ask(query).answer
    reply = fwd64.ask("a-198-51-100-8.test", "AAAA", want_dnssec=True)
    assert addresses(reply) == [in_prefix("198.51.100.8")] and not reply.flags & dns.flags.AD


def test_found_by_rfc_7050(server, start):
    """The network's answer about ipv4only.arpa tells the prefix; before it is there nothing is made."""
    packed = ipaddress.ip_address("2001:db8:64::c000:aa").packed
    server.rule(
        "name=ipv4only.arpa type=AAAA hex="
        + (
            wire.header(wire.QR | wire.RD | wire.RA, (1, 1, 0, 0), 0)
            + wire.question("ipv4only.arpa", 28)
            + b"\xc0\x0c" + struct.pack("!HHIH", 28, 1, 300, 16) + packed
        ).hex()
    )  # fmt: skip
    fwd = start(server, {"dns64": "auto"})
    wait_for(
        lambda: addresses(fwd.ask("a-198-51-100-7.test", "AAAA")) == [in_prefix("198.51.100.7", "2001:db8:64::")],
        what="the prefix",
    )
    assert server.count("ipv4only.arpa") == 1


def test_no_nat64_is_found(server, start):
    """Then all is as without the option, and nobody asks again and again."""
    server.rule("name=ipv4only.arpa nodata")
    fwd = start(server, {"dns64": "auto"})
    for _ in range(20):
        assert not fwd.ask("a-198-51-100-7.test", "AAAA").answer
    assert addresses(fwd.ask("v4.test")) == [expected_a("v4.test")]
    assert server.count("ipv4only.arpa") == 1


def test_reverse_names(server, fwd64):
    """RFC 6147 5.3.1: an alias of the IPv4 address's name, which is asked for."""
    name = ipaddress.ip_address(in_prefix("9.9.9.9")).reverse_pointer
    reply = fwd64.ask(name, "PTR")
    assert reply.answer[0][0].to_text() == "9.9.9.9.in-addr.arpa."
    assert server.count("9.9.9.9.in-addr.arpa") == 1 and server.count(name) == 0


def test_reverse_names_of_private_addresses_stay(server, start):
    fwd = start(server, {"dns64": f"{PREFIX}/96", "special-names": True})
    name = ipaddress.ip_address(in_prefix("10.0.0.1")).reverse_pointer
    assert fwd.ask(name, "PTR").answer[0][0].to_text() == "1.0.0.10.in-addr.arpa."
    assert server.queries() == []


def test_off_by_default(server, start):
    assert not start(server).ask("a-198-51-100-7.test", "AAAA").answer


def test_the_well_known_prefix_is_for_all_the_world(server, start):
    """RFC 6052 3.1: an address that is somebody's own means nothing to whoever runs that NAT64."""
    fwd = start(server, {"dns64": "64:ff9b::/96"})
    assert addresses(fwd.ask("a-9-9-9-9.test", "AAAA")) == [in_prefix("9.9.9.9", "64:ff9b::")]
    for own in ("10-0-0-1", "192-168-1-1", "198-51-100-7", "127-0-0-1"):
        reply = fwd.ask(f"a-{own}.test", "AAAA")
        assert reply.rcode() == 0 and not reply.answer
    assert fwd.stats()["synthesized"] == 1
