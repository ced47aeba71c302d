"""DNS over DTLS (RFC 8094) where the path is well: what goes over it, in which form, and what goes over TLS beside it."""

import dns.flags
import pytest
import wire
from dtlscase import OPTIONS, hello_of
from load import load
from netns import Network
from reach import fresh
from testserver import make_certs, wait_for

HANDSHAKE, DATA = b"\x16", b"\x17"
OVERHEAD = {37, 29}  # header, nonce and tag of AES-GCM; header and tag of ChaCha20-Poly1305


@pytest.mark.clock
def test_all_over_dtls(dtls):
    case = dtls()
    fwd = case.start()
    load(fwd, 200, window=50, name=fresh()).check()
    assert case.by_transport()[1] == 0
    assert case.server.stat("dtls_associations") == 0  # one was there
    assert case.report("200 queries")["queries_dtls"] >= 200


def test_spelling(start, dtls):
    case = dtls()
    options = {**OPTIONS, "tls-cert-bundle": case.server.ca}
    case.fwd = start(f"dtls://127.0.0.1:{case.relay.port}#resolver.test", options)
    case.until_dtls()


def test_one_message_per_record_and_datagram(dtls):
    """Each record is one message as a whole: nothing behind it, no length before it (RFC 8094 3.4)."""
    case = dtls()
    load(case.start(), 100, window=100, name=fresh()).check()
    stats = case.server.stats()
    assert stats["malformed"] == 0
    assert stats["dtls_records"] == stats["queries_dtls"] >= 100
    assert sum(n for (kind, _), n in case.relay.sizes["there"].items() if kind == DATA) >= 100


def test_padding_on_the_wire(dtls):
    """Before it is sealed each query has a multiple of 128 octets (RFC 8467 4.1), whatever its name."""
    case = dtls()
    fwd = case.start()
    for length in (1, 20, 40, 60):
        for count in (1, 3):
            labels = ".".join(["x" * length] * count)
            load(fwd, 4, name=lambda i: f"q{i}.{labels}.pad.test").check()
    assert {q.record % 128 for q in case.server.queries()} == {0}
    assert len({q.record for q in case.server.queries()}) > 1
    sizes = {size % 128 for kind, size in case.relay.sizes["there"] if kind == DATA}
    assert sizes in [{overhead} for overhead in OVERHEAD]


def check_large_query(fwd, server, octets):
    """It goes over TLS, once.  What is signed passes as it is (RFC 8945 5.5), however long."""
    signature = wire.name("hmac-sha256") + bytes(6) + b"\1\x2c" + b"\0\x20" + bytes(32) + b"\0\1\0\0"
    more = signature + octets.to_bytes(2, "big") + bytes(octets)
    signed = wire.query("large.test", extra=wire.record("key.test", wire.TSIG, more, 255, 0), extra_count=1)
    fwd.ask_wire(signed, transport="tcp")
    (query,) = [q for q in server.queries() if b"\x05large" in q.data]
    assert query.transport == "tls" and len(query.data) > octets
    assert fwd.stats()["fallback_size"] == 1


def test_query_that_fits_no_record(dtls):
    """The path would take it: the loopback's MTU is 65,536.  The others stay where they are."""
    case = dtls()
    check_large_query(case.start(), case.server, 20000)
    case.until_dtls()


def test_query_that_fits_no_datagram(certs, start):
    """RFC 8094 5, on a path of 1500 octets."""
    with Network() as net:
        server = net.hosts[0].serve([net.hosts[0].v4], kind="both", certs=certs)
        fwd = start({"server": server, "transport": "dtls"}, {**OPTIONS, "bootstrap": []}, netns=net.client)
        wait_for(lambda: (fwd.ask("a.test"), server.stat("queries_dtls"))[1], what="a query over DTLS")
        check_large_query(fwd, server, 1440)
        judge = net.sniffer.judge()
        assert judge.datagrams and max(len(packet.data) for packet, _ in judge.datagrams) <= 1500


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_answer_with_tc(dtls, transport):
    """The client gets what TLS brings, not the cut one (RFC 8094 3.2, 5)."""
    case = dtls()
    case.start()
    case.server.rule("transport=dtls name=*.cut.test tc")
    for i in range(5):
        case.check(f"n{i}.cut.test", transport=transport)
    assert case.server.stat("queries_tls") == 5
    case.until_dtls()


