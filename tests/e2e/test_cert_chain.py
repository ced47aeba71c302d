"""A server that is not the one that was configured gets no question, and it is said why (A60, standards 8.2)."""

import pytest
from certcase import NAME, TLS12, TLS13, Case, bad, leaf
from cryptography import x509
from pki import CLIENT, FUTURE, PAST, SERVER, certify, constraints, rsa_key

EXPECTED = f"expected {NAME}"


# -- chains: leaf first -------------------------------------------------------------


def with_intermediate(pki):
    inter = pki.root.ca()
    return [inter.leaf(NAME), inter]


def under(**options):
    """A leaf under an intermediate of that kind."""

    def chain(pki):
        inter = pki.root.ca(**options)
        return [inter.leaf(NAME, "IP:127.0.0.1"), inter]

    return chain


def without_intermediate(pki):
    return with_intermediate(pki)[:1]


def with_root(pki):
    return [*with_intermediate(pki), pki.root]


def in_disorder(pki):
    """What belongs to it, and more, in an order that TLS 1.3 wants clients to put up with (RFC 8446 4.4.2)."""
    end, inter = with_intermediate(pki)
    return [end, pki.other, pki.root, inter]


def under_leaf(pki):
    """What the CA signed may not sign others itself."""
    issuer = pki.root.leaf(NAME)
    return [issuer.leaf(NAME), issuer]


def under_half_ca(pki):
    """No CA, though its key usage says so."""
    issuer = pki.root.issue("half a CA", ca=False, signs=True, usage=())
    return [issuer.leaf(NAME), issuer]


def too_long(pki):
    """The upper CA may have leaves, but no CA below."""
    upper = pki.root.ca("upper", path_length=0)
    lower = upper.ca("lower")
    return [lower.leaf(NAME), lower, upper]


def narrowed_twice(pki):
    """Each CA permits a name, and none both."""
    upper = pki.root.ca("upper", extensions=[constraints(permitted=["other.test"])])
    lower = upper.ca("lower", extensions=[constraints(permitted=[NAME])])
    return [lower.leaf(NAME), lower, upper]


def of_stranger(pki):
    return [pki.other.leaf(NAME)]


LONG_NAME = "CN=Authority of Long Names,O=A Company With a Long Name Limited,L=Salford,ST=Greater Manchester,C=GB"


def of_long_name(pki):
    """As companies have them."""
    return [pki.other.ca(x509.Name.from_rfc4514_string(LONG_NAME)).leaf(NAME)]


def of_stranger_and_root(pki):
    return [pki.other.leaf(NAME), pki.other]


def of_namesake(pki):
    """Its issuer has the name of the root, and another key."""
    return [certify(None, "root CA", ca=True, usage=()).leaf(NAME)]


def self_signed(pki):
    return [certify(None, NAME, [NAME])]


def swapped_key(pki):
    """Behind the leaf the right issuer, but the signature is that of another key."""
    inter = pki.root.ca()
    forger = certify(None, "intermediate CA", ca=True, usage=())
    return [forger.leaf(NAME), inter]


def old_rsa(digest):
    return lambda pki: [pki.rsa.leaf(NAME, digest=digest), pki.rsa]


def under_old(digest):
    """The leaf is good, its issuer is signed as nobody should any more."""

    def chain(pki):
        inter = pki.rsa.ca("old", digest=digest)
        return [inter.leaf(NAME), inter, pki.rsa]

    return chain


def under_weak_key(pki):
    inter = pki.root.ca("weak CA", key=rsa_key(1024))
    return [inter.leaf(NAME), inter]


def many_names(count):
    return lambda pki: [pki.root.leaf(*(f"n{i}.many-names-in-one-certificate.test" for i in range(count)), NAME)]


def many_constraints(pki):
    """Names times constraints is the work (CVE-2024-12243, CVE-2025-14831)."""
    excluded = [f"x{i}.excluded.test" for i in range(1000)]
    inter = pki.root.ca("narrow", extensions=[constraints(excluded=[*excluded, NAME])])
    return [inter.leaf(*(f"n{i}.many.test" for i in range(1000)), NAME), inter]


