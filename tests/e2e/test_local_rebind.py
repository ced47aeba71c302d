"""Answers from outside that point inside: one for each range, each way of saying it (threats A15)."""

import ipaddress
import struct

import pytest
import wire
from conftest import addresses
from testserver import expected_a

V4 = ["0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"]
V6 = ["::", "::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"]
V6 += ["64:ff9b::192.168.1.1", "2002:c0a8:101::1"]
OUTSIDE = ["198.18.0.1", "172.32.0.1", "2001:db8::1", "::ffff:198.18.0.1", "64:ff9b::198.18.0.1"]


@pytest.fixture
def guarded(server, start):
    return start(server, {"private-address": ["all"], "private-address-except": ["plex.test"]})


def address_record(text):
    packed = ipaddress.ip_address(text).packed
    return b"\xc0\x0c" + struct.pack("!HHIH", 1 if len(packed) == 4 else 28, 1, 60, len(packed)) + packed


def hint_record(text):
    packed = ipaddress.ip_address(text).packed
    rdata = struct.pack("!HBHH", 1, 0, 4 if len(packed) == 4 else 6, len(packed)) + packed
    return b"\xc0\x0c" + struct.pack("!HHIH", 65, 1, 60, len(rdata)) + rdata


def answer_with(server, name, rrtype, records):
    head = wire.header(wire.QR | wire.RD | wire.RA, (1, len(records), 0, 0), 0)
    server.rule(f"name={name} hex={(head + wire.question(name, rrtype) + b''.join(records)).hex()}")


def check_refused(reply):
    assert reply.rcode() == 0 and not reply.answer and not reply.additional
    assert [code for code, _ in wire.edes(reply)] == [15]


def type_of(text):
    return wire.AAAA if ":" in text else wire.A


@pytest.mark.parametrize("address", V4 + V6)
def test_each_range(server, guarded, address):
    answer_with(server, "rebind.test", type_of(address), [address_record(address)])
    check_refused(guarded.ask("rebind.test", type_of(address)))
    answer_with(server, "hint.test", 65, [hint_record(address)])
    check_refused(guarded.ask("hint.test", "HTTPS"))
    assert guarded.stats()["refused_private"] == 2


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_outside_passes(server, guarded, address):
    answer_with(server, "fine.test", type_of(address), [address_record(address)])
    assert guarded.ask("fine.test", type_of(address)).answer
    answer_with(server, "hint.test", 65, [hint_record(address)])
    assert guarded.ask("hint.test", "HTTPS").answer
    assert guarded.stats()["refused_private"] == 0


def test_one_of_many(server, guarded):
    """A mixed answer is refused whole: the browser would take the private one when the other fails."""
    answer_with(server, "mixed.test", wire.A, [address_record("198.18.0.1"), address_record("192.168.1.1")])
    check_refused(guarded.ask("mixed.test"))
    check_refused(guarded.ask("mixed.test", transport="tcp"))


def test_exceptions(server, guarded):
    for name in ("plex.test", "a-10-0-0-1.x.plex.test"):
        server.rule(f"name={name} good")
        assert guarded.ask(name).rcode() == 0
    assert addresses(guarded.ask("a-10-0-0-1.x.plex.test")) == ["10.0.0.1"]
    check_refused(guarded.ask("a-10-0-0-1.xplex.test"))


def test_own_records_are_inside(server, start):
    fwd = start(server, {"private-address": ["all"], "record": ["nas.home A 192.168.1.5"]})
    assert addresses(fwd.ask("nas.home")) == ["192.168.1.5"]


def test_off_by_default(server, start):
    fwd = start(server)
    assert addresses(fwd.ask("a-10-0-0-1.test")) == ["10.0.0.1"]
    assert addresses(fwd.ask("other.test")) == [expected_a("other.test")]
