"""Session tickets: each is used once, where it was got, and only as long as nothing went wrong (A63, F15; standards 7.6)."""

import struct
import time

import hello
import pytest
import wire
from conftest import addresses, warm
from load import load
from peer import Tap
from testserver import expected_a, make_certs, wait_for

ONE = {"connections": 1}
TLS12 = ("--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2")
TLS13 = ("--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3")
KEY = "5a" * 64


@pytest.fixture
def tapped(start_server, start):
    """(server, tap, fwd) with one connection at a time, and a first answer."""
    taps = []

    def begin(options=None, change=None, args=(), **upstream):
        server = start_server(args=args)
        taps.append(Tap(server, change))
        fwd = start(taps[-1].upstream(**{**ONE, **upstream}), options)
        return server, taps[-1], warm(fwd)

    yield begin
    for tap in taps:
        tap.__exit__()


def check_counters(server, fwd, cut=1):
    """Both sides count the same; `cut`: how many at most the server ended before it had our Finished."""

    def agree():
        stats, seen = fwd.stats(), server.stats()
        resumed = stats["handshakes_resumed"] - seen["resumed"]
        full = stats["handshakes_full"] - (seen["handshakes"] - seen["resumed"])
        return full >= 0 and resumed >= 0 and full + resumed <= cut and stats

    return wait_for(agree, what=f"counters that agree, {fwd.stats()}, {server.stats()}")


def again(server, fwd, how="notify"):
    """An answer over a new connection, or one of two new ones: the server ended the old ones.  How many were resumed."""
    before = fwd.stats()
    server.closeall(how)
    name = f"n{before['replies']}.again.test"
    assert addresses(fwd.ask(name)) == [expected_a(name)]
    after = fwd.stats()
    assert after["connects"] > before["connects"]
    return after["handshakes_resumed"] - before["handshakes_resumed"]


def short_lived(server, answers):
    """From now on a connection ends after so many answers."""
    server.rule(f"answers={answers}:notify")
    server.closeall("notify")


def offers(tap):
    """For each connection, how many tickets its ClientHello offered."""
    return [len(hello.psk_identities(h)) for h in tap.hellos()]


def check_once(tap):
    """No ticket is seen twice on the wire."""
    seen = [identity for h in tap.hellos() for identity in hello.psk_identities(h)]
    assert len(seen) == len(set(seen)), f"{len(seen)} offers of {len(set(seen))} tickets"
    return len(seen)


def new_session_ticket(ticket, life=3600, extensions=b""):
    """The message (RFC 8446 4.6.1) as hex."""
    body = struct.pack("!II", life, 1) + b"\x01\0" + struct.pack("!H", len(ticket)) + ticket
    body += struct.pack("!H", len(extensions)) + extensions
    return (b"\x04" + len(body).to_bytes(3, "big") + body).hex()


def give_ticket(server, fwd, *args, **kwargs):
    """A crafted one; what is asked afterwards was read afterwards."""
    server.command(f"record all 22 {new_session_ticket(*args, **kwargs)}")
    assert fwd.ask("behind.ticket.test").rcode() == wire.NOERROR


# -- what they are for ------------------------------------------------------------------------


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize("how", ["notify", "fin", "rst"])
def test_the_next_connection_is_resumed(tapped, version, how):
    server, tap, fwd = tapped(args=version)
    """A server of TLS 1.2 gives no new ticket with a resumed session: every second handshake is full then."""
    resumed = [again(server, fwd, how) for _ in range(4)]
    assert resumed[0] and (all(resumed) or version == TLS12), resumed
    assert check_once(tap) >= sum(resumed) and offers(tap)[:2] == [0, 1]
    assert all(hello.EARLY_DATA not in h.extensions for h in tap.hellos())
    check_counters(server, fwd, cut=4)


