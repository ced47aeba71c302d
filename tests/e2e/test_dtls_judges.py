"""DNS over DTLS with the DTLS of others as the other side: OpenSSL's s_server, GnuTLS's gnutls-serv, socat before nsd."""

import pytest
import wire
from conftest import addresses
from dtls_server import DtlsServer
from dtlscase import OPTIONS
from judge_compare import EDNS_SIZE
from judge_dtls import GnutlsDtls, OpensslDtls, Socat
from judge_peers import echo
from judge_questions import questions
from netns import namespace_or_skip
from test_judges_answers import compare
from testserver import expected_a, wait_for

QUICK = 100


@pytest.fixture
def peer(certs, tmp_path):
    """Starts an s_server with these options."""
    started = []

    def begin(*args, **kwargs):
        started.append(OpensslDtls(tmp_path / f"peer{len(started)}", certs, *args, **kwargs))
        return started[-1]

    yield begin
    for one in started:
        one.stop()


def options(peer, **more):
    return {**OPTIONS, "tls-cert-bundle": peer.ca, **more}


def said(fwd):
    """What the log says of the first session."""
    return fwd.wait_log(r"connected, (\S+) (\S+), authenticated")


@pytest.mark.parametrize(
    "how",
    [
        [],
        ["-listen"],  # with HelloVerifyRequest
        ["-listen", "-mtu", "576"],  # what it says comes in fragments
        ["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
        ["-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
        ["-alpn", "dot"],
        ["-no_ticket"],
        ["-verify", "1"],  # it asks for a certificate and does without
    ],
    ids=lambda how: "".join(how).replace("-", "_") or "plain",
)
def test_openssl(how, peer, start):
    """Nobody serves TLS beside it: what is answered is answered over DTLS."""
    server = peer(*how)
    fwd = start(server.upstream(), options(server))
    for i in range(5):
        assert addresses(fwd.ask(f"n{i}.test")) == [expected_a(f"n{i}.test")]
    assert said(fwd)[1] == "DTLS1.2"
    assert server.queries >= 5 and server.handshakes() == (1, 0)


@pytest.mark.parametrize("how", [["-cipher", "ECDHE-ECDSA-AES128-SHA256"], ["-Verify", "1"]], ids=["cbc", "client_certificate"])
def test_openssl_does_not_agree(how, peer, start):
    server = peer(*how)
    fwd = start(server.upstream(), options(server, **{"query-timeout": "1s"}))
    assert fwd.ask("peer.test").rcode() == wire.SERVFAIL
    assert server.queries == 0


def test_openssl_echo_is_no_answer(peer, start):
    """What comes back as it went out has QR clear."""
    server = peer(respond=echo)
    fwd = start(server.upstream(), options(server, **{"query-timeout": "1s"}))
    reply = fwd.ask("echo.test")
    assert reply.rcode() == wire.SERVFAIL and not reply.answer
    assert server.queries >= 1 and fwd.stats()["upstream_answers"] == 0


def test_openssl_resumes(certs, start):
    """Many associations, each with a goodbye of the server's: every ticket shortens one handshake."""
    with DtlsServer(certs) as server:
        fwd = start(server.upstream(), options(server))
        for number in range(1, 7):
            assert addresses(fwd.ask(f"n{number}.test")) == [expected_a(f"n{number}.test")]
            assert server.goodbye() >= 1
        # After the last goodbye another association may begin, and one side has it shaken hands before the other.
        def counted():
            stats = fwd.stats()
            return (stats["handshakes_full"], stats["handshakes_resumed"]) == (server.full, server.resumed)

        wait_for(counted, what="counters that agree")
        print(f"\n  {server.full} full, {server.resumed} resumed")
        assert server.resumed >= 2 and server.full >= 1


@pytest.fixture
def space():
    net = namespace_or_skip()
    yield net
    net.remove()


@pytest.mark.parametrize(
    "how, cipher",
    [
        ("NORMAL", "AES-"),
        ("NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", "CHACHA20-POLY1305"),
        ("NORMAL:-GROUP-ALL:+GROUP-SECP384R1", "AES-"),
    ],
)
def test_gnutls_echo_is_no_answer(how, cipher, space, certs, start, tmp_path):
    """gnutls-serv: a session as it should be, and what it says again is no answer."""
    with GnutlsDtls(tmp_path / "peer", certs, space, "--priority", how) as server:
        fwd = start(server.upstream(), options(server, **{"query-timeout": "1s"}), netns=space)
        reply = fwd.ask("echo.test")
        assert reply.rcode() == wire.SERVFAIL and not reply.answer
        assert said(fwd)[1] == "DTLS1.2" and said(fwd)[2].startswith(cipher)
        assert fwd.stats()["upstream_answers"] == 0


@pytest.fixture(scope="module")
def bridge(backend, certs, tmp_path_factory):
    with Socat(tmp_path_factory.mktemp("bridge") / "socat", certs, backend) as socat:
        yield socat


def test_socat_before_nsd(bridge, backend, start):
    """Real answers, each compared with what nsd says over TLS; what has TC comes over the TLS beside it.

    Not with DNSSEC: in a datagram nsd leaves additional records out where they have no room, and TC clear.
    """
    fwd = start(bridge.upstream(), options(bridge, **{"edns-size": EDNS_SIZE}))
    compare(backend, fwd, [q for q in questions(2 * QUICK) if not q.dnssec][:QUICK])
    fwd.wait_log(r"connected, DTLS1\.2 \S+, authenticated")  # the TLS beside it may stand before
    stats = fwd.stats()
    print(f"\n  { {k: v for k, v in stats.items() if v and ('fallback' in k or 'upstream' in k or 'handshake' in k)} }")
    assert stats["upstream_answers"] >= QUICK
