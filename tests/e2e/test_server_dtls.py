"""The DTLS side of the test resolver tested, with OpenSSL and GnuTLS as clients."""

import re
import socket
import subprocess

import dns.flags
import dns.message
import pytest
from dtls_client import DtlsClient, DtlsError
from testserver import TIMEOUT, CommandError, TestServer, expected_a, wait_for

SOON = 0.2  # for what is not to come, or may have got lost
PADDING = 12
FATAL, INTERNAL_ERROR = 2, 80


@pytest.fixture(scope="module")
def shared():
    with TestServer(both=["127.0.0.1:0", "[::1]:0"], udp=1) as server:
        yield server


@pytest.fixture
def server(shared):
    shared.closeall()
    for command in ("rules clear", "mute off", "pause off", "accept on", "listen start", "tickets on", "unknown silence"):
        shared.command(command)
    shared.line("both")
    shared.command("mtu 1232")
    shared.reset()
    return shared


@pytest.fixture
def connect(server):
    """Starts a client of the server's."""
    clients = []

    def begin(index=0, **options):
        clients.append(DtlsClient(server.dtls[index], server.ca, **options))
        return clients[-1]

    yield begin
    for client in clients:
        client.drop()


def query(name, rrtype="A", **options):
    return dns.message.make_query(name, rrtype, **{"use_edns": 0, **options})


def ask(client, name, rrtype="A", **options):
    return dns.message.from_wire(client.ask_wire(query(name, rrtype, **options).to_wire()))


def ask_until(client, message, times=100):
    """Sent again until there is an answer; how often it was sent."""
    for sent in range(1, times + 1):
        client.send(message.to_wire())
        while answer := client.receive(SOON):
            if dns.message.from_wire(answer).question == message.question:
                return sent
            # One of those before was sent again because its answer was late: then there are two.
    raise AssertionError("never answered")


def addresses(message):
    return [rr.address for rrset in message.answer for rr in rrset]


def check(client, name):
    assert addresses(ask(client, name)) == [expected_a(name)]


# -- ports, handshakes, sessions -------------------------------------------------------


def test_both_have_one_port(server):
    assert [a.port for a in server.tls] == [a.port for a in server.dtls]
    assert server.dtls[0].port != server.dtls[1].port


def test_no_port_for_both():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(RuntimeError):
            TestServer(both=[f"127.0.0.1:{taken.getsockname()[1]}"])


@pytest.mark.parametrize("index", [0, 1])
def test_answers(server, connect, index):
    client = connect(index)
    for name in ("a.test", "b.test"):
        check(client, name)
    stats = server.stats()
    assert stats["queries_dtls"] == stats["queries"] == stats["dtls_records"] == 2
    assert stats["dtls_cookies"] == stats["dtls_handshakes"] == 1
    assert stats["dtls_resumed"] == stats["dtls_repeats"] == stats["handshakes"] == 0
    assert [(c["transport"], c["name"], c["queries"]) for c in server.conns()] == [("dtls", "resolver.test", 2)]
    assert {q.transport for q in server.queries()} == {"dtls"}


def test_many_associations(server, connect):
    clients = [connect() for _ in range(50)]
    for number, client in enumerate(clients):
        client.send(query(f"n{number}.test").to_wire())
    for number, client in enumerate(clients):
        assert addresses(dns.message.from_wire(client.receive())) == [expected_a(f"n{number}.test")]
    assert server.stat("dtls_open") == 50
    for client in clients:
        client.close()
    server.wait_stat("closed_by_peer", 50)
    assert server.stat("dtls_open") == 0


def test_resumption(server, connect):
    first = connect()
    check(first, "first.test")
    session = first.session()
    second = connect(session=session)
    check(second, "second.test")
    assert second.resumed() and not first.resumed()
    server.command("tickets rotate")
    assert not connect(session=session).resumed()
    server.command("tickets off")
    assert not connect(session=connect().session()).resumed()
    assert server.stat("dtls_resumed") == 1


def test_other_programs_connect(server):
    """openssl s_client and gnutls-cli, each with a second session that is a resumed one."""
    host, port = server.dtls[0]
    path = server.certs.parent / "session"
    common = ["openssl", "s_client", "-dtls1_2", "-connect", f"{host}:{port}", "-CAfile", server.ca, "-verify_return_error"]
    for more, word in ((["-sess_out", path], "New"), (["-sess_in", path], "Reused")):
        done = subprocess.run([*common, *more], input="", capture_output=True, text=True, timeout=TIMEOUT)
        assert re.search(rf"^{word}, TLSv1.2", done.stdout, re.M), done.stdout
    names = ["--sni-hostname", "resolver.test", "--verify-hostname", "resolver.test"]
    command = ["gnutls-cli", "--udp", "-r", "--x509cafile", server.ca, "-p", str(port), *names, host]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=TIMEOUT)
    assert "This is a resumed session" in done.stdout, done.stdout
    assert server.stat("dtls_handshakes") == 4 and server.stat("dtls_resumed") == 2