def test_a_resumed_session_forwards_secrecy(tapped):
    """psk_dhe_ke alone: a key share stands beside each ticket, and the PSK is the last extension (RFC 8446 4.2.11)."""
    server, tap, fwd = tapped(args=TLS13)
    assert again(server, fwd)
    resumed = tap.hellos()[1]
    assert resumed.extensions[hello.PSK_MODES] == b"\1\1" and resumed.extensions[hello.KEY_SHARE]
    assert resumed.order[-1] == hello.PSK


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_each_ticket_once_under_load(tapped, version):
    """200 connections, two at a time."""
    server, tap, fwd = tapped(args=version, connections=2)
    short_lived(server, 10)
    load(fwd, 2000, window=20).check()
    assert check_once(tap) > 20
    stats = check_counters(server, fwd)
    assert stats["handshakes_resumed"] > stats["handshakes_full"] or version == TLS12


def test_many_tickets_are_no_hoard(tapped):
    """50 given, but few kept: each once, and then it is a full handshake where no new one came."""
    server, tap, fwd = tapped(args=TLS13)
    server.command("sendtickets all 50")
    assert fwd.ask("behind.test").rcode() == wire.NOERROR
    server.command("tickets off")
    for _ in range(8):
        again(server, fwd)
    assert 1 <= check_once(tap) <= 4 and offers(tap)[-1] == 0


# -- switched off ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_switched_off(tapped, version):
    server, tap, fwd = tapped(args=version, **{"session-tickets": False})
    for _ in range(3):
        again(server, fwd)
    assert server.stat("resumed") == 0
    for found in tap.hellos():
        assert not {hello.TICKET, hello.PSK, hello.PSK_MODES} & set(found.extensions), found.order
        assert found.session_id == b"" or hello.TLS13 in hello.versions(found)
    assert check_counters(server, fwd, cut=3)["handshakes_full"] >= 4


def test_tickets_nobody_asked_for(tapped):
    """Switched off, and given all the same: not used."""
    server, tap, fwd = tapped(args=TLS13, **{"session-tickets": False})
    give_ticket(server, fwd, b"unasked" * 10)
    again(server, fwd)
    assert set(offers(tap)) == {0}


def test_a_server_without_tickets(tapped):
    server, tap, fwd = tapped()
    server.command("tickets off")
    for _ in range(3):
        again(server, fwd)
    assert 1 <= check_once(tap) <= 2 and offers(tap)[-1] == 0  # those of the first connection
    assert server.stat("resumed") == 0


# -- refused ones ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_key_rotation(tapped, version):
    """What the server does not take any more costs nothing but a full handshake."""
    server, tap, fwd = tapped(args=version)
    for _ in range(3):
        full = fwd.stats()["handshakes_full"]
        server.command("tickets rotate")
        again(server, fwd)
        assert fwd.stats()["handshakes_full"] > full
        assert again(server, fwd) >= 1 or version == TLS12
    assert check_once(tap) >= 4


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_key_rotation_under_load(tapped, version):
    """F15: a new key every 200 ms, connections that last 20 answers, 0 lost."""
    server, tap, fwd = tapped(args=version, connections=2)
    short_lived(server, 20)
    due = time.monotonic()

    def now_and_then():
        nonlocal due
        if time.monotonic() >= due:
            server.command("tickets rotate")
            due = time.monotonic() + 0.2

    load(fwd, 4000, window=40, rate=2000, each_turn=now_and_then).check()
    check_once(tap)
    stats = check_counters(server, fwd)
    assert stats["handshakes_resumed"] > 10 and stats["handshakes_full"] > 2


def spoil_binder(number, data):
    return data[:-1] + bytes([data[-1] ^ 1]) if number == 1 else data


def test_wrong_binder(tapped):
    """A failed handshake by its alert; the next one is full, though there were more tickets."""
    server, tap, fwd = tapped(args=TLS13, change=spoil_binder)
    server.command("sendtickets all 3")
    again(server, fwd)
    assert offers(tap) == [0, 1, 0] and server.stat("resumed") == 0


