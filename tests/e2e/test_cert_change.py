"""Trust over time: certificates that change, entries that differ in trust alone, a store that goes.

Threats A52, A61, A64, F14.
"""

import datetime
import re

import pytest
import wire
from certcase import NAME, TLS12, TLS13, Case, answered, leaf, refusal, warnings
from conftest import addresses, warm
from load import load
from pki import PAST, REVOKED, now, ocsp_response
from testserver import TestServer, expected_a, make_certs, wait_for

SLOW = 60.0  # of what a machine may take its time for
GOOD = Case(leaf(NAME))


def other_pin(pki, chain):
    return [pki.other.pin]


def show(bench, *chain):
    """From the next handshake on."""
    bench.server.load_cert(bench.pki.serve(*chain))


def comes_back(fwd):
    wait_for(lambda: fwd.ask("back.test").rcode() == 0, SLOW, f"an answer\n{fwd.log_text()}")


# -- F14 -----------------------------------------------------------------------------


@pytest.fixture(params=[TLS13, TLS12])
def running(request, bench):
    """(bench, a dnsfwd that has answered)"""
    b = bench(request.param)
    return b, warm(b.begin(GOOD))


def lives_on(b, fwd):
    """Nothing has been connected since."""
    before = b.server.stat("connections")
    for i in range(5):
        answered(fwd, name=f"on{i}.test")
    assert b.server.stat("connections") == before and not warnings(fwd)


def turned_away(b, fwd, reason):
    """The session that stood is gone, the next one has to pass."""
    b.server.closeall()
    b.server.reset()
    wait_for(lambda: refusal(fwd, reason), SLOW, f"{reason}\n{fwd.log_text()}")
    assert b.server.stat("queries") == b.server.stat("resumed") == 0
    fwd.stats()  # behind it, all lines before are here
    (line,) = warnings(fwd)
    assert re.search(reason, line)


@pytest.mark.clock
def test_good_to_good(running):
    b, fwd = running
    show(b, b.pki.root.leaf(NAME))
    lives_on(b, fwd)
    b.server.command("tickets rotate")
    b.server.closeall()
    comes_back(fwd)
    assert not [line for line in warnings(fwd) if "authentication" in line]