def test_certificate_can_change(server, connect, tmp_path, certs):
    """As for TLS; the old one comes back afterwards."""
    check(connect(), "old.test")
    server.load_cert(certs)
    with pytest.raises(DtlsError):
        connect()
    server.load_cert(server.certs)
    check(connect(), "new.test")


def test_hello_without_cookie_leaves_nothing_behind(server, connect):
    """Another client's random octets in the same place: a cookie is asked for, and no association begins."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(TIMEOUT)
        s.connect(server.dtls[0])
        body = b"\xfe\xfd" + bytes(32) + b"\0\0" + b"\0\x02\xc0\x2b" + b"\x01\0"
        size = len(body).to_bytes(3, "big")
        message = b"\x01" + size + b"\0\0" + b"\0\0\0" + size + body
        s.send(b"\x16\xfe\xff" + bytes(8) + len(message).to_bytes(2, "big") + message)
        assert s.recv(2048)[13] == 3  # HelloVerifyRequest
    assert server.stat("dtls_cookies") == 1 and server.stat("dtls_open") == 0


def test_client_that_begins_again_on_its_port(server, connect):
    first = connect()
    check(first, "first.test")
    source = first.socket.getsockname()
    first.drop()
    check(connect(source=source), "second.test")
    assert server.stat("dtls_open") == 1 and server.stat("dtls_associations") == 2


# -- sizes -------------------------------------------------------------------------------


def test_answer_that_does_not_fit(server, connect):
    client = connect()
    reply = ask(client, "size-40000.test", "TXT", payload=65535)
    assert reply.flags & dns.flags.TC and not reply.answer
    reply = ask(client, "size-1150.test", "TXT", payload=65535)
    assert not reply.flags & dns.flags.TC and reply.answer
    server.command("mtu 576")
    small = connect()
    assert ask(small, "size-600.test", "TXT").flags & dns.flags.TC
    assert len(small.ask_wire(query("size-500.test", "TXT").to_wire())) == 500


@pytest.mark.parametrize("size, padded", [(300, 468), (500, 936), (1000, 1195)])
def test_padding_fits_the_datagram(server, connect, size, padded):
    """In blocks of 468 octets; where the last does not fit, as much as does: 1232 less 13, 8 and 16."""
    client = connect()
    message = query(f"size-{size}.test", "TXT", payload=4096, pad=128)
    assert len(client.ask_wire(message.to_wire())) == padded


def test_too_large_by_a_rule(server, connect):
    server.rule("name=*.large.test trailing=2000")
    client = connect()
    client.send(query("a.large.test").to_wire())
    server.wait_stat("dtls_too_large", 1)
    check(client, "small.test")


# -- rules ---------------------------------------------------------------------------------


def test_rules_know_the_transport(server, connect):
    server.rule("transport=dtls name=*.wrong.test answer=wrong-id,good")
    client = connect()
    message = query("a.wrong.test")
    first, second = client.ask_wire(message.to_wire()), client.receive()
    assert [int.from_bytes(m[:2], "big") - message.id for m in (first, second)] in ([1, 0], [-65535, 0])
    assert server.rules()[0][0] == 1


def test_delay_and_copies(server, connect):
    server.rule("name=late.test delay=50 dup=2")
    client = connect()
    client.send(query("late.test").to_wire())
    check(client, "early.test")
    assert len({client.receive() for _ in range(3)}) == 1


@pytest.mark.parametrize("how, seen", [("notify", b""), ("alert", DtlsError), ("fin", None)])
@pytest.mark.parametrize("rule", ["answers=1:{}", "queries=2:{}", "name=second.test close={} none"])
def test_end_of_an_association(server, connect, rule, how, seen):
    server.rule("transport=dtls " + rule.format(how) if "name" not in rule else rule.format(how))
    client = connect()
    check(client, "first.test")
    client.send(query("second.test").to_wire())
    if seen is DtlsError:
        with pytest.raises(DtlsError, match="internal error"):
            client.receive()
    else:
        assert client.receive(SOON if seen is None else TIMEOUT) == seen
    wait_for(lambda: server.stat("dtls_open") == 0)


def test_idle_association_is_forgotten(server, connect):
    server.rule("transport=dtls idle=1000:notify")
    client = connect()
    check(client, "a.test")
    assert client.receive() == b""
    assert server.stat("dtls_open") == 0


def test_silence_and_stall(server, connect):
    server.rule("transport=dtls times=1 stall=300")
    check(connect(), "late.test")
    client = connect()
    server.forget("silence")
    client.send(query("a.test").to_wire())
    assert client.receive(SOON) is None
    assert server.stat("dtls_open") == 2


def test_refused_association(server, connect):
    server.rule("transport=dtls refuse=alert times=1")
    with pytest.raises(DtlsError):
        connect()
    check(connect(), "a.test")


# -- commands --------------------------------------------------------------------------------


def test_forgotten_without_a_word(server, connect):
    client = connect()
    check(client, "a.test")
    assert server.forget() == 1
    client.send(query("b.test").to_wire())
    assert client.receive(SOON) is None
    server.wait_stat("dtls_unknown", 1)
    assert server.stat("dtls_unknown") == 1 and server.stat("dtls_open") == 0
    server.command("unknown alert")
    watcher = client.socket.dup()
    client.send(query("c.test").to_wire())
    watcher.settimeout(TIMEOUT)
    assert watcher.recv(100) == bytes.fromhex("15fefd0000000000000000000202") + bytes([INTERNAL_ERROR])
    watcher.close()


def test_alert_in_the_session(server, connect):
    client = connect()
    check(client, "a.test")
    assert server.alert(FATAL, INTERNAL_ERROR) == 1
    with pytest.raises(DtlsError, match="internal error"):
        client.receive()
    assert server.stat("dtls_open") == 1


def test_any_datagram(server, connect):
    """What does not belong to the session is no matter to OpenSSL's."""
    client = connect()
    server.datagram(bytes.fromhex("15fefd00000000000000000002") + bytes([FATAL, INTERNAL_ERROR]), times=3)
    server.datagram(b"what is this")
    check(client, "a.test")


