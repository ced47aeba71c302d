"""The honest way: what is asked is answered, in the form of the one who asks."""

import struct

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
import wire
from conftest import addresses
from load import load
from testserver import expected_a, expected_aaaa, expected_txt

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


@TRANSPORTS
def test_addresses(fwd, transport):
    reply = fwd.ask("a.basic.test", transport=transport)
    assert reply.rcode() == dns.rcode.NOERROR and addresses(reply) == [expected_a("a.basic.test")]
    assert addresses(fwd.ask("a.basic.test", "AAAA", transport)) == [expected_aaaa("a.basic.test")]


@TRANSPORTS
@pytest.mark.parametrize("edns", [-1, 0])
def test_header_of_the_reply(fwd, transport, edns):
    reply = fwd.ask("header.test", transport=transport, use_edns=edns)
    assert reply.flags & (dns.flags.QR | dns.flags.RD | dns.flags.RA) == dns.flags.QR | dns.flags.RD | dns.flags.RA
    assert not reply.flags & (dns.flags.TC | dns.flags.AD | dns.flags.CD | 0x40)
    assert reply.edns == edns and not reply.options


@TRANSPORTS
def test_case_of_the_name_comes_back(fwd, server, transport):
    sent = wire.header() + b"\x03WwW\x05BaSiC\x04TeSt\0" + b"\0\1\0\1"
    reply = fwd.ask_wire(sent, transport)
    assert reply[12 : len(sent)] == sent[12:]
    assert server.queries()[-1].data[12:27] == b"\3www\5basic\4test\0"[:15]


@TRANSPORTS
def test_no_name_and_no_data(fwd, transport):
    assert fwd.ask("a.nx.test", transport=transport).rcode() == dns.rcode.NXDOMAIN
    reply = fwd.ask("a.test", "HTTPS", transport)
    assert reply.rcode() == dns.rcode.NOERROR and not reply.answer
    assert reply.authority[0].rdtype == dns.rdatatype.SOA


def test_aliases_and_many_records(fwd):
    reply = fwd.ask("cname-3.alias.test")
    assert [rrset.rdtype for rrset in reply.answer] == [5, 5, 5, 1]
    assert addresses(reply) == [expected_a("hop-3.alias.test")]
    reply = fwd.ask("many-20.list.test")
    assert sorted(addresses(reply)) == sorted(expected_a("many-20.list.test", i) for i in range(20))


@pytest.mark.parametrize("rrtype", [1000, 65280, 65535, 64, 257, 249])
@TRANSPORTS
def test_any_type_is_forwarded(fwd, server, rrtype, transport):
    reply = fwd.ask_wire(wire.query("types.test", rrtype), transport)
    assert wire.rcode_of(reply) == wire.NOERROR
    asked = server.queries()[-1].data
    assert struct.unpack_from("!HH", asked, wire.skip_name(asked, 12)) == (rrtype, 1)


@pytest.mark.parametrize("rrclass", [0, 2, 4, 254, 255, 65535])
def test_any_class_is_forwarded(fwd, server, rrclass):
    fwd.ask_wire(wire.query("class.test", rrclass=rrclass))
    asked = server.queries()[-1].data
    assert struct.unpack_from("!HH", asked, wire.skip_name(asked, 12)) == (1, rrclass)


def test_too_long_for_udp_comes_over_tcp(fwd, server):
    name = "size-3000.big.test"
    short = fwd.ask(name, "TXT")
    assert short.flags & dns.flags.TC and not short.answer
    whole = fwd.ask(name, "TXT", "tcp")
    assert not whole.flags & dns.flags.TC
    assert sum(len(s) for rr in whole.answer[0] for s in rr.strings) > 2000


def test_text_is_the_name_as_it_went_upstream(fwd):
    """Letter case is folded on the way up: the resolver learns nothing from it."""
    reply = fwd.ask("TeXt.TeSt", "TXT")
    assert reply.answer[0][0].strings == (expected_txt("text.test").encode(),)


