"""The test resolver tested: honest answers, and that each misbehaviour is the one that was asked for."""

import random
import signal
import socket
import ssl
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from testserver import TIMEOUT, CommandError, TestServer, expected_a, expected_aaaa, expected_txt, make_certs, spki_pin, wait_for

PADDING, KEEPALIVE, EDE, COOKIE = 12, 11, 15, 10


@pytest.fixture(scope="module")
def shared():
    with TestServer(tls=["127.0.0.1:0", "[::1]:0"], tcp=1, udp=1) as server:
        yield server


@pytest.fixture
def server(shared):
    shared.closeall("rst")
    wait_for(lambda: not shared.conns())
    for command in ("rules clear", "mute off", "pause off", "accept on", "listen start", "keepalive off", "cookies off"):
        shared.command(command)
    shared.coalesce(False)
    shared.reset()
    return shared


def tls_context(server, version=None):
    context = ssl.create_default_context(cafile=server.ca)
    context.set_alpn_protocols(["dot"])
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class Stream:
    """A client connection that shows every octet."""

    def __init__(self, server, transport="tls", context=None, session=None):
        address = getattr(server, transport)[0]
        self.socket = socket.create_connection(address, timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if transport == "tls":
            context = context or tls_context(server)
            self.socket = context.wrap_socket(
                self.socket, server_hostname="resolver.test", session=session, suppress_ragged_eofs=False
            )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send(self, *messages):
        self.socket.sendall(b"".join(struct.pack("!H", len(m)) + m for m in messages))

    def read(self, n):
        """n octets; shorter at the end of the stream."""
        data = b""
        while len(data) < n:
            chunk = self.socket.recv(n - len(data))
            if not chunk:
                break
            data += chunk
        return data

    def receive(self):
        """One message; None at the end of the stream."""
        prefix = self.read(2)
        return self.read(struct.unpack("!H", prefix)[0]) if prefix else None

    def ask(self, name, rrtype="A", **options):
        self.send(query(name, rrtype, **options).to_wire())
        return self.receive()

    def ending(self):
        """What there is up to the end, and how it ends."""
        data = b""
        try:
            while chunk := self.socket.recv(65536):
                data += chunk
            return data, "close"
        except ConnectionResetError:
            return data, "rst"
        except TimeoutError:
            return data, "silence"
        except ssl.SSLError as error:  # a reset has no reason of OpenSSL's
            return data, error.reason or "rst"


def query(name, rrtype="A", **options):
    return dns.message.make_query(name, rrtype, **{"use_edns": 0, **options})


def options_of(message):
    return {option.otype: option for option in message.options}


def addresses(message):
    return [rr.address for rrset in message.answer for rr in rrset if rrset.rdtype in (1, 28)]


def ask_tls(server, name, rrtype="A", index=0, **options):
    host, port = server.tls[index]
    return dns.query.tls(
        query(name, rrtype, **options),
        host,
        port=port,
        timeout=TIMEOUT,
        ssl_context=tls_context(server),
        server_hostname="resolver.test",
    )


# -- honest answers -----------------------------------------------------------------


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


# -- TLS ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_alpn_resumption(server, version):
    context = tls_context(server, version)
    with Stream(server, context=context) as stream:
        assert stream.ask("a.test")
        assert stream.socket.selected_alpn_protocol() == "dot"
        session = stream.socket.session
    with Stream(server, context=context, session=session) as stream:
        assert stream.ask("b.test")
        assert stream.socket.session_reused
    server.command("tickets rotate")
    with Stream(server, context=context, session=session) as stream:
        assert stream.ask("c.test")
        assert not stream.socket.session_reused
    stats = server.stats()
    assert stats["handshakes"] == stats["alpn_dot"] == 3 and stats["resumed"] == 1
    assert stats["tls12" if version == ssl.TLSVersion.TLSv1_2 else "tls13"] == 3


def test_other_certificate_while_running(server, tmp_path):
    try:
        server.load_cert(make_certs(tmp_path, "DNS:other.test"))
        with pytest.raises(ssl.SSLCertVerificationError):
            Stream(server)
        server.wait_stat("handshake_failures", 1)
        assert server.last_error()
    finally:
        server.load_cert(server.certs)
    assert ask_tls(server, "a.test").answer


def test_spelling_and_pin(server):
    assert server.upstream().startswith("tls://127.0.0.1:") and "[::1]:" in server.upstream(1, "x.test")
    assert spki_pin(server.ca) != spki_pin(server.certs / "server.pem")


def test_key_update(server):
    with Stream(server) as stream:
        assert stream.ask("a.test")
        server.command("keyupdate all 3")
        assert stream.ask("b.test")
        server.command("sendtickets all 10")
        assert stream.ask("c.test")


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", None])
def test_crafted_records_are_opened(server, cipher):
    """Sealed as the library would: data of any size, then the library's own records again."""
    context = tls_context(server, VERSIONS[0] if cipher else VERSIONS[1])
    if cipher:
        context.set_ciphers(cipher)
    with Stream(server, context=context) as stream:
        for data in (b"x", b"y" * 16384):
            server.command(f"record all 23 {data.hex()} 3")
            assert stream.read(3 * len(data)) == 3 * data
        server.command("say all warning 3")
        server.command("say all empty 3")
        assert stream.ask("a.test")


@pytest.mark.parametrize("what", ["keyupdate", "keyupdate-ask", "ticket", "empty"])
def test_asides_before_each_record(server, what):
    server.rule(f"name=aside.test before={what}/2 bytes=30")
    with Stream(server, context=tls_context(server, VERSIONS[1])) as stream:
        assert addresses(dns.message.from_wire(stream.ask("aside.test"))) == [expected_a("aside.test")]
        assert stream.ask("next.test")


@pytest.mark.parametrize("what, reason", [("hello-request", "UNEXPECTED_MESSAGE"), ("cert-request", "UNEXPECTED_MESSAGE")])
def test_asides_that_are_not_allowed(server, what, reason):
    with Stream(server, context=tls_context(server, VERSIONS[1])) as stream:
        assert stream.ask("a.test")
        server.command(f"say all {what}")
        with pytest.raises(ssl.SSLError, match=reason):
            stream.read(1)


def test_hello_request_is_answered(server):
    """By a client that has renegotiation switched off: no_renegotiation, a warning."""
    context = tls_context(server, VERSIONS[0])
    context.options |= ssl.OP_NO_RENEGOTIATION
    with Stream(server, context=context) as stream:
        assert stream.ask("a.test")
        server.command("say all hello-request")
        assert stream.ask("b.test")
        server.wait_stat("warnings_received", 1)


def test_servers_that_share_a_ticket_key(certs):
    """The other one's ticket is as good as one's own, whatever certificate it has; its life is told."""
    key = random.Random(1).randbytes(64).hex()
    with TestServer(certs=certs, args=("--ticket-key", key)) as one, TestServer(args=("--ticket-key", key)) as two:
        for server in (one, two):  # what tickets are sealed with depends on their life, too
            server.command("tickets life 3777")
        context = tls_context(one, VERSIONS[1])
        with Stream(one, context=context) as stream:
            assert stream.ask("a.test")
            session = stream.socket.session
        assert session.ticket_lifetime_hint == 3777
        with Stream(two, context=context, session=session) as stream:
            assert stream.ask("b.test") and stream.socket.session_reused
        assert two.stat("resumed") == 1


# -- streams ----------------------------------------------------------------------------


@pytest.mark.parametrize("coalesce", [False, True])
@pytest.mark.parametrize("transport", ["tls", "tcp"])
def test_pipelining(server, transport, coalesce):
    server.coalesce(coalesce)
    names = [f"n{i}.test" for i in range(200)]
    with Stream(server, transport) as stream:
        queries = [query(name) for name in names]
        for i, q in enumerate(queries):
            q.id = i
        stream.send(*[q.to_wire() for q in queries])
        for name, q in zip(names, queries):
            answer = dns.message.from_wire(stream.receive())
            assert q.is_response(answer) and addresses(answer) == [expected_a(name)]
    stats = server.stats()
    assert stats["max_pipelined"] == 200 or transport == "tcp"
    if transport == "tls":
        assert stats["records_sent"] == (1 if coalesce else 200)


def test_queries_split_over_records(server):
    data = query("a.test").to_wire()
    framed = struct.pack("!H", len(data)) + data
    with Stream(server) as stream:
        for octet in framed:
            stream.socket.sendall(bytes([octet]))
        assert stream.receive()
    (seen,) = server.queries()
    assert seen[:3] == (1 + seen.conn - 1, "tls", data)
    assert seen.span == len(framed) and seen.record == 1


def test_bad_prefix_closes(server):
    with Stream(server) as stream:
        stream.socket.sendall(b"\0\x0b" + bytes(11))
        assert stream.ending()[0] == b""
    assert server.stat("bad_frames") == 1


def test_half_close_gets_its_answers(server):
    server.rule("delay=50")
    with Stream(server, "tcp") as stream:
        stream.send(query("a.test").to_wire())
        stream.socket.shutdown(socket.SHUT_WR)
        assert stream.receive()
        assert stream.receive() is None


# -- what is wrong in an answer -------------------------------------------------------------

Q = query("some.name.test", id=0x1234)


def parsed(data):
    return dns.message.from_wire(data, ignore_trailing=True)


SPOILED = {
    "wrong-id": lambda d: parsed(d).id == 0x1235,
    "wrong-id=256": lambda d: parsed(d).id == 0x1334,
    "wrong-name": lambda d: parsed(d).question[0].name != Q.question[0].name,
    "wrong-type": lambda d: parsed(d).question[0].rdtype == 2,
    "wrong-type=AAAA": lambda d: parsed(d).question[0].rdtype == 28,
    "wrong-class": lambda d: parsed(d).question[0].rdclass == 3,
    "flip-case": lambda d: parsed(d).question[0].name.labels[0] == b"SOME",
    "qr0": lambda d: not d[2] & 0x80,
    "opcode=4": lambda d: parsed(d).opcode() == dns.opcode.NOTIFY,
    "no-question": lambda d: d[4:6] == b"\0\0" and not parsed(d).answer and parsed(d).edns == 0,
    "two-questions": lambda d: len(parsed(d).question) == 2 and parsed(d).answer,
    "tc": lambda d: parsed(d).flags & dns.flags.TC and not parsed(d).answer,
    "nodata": lambda d: not parsed(d).answer and not parsed(d).authority and parsed(d).edns == 0,
    "rcode=servfail": lambda d: parsed(d).rcode() == dns.rcode.SERVFAIL,
    "rcode=23": lambda d: parsed(d).rcode() == 23,
    "short=5": lambda d: d == b"\x12\x34\x81\x80\0",
    "trailing=7": lambda d: len(d) == len(HONEST) + 7 and d.startswith(HONEST),
    "hex=ffff8180000100": lambda d: d == b"\x12\x34\x81\x80\0\1\0",
    "no-opt": lambda d: parsed(d).edns == -1 and parsed(d).answer,
    "opt-twice": lambda d: d[10:12] == b"\0\2" and d == HONEST[:11] + b"\2" + HONEST[12:] + HONEST[-11:],
    "opt-in-answer": lambda d: d[6:12] == b"\0\2\0\0\0\0" and d[12:] == HONEST[12:],
    "opt-not-last": lambda d: d[10:12] == b"\0\3" and len(parsed(d).additional[0]) == 2,
    "keepalive=20": lambda d: options_of(parsed(d))[KEEPALIVE].data == b"\0\x14",
    "ede=15/2000": lambda d: options_of(parsed(d))[EDE].text == "e" * 2000,
    "option=65001/abcd": lambda d: options_of(parsed(d))[65001].data == b"\xab\xcd",
    "extra=answer/bank.test/A/c0000201": lambda d: "192.0.2.1" in addresses(parsed(d)),
    "extra=additional/bank.test/A/c0000201": lambda d: parsed(d).additional[0][0].address == "192.0.2.1",
    "mutate=3/broken": lambda d: d[:2] == b"\x12\x34" and not sound(d),
    "mutate=3/cut": lambda d: HONEST.startswith(d) and d != HONEST,
    "mutate=3/count": lambda d: len(d) == len(HONEST) and d[6:12] != HONEST[6:12],
    "mutate=3/insert": lambda d: len(d) > len(HONEST),
    "mutate=3/whole": lambda d: d != HONEST,
    "mutate": lambda d: d[:6] == HONEST[:6],
}


def sound(data):
    try:
        dns.message.from_wire(data)
        return True
    except Exception:
        return False


@pytest.fixture(scope="module")
def honest_answer(shared):
    global HONEST
    shared.clear_rules()
    with Stream(shared) as stream:
        stream.send(Q.to_wire())
        HONEST = stream.receive()
    return HONEST


@pytest.mark.parametrize("action", SPOILED)
def test_spoiled_answer(server, honest_answer, action):
    server.rule(f"name=some.name.test {action}")
    with Stream(server) as stream:
        stream.send(Q.to_wire())
        assert SPOILED[action](stream.receive())
        assert stream.ask("other.test")


def test_broken_mutants_never_parse(server):
    server.rule("mutate=1/broken")
    with Stream(server) as stream:
        answers = {stream.ask(f"some{i % 150}.test", id=7) for i in range(300)}
    assert len(answers) == 150 and not any(map(sound, answers)), "each question has its own way of being spoilt"


def test_several_answers_to_one_query(server):
    server.rule("name=*.wrongid.test answer=wrong-id,qr0:nodata,good:delay=100")
    with Stream(server) as stream:
        stream.send(query("x.wrongid.test", id=1).to_wire(), query("fast.test", id=9).to_wire())
        first, second, fast, late = (stream.receive() for _ in range(4))
    assert parsed(first).id == 2 and not second[2] & 0x80
    assert parsed(fast).id == 9 and addresses(parsed(late)) == [expected_a("x.wrongid.test")]


# -- whether and when ------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["drop", "answer=none"])
def test_no_answer(server, action):
    server.rule(f"name=*.lost.test {action}")
    with Stream(server) as stream:
        stream.send(query("a.lost.test").to_wire())
        assert parsed(stream.ask("b.test", id=5)).id == 5
    assert server.stat("unanswered") == 1 and server.count("a.lost.test", "A") == 1


def test_delay(server):
    server.rule("name=slow.test delay=150-200")
    with Stream(server) as stream:
        start = time.monotonic()
        stream.send(query("slow.test", id=1).to_wire(), query("fast.test", id=2).to_wire())
        assert parsed(stream.receive()).id == 2
        assert parsed(stream.receive()).id == 1
        assert 0.14 < time.monotonic() - start


def test_duplicates(server):
    server.rule("dup=2")
    with Stream(server) as stream:
        answers = [stream.ask("a.test"), stream.receive(), stream.receive()]
    assert answers[0] == answers[1] == answers[2]


def test_shuffle(server):
    server.rule("shuffle=50/1000")
    with Stream(server) as stream:
        stream.send(*[query("a.test", id=i).to_wire() for i in range(50)])
        ids = [parsed(stream.receive()).id for _ in range(50)]
        assert sorted(ids) == list(range(50)) != ids
        assert stream.ask("a.test")  # alone, after a second


def test_mute(server):
    server.mute()
    with Stream(server) as stream:
        stream.send(query("a.test").to_wire())
        server.wait_stat("queries", 1)
        server.mute(False)
        assert parsed(stream.ask("b.test", id=3)).id == 3


def test_pause_keeps_queries(server):
    with Stream(server) as stream:
        stream.ask("a.test")
        server.pause()
        stream.send(query("b.test").to_wire())
        stream.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            stream.receive()
        assert server.stat("queries") == 1
        server.pause(False)
        stream.socket.settimeout(TIMEOUT)
        assert stream.receive()


# -- how octets travel -----------------------------------------------------------------------------


def test_one_octet_per_record(server):
    server.rule("bytes=1")
    with Stream(server) as stream:
        data = stream.ask("a.test")
    assert addresses(parsed(data)) == [expected_a("a.test")]
    assert server.stat("records_sent") == len(data) + 2


def test_rate(server):
    server.rule("type=TXT rate=4000")
    with Stream(server) as stream:
        start = time.monotonic()
        stream.send(query("size-1200.test", "TXT").to_wire(), query("next.test").to_wire())
        assert len(stream.receive()) == 1200
        assert 0.2 < time.monotonic() - start
        assert addresses(parsed(stream.receive())) == [expected_a("next.test")]


ENDS = {"fin": "close", "notify": "close", "rst": "rst", "alert": "TLSV1_ALERT_INTERNAL_ERROR", "silence": "silence"}


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("octets", [0, 1, 2, 13, "half"])
def test_cut(server, how, octets):
    server.rule(f"name=cut.test cut={octets}:{how}")
    with Stream(server) as stream:
        whole = stream.ask("xxx.test")
        stream.send(query("cut.test").to_wire())
        wanted = (len(whole) + 2) // 2 if octets == "half" else octets
        data = stream.read(wanted)
        if how == "silence":
            stream.socket.settimeout(0.2)
        rest, end = stream.ending()
    assert len(data) == wanted and not rest
    assert end == ENDS[how]


@pytest.mark.parametrize("how", ["fin", "notify", "rst", "alert", "close"])
def test_close_after_an_answer_and_instead(server, how):
    server.rule(f"name=last.test answer=good:close={how}")
    server.rule(f"name=gone.test answer=none:close={how}")
    for name, answers in (("last.test", 1), ("gone.test", 0)):
        with Stream(server) as stream:
            stream.send(query(name).to_wire(), query("never.test").to_wire())
            data, _ = stream.ending()
        assert bool(data) == bool(answers)
    assert server.count("never.test") == 0


@pytest.mark.parametrize("prefix", [0, 1, 11, 65535])
def test_lying_prefix(server, prefix):
    server.rule(f"name=lie.test prefix={prefix}")
    with Stream(server) as stream:
        stream.send(query("lie.test").to_wire())
        assert stream.read(2) == struct.pack("!H", prefix)
        assert stream.read(12)


def test_noise(server):
    server.rule("noise=20")
    with Stream(server) as stream:
        with pytest.raises(ssl.SSLError):
            stream.ask("a.test")
    server.clear_rules()
    with Stream(server) as stream:
        stream.ask("a.test")
        server.noise(20)
        with pytest.raises(ssl.SSLError):
            stream.receive()


# -- connections -------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize("how", ["fin", "notify", "rst", "close"])
def test_limit_of_answers(server, how, limit):
    server.rule(f"answers={limit}/{how}")
    with Stream(server) as stream:
        stream.send(*[query("a.test", id=i).to_wire() for i in range(20)])
        ids = [parsed(stream.receive()).id for _ in range(limit)]
        assert ids == list(range(limit))
        assert stream.ending()[0] == b""
    assert server.stat("answers") == limit


def test_limit_of_queries(server):
    server.rule("queries=3/notify")
    with Stream(server) as stream:
        assert stream.ask("a.test") and stream.ask("b.test")
        stream.send(query("c.test").to_wire())
        assert stream.receive() is None
    assert server.stat("queries") == 3 and server.stat("answers") == 2


def test_life(server):
    server.rule("life=100/notify")
    begin = time.monotonic()
    with Stream(server, "tcp") as stream:
        assert stream.receive() is None
        assert 0.09 < time.monotonic() - begin


def test_silence_does_not_keep_a_peer_that_is_done(server):
    """Nobody waits for the answers that are never to come."""
    server.rule("life=300/silence")
    server.rule("delay=60000")
    with Stream(server, "tcp") as stream:
        stream.send(query("a.test").to_wire())
        stream.socket.shutdown(socket.SHUT_WR)
        assert stream.receive() is None
    wait_for(lambda: server.stat("open") == 0)


@pytest.mark.clock
def test_limit_of_idleness(server):
    """Queries put the end off; without them it comes."""
    server.rule("idle=1000/notify")
    with Stream(server) as stream:
        begin = time.monotonic()
        while time.monotonic() < begin + 1.5:
            assert stream.ask("a.test")
        assert server.stat("closed_by_us") == 0
        assert stream.receive() is None
    assert server.stat("closed_by_us") == 1


def test_close_after_handshake(server):
    server.rule("handshake=notify")
    with Stream(server) as stream:
        assert stream.receive() is None
    assert server.stat("handshakes") == 1


def test_refuse(server):
    server.rule("refuse=rst times=1")
    with pytest.raises((ConnectionResetError, ssl.SSLError)):
        Stream(server)
    assert ask_tls(server, "a.test").answer


def test_garbage(server):
    server.rule("garbage=100")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        Stream(server)
    assert server.stat("handshakes") == 0


def test_stall(server):
    server.rule("stall conn=1-")
    stream = socket.create_connection(server.tls[0], timeout=0.2)
    stream.sendall(b"\x16\x03\x01\0\1x")
    with stream, pytest.raises(TimeoutError):
        stream.recv(1)
    server.clear_rules()
    server.rule("stall=100")
    assert ask_tls(server, "a.test").answer


def test_plaintext_where_tls_should_be(server):
    server.rule("plaintext")
    host, port = server.tls[0]
    assert dns.query.tcp(query("a.test"), host, port=port, timeout=TIMEOUT).answer


def test_accept_off_and_listeners_closed(server):
    server.accept(False)
    backlogged = socket.create_connection(server.tcp[0], timeout=TIMEOUT)
    assert server.stat("connections") == 0
    server.accept()
    server.wait_stat("connections", 1)
    backlogged.close()
    server.listen(False)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.tcp[0], timeout=TIMEOUT)
    server.listen()
    assert ask_tls(server, "a.test").answer