def test_message_nobody_asked_for(server, connect):
    client = connect()
    server.inject(query("b.test").to_wire())
    assert dns.message.from_wire(client.receive()).question[0].name.to_text() == "b.test."


def test_nothing_accepted(server, connect):
    server.accept(False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(server.dtls[0])
        s.send(b"hello")
        server.wait_stat("datagrams_lost", 1)
    server.accept()
    check(connect(), "a.test")
    server.listen(False)
    with pytest.raises(DtlsError):
        connect(timeout=SOON)
    server.listen()
    check(connect(), "b.test")


@pytest.mark.parametrize("text", ["line", "line out loss=2", "line both none=1", "mtu 1", "unknown", "alert all 1"])
def test_bad_commands(server, text):
    with pytest.raises(CommandError):
        server.command(text)


# -- the line -----------------------------------------------------------------------------------


def test_loss_in_a_handshake(server, connect):
    server.line(loss=0.1, what="handshake")
    for _ in range(3):
        check(connect(), "a.test")
    wait_for(lambda: server.stat("datagrams_lost") or check(connect(), "a.test"), what="a loss")


def test_loss_of_queries_and_answers(server, connect):
    client = connect()
    server.line(loss=0.3, what="data")
    sent = sum(ask_until(client, query(f"n{i}.test")) for i in range(20))
    stats = server.stats()
    assert sent > 20 and stats["datagrams_lost"] > 0
    assert stats["queries_dtls"] >= 20
    assert stats["dtls_repeats"] == stats["queries_dtls"] - 20


def test_same_seed_same_loss(certs):
    """Which of 64 answers get lost is the same each time."""

    def lost(seed):
        with TestServer(dtls=1, certs=certs, args=["--seed", seed]) as server:
            with DtlsClient(server.dtls[0], server.ca) as client:
                server.line("out", loss=0.5, what="data")
                got = []
                for i in range(64):
                    client.send(query(f"n{i}.test").to_wire())
                    server.wait_stat("queries", i + 1)
                while answer := client.receive(SOON):
                    got.append(dns.message.from_wire(answer).question[0].name.to_text())
                return got

    first = lost("7")
    assert 0 < len(first) < 64
    assert lost("7") == first != lost("8")


def test_doubled_and_repeated(server, connect):
    """Records that came before are no matter: neither side sees a message twice."""
    client = connect()
    server.line(dup=1, replay=1, what="data")
    for i in range(20):
        check(client, f"n{i}.test")
    assert client.receive(SOON) is None
    server.wait_stat("dtls_discarded", 20)
    stats = server.stats()
    assert stats["queries_dtls"] == 20
    assert stats["datagrams_out"] > stats["datagrams_in"]


def test_overtaken(server, connect):
    client = connect()
    server.line("out", reorder=0.5, what="data")
    names = [f"n{i}.test." for i in range(40)]
    for name in names:
        client.send(query(name).to_wire())
    got = [dns.message.from_wire(client.receive()).question[0].name.to_text() for _ in names]
    assert got != names and sorted(got) == sorted(names)


def test_mtu_of_the_line(server, connect):
    client = connect()
    server.line("out", mtu=576)
    client.send(query("size-900.test", "TXT").to_wire())
    assert client.receive(SOON) is None
    check(client, "a.test")
    assert server.stat("datagrams_lost") == 1


def test_silence_of_udp(server, connect):
    client = connect()
    server.line(loss=1)
    client.send(query("a.test").to_wire())
    server.wait_stat("datagrams_lost", 1)
    assert client.receive(SOON) is None
    assert server.stat("queries") == 0