@pytest.mark.parametrize("code", [15, 22, 49152])
def test_reasons_of_the_upstream_are_handed_on(fwd, code):
    reply = fwd.ask(f"ede-{code}.test")
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert [c for c, _ in wire.edes(reply)] == [code]
    assert wire.edes(reply)[0][1].startswith("upstream")
    assert fwd.ask(f"ede-{code}.test", use_edns=-1).edns < 0


@pytest.mark.parametrize("rcode", [1, 2, 3, 4, 5, 8, 9])
def test_rcodes_are_handed_on(fwd, rcode):
    assert fwd.ask(f"rcode-{rcode}.test").rcode() == rcode


def test_rcodes_above_15_speak_of_the_other_hop(fwd):
    reply = fwd.ask("rcode-23.test")
    assert reply.rcode() == dns.rcode.SERVFAIL and "BADCOOKIE" in wire.edes(reply)[0][1]


@TRANSPORTS
def test_checking_disabled_and_dnssec_ok_travel(fwd, server, transport):
    query = dns.message.make_query("flags.test", "A", want_dnssec=True)
    query.flags |= dns.flags.CD | dns.flags.AD
    reply = fwd.ask(query, transport=transport)
    asked = wire.parse(server.queries()[-1].data)
    assert asked.flags & (dns.flags.CD | dns.flags.AD | dns.flags.RD) == 0x0130
    assert asked.ednsflags & wire.DO and reply.ednsflags & wire.DO and reply.flags & dns.flags.CD
    fwd.ask("flags.test", transport=transport)
    asked = wire.parse(server.queries()[-1].data)
    assert asked.flags == 0x0100 and not asked.ednsflags & wire.DO


@pytest.mark.parametrize("ask", ["nothing", "AD", "DO"])
def test_authentic_data_is_told_to_those_who_ask(fwd, server, ask):
    answer = wire.header(wire.QR | wire.RD | wire.RA | wire.AD, (1, 1, 0, 0), 0) + wire.question("ad.test")
    answer += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x12\0\1"
    server.rule(f"name=ad.test hex={answer.hex()}")
    query = dns.message.make_query("ad.test", "A", use_edns=0, want_dnssec=ask == "DO")
    if ask == "AD":
        query.flags |= dns.flags.AD
    reply = fwd.ask(query)
    assert addresses(reply) == ["198.18.0.1"]
    assert bool(reply.flags & dns.flags.AD) == (ask != "nothing")


def test_keepalive_is_told_on_tcp_only(fwd):
    query = wire.query("keepalive.test", edns=wire.opt(wire.option(wire.KEEPALIVE)))
    assert wire.raw_options(fwd.ask_wire(query, "tcp")) == [(wire.KEEPALIVE, struct.pack("!H", 100))]
    assert wire.raw_options(fwd.ask_wire(query, "udp")) == []
    assert wire.raw_options(fwd.ask_wire(wire.query("keepalive.test", edns=True), "tcp")) == []


@pytest.mark.clock
def test_one_warm_connection(fwd, server):
    load(fwd, 1000, window=50).check()
    load(fwd, 1000, window=50, transport="tcp", pipes=4).check()
    assert server.stat("connections") <= 1
    stats = fwd.stats()
    assert stats["sessions"] == 1 and stats["queries_inflight"] == 0


@pytest.mark.clock
def test_figures_of_the_report(fwd):
    before = fwd.stats()
    for transport in ("udp", "tcp"):
        fwd.ask("stats.test", transport=transport)
        fwd.ask_wire(wire.probe(), transport)
    change = {k: v - before[k] for k, v in fwd.stats().items()}
    wanted = {"queries_udp": 2, "queries_tcp": 2, "replies": 4, "replies_local": 2, "tcp_accepted": 2}
    wanted |= {"upstream_queries": 2, "upstream_answers": 2, "timeouts": 0, "upstream_octets": 2 * 128}
    assert {k: change[k] for k in wanted} == wanted


def test_retransmitted_queries_each_have_an_answer(fwd):
    with fwd.udp_socket() as s:
        sent = wire.query("again.test", id=77)
        for _ in range(3):
            s.send(sent)
        assert [s.recv(4096)[:2] for _ in range(3)] == [b"\0M"] * 3
