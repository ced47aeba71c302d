"""Certificates of every kind, made when a test wants them; none is kept.

    pki = Pki(folder)
    leaf = pki.root.leaf("resolver.test")
    server.load_cert(pki.serve(leaf, pki.root))         # what is sent, in this order
    ... tls-cert-bundle = pki.bundle(pki.root), pin-sha256 = [leaf.pin]
"""

import base64
import datetime
import hashlib
import ipaddress
import itertools
import pathlib
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH

_numbers = itertools.count(1)


def now(**delta):
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(**delta)


VALID = (now(days=-10), now(days=300))
PAST = (now(days=-300), now(days=-10))
FUTURE = (now(days=10), now(days=300))


def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits=2048):
    return rsa.generate_private_key(65537, bits)


def dn(text):
    """A common name, or a whole name."""
    return text if isinstance(text, x509.Name) else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def general(name):
    """"IP:192.0.2.1", "URI:..." or a dNSName, which may hold any octet under 0x80."""
    kind, _, rest = name.partition(":")
    if kind == "IP":
        return x509.IPAddress(ipaddress.ip_address(rest))
    if kind == "NET":
        return x509.IPAddress(ipaddress.ip_network(rest))
    if kind == "URI":
        return x509.UniformResourceIdentifier(rest)
    return x509.DNSName(name)


def constraints(permitted=None, excluded=None):
    """NameConstraints of lists of names as general() takes them; "NET:..." for addresses."""
    spelled = [None if names is None else [general(n) for n in names] for names in (permitted, excluded)]
    return x509.NameConstraints(*spelled)


class Identity:
    """A certificate with its key: an authority, or what one has vouched for."""

    def __init__(self, cert, key, issuer=None):
        self.cert, self.key, self.issuer = cert, key, issuer or self

    @property
    def der(self):
        return self.cert.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self):
        formats = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, *formats).decode()

    @property
    def pin(self):
        spki = self.cert.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(hashlib.sha256(spki).digest()).decode()

    def issue(self, cn, san=(), ca=False, **options):
        return certify(self, cn, san, ca, **options)

    def ca(self, cn="intermediate CA", **options):
        return self.issue(cn, ca=True, usage=(), **options)

    def leaf(self, *san, cn="a server", **options):
        return self.issue(cn, san, **options)


def certify(
    issuer, cn, san=(), ca=False, path_length=None, dates=VALID, usage=(SERVER,), signs=None, key=None,
    digest=None, extensions=(),
):  # fmt: skip
    """An Identity of issuer's making; issuer None: its own.

    ca          what basicConstraints says; signs: what keyUsage says of that, if something else
    usage       extendedKeyUsage, none if empty
    digest      an old one, from an issuer with an RSA key
    extensions  more of them, critical
    """
    key = key or ec_key()
    signer = issuer.key if issuer else key
    builder = x509.CertificateBuilder(
        subject_name=dn(cn),
        issuer_name=issuer.cert.subject if issuer else dn(cn),
        public_key=key.public_key(),
        serial_number=next(_numbers),
        not_valid_before=dates[0],
        not_valid_after=dates[1],
    )
    builder = builder.add_extension(x509.BasicConstraints(ca, path_length), critical=True)
    builder = builder.add_extension(_key_usage(ca if signs is None else signs), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if issuer:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(above, critical=False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    if san:
        builder = builder.add_extension(x509.SubjectAlternativeName([general(s) for s in san]), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=not isinstance(extension, x509.TLSFeature))
    cert = builder.sign(signer, hashes.SHA256())
    return Identity(with_old_digest(cert, signer, digest) if digest else cert, key, issuer)


def _key_usage(signs):
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


SHA256_RSA = bytes.fromhex("06092a864886f70d01010b")
OLD_RSA = {"md5": (hashes.MD5, b"\x04"), "sha1": (hashes.SHA1, b"\x05")}


def with_old_digest(cert, key, digest):
    """The same, signed as nobody should any more: identifiers and signatures are as long as before."""
    kind, number = OLD_RSA[digest]
    old, tbs = SHA256_RSA[:-1] + number, cert.tbs_certificate_bytes
    new_tbs = tbs.replace(SHA256_RSA, old)
    der = cert.public_bytes(serialization.Encoding.DER)
    der = der.replace(tbs, new_tbs).replace(SHA256_RSA, old)
    return x509.load_der_x509_certificate(
        der.replace(cert.signature, key.sign(new_tbs, padding.PKCS1v15(), kind()))
    )


class Pki:
    """A root that is trusted, with folders for servers to serve from."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.root = certify(None, "root CA", ca=True, usage=())
        self.other = certify(None, "other root CA", ca=True, usage=())
        self._rsa = None

    @property
    def rsa(self):
        """A CA that can sign as in the past."""
        self._rsa = self._rsa or self.root.ca("RSA CA", key=rsa_key())
        return self._rsa

    def new_folder(self):
        folder = self.folder / f"folder{next(_numbers)}"
        folder.mkdir()
        return folder

    def serve(self, leaf, *chain, staple=None):
        """A folder with server.pem, server.key and, if there is one, staple.der."""
        folder = self.new_folder()
        (folder / "server.pem").write_text("".join(c.pem for c in (leaf, *chain)))
        (folder / "server.key").write_text(leaf.key_pem)
        if staple:
            (folder / "staple.der").write_bytes(staple)
        return folder

    def bundle(self, *anchors):
        path = self.folder / f"bundle{next(_numbers)}.pem"
        path.write_text("".join(a.pem for a in anchors))
        return str(path)


# -- OCSP ----------------------------------------------------------------------------

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])


def ocsp_response(leaf, status=GOOD, signer=None, until=1, of=None):
    """What the leaf's issuer says of it.

    signer  who says so instead    until  days from now
    of      the certificate it speaks of instead
    """
    signer, revoked = signer or leaf.issuer, status == REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=(of or leaf).cert,
        issuer=leaf.issuer.cert,
        algorithm=hashes.SHA1(),
        cert_status=status,
        this_update=now(days=min(-1, until - 1)),
        next_update=now(days=until),
        revocation_time=now(days=-2) if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, signer.cert)
    if signer is not leaf.issuer:
        builder = builder.certificates([signer.cert])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _index_row(leaf, status):
    spelled = "%y%m%d%H%M%SZ"
    serial = leaf.cert.serial_number.to_bytes(4, "big").lstrip(b"\0").hex().upper()
    then = now(days=-2).strftime(spelled) if status == REVOKED else ""
    letter = "R" if status == REVOKED else "V"
    return f"{letter}\t{VALID[1].strftime(spelled)}\t{then}\t{serial}\tunknown\t/CN=x\n"


def ocsp_of_several(folder, *statuses):
    """One response of leaves with one issuer, in this order: [(leaf, status)].  The library makes but one entry."""
    issuer = statuses[0][0].issuer
    (folder / "index").write_text("".join(_index_row(leaf, status) for leaf, status in statuses))
    (folder / "ca.pem").write_text(issuer.pem)
    (folder / "ca.key").write_text(issuer.key_pem)
    words = ["openssl", "ocsp", "-issuer", "ca.pem", "-index", "index", "-CA", "ca.pem", "-rsigner", "ca.pem"]
    words += ["-rkey", "ca.key", "-ndays", "1", "-respout", "staple.der"]
    for leaf, _ in statuses:
        words += ["-serial", str(leaf.cert.serial_number)]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return (folder / "staple.der").read_bytes()