def test_closed_listeners_keep_their_ports(server):
    """Nobody else gets one, and to whoever asks it is closed."""
    for _ in range(2):
        server.listen(False)
    for kind, address in ((socket.SOCK_STREAM, server.tcp[0]), (socket.SOCK_DGRAM, server.udp[0])):
        with socket.socket(socket.AF_INET, kind) as other, pytest.raises(OSError, match="in use"):
            other.bind(address)
        with socket.socket(socket.AF_INET, kind) as client, pytest.raises(ConnectionRefusedError):
            client.settimeout(TIMEOUT)
            client.connect(address)
            client.send(query("a.test").to_wire())
            client.recv(4096)
    for _ in range(2):
        server.listen()
    assert ask_tls(server, "a.test").answer
    assert dns.query.udp(query("b.test"), server.udp[0].host, port=server.udp[0].port, timeout=TIMEOUT).answer


@pytest.mark.parametrize("how", ["fin", "rst", "notify", "alert"])
def test_closeall(server, how):
    with Stream(server) as stream:
        stream.ask("a.test")
        server.closeall(how)
        assert stream.ending()[1] == ENDS[how]
    wait_for(lambda: server.stat("open") == 0)


def test_injection_and_unsolicited(server):
    with Stream(server) as stream:
        stream.ask("a.test")
        assert server.inject(b"hello") == 1
        assert stream.receive() == b"hello"
        assert server.unsolicited() == 1
        ids = {struct.unpack("!H", stream.receive()[:2])[0] for _ in range(65536)}
        assert len(ids) == 65536
        assert stream.ask("b.test")


