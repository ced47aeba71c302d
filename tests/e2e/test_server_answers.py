"""The test resolver tested: honest answers."""

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from servercase import COOKIE, EDE, KEEPALIVE, PADDING, Stream, addresses, ask_tls, options_of, parsed, query
from servercase import server, shared  # fixtures
from testserver import TIMEOUT, expected_a, expected_aaaa, expected_txt


@pytest.mark.parametrize("name", ["a.test", "MiXeD.cAse.Test", "x" * 63 + ".long.test", "many.labels.in.a.name"])
def test_addresses_come_from_the_name(server, name):
    assert addresses(ask_tls(server, name)) == [expected_a(name)]
    assert addresses(ask_tls(server, name, "AAAA", index=1)) == [expected_aaaa(name)]


def test_text_repeats_the_question(server):
    answer = ask_tls(server, "A.b.test", "TXT")
    assert answer.answer[0][0].strings == (expected_txt("A.b.test").encode(),)


def test_other_types_have_no_data(server):
    answer = ask_tls(server, "a.test", "HTTPS")
    assert answer.rcode() == dns.rcode.NOERROR and not answer.answer
    assert answer.authority[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize("name", ["x.nx.test", "nx.test", "NXDOMAIN.example.org"])
def test_missing_names(server, name):
    answer = ask_tls(server, name)
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.authority[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize("size", [60, 100, 511, 1049, 1100, 1101, 4096, 16384, 65500, 65535])
def test_sized_answers(server, size):
    with Stream(server) as stream:
        data = stream.ask(f"size-{size}.test", "TXT")
    assert len(data) == size
    assert dns.message.from_wire(data).answer


def test_wishes_combine(server):
    answer = ask_tls(server, "ttl-7.many-5.x.test")
    assert sorted(addresses(answer)) == sorted(expected_a("ttl-7.many-5.x.test", i) for i in range(5))
    assert answer.answer[0].ttl == 7


def test_alias_chain(server):
    answer = ask_tls(server, "cname-3.x.test")
    assert [r.rdtype for r in answer.answer] == [5, 5, 5, 1]
    assert addresses(answer) == [expected_a("hop-3.x.test")]


def test_address_on_wish(server):
    assert addresses(ask_tls(server, "a-127-0-0-1.x.test")) == ["127.0.0.1"]
    assert addresses(ask_tls(server, "many-3.a-192-0-2-254.x.test")) == ["192.0.2.254", "192.0.2.255", "192.0.3.0"]
    assert addresses(ask_tls(server, "cname-2.a-127-0-0-1.x.test")) == ["127.0.0.1"]
    assert not ask_tls(server, "a-127-0-0-1.x.test", "AAAA").answer
    for no_wish in ("a-127-0-0.x.test", "a-127-0-0-256.x.test", "a-127-0-0-01.x.test", "a-1-2-3-4-5.x.test"):
        assert addresses(ask_tls(server, no_wish)) == [expected_a(no_wish)]


def test_errors_on_wish(server):
    answer = ask_tls(server, "ede-22.x.test")
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert options_of(answer)[EDE].code == 22
    assert ask_tls(server, "rcode-5.x.test").rcode() == dns.rcode.REFUSED
    assert ask_tls(server, "rcode-23.x.test").rcode() == 23


def test_fixed_names(server):
    assert addresses(ask_tls(server, "www.example.com")) == ["192.0.2.80"]
    assert ask_tls(server, "example.com", "MX").answer[0][0].preference == 10
    assert addresses(ask_tls(server, "localhost", "AAAA")) == ["::1"]


def test_edns_only_if_asked(server):
    assert ask_tls(server, "a.test", use_edns=-1).edns == -1
    answer = ask_tls(server, "a.test", want_dnssec=True)
    assert answer.edns == 0 and answer.ednsflags & dns.flags.DO


def test_padding_only_if_asked(server):
    with Stream(server) as stream:
        plain = stream.ask("a.test")
        padded = stream.ask("a.test", pad=128)
    assert len(plain) < 100 and len(padded) == 468
    assert PADDING in options_of(dns.message.from_wire(padded))


def test_keepalive_only_if_asked_and_configured(server):
    option = [dns.edns.GenericOption(KEEPALIVE, b"")]
    assert KEEPALIVE not in options_of(ask_tls(server, "a.test", options=option))
    server.keepalive(300)
    assert options_of(ask_tls(server, "a.test", options=option))[KEEPALIVE].data == b"\x01\x2c"
    assert KEEPALIVE not in options_of(ask_tls(server, "a.test"))


def ask_with_cookie(stream, cookie):
    """(rcode, octets of the answer's cookie; None: it has none)"""
    options = [dns.edns.GenericOption(COOKIE, cookie)] if cookie is not None else []
    stream.send(dns.message.make_query("c.test", "A", use_edns=0, options=options, id=7).to_wire())
    answer = dns.message.from_wire(stream.receive())
    found = [o.to_wire() for o in answer.options if int(o.otype) == COOKIE]
    assert len(found) < 2
    return answer.rcode(), found[0] if found else None


def test_cookies(server):
    with Stream(server) as stream:
        assert ask_with_cookie(stream, b"c" * 8) == (0, None)
        server.cookies("on")
        assert ask_with_cookie(stream, None) == (0, None)
        first = ask_with_cookie(stream, b"c" * 8)
        assert first[0] == 0 and len(first[1]) == 24 and first[1][:8] == b"c" * 8
        assert ask_with_cookie(stream, b"d" * 8)[1][8:] != first[1][8:]
        assert ask_with_cookie(stream, first[1]) == ask_with_cookie(stream, b"c" * 8 + b"x" * 16) == first
        server.cookies("strict")
        assert ask_with_cookie(stream, first[1]) == first
        assert ask_with_cookie(stream, b"c" * 8) == (23, first[1])
        assert ask_with_cookie(stream, None) == (23, None)
        server.cookies("rotate")
        rcode, second = ask_with_cookie(stream, first[1])
        assert rcode == 23 and second[:8] == first[1][:8] and second[8:] != first[1][8:]
        assert ask_with_cookie(stream, second) == (0, second)


@pytest.mark.parametrize(
    "what, wanted",
    {
        "none": None,
        "wrong": b"ccccccc" + b"b" + b"\xc0" * 16,
        "good": b"c" * 8 + b"\xc0" * 16,
        "good/0102": b"c" * 8 + b"\1\2",
        "0": b"",
        "5": b"ccccc",
        "8": b"c" * 8,
        "41": b"c" * 8 + b"\xc0" * 33,
    }.items(),
)
@pytest.mark.parametrize("mode", ["on", "off"])
def test_cookies_by_rule(server, mode, what, wanted):
    server.cookies(mode)
    server.rule(f"cookie={what}")
    with Stream(server) as stream:
        assert ask_with_cookie(stream, b"c" * 8) == (0, wanted)


@pytest.mark.parametrize("opcode", [1, 2, 4, 5, 6, 15])
def test_other_opcodes_are_not_implemented(server, opcode):
    data = bytearray(query("a.test").to_wire())
    data[2] = opcode << 3
    with Stream(server) as stream:
        stream.send(bytes(data))
        assert stream.receive() == data[:2] + bytes([0x80 | opcode << 3, 0x84]) + bytes(8)


@pytest.mark.parametrize("spoil", [lambda d: d + b"\0", lambda d: d[:-1], lambda d: d[:5] + b"\2" + d[6:]])
def test_malformed_queries_are_seen(server, spoil):
    with Stream(server) as stream:
        stream.send(spoil(query("a.test").to_wire()))
        assert stream.receive()[3] & 15 == dns.rcode.FORMERR
    assert server.stat("malformed") == 1


def test_bad_version(server):
    data = query("a.test").to_wire()
    with Stream(server) as stream:
        stream.send(data[:-5] + b"\1" + data[-4:])
        answer = parsed(stream.receive())
    assert answer.rcode() == dns.rcode.BADVERS and not answer.answer


def test_udp_truncates_and_tcp_does_not(server):
    host, port = server.udp[0]
    q = query("size-3000.test", "TXT", payload=1232)
    assert dns.query.udp(q, host, port=port, timeout=TIMEOUT).flags & dns.flags.TC
    host, port = server.tcp[0]
    assert not dns.query.tcp(q, host, port=port, timeout=TIMEOUT).flags & dns.flags.TC
    assert server.stats()["queries_udp"] == server.stats()["queries_tcp"] == 1
