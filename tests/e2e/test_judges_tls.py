"""The TLS of others as the other side: OpenSSL's s_server, which answers queries here, and GnuTLS's gnutls-serv."""

import pytest
import wire
from conftest import addresses
from judge_peers import GnutlsPeer, OpensslPeer, echo
from netns import namespace_or_skip
from testserver import expected_a, wait_for

TLS13, TLS12 = "TLS1.3", "TLS1.2"


@pytest.fixture
def peer(certs, tmp_path):
    """Starts an s_server with these options."""
    started = []

    def begin(*args, **kwargs):
        started.append(OpensslPeer(tmp_path / f"peer{len(started)}", certs, *args, **kwargs))
        return started[-1]

    yield begin
    for one in started:
        one.stop()


def options(peer, **more):
    return {"tls-cert-bundle": peer.ca, "query-timeout": "4s", **more}


def check_answers(fwd):
    assert addresses(fwd.ask("peer.test")) == [expected_a("peer.test")]
    reply = fwd.ask("peer.test", "TXT", transport="tcp")
    assert sum(len(s) for rrset in reply.answer for rr in rrset for s in rr.strings) == 20000


def said(fwd):
    """What the log says of the first session."""
    return fwd.wait_log(r"connected, (\S+) (\S+), authenticated")


@pytest.mark.parametrize(
    "how, version",
    [
        ([], TLS13),
        (["-tls1_3"], TLS13),
        (["-tls1_2"], TLS12),
        (["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], TLS13),
        (["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], TLS13),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], TLS12),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], TLS12),
        (["-tls1_3", "-groups", "X25519"], TLS13),
        (["-tls1_3", "-groups", "P-384"], TLS13),  # a key share for it was not sent: HelloRetryRequest
        (["-alpn", "dot"], TLS13),
        (["-alpn", "h2,dot"], TLS13),
        (["-max_send_frag", "512"], TLS13),  # a long answer comes in many records
        (["-verify", "1"], TLS13),  # it asks for a certificate and does without
        (["-verify", "1", "-tls1_2"], TLS12),
        (["-num_tickets", "8"], TLS13),
        (["-no_ticket", "-tls1_2"], TLS12),
    ],
    ids=lambda value: "".join(value).replace("-", "_") if isinstance(value, list) else value,
)
def test_full_handshake(how, version, peer, start):
    server = peer(*how)
    fwd = start(server.upstream(), options(server))
    check_answers(fwd)
    assert said(fwd)[1] == version
    assert fwd.stats()["handshakes_full"] >= 1


@pytest.mark.parametrize(
    "how",
    [
        ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],  # CBC
        ["-alpn", "http/1.1"],
        ["-Verify", "1", "-tls1_2"],  # it insists on a certificate
    ],
    ids=["version", "cipher", "alpn", "client_certificate"],
)
def test_no_handshake(how, peer, start):
    """What both sides do not have in common ends in an error for the client, and in no query."""
    server = peer(*how)
    fwd = start(server.upstream(), options(server, **{"query-timeout": "1s"}))
    reply = fwd.ask("peer.test")
    assert reply.rcode() == wire.SERVFAIL and not reply.answer
    wait_for(server.hellos, what="a ClientHello")
    assert server.queries == 0
    assert fwd.stats()["handshakes_full"] == 0


def test_hello_as_openssl_reads_it(peer, start):
    server = peer()
    check_answers(start(server.upstream(), options(server)))
    hello = server.hellos()[0]
    assert hello["versions"] == ["TLS 1.3", "TLS 1.2"]
    assert "dot" in hello["application_layer_protocol_negotiation"].split()
    assert "server_name" in hello and "early_data" not in hello
    assert "psk" not in hello


def test_no_server_name_for_an_address(peer, start):
    """RFC 6066 3: literal addresses are not permitted in it."""
    server = peer()
    check_answers(start(server.upstream(name=None), options(server)))
    assert "server_name" not in server.hellos()[0]


def test_server_name(peer, certs, start):
    """A server that has a certificate for that name, and an alert for other names."""
    second = ["-cert2", certs / "server.pem", "-key2", certs / "server.key"]
    server = peer("-servername", "resolver.test", "-servername_fatal", *second)
    check_answers(start(server.upstream(), options(server)))


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_echo_is_no_answer(version, peer, start):
    """What comes back as it went out has QR clear."""
    server = peer(version, respond=echo)
    fwd = start(server.upstream(), options(server, **{"query-timeout": "1s"}))
    for transport in ("udp", "tcp"):
        reply = fwd.ask("echo.test", transport=transport)
        assert reply.rcode() == wire.SERVFAIL and not reply.answer
    assert server.queries >= 1
    assert fwd.stats()["upstream_answers"] == 0


@pytest.fixture
def space():
    net = namespace_or_skip()
    yield net
    net.remove()


@pytest.mark.parametrize(
    "how, version",
    [
        ("NORMAL", TLS13),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.3", TLS13),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2", TLS12),
        ("NORMAL:-GROUP-ALL:+GROUP-SECP384R1:%SERVER_PRECEDENCE", TLS13),
        ("NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", TLS13),
    ],
)
def test_gnutls_sees_what_we_are(how, version, space, certs, start, tmp_path):
    """It never answers: what is told of the session is what counts."""
    strict = ["--alpn", "dot", "--alpn-fatal", "--sni-hostname", "resolver.test", "--sni-hostname-fatal"]
    with GnutlsPeer(tmp_path / "peer", certs, space, "--priority", how, *strict) as server:
        fwd = start(server.upstream(), options(server, **{"query-timeout": "200ms"}), netns=space)
        assert fwd.ask("peer.test").rcode() == wire.SERVFAIL
        assert said(fwd)[1] == version
        fwd.stop()
        told = server.sessions()[0]
    assert f"Version: {version}" in told
    assert "Application protocol: dot" in told
    assert "Given server name[1]: resolver.test" in told


def test_gnutls_sees_no_name_for_an_address(space, certs, start, tmp_path):
    with GnutlsPeer(tmp_path / "peer", certs, space) as server:
        fwd = start(server.upstream(None), options(server, **{"query-timeout": "200ms"}), netns=space)
        assert fwd.ask("peer.test").rcode() == wire.SERVFAIL
        said(fwd)
        fwd.stop()
        told = server.sessions()[0]
    assert "Version: TLS1.3" in told and "Given server name" not in told
