"""What a server's issuer says of its certificate, stapled (A60).

Revoked is refused, and silence where an answer is demanded.

Neither OCSP nor CRLs are fetched: whoever asks for them by name would have to be answered by what is being judged.
"""

import pytest
from certcase import NAME, TLS12, TLS13, Case, bad, leaf
from cryptography.x509.oid import ExtendedKeyUsageOID
from pki import GOOD, MUST_STAPLE, PAST, REVOKED, UNKNOWN, ocsp_of_several, ocsp_response

MUST = {"extensions": [MUST_STAPLE]}


def says(status=GOOD, **options):
    return lambda pki, chain: ocsp_response(chain[0], status, **options)


def with_intermediate(pki, **options):
    inter = pki.root.ca()
    return [inter.leaf(NAME, **options), inter]


def by_delegate(status, **options):
    """A responder that the issuer has named for it."""

    def staple(pki, chain):
        usage = {"usage": [ExtendedKeyUsageOID.OCSP_SIGNING], **options}
        return ocsp_response(chain[0], status, signer=chain[0].issuer.issue("responder", **usage))

    return staple


def by_stranger(pki, chain):
    return ocsp_response(chain[0], GOOD, signer=pki.other)


def of_another(pki, chain):
    return ocsp_response(chain[0], GOOD, of=pki.root.leaf(NAME))


def of_several(*statuses):
    """Entries for other certificates around the one that counts, which is the last status (CVE-2026-3832)."""

    def staple(pki, chain):
        others = [(pki.root.leaf("other.test"), status) for status in statuses[:-1]]
        return ocsp_of_several(pki.new_folder(), *others, (chain[0], statuses[-1]))

    return staple


def garbage(pki, chain):
    return b"\x30\x03\x0a\x01\x00no response"


def try_later(pki, chain):
    """A well-formed response that says nothing (RFC 6960 4.2.1)."""
    return b"\x30\x03\x0a\x01\x03"


CASES = {
    "good": Case(leaf(NAME), staple=says()),
    "good, demanded": Case(leaf(NAME, **MUST), staple=says()),
    "good, of an intermediate's leaf": Case(with_intermediate, staple=says()),
    "good, by a delegate": Case(leaf(NAME, **MUST), staple=by_delegate(GOOD)),
    "none": Case(leaf(NAME)),
    "revoked": Case(leaf(NAME), "revoked", staple=says(REVOKED)),
    "revoked, demanded": Case(leaf(NAME, **MUST), "revoked", staple=says(REVOKED)),
    "revoked, of an intermediate's leaf": Case(with_intermediate, "revoked", staple=says(REVOKED)),
    "revoked, by a delegate": Case(leaf(NAME), "revoked", staple=by_delegate(REVOKED)),
    "revoked, behind one that is good": Case(leaf(NAME), "revoked|OCSP", staple=of_several(GOOD, REVOKED)),
    "unknown": Case(leaf(NAME), "OCSP response does not know it", staple=says(UNKNOWN)),
    "unknown, demanded": Case(leaf(NAME, **MUST), "OCSP response does not know it", staple=says(UNKNOWN)),
    "unknown, of an intermediate's leaf": Case(with_intermediate, "does not know it", staple=says(UNKNOWN)),
    "out of date": Case(leaf(NAME), "OCSP", staple=says(until=-3)),
    "out of date, demanded": Case(leaf(NAME, **MUST), "OCSP", staple=says(until=-3)),
    "revoked, out of date": Case(leaf(NAME), "revoked|OCSP", staple=says(REVOKED, until=-3)),
    "none, demanded": Case(leaf(NAME, **MUST), "no OCSP"),
    "by a stranger": Case(leaf(NAME), "OCSP", staple=by_stranger),
    "by a stranger, demanded": Case(leaf(NAME, **MUST), "OCSP", staple=by_stranger),
    "by a delegate for something else": Case(leaf(NAME, **MUST), "OCSP", staple=by_delegate(GOOD, usage=())),
    "of another, demanded": Case(leaf(NAME, **MUST), "OCSP", staple=of_another),
    "garbage, demanded": Case(leaf(NAME, **MUST), "OCSP", staple=garbage),
    "try later, demanded": Case(leaf(NAME, **MUST), "OCSP", staple=try_later),
    "expired itself": Case(leaf(NAME, dates=PAST), "expired", staple=says()),
}


@pytest.mark.parametrize("version", [TLS13, TLS12])
@pytest.mark.parametrize("what", CASES)
def test_staple(bench, what, version):
    if CASES[what].reason is None:
        bench(version).accept(what, CASES[what])
    else:
        bench(version).refuse(what, CASES[what])


@pytest.mark.parametrize("what", bad(CASES, ["revoked", "none, demanded", "out of date"]))
def test_opportunistic(bench, what):
    bench().put_up_with(what, CASES[what])


def test_pin_only_knows_revocation(bench):
    """Who vouches for itself is asked for nothing; who is below a pinned CA is."""
    pinned = {"name": None, "pins": lambda pki, chain: [chain[1].pin], "bundle": "none"}
    bench().refuse("only a pin: revoked", Case(with_intermediate, "revoked", staple=says(REVOKED), **pinned))
    bench().refuse("only a pin: unknown", Case(with_intermediate, "does not know it", staple=says(UNKNOWN), **pinned))
    bench().accept("only a pin: good", Case(with_intermediate, staple=says(), **pinned))
