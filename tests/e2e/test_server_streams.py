"""The test resolver tested: TLS, several queries on a stream, and how octets travel on it."""

import random
import socket
import ssl
import struct
import time

import dns.message
import pytest
from servercase import ENDS, Stream, addresses, ask_tls, parsed, query, tls_context
from servercase import server, shared  # fixtures
from testserver import TestServer, expected_a, make_certs, spki_pin


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