# -- selectors and records ------------------------------------------------------------------------------


def test_first_matching_rule_wins(server):
    server.rule("name=a.*.test type=AAAA rcode=5")
    server.rule("name=A.* times=1 rcode=4")
    server.rule("name=a.*")
    server.rule("rcode=2")
    with Stream(server) as stream:
        rcodes = [parsed(stream.ask("a.b.test", t)).rcode() for t in ("AAAA", "A", "A")]
        assert rcodes == [5, 4, 0] and parsed(stream.ask("c.test")).rcode() == 2
    assert [hits for hits, _ in server.rules()] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "selector,hit",
    [("nth=3", [2]), ("nth=8-", [7, 8, 9]), ("every=4", [3, 7]), ("skip=7", [7, 8, 9]), ("skip=2 every=4 times=1", [5])],
)
def test_counting_selectors(server, selector, hit):
    server.rule(f"{selector} rcode=5")
    with Stream(server) as stream:
        refused = [i for i in range(10) if parsed(stream.ask("a.test")).rcode() == 5]
    assert refused == hit


def test_probability_repeats(server):
    def run():
        server.clear_rules()
        server.rule("prob=0.3 rcode=5")
        with Stream(server) as stream:
            return sum(parsed(stream.ask("a.test")).rcode() == 5 for _ in range(300))

    assert 50 < run() < 130