def many_certificates(pki):
    """Over 100 KB of them."""
    return [*with_intermediate(pki), *([pki.other.leaf(*(f"n{i}.filler.test" for i in range(500)))] * 12)]


GOOD = {
    "DNS name": Case(leaf(NAME)),
    "DNS name in capitals": Case(leaf("RESOLVER.Test")),
    "auth-name in capitals": Case(leaf(NAME), name="Resolver.TEST"),
    "one of many": Case(leaf("other.test", "IP:192.0.2.1", "URI:https://other.test/", NAME)),
    "wildcard": Case(leaf("*.test")),
    "wildcard below": Case(leaf("*.resolver.test"), name="a.resolver.test"),
    "address": Case(leaf("IP:127.0.0.1"), name=None),
    "address behind a name": Case(leaf("other.test", "IP:127.0.0.1"), name=None),
    "intermediate": Case(with_intermediate),
    "root sent along": Case(with_root),
    "order, and a stranger": Case(in_disorder),
    "no usage at all": Case(leaf(NAME, usage=())),
    "servers and clients": Case(leaf(NAME, usage=(CLIENT, SERVER))),
    "RSA of 2048": Case(leaf(NAME, key=rsa_key())),
    "inside the constraints": Case(under(extensions=[constraints(permitted=["test", "NET:127.0.0.0/8"])])),
    "beside the constraints": Case(under(extensions=[constraints(excluded=["other.test"])])),
    "path length kept": Case(under(path_length=0)),
    "30 KB": Case(many_names(700)),
}

BAD = {
    "another name": Case(leaf("other.test"), f"is for other.test, {EXPECTED}"),
    "a name below": Case(leaf("a.resolver.test"), f"is for a.resolver.test, {EXPECTED}"),
    "a name above": Case(leaf("test"), f"is for test, {EXPECTED}"),
    "a name that begins so": Case(leaf("resolver.test.evil.test"), EXPECTED),
    "a name that ends so": Case(leaf("evil-resolver.test"), EXPECTED),
    "common name alone": Case(leaf(cn=NAME), f"is for no name at all, {EXPECTED}"),
    "common name right, SAN wrong": Case(leaf("other.test", cn=NAME), f"is for other.test, {EXPECTED}"),
    "common name right, SAN a URI": Case(leaf(f"URI:https://{NAME}/", cn=NAME), EXPECTED),
    "common name right, SAN too long": Case(leaf(".".join(["long"] * 500), cn=NAME), EXPECTED),
    "wildcard too deep": Case(leaf("*.test"), "expected a.resolver.test", name="a.resolver.test"),
    "wildcard, label missing": Case(leaf("*.resolver.test"), f"is for \\*.resolver.test, {EXPECTED}"),
    "wildcard of everything": Case(leaf("*"), EXPECTED),
    "wildcard twice": Case(leaf("*.*"), EXPECTED),
    "partial wildcard": Case(leaf("res*.test"), EXPECTED),
    "partial wildcard at the end": Case(leaf("*r.test"), EXPECTED),
    "wildcard not in front": Case(leaf("resolver.*"), EXPECTED),
    "NUL in the name": Case(leaf("resolver.test\0.evil.test"), f"is for resolver.test\\S+evil.test, {EXPECTED}"),
    "NUL behind the name": Case(leaf("resolver.test\0"), f"is for resolver.test\\S+, {EXPECTED}"),
    "a line of its own": Case(leaf("a\n2030-01-01 dnsfwd: warning upstream b"), EXPECTED),
    "address where a name is expected": Case(leaf("IP:127.0.0.1"), f"is for 127.0.0.1, {EXPECTED}"),
    "address as a DNS name": Case(leaf("127.0.0.1"), "is for 127.0.0.1, expected 127.0.0.1", name=None),
    "another address": Case(leaf("IP:127.0.0.2"), "is for 127.0.0.2, expected 127.0.0.1", name=None),
    "name where an address is expected": Case(leaf(NAME), f"is for {NAME}, expected 127.0.0.1", name=None),
    "mapped address": Case(leaf("IP:::ffff:127.0.0.1"), "expected 127.0.0.1", name=None),
    "expired": Case(leaf(NAME, dates=PAST), "expired"),
    "not yet valid": Case(leaf(NAME, dates=FUTURE), "not valid before"),
    "intermediate expired": Case(under(dates=PAST), "expired"),
    "intermediate not yet valid": Case(under(dates=FUTURE), "not valid before"),
    "self-signed": Case(self_signed, "unknown issuer"),
    "other CA": Case(of_stranger, "unknown issuer"),
    "other CA with a long name": Case(of_long_name, f'unknown issuer "{LONG_NAME[:80]}\\.\\.\\."'),
    "other CA, sent along": Case(of_stranger_and_root, "unknown issuer"),
    "namesake of the root": Case(of_namesake, "unknown issuer|signature"),
    "intermediate missing": Case(without_intermediate, "unknown issuer"),
    "signature of another": Case(swapped_key, "unknown issuer|signature"),
    "issuer is a leaf": Case(under_leaf, "not a CA"),
    "issuer says CA:FALSE": Case(under_half_ca, "not a CA"),
    "issuer may not sign": Case(under(signs=False), "constraints"),
    "path too long": Case(too_long, "constraints"),
    "name excluded": Case(under(extensions=[constraints(excluded=[NAME])]), "constraints"),
    "name excluded, in capitals": Case(under(extensions=[constraints(excluded=["RESOLVER.TEST"])]), "constraints"),
    "name above excluded": Case(under(extensions=[constraints(excluded=["test"])]), "constraints"),
    "other name permitted": Case(under(extensions=[constraints(permitted=["other.test"])]), "constraints"),
    "permitted by none of two": Case(narrowed_twice, "constraints"),
    "address excluded": Case(under(extensions=[constraints(excluded=["NET:127.0.0.0/8"])]), "constraints"),
    "address excluded, asked for it": Case(
        under(extensions=[constraints(excluded=["NET:127.0.0.0/8"])]), "constraints", name=None
    ),
    "for clients only": Case(leaf(NAME, usage=[CLIENT]), "not for servers"),
    "CA for clients only": Case(
        lambda pki: with_ca(pki.root.issue("client CA", ca=True, usage=[CLIENT])), "not for servers"
    ),
    "SHA-1": Case(old_rsa("sha1"), "weak"),
    "MD5": Case(old_rsa("md5"), "weak"),
    "issuer signed with SHA-1": Case(under_old("sha1"), "weak"),
    "issuer signed with MD5": Case(under_old("md5"), "weak"),
    "RSA of 1024": Case(leaf(NAME, key=rsa_key(1024)), "weak"),
    "issuer with RSA of 1024": Case(under_weak_key, "weak"),
}

