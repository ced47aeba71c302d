"""Public keys that were told beforehand (A60, standards 8.4).

With a name both must fit, without one the pins are the only trust.
"""

import pytest
from certcase import NAME, NO_BUNDLE, TLS12, TLS13, Case, bad, leaf
from pki import CLIENT, PAST, certify

NOBODY = "FHkyLhvI0n70E47cJlRTamTrnYVcsYdjUGbr79CfAVI="  # of the example in RFC 7858


def with_intermediate(pki, **options):
    inter = pki.root.ca()
    return [inter.leaf(NAME, **options), inter]


def with_stranger(pki):
    """Behind the chain a certificate that has nothing to do with it."""
    return [*with_intermediate(pki), pki.other]


def with_stranger_between(pki):
    end, inter = with_intermediate(pki)
    return [end, pki.other, inter]


def below_pretender(pki):
    """A CA of the same name as the pinned one, which did not sign the leaf."""
    real, pretender = pki.root.ca("the CA"), pki.root.ca("the CA")
    return [pretender.leaf(NAME), real]


def own(pki, **options):
    """Self-signed."""
    return [certify(None, "own", [NAME], **options)]


def to_own_ca(pki):
    """Up to a root of its own, which it sends."""
    inter = pki.other.ca()
    return [inter.leaf("whatever.test"), inter, pki.other]


def under_no_ca(pki):
    """What is pinned signed the leaf, and may not."""
    issuer = pki.other.leaf("issuer.test")
    return [issuer.leaf(NAME), issuer]


def under_narrow_ca(pki):
    """Above the leaf a CA that the pinned one may not have made."""
    pinned = pki.other.ca(path_length=0)
    below = pinned.ca("too deep")
    return [below.leaf(NAME), below, pinned]


def of(*indices):
    """Pins of what is sent."""
    return lambda pki, chain: [chain[i].pin for i in indices]


def of_root(pki, chain):
    return [pki.root.pin]


def pinned(chain, pins, reason=None, **options):
    """Pins without name and without store."""
    return Case(chain, reason, **{"name": None, "pins": pins, "bundle": NO_BUNDLE, **options})


CASES = {
    "leaf and name": Case(leaf(NAME), pins=of(0)),
    "leaf and name, with a pin in reserve": Case(leaf(NAME), pins=lambda pki, chain: [NOBODY, chain[0].pin]),
    "intermediate and name": Case(with_intermediate, pins=of(1)),
    "root, not sent, and name": Case(with_intermediate, pins=of_root),
    "leaf and name, a stranger sent along": Case(with_stranger, pins=of(0)),
    "mismatch, chain good": Case(leaf(NAME), "pin", pins=lambda pki, chain: [NOBODY]),
    "leaf, wrong name": Case(leaf("other.test"), f"is for other.test, expected {NAME}", pins=of(0)),
    "leaf, unknown authority": Case(lambda pki: [pki.other.leaf(NAME)], "unknown issuer", pins=of(0)),
    "leaf and name, expired": Case(leaf(NAME, dates=PAST), "expired", pins=of(0)),
    "a stranger behind the chain": Case(with_stranger, "pin|unknown issuer", pins=of(2)),
    "a stranger within the chain": Case(with_stranger_between, "pin|unknown issuer", pins=of(1)),
    "a CA of the issuer's name": Case(below_pretender, "pin|unknown issuer|signature", pins=of(1)),
    "only: leaf": pinned(leaf("whatever.test"), of(0)),
    "only: self-signed leaf": pinned(own, of(0)),
    "only: CA sent": pinned(to_own_ca, of(1)),
    "only: root sent": pinned(to_own_ca, of(2)),
    "only: the store has it not": pinned(to_own_ca, of(1), bundle=lambda pki, chain: [pki.root]),
    "only: mismatch": pinned(leaf(NAME), lambda pki, chain: [NOBODY], "pin"),
    "only: mismatch, the store has it": pinned(
        with_intermediate, lambda pki, chain: [NOBODY], "pin", bundle=lambda pki, chain: [pki.root]
    ),
    "only: a root that is not sent": pinned(with_intermediate, of_root, "pin"),
    "only: leaf expired": pinned(leaf(NAME, dates=PAST), of(0), "expired"),
    "only: self-signed leaf expired": pinned(lambda pki: own(pki, dates=PAST), of(0), "expired"),
    "only: CA expired": pinned(lambda pki: _below(pki.other.ca(dates=PAST)), of(1), "expired"),
    "only: leaf below the CA expired": pinned(lambda pki: _below(pki.other.ca(), dates=PAST), of(1), "expired"),
    "only: leaf for clients": pinned(leaf(NAME, usage=[CLIENT]), of(0), "not for servers"),
    "only: self-signed leaf for clients": pinned(lambda pki: own(pki, usage=[CLIENT]), of(0), "not for servers"),
    "only: leaf below the CA for clients": pinned(
        lambda pki: _below(pki.other.ca(), usage=[CLIENT]), of(1), "not for servers"
    ),
    "only: a stranger behind the leaf": pinned(lambda pki: [*leaf(NAME)(pki), pki.other], of(1), "pin|unknown issuer"),
    "only: a CA of the issuer's name": pinned(below_pretender, of(1), "pin|signature|unknown issuer"),
    "only: issuer is no CA": pinned(under_no_ca, of(1), "not a CA|pin"),
    "only: path too long": pinned(under_narrow_ca, of(2), "constraints|pin"),
}


def _below(ca, **options):
    return [ca.leaf(NAME, **options), ca]


CENTRAL = [
    "leaf and name", "mismatch, chain good", "leaf, wrong name", "a stranger behind the chain", "only: leaf",
    "only: CA sent", "only: mismatch", "only: leaf expired", "only: a stranger behind the leaf",
]  # fmt: skip


def check(bench, what, version):
    if CASES[what].reason is None:
        bench(version).accept(what, CASES[what])
    else:
        bench(version).refuse(what, CASES[what])


@pytest.mark.parametrize("what", CASES)
def test_pins(bench, what):
    check(bench, what, TLS13)


@pytest.mark.parametrize("what", CENTRAL)
def test_pins_over_tls_12(bench, what):
    check(bench, what, TLS12)


@pytest.mark.parametrize("what", bad(CASES, CENTRAL))
def test_opportunistic(bench, what):
    bench().put_up_with(what, CASES[what])