def test_transport_selector(server):
    server.rule("transport=udp rcode=5")
    host, port = server.udp[0]
    assert dns.query.udp(query("a.test"), host, port=port, timeout=TIMEOUT).rcode() == 5
    assert ask_tls(server, "a.test").rcode() == 0


def test_udp_misbehaviour(server):
    server.rule("name=late.test answer=wrong-id,good:delay=50:dup")
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(TIMEOUT)
    with client:
        client.connect(server.udp[0])
        client.send(query("late.test", id=1).to_wire())
        assert [parsed(client.recv(4096)).id for _ in range(3)] == [2, 1, 1]


@pytest.mark.parametrize(
    "rule",
    ["nonsense", "delay=x", "name=a answer=", "answer=good:life=1", "life=5 delay=5", "idle=", "life=5 name=a", "prob=2"],
)
def test_bad_rules_are_refused(server, rule):
    with pytest.raises(CommandError):
        server.rule(rule)
    assert server.rules() == []


def test_counts_and_reset(server):
    with Stream(server) as stream:
        for name, rrtype in (("a.test", "A"), ("A.Test", "AAAA"), ("b.test", "A")):
            stream.ask(name, rrtype)
    assert server.count("a.test") == 2 and server.count("a.test", "AAAA") == 1
    assert len(server.queries(2)) == 2
    assert [q.seq for q in server.queries()] == [1, 2, 3]
    server.reset()
    assert server.count("a.test") == 0 and server.queries() == [] and server.stat("queries") == 0