BIG = {
    "100 KB of names": Case(many_names(2500), "too large"),
    "names times constraints": Case(many_constraints, "constraints"),
    "100 KB of certificates": Case(many_certificates, "too large"),
}


def with_ca(ca):
    return [ca.leaf(NAME), ca]


CENTRAL = [
    "another name", "common name right, SAN wrong", "expired", "not yet valid", "self-signed", "other CA",
    "intermediate missing", "issuer is a leaf", "for clients only", "SHA-1", "RSA of 1024",
]  # fmt: skip


@pytest.mark.parametrize("what", GOOD)
def test_good(bench, what):
    bench().accept(what, GOOD[what])


@pytest.mark.parametrize("what", ["DNS name", "address", "intermediate", "RSA of 2048"])
def test_good_over_tls_12(bench, what):
    bench(TLS12).accept(what, GOOD[what])


@pytest.mark.parametrize("what", BAD)
def test_refused(bench, what):
    bench().refuse(what, BAD[what])


@pytest.mark.parametrize("what", CENTRAL)
def test_refused_over_tls_12(bench, what):
    bench(TLS12).refuse(what, BAD[what])


@pytest.mark.parametrize("what", bad(BAD, CENTRAL))
def test_opportunistic(bench, what):
    bench().put_up_with(what, BAD[what])


@pytest.mark.parametrize("version", [TLS13, TLS12])
@pytest.mark.parametrize("what", BIG)
def test_too_much(bench, what, version):
    """Not worked through, and not for long."""
    fwd = bench(version).refuse(what, BIG[what])
    print(f"  {fwd.cpu():.2f} s of CPU")
    assert fwd.cpu() < 5