def test_answer_of_40_kb(dtls):
    """A67: it fits no datagram, so it comes over TLS, all of it."""
    case = dtls()
    case.start()
    reply = case.fwd.ask_wire(wire.query("size-40000.large.test", wire.TXT, edns=True), transport="tcp")
    assert len(reply) >= 40000 - 128 and not wire.flags_of(reply) & wire.TC
    # A client of UDP has no room for it, and is told so.
    reply = case.fwd.ask("size-40001.large.test", "TXT")
    assert reply.flags & dns.flags.TC
    case.until_dtls()


def test_resumption(dtls):
    """After each goodbye of the server's: the next association is a resumed one, and no query is lost."""
    case = dtls()
    case.start()
    for _ in range(4):
        case.another_handshake()
    stats = case.server.stats()
    assert stats["dtls_resumed"] >= 1, stats
    case.report("4 goodbyes")


def test_tickets_are_used_once(dtls):
    """RFC 8446 C.4, which is good for DTLS 1.2 too: two handshakes with one ticket belong to the same client."""
    case = dtls()
    hellos = {}
    case.start()
    for _ in range(6):
        case.another_handshake()
        for random, ticket in filter(None, map(hello_of, list(case.relay.sent))):
            hellos[random] = ticket
    used = [ticket for ticket in hellos.values() if ticket]
    assert len(hellos) >= 6 and used, hellos
    assert len(set(used)) == len(used)


def test_tickets_that_are_not_taken(dtls):
    """A server that has lost their key: a full handshake, and no word to the client."""
    case = dtls()
    case.start()
    for what in ("rotate", "off"):
        case.server.command(f"tickets {what}")
        case.another_handshake()
        case.until_dtls()


def test_certificate_of_another(dtls, tmp_path):
    """Nothing is asked, over neither transport."""
    case = dtls()
    case.server.load_cert(make_certs(tmp_path / "other", "DNS:other.test"))
    case.start({"query-timeout": "1s"}, warm=False)
    for i in range(3):
        reply = case.fwd.ask(f"n{i}.test")
        assert reply.rcode() == wire.SERVFAIL and not reply.answer
    assert case.server.stat("queries") == 0
    assert case.server.stat("dtls_associations") >= 1


@pytest.mark.parametrize("profile", ["strict", "opportunistic"])
@pytest.mark.parametrize("transport", ["dtls", "auto"])
def test_nothing_in_clear(certs, tmp_path, start, profile, transport):
    """The sniffer hears all: with a good certificate, with another's, with no server, nothing but DTLS and TLS leaves."""
    with Network() as net:
        host = net.hosts[0]
        server = host.serve([host.v4], kind="both", certs=certs)
        upstream = {"server": server, "transport": transport, "profile": profile}
        fwd = start(upstream, {**OPTIONS, "query-timeout": "1s", "bootstrap": []}, netns=net.client)
        wait_for(lambda: fwd.ask("a.clear.test").rcode() == wire.NOERROR, what="a first answer")
        assert net.sniffer.judge().datagrams
        server.command("tickets rotate")  # or a session that began with the good certificate would go on
        server.load_cert(make_certs(tmp_path / "other", "DNS:other.test"))
        server.closeall("notify")
        for i in range(3):
            code = fwd.ask(f"n{i}.secretlabel.example").rcode()
            assert code == wire.SERVFAIL or profile == "opportunistic"
        server.listen(False)
        server.closeall("rst")
        assert fwd.ask("gone.secretlabel.example").rcode() == wire.SERVFAIL
