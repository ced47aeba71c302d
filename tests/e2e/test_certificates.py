"""A server that is not the one that was configured gets no question, and it is said why (A60-A62)."""

import subprocess

import pytest
import wire
from conftest import addresses, warm
from load import load
from testserver import expected_a, make_certs

CA = "[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
LEAF = (
    "[leaf]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
    "extendedKeyUsage={usage}\n{san}\n"
)
GOOD = "DNS:resolver.test"
PAST = ("20200101000000Z", "20200201000000Z")
FUTURE = ("20900101000000Z", "20910101000000Z")


def openssl(folder, *args):
    subprocess.run(["openssl", *map(str, args)], cwd=folder, check=True, capture_output=True)


class Authority:
    """Makes a CA and certificates that make-certs.sh would not make."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.counter = 0
        (folder / "index").write_text("")
        (folder / "serial").write_text("01\n")
        self.key("ca.key")
        (folder / "ca.cnf").write_text("[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=odd CA\n" + CA)
        openssl(
            folder, "req", "-x509", "-new", "-config", "ca.cnf", "-extensions", "ca", "-key", "ca.key", "-days", 30,
            "-out", "ca.pem",
        )  # fmt: skip

    def key(self, name, bits=None):
        kind = ["RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"] if bits else ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl(self.folder, "genpkey", "-algorithm", *kind, "-out", name)

    def leaf(self, san=GOOD, cn="resolver.test", usage="serverAuth", dates=None, digest="sha256", bits=None):
        """A folder with server.pem and server.key."""
        self.counter += 1
        out = self.folder / f"leaf{self.counter}"
        out.mkdir()
        self.key(out / "server.key", bits)
        extensions = LEAF.format(usage=usage, san=f"subjectAltName={san}" if san else "")
        start, end = dates or ("20200101000000Z", "20490101000000Z")
        (self.folder / "x.cnf").write_text(
            "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=x\n" + extensions + "[ca]\ndefault_ca=c\n[c]\n"
            f"database={self.folder}/index\nserial={self.folder}/serial\nnew_certs_dir={out}\npolicy=p\nunique_subject=no\n"
            "[p]\ncommonName=supplied\n"
        )
        openssl(
            self.folder, "req", "-new", "-config", "x.cnf", "-key", out / "server.key", "-subj", f"/CN={cn}",
            "-out", "x.csr",
        )  # fmt: skip
        openssl(
            self.folder, "ca", "-batch", "-config", "x.cnf", "-extensions", "leaf", "-md", digest, "-cert", "ca.pem",
            "-keyfile", "ca.key", "-startdate", start, "-enddate", end, "-notext", "-in", "x.csr", "-out", "x.pem",
        )  # fmt: skip
        (out / "server.pem").write_text((self.folder / "x.pem").read_text() + (self.folder / "ca.pem").read_text())
        (out / "ca.pem").write_text((self.folder / "ca.pem").read_text())
        return out


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


def self_signed(folder):
    folder.mkdir()
    openssl(
        folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30, "-subj",
        "/CN=resolver.test", "-addext", "subjectAltName=DNS:resolver.test", "-keyout", "server.key", "-out",
        "server.pem",
    )  # fmt: skip
    return folder


def refused(start_server, start, certs, ca, reason, auth_name="resolver.test"):
    server = start_server(certs=certs)
    upstream = f"tls://127.0.0.1:{server.tls[0].port}" + (f"#{auth_name}" if auth_name else "")
    fwd = start(upstream, {"tls-cert-bundle": str(ca), "query-timeout": "1s"})
    assert reason.lower() in fwd.wait_log("(?i)warning upstream .*")[0].lower()
    reply = fwd.ask("secret.test")
    assert reply.rcode() == wire.SERVFAIL and not reply.answer
    ((code, text),) = wire.edes(reply)
    assert code in (22, 23) and reason.lower() in text.lower(), text
    assert server.stat("queries") == 0 and b"secret" not in b"".join(q.data for q in server.queries())
    assert len([line for line in fwd.log() if " warning " in line]) == 1, "one line for one outage"
    return server, fwd


WRONG = {
    "another name": ({"san": "DNS:other.test"}, "is for other.test, expected resolver.test"),
    "a name below": ({"san": "DNS:a.resolver.test"}, "expected resolver.test"),
    "a name that begins so": ({"san": "DNS:resolver.test.evil.test"}, "expected resolver.test"),
    "wildcard too deep": ({"san": "DNS:*.resolver.test"}, "expected resolver.test"),
    "wildcard of everything": ({"san": "DNS:*"}, "expected resolver.test"),
    "partial wildcard": ({"san": "DNS:res*.test"}, "expected resolver.test"),
    "wildcard of the top": ({"san": "DNS:*.test.*"}, "expected resolver.test"),
    "the common name alone": ({"san": ""}, "no name at all"),
    "common name right, SAN wrong": ({"san": "DNS:other.test", "cn": "resolver.test"}, "other.test"),
    "an address only": ({"san": "IP:127.0.0.1"}, "127.0.0.1, expected resolver.test"),
    "expired": ({"dates": PAST}, "expired"),
    "not yet valid": ({"dates": FUTURE}, "not yet"),
    "for clients only": ({"usage": "clientAuth"}, "certificate refused"),
    "SHA-1": ({"digest": "sha1"}, "certificate refused"),
    "RSA of 1024": ({"bits": 1024}, "certificate refused"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_certificates(start_server, start, authority, what):
    kwargs, reason = WRONG[what]
    leaf = authority.leaf(**kwargs)
    refused(start_server, start, leaf, leaf / "ca.pem", reason)


def test_another_authority(start_server, start, authority, certs):
    refused(start_server, start, authority.leaf(), certs / "ca.pem", "certificate refused")


def test_self_signed(start_server, start, certs, tmp_path):
    refused(start_server, start, self_signed(tmp_path / "self"), certs / "ca.pem", "certificate refused")


def test_signed_by_a_leaf(start_server, start, authority, tmp_path):
    """What the CA signed may not sign others itself."""
    issuer = authority.leaf()
    folder = tmp_path / "chain"
    folder.mkdir()
    openssl(folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "server.key")
    openssl(folder, "req", "-new", "-key", "server.key", "-subj", "/CN=resolver.test", "-out", "x.csr")
    (folder / "x.cnf").write_text(f"[x]\nsubjectAltName={GOOD}\nextendedKeyUsage=serverAuth\n")
    openssl(
        folder, "x509", "-req", "-in", "x.csr", "-CA", issuer / "server.pem", "-CAkey", issuer / "server.key",
        "-set_serial", 7, "-days", 9, "-extfile", "x.cnf", "-extensions", "x", "-out", "leaf.pem",
    )  # fmt: skip
    (folder / "server.pem").write_text((folder / "leaf.pem").read_text() + (issuer / "server.pem").read_text())
    refused(start_server, start, folder, issuer / "ca.pem", "certificate refused")


def test_without_a_name_the_address_must_be_there(start_server, start, authority):
    """Octet for octet, never as a dNSName."""
    for san in ("DNS:127.0.0.1", "IP:127.0.0.2", "DNS:resolver.test"):
        leaf = authority.leaf(san=san)
        refused(start_server, start, leaf, leaf / "ca.pem", "expected 127.0.0.1", auth_name=None)


@pytest.mark.parametrize(
    "san, name",
    [
        ("DNS:resolver.test", "resolver.test"),
        ("DNS:RESOLVER.Test", "resolver.test"),
        ("DNS:resolver.test", "Resolver.TEST"),
        ("DNS:*.resolver.test", "a.resolver.test"),
        ("DNS:other.test,DNS:resolver.test,IP:192.0.2.1", "resolver.test"),
        ("IP:127.0.0.1", None),
        ("DNS:other.test,IP:127.0.0.1", None),
    ],
)
def test_good_certificates(start_server, start, authority, san, name):
    leaf = authority.leaf(san=san, cn="something else")
    server = start_server(certs=leaf)
    upstream = f"tls://127.0.0.1:{server.tls[0].port}" + (f"#{name}" if name else "")
    fwd = start(upstream, {"tls-cert-bundle": str(leaf / "ca.pem")})
    assert addresses(fwd.ask("good.test")) == [expected_a("good.test")]


@pytest.mark.clock
def test_good_then_bad_then_good(start_server, start, authority, certs):
    """F14: the next handshake decides; recovery without restart."""
    server = start_server()
    fwd = warm(start(server, {"query-timeout": "1s"}))
    server.load_cert(authority.leaf())
    server.closeall()
    server.reset()
    reply = fwd.ask("now-bad.test")
    assert reply.rcode() == wire.SERVFAIL and "certificate refused" in wire.edes(reply)[0][1]
    assert server.stat("queries") == 0
    server.load_cert(certs)
    warm(fwd)
    fwd.wait_log("up again after")


def test_a_refused_server_is_not_hammered(start_server, start, authority):
    """A52: at most 20 connections in 10 s, however many ask."""
    leaf = authority.leaf(san="DNS:other.test")
    server = start_server(certs=leaf)
    fwd = start(server.upstream(), {"tls-cert-bundle": str(leaf / "ca.pem"), "query-timeout": "500ms"})
    result = load(fwd, 1000, window=100, rate=500)
    assert result.failed == {wire.SERVFAIL: 1000} and not result.lost
    assert server.stat("connections") <= 20 * (1 + int(result.seconds) // 10) and server.stat("queries") == 0


def test_two_upstreams_of_one_address_are_two(start_server, start, certs, tmp_path):
    """The name decides: the same server under a name that it has not is refused."""
    own = make_certs(tmp_path / "own", "DNS:one.test")
    server = start_server(certs=own)
    options = {"tls-cert-bundle": str(own / "ca.pem")}
    one = start(server.upstream(name="one.test"), options)
    two = start(server.upstream(name="two.test"), {**options, "query-timeout": "1s"})
    assert one.ask("a.test").rcode() == 0 and two.ask("a.test").rcode() == wire.SERVFAIL