def test_ring_is_bounded():
    with TestServer(args=["--ring", "10"]) as server:
        with Stream(server) as stream:
            for i in range(25):
                stream.ask(f"n{i}.test")
        assert [q.seq for q in server.queries()] == list(range(16, 26))


def test_random_input_does_no_harm(server):
    rng = random.Random(1)
    base = query("a.test", want_dnssec=True, pad=64).to_wire()
    with Stream(server, "tcp") as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect(server.udp[0])
        for _ in range(2000):
            data = bytearray(base)
            for _ in range(rng.randrange(1, 6)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            data = bytes(data[: rng.randrange(12, len(data) + 1)])
            stream.send(data)
            datagrams.send(data)
        stream.send(query("last.test").to_wire())
        server.wait_stat("queries_tcp", 2001)
    assert server.stat("malformed") > 1000
    for line in ("", " ", "rule \x01=", "inject", "inject all xyz", "count", "queries\tx", "cert a b", "unsolicited"):
        try:
            server._socket.sendall(line.encode() + b"\nmute off\n")
            while b"ok" not in server._reader.readline():
                pass
        except CommandError:
            pass
    assert ask_tls(server, "a.test").answer


def test_everything_at_once(server):
    """All actions mixed by chance, with endings of all kinds: whatever happens, it goes on."""
    actions = ["delay=0-5 dup=2", "shuffle=7/3", "rate=20000 bytes=9", "noise=3", "prefix=11", "trailing=4000"]
    actions += [f"cut={k}/{how}" for k in ("1", "half") for how in ENDS] + [f"close={how} delay=1-3" for how in ENDS]
    actions += [a for a in SPOILED]
    for action in actions:
        server.rule(f"prob=0.006 {action}")
    for how in ENDS:
        server.rule(f"prob=0.05 answers=40/{how}")
        server.rule(f"prob=0.05 life=5/{how}")
    queries = [query(f"n{i}.test", id=i).to_wire() for i in range(100)]
    for i in range(60):
        try:
            with Stream(server, "tls" if i % 4 else "tcp") as stream:
                stream.socket.settimeout(0.05)
                stream.send(*queries)
                stream.ending()
        except OSError:
            pass
    server.clear_rules()
    assert ask_tls(server, "a.test").answer
    wait_for(lambda: server.stat("open") == 0)


def test_script_and_signals(tmp_path):
    with TestServer(rules=["rcode=5"], commands=["# words", "", "pad off"]) as server:
        answer = ask_tls(server, "a.test", pad=128)
        assert answer.rcode() == 5 and not answer.pad
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 0
    with pytest.raises(RuntimeError, match="nonsense"):
        TestServer(rules=["nonsense"])