FAILURES = ["refuse=rst", "refuse=fin", "refuse=notify", "garbage=200", "plaintext"]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_failed_handshake_ends_all_tickets(tapped, version, failure):
    """Attempts side by side, three at most, may each offer one; then there are no more, though there were four."""
    server, tap, fwd = tapped({"query-timeout": "1s"}, args=version)
    if version == TLS13:
        server.command("sendtickets all 3")
        assert fwd.ask("behind.test").rcode() == wire.NOERROR
    server.rule(f"transport=tls {failure}")
    server.closeall("notify")
    assert fwd.ask("fails.test").rcode() == wire.SERVFAIL
    assert 1 <= check_once(tap) <= 3 and offers(tap)[1] == 1
    server.command("tickets off")  # what is offered from now on was given before the failure
    server.clear_rules()
    warm(fwd)
    # The last of them may stand open until the server is well again.
    assert check_once(tap) <= 3 and server.stat("resumed") <= 1


def test_silence_ends_all_tickets(tapped):
    """A server that a ticket makes silent: the next attempt comes without one."""
    server, tap, fwd = tapped(args=TLS13)
    server.command("sendtickets all 3")
    assert fwd.ask("behind.test").rcode() == wire.NOERROR
    server.rule("transport=tls times=1 stall")
    server.closeall("notify")
    assert addresses(fwd.ask("after.silence.test")) == [expected_a("after.silence.test")]
    wait_for(lambda: tap.links[1].ended, what="the end of the silent one")
    again(server, fwd)
    assert offers(tap)[1] == 1 and server.stat("handshakes") >= 3
    check_once(tap)


def test_a_fatal_alert_ends_all_tickets(tapped):
    """RFC 8446 6.2: what belongs to a session that ended so is forgotten."""
    server, tap, fwd = tapped(args=TLS13)
    server.command("sendtickets all 3")
    assert fwd.ask("behind.test").rcode() == wire.NOERROR
    again(server, fwd, "alert")
    assert offers(tap)[:2] == [0, 0]


# -- theirs to say how long --------------------------------------------------------------------


def test_a_ticket_ends_with_its_time(tapped):
    server, tap, fwd = tapped(args=TLS13)
    server.command("tickets rotate")  # no ticket of the first connection is good
    give_ticket(server, fwd, b"of one minute" * 5, life=60)
    server.command("tickets off")
    again(server, fwd)
    assert b"of one minute" * 5 in hello.psk_identities(tap.hellos()[1])
    give_ticket(server, fwd, b"of one moment" * 5, life=1)
    begin = time.monotonic()
    wait_for(lambda: time.monotonic() > begin + 2.2, what="the end of its time, in whole seconds")
    again(server, fwd)
    assert b"of one moment" * 5 not in b"".join(hello.psk_identities(tap.hellos()[2]))


@pytest.mark.parametrize("life", [0])
def test_a_ticket_of_no_time(tapped, life):
    """RFC 8446 4.6.1: zero means that it is thrown away."""
    server, tap, fwd = tapped(args=TLS13)
    give_ticket(server, fwd, b"of no time" * 5, life=life)
    server.command("tickets off")
    again(server, fwd)
    again(server, fwd)
    assert b"of no time" * 5 not in [i for h in tap.hellos() for i in hello.psk_identities(h)]