BAD = {
    "other CA": (lambda pki: pki.other.leaf(NAME), "unknown issuer"),
    "other name": (lambda pki: pki.root.leaf("other.test"), f"is for other.test, expected {NAME}"),
    "expired": (lambda pki: pki.root.leaf(NAME, dates=PAST), "expired"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("tickets", [True, False])
@pytest.mark.clock
def test_good_to_bad_to_good(bench, what, tickets):
    """Whoever shows another certificate has no key of old tickets either."""
    make, reason = BAD[what]
    b = bench()
    fwd = warm(b.begin(GOOD, **{"session-tickets": tickets}))
    show(b, make(b.pki))
    b.server.command("tickets rotate")
    lives_on(b, fwd)
    turned_away(b, fwd, reason)
    show(b, b.pki.root.leaf(NAME))
    comes_back(fwd)
    fwd.wait_log("up again after")
    assert b.server.stat("resumed") == 0, "what was refused left a ticket behind"


def test_without_tickets_each_handshake_is_judged(bench):
    """The server would take its tickets back, and none comes."""
    b = bench()
    fwd = warm(b.begin(GOOD, **{"session-tickets": False}))
    show(b, b.pki.other.leaf(NAME))
    turned_away(b, fwd, "unknown issuer")


def fails_beside(b, fwd, *rules):
    """A second connection, for a query that the first has no room for, has come to nothing."""

    def met():
        load(fwd, 2, window=2, name=lambda i: f"{('held', 'beside')[i]}.test")
        answered(fwd, name="first.test")  # it is not in doubt
        return fwd.stats()["connects_failed"] > before

    before = fwd.stats()["connects_failed"]
    for rule in ("name=held.test none", *rules):
        b.server.rule(rule)
    wait_for(met, SLOW, f"a second connection\n{fwd.log_text()}")
    b.server.clear_rules()


@pytest.mark.clock
def test_tickets_given_after_a_refusal(bench):
    """By a session from better times, which is kept: they would carry its verdict past the refusal."""
    b = bench()
    fwd = warm(b.begin(GOOD, **{"max-inflight": 1}))
    fails_beside(b, fwd, "transport=tls garbage=200")  # and no ticket is left
    show(b, b.pki.other.leaf(NAME))
    fails_beside(b, fwd)
    b.server.command("sendtickets all 3")
    comes_back(fwd)  # behind the tickets, on the first connection
    assert b.server.stat("handshakes") == 1
    b.server.closeall()
    b.server.reset()
    wait_for(lambda: refusal(fwd, "unknown issuer"), SLOW, f"a refusal\n{fwd.log_text()}")
    assert b.server.stat("queries") == b.server.stat("resumed") == 0


def test_bad_to_good(bench):
    b = bench()
    fwd = b.begin(Case(leaf("other.test")))
    wait_for(lambda: refusal(fwd, "is for other.test"), SLOW)
    show(b, b.pki.root.leaf(NAME))
    comes_back(fwd)


def test_revoked_in_the_meantime(bench):
    b = bench()
    fwd = warm(b.begin(GOOD))
    end = b.pki.root.leaf(NAME)
    b.server.load_cert(b.pki.serve(end, staple=ocsp_response(end, REVOKED)))
    b.server.command("tickets rotate")
    turned_away(b, fwd, "revoked")


def expires_soon(b, fwd):
    """Connected while the certificate was good: when it ends, or None where the machine was too slow."""
    for seconds in (3, 10, 30):
        end = now(seconds=seconds)
        show(b, b.pki.root.leaf(NAME, dates=(now(days=-1), end)))
        b.server.command("tickets rotate")
        b.server.closeall()
        comes_back(fwd)
        if not [line for line in warnings(fwd) if "expired" in line]:
            return end
        show(b, b.pki.root.leaf(NAME))
        comes_back(fwd)
    pytest.skip("too slow a machine for a certificate that ends soon")


@pytest.mark.clock
def test_expires_while_connected(bench):
    """What stands goes on, nothing new comes, not by a ticket either."""
    b = bench()
    fwd = warm(b.begin(GOOD))
    end = expires_soon(b, fwd)
    before = b.server.stat("connections")
    wait_for(lambda: now() > end + datetime.timedelta(seconds=1), SLOW)
    answered(fwd, name="still.test")
    assert b.server.stat("connections") == before
    b.server.closeall()
    b.server.reset()
    wait_for(lambda: refusal(fwd, "expired"), SLOW, f"expired\n{fwd.log_text()}")
    assert b.server.stat("queries") == b.server.stat("resumed") == 0


# -- A64 -----------------------------------------------------------------------------

DIFFERENT = {
    "name": ({"auth-name": "other.test"}, "is for resolver.test, expected other.test"),
    "pin": ({"pin-sha256": other_pin}, "pin"),
    "pin alone": ({"auth-name": "", "pin-sha256": other_pin}, "pin"),
    "store": ({"tls-cert-bundle": lambda pki, chain: pki.bundle(pki.other)}, "unknown issuer"),
}


@pytest.mark.parametrize("what", DIFFERENT)
@pytest.mark.parametrize("order", ["good one first", "bad one first"])
def test_entries_of_one_address_never_share(bench, start, what, order):
    """One may be asked, the other may not: all are answered, and only on sessions of the first."""
    b = bench()
    chain = GOOD.chain(b.pki)
    show(b, *chain)
    b.server.reset()
    options, reason = DIFFERENT[what]
    options = {k: v(b.pki, chain) if callable(v) else v for k, v in options.items()}
    entries = [{"server": b.server, "name": "good"}, {"server": b.server, "name": "bad", **options}]
    if order == "bad one first":
        entries.reverse()
    top = {"tls-cert-bundle": b.pki.bundle(b.pki.root), "policy": "round-robin"}
    fwd = start(entries, top)
    for i in range(40):
        assert addresses(fwd.ask(f"q{i}.test")) == [expected_a(f"q{i}.test")]
    b.server.wait_stat("handshake_failures", 1)
    assert b.server.stat("queries") >= 40
    fwd.wait_log("warning upstream .*" + reason)
    assert {c["name"] for c in b.server.conns() if c["queries"]} == {NAME}
    assert fwd.stats() and len(warnings(fwd)) == 1, "the good one has nothing to complain of"


def test_entries_of_one_address_each_have_sessions(bench, start):
    """Both names are in the certificate; each session asked for one of them."""
    b = bench()
    show(b, b.pki.root.leaf(NAME, "other.test"))
    b.server.reset()
    entries = [{"server": b.server}, {"server": b.server, "auth-name": "other.test"}]
    fwd = start(entries, {"tls-cert-bundle": b.pki.bundle(b.pki.root), "policy": "round-robin"})

    def both():
        fwd.ask("both.test")
        return {c["name"] for c in b.server.conns() if c["queries"]} == {NAME, "other.test"}

    wait_for(both, SLOW)


# -- addresses as names ---------------------------------------------------------------

SPELLINGS = ["::1", "0:0:0:0:0:0:0:1", "::0001", "0::1", "0000:0000:0000:0000:0000:0000:0000:0001", "::0.0.0.1"]


@pytest.fixture(scope="module")
def v6_server(certs):
    with TestServer(tls=["[::1]:0"], certs=certs) as server:
        yield server


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("form", ["short", "long"])
def test_ipv6_address(v6_server, pki, start, spelling, form):
    """Sixteen octets against sixteen octets, however it is written."""
    v6_server.load_cert(pki.serve(pki.root.leaf("IP:::1")))
    port = v6_server.tls[0].port
    long = {"server": v6_server, "address": spelling, "port": port, "auth-name": ""}
    upstream = long if form == "long" else f"tls://[{spelling}]:{port}"
    fwd = start(upstream, {"tls-cert-bundle": pki.bundle(pki.root)})
    answered(fwd)
    assert not warnings(fwd)


@pytest.mark.parametrize("san", ["IP:::2", "IP:0.0.0.1", "::1", "[::1]", "IP:127.0.0.1", "IP:::ffff:127.0.0.1"])
def test_another_ipv6_address(v6_server, pki, start, san):
    v6_server.load_cert(pki.serve(pki.root.leaf(san)))
    v6_server.reset()
    options = {"tls-cert-bundle": pki.bundle(pki.root), "query-timeout": "300ms"}
    fwd = start(f"tls://[::1]:{v6_server.tls[0].port}", options)
    wait_for(lambda: refusal(fwd, "expected ::1"), what="expected ::1")
    assert v6_server.stat("queries") == 0


# -- A52, A61, A62 ---------------------------------------------------------------------


def test_a_refused_server_is_not_hammered(bench):
    """At most 20 connections in 10 s, however many ask."""
    b = bench()
    fwd = b.begin(Case(leaf("other.test")))
    result = load(fwd, 1000, window=100, rate=500)
    assert result.failed == {wire.SERVFAIL: 1000} and not result.lost
    assert b.server.stat("connections") <= 20 and b.server.stat("queries") == 0


def test_two_that_ask_one_server_by_two_names(start_server, start, tmp_path):
    """The name decides: the same server under a name that it has not is refused."""
    own = make_certs(tmp_path / "own", "DNS:one.test")
    server = start_server(certs=own)
    options = {"tls-cert-bundle": str(own / "ca.pem"), "query-timeout": "1s"}
    one = start(server.upstream(name="one.test"), options)
    two = start(server.upstream(name="two.test"), options)
    assert one.ask("a.test").rcode() == 0 and two.ask("a.test").rcode() == wire.SERVFAIL


@pytest.mark.long
@pytest.mark.parametrize("what", ["missing", "empty", "garbage"])
def test_store_that_goes_while_running(bench, start, tmp_path, what):
    """Its anchors are given back to the system after a minute; who can't be judged then is not asked."""
    b = bench()
    show(b, b.pki.root.leaf(NAME))
    store = tmp_path / "roots.pem"
    store.write_text(b.pki.root.pem)
    options = {"tls-cert-bundle": str(store), "log-level": "debug", "query-timeout": "1s"}
    fwd = start({"session-tickets": False}, options, server=b.server)
    answered(fwd)
    fwd.wait_log("trust anchors of .* freed", timeout=3 * SLOW)
    store.unlink() if what == "missing" else store.write_text("" if what == "empty" else "no certificate")
    b.server.closeall()
    b.server.reset()
    wait_for(lambda: refusal(fwd, re.escape(str(store))), SLOW, f"{store} named\n{fwd.log_text()}")
    assert b.server.stat("queries") == 0
    assert str(store) in warnings(fwd)[-1]
    store.write_text(b.pki.root.pem)
    comes_back(fwd)
