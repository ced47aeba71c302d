"""Below a name that is known not to exist nothing is asked for (RFC 8020), where somebody vouches for that."""

import dns.flags
import pytest
import wire
from cachecase import CACHED, NXDOMAIN, cached, hit, learn, right, ttls, want_ad

SOA = bytes(2) + bytes.fromhex("00000001 00000e10 00000384 00093a80 0000003c")
ALIAS = wire.record("gone.test", wire.CNAME, wire.name("nowhere.test"))
BELOW = "www.gone.test"


def denial(flags=wire.AD, answer=b""):
    """That gone.test, or what it is an alias of, does not exist; the SOA's owner points into the question."""
    head = wire.header(wire.QR | wire.RD | wire.RA | flags | wire.NXDOMAIN, (1, bool(answer), 1, 1), 0)
    soa = b"\xc0\x11" + bytes.fromhex("0006 0001 0000003c 0016") + SOA
    return head + wire.question("gone.test") + answer + soa + wire.opt()


def learn_denial(fwd, server, **how):
    server.rule(f"name=gone.test hex={denial(**how).hex()}")
    before = server.count("gone.test")
    reply = fwd.ask(want_ad("gone.test"))
    assert reply.rcode() == NXDOMAIN and server.count("gone.test") == before + 1
    return reply


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_nothing_below(start, server, transport):
    fwd = cached(start, server)
    assert learn_denial(fwd, server).flags & dns.flags.AD
    for name, rrtype in ((BELOW, "AAAA"), ("A.b.c.GONE.test", "TXT"), (BELOW, "DS")):
        reply = hit(fwd, server, name, rrtype, transport=transport)
        assert reply.rcode() == NXDOMAIN and not reply.answer and not reply.flags & dns.flags.AD
        (soa,) = reply.authority
        assert str(soa.name).lower() == "test." and 0 < ttls(reply)[0] <= 60
        assert fwd.ask(want_ad(name, rrtype), transport=transport).flags & dns.flags.AD
        assert server.count(name) == 0
    assert right(learn(fwd, server, "begone.test"), "begone.test")
    stats = fwd.stats()
    assert stats["cache_cuts"] == 6 and stats["cache_hits"] == 0 and stats["cache_misses"] == 2


@pytest.mark.parametrize("how", [{"flags": 0}, {"answer": ALIAS}], ids=["no AD", "an alias"])
def test_no_more_is_denied_than_is_safe(start, server, how):
    fwd = cached(start, server)
    learn_denial(fwd, server, **how)
    assert right(learn(fwd, server, BELOW), BELOW)
    assert fwd.ask(want_ad("gone.test")).rcode() == NXDOMAIN and server.count("gone.test") == 1
    assert fwd.stats()["cache_cuts"] == fwd.stats()["cache_cut_probes"] == 0


def test_dnssec_ok_and_checking_disabled_are_asked_for_anew(start, server):
    fwd = cached(start, server)
    learn_denial(fwd, server)
    assert right(learn(fwd, server, BELOW, want_dnssec=True), BELOW)
    query = want_ad(BELOW)
    query.flags |= dns.flags.CD
    assert right(fwd.ask(query), BELOW) and server.count(BELOW) == 2
    assert hit(fwd, server, BELOW).rcode() == NXDOMAIN
    assert fwd.stats()["cache_cuts"] == 1


def test_opportunistic(start, server):
    """Whoever was not authenticated vouches for nothing; the same server, when it is, does."""
    for name, cuts in (("other.test", 0), ("resolver.test", 1)):
        server.clear_rules()
        server.reset()
        fwd = start({"server": server, "profile": "opportunistic", "auth-name": name}, CACHED)
        assert bool(learn_denial(fwd, server).flags & dns.flags.AD) == bool(cuts)
        reply = fwd.ask(BELOW)
        assert reply.rcode() == NXDOMAIN if cuts else right(reply, BELOW)
        assert server.count(BELOW) == 1 - cuts and fwd.stats()["cache_cuts"] == cuts
        fwd.stop()