ODD = {
    "0-RTT": {"extensions": hello.extension(hello.EARLY_DATA, b"\0\0\x40\0")},
    "eight days": {"life": 8 * 86400},
    "as long as can be": {"life": 0xFFFFFFFF},
    "an unknown extension": {"extensions": hello.extension(0x5A5A, b"what?")},
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_tickets(tapped, odd):
    """Taken or not, there is no early data, and an answer."""
    server, tap, fwd = tapped(args=TLS13)
    give_ticket(server, fwd, b"odd" * 20, **ODD[odd])
    for _ in range(2):
        again(server, fwd)
    assert all(hello.EARLY_DATA not in h.extensions for h in tap.hellos())
    check_once(tap)


@pytest.mark.parametrize("octets", [1, 8000, 12000])
def test_sizes_of_tickets(tapped, octets):
    server, tap, fwd = tapped(args=TLS13)
    give_ticket(server, fwd, b"z" * octets)
    for _ in range(3):
        again(server, fwd)
    assert check_once(tap) >= 1


# -- only where they were got --------------------------------------------------------------------


def two_entries(fwd_start, one, two, **options):
    """u1 and u2 asked in turn."""
    upstreams = [{**one, **ONE}, {**two, **ONE}]
    return fwd_start(upstreams, {"policy": "round-robin", "query-timeout": "2s", **options})


def test_an_impostor_that_can_read_tickets(start_server, start, tmp_path):
    """The second server has the first one's ticket key, and a certificate of another name: no query gets there."""
    own = make_certs(tmp_path / "own", "DNS:other.test")
    good, bad = (start_server(args=("--ticket-key", KEY)), start_server(args=("--ticket-key", KEY), certs=own))
    with Tap(good) as one, Tap(bad) as two:
        fwd = two_entries(start, one.upstream(), {**two.upstream(), "tls-cert-bundle": bad.ca})
        short_lived(good, 5)
        load(fwd, 100, window=1).check()
        good.listen(False)
        good.closeall("rst")
        assert fwd.ask("gone.test").rcode() == wire.SERVFAIL
        assert check_once(one) > 0 and sum(offers(two)) == 0 and offers(two)
    assert bad.stat("handshakes") == bad.stat("queries") == 0 and good.stat("resumed") > 0


@pytest.mark.parametrize("how", ["another name", "pins"])
def test_another_policy_for_the_same_address(start_server, start, certs, how):
    """Two entries of one address: the strict one never profits from what the other was shown."""
    server = start_server()
    other = {"auth-name": "other.test"} if how == "another name" else {"pin-sha256": "A" * 43 + "="}
    with Tap(server) as tap:
        server.rule("answers=5:notify")
        fwd = warm(two_entries(start, tap.upstream(), tap.upstream(**other)))
        load(fwd, 100, window=1).check()
        wait_for(lambda: server.stat("handshake_failures") > 0, what="the strict one refused")
        check_once(tap)
        wanted = [b"other.test" in h.extensions[hello.SERVER_NAME] for h in tap.hellos()]
        if how == "another name":
            assert any(wanted)
            assert not any(hello.psk_identities(h) for h, w in zip(tap.hellos(), wanted) if w)
    # A connection that is made ahead is counted by one side before the other.
    wait_for(lambda: fwd.stats()["handshakes_resumed"] == server.stat("resumed") > 0, what="counters that agree")


def test_another_address_of_the_same_entry(start_server, start):
    """The two addresses share the key: no ticket of one is seen by the other."""
    server = start_server(tls=["127.0.0.1:0"])
    other = start_server(tls=[f"127.0.0.2:{server.tls[0].port}"], args=("--ticket-key", KEY))
    both = {"server": server, "address": ["127.0.0.1", "127.0.0.2"], **ONE}
    fwd = warm(start(both))
    server.kill()
    server.process.wait()
    assert addresses(fwd.ask("moved.test")) == [expected_a("moved.test")]
    assert other.stat("handshakes") >= 1 and other.stat("resumed") == 0


def test_a_restart_forgets(start_server, start, tmp_path):
    server = start_server()
    state = {"state-dir": str(tmp_path)}
    with Tap(server) as tap:
        warm(start(tap.upstream(**ONE), state)).stop()
        warm(start(tap.upstream(**ONE), state))
        assert offers(tap) == [0, 0] and server.stat("resumed") == 0
    assert not [f for f in tmp_path.rglob("*") if f.is_file() and b"ticket" in f.read_bytes().lower()]


def test_a_taken_over_port_is_judged_anew(start_server, start, tmp_path):
    """Without the ticket key an impostor behind the same address has to show its certificate."""
    server = start_server()
    own = make_certs(tmp_path / "own", "DNS:other.test")
    with Tap(server) as tap:
        fwd = warm(start(tap.upstream(**ONE), {"query-timeout": "1s"}))
        tap.server = start_server(certs=own)
        server.closeall()
        reply = fwd.ask("secret.test")
        assert reply.rcode() == wire.SERVFAIL and "certificate" in wire.edes(reply)[0][1]
        assert tap.server.stat("queries") == tap.server.stat("handshakes") == 0
        tap.server = server
        warm(fwd)
        assert server.stat("resumed") == 0
