"""A server that keeps TLS busy with anything but answers: bounded in work and memory, and no query is lost by it (A65, F15)."""

import time

import hello
import pytest
import wire
from conftest import addresses, warm
from daemon import SANITIZED
from load import load
from testserver import expected_a, wait_for

ROW, ALL = 64, 4096  # without an octet of answer between, and in one session
# Octets of memory that anything may take; sanitizers keep what was freed for a while.
LEAST = (200 if SANITIZED else 5) << 20
CPU = 5.0  # seconds, and only a sanity check
TLS12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"
TLS13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3"
SPOKEN = {
    TLS13: ["keyupdate", "keyupdate-ask", "ticket", "empty"],  # an alert ends the session, whatever its level says
    TLS12: ["warning", "empty", "hello-request"],
}
CASES = [pytest.param(p, what, id=f"{p[-3:]}-{what}") for p, words in SPOKEN.items() for what in words]
TOO_MUCH = "sends too much that is no answer"


def long(*values):
    return pytest.param(*values, marks=pytest.mark.long)


@pytest.fixture
def pair(start_server, start):
    """(server, fwd) of a TLS version, one connection at a time."""

    def begin(priority=TLS13, timeout="4s"):
        server = start_server(args=("--priority", priority))
        options = {"query-timeout": timeout, "log-level": "debug"}
        return server, warm(start({"server": server, "connections": 1}, options))

    return begin


class Watch:
    """What a flood may cost."""

    def __init__(self, fwd):
        self.fwd, self.cpu, self.rss = fwd, fwd.cpu(), fwd.rss()

    def check(self, memory=LEAST):
        assert self.fwd.cpu() - self.cpu < CPU
        assert self.fwd.rss() - self.rss < memory


def answered(fwd, name):
    assert addresses(fwd.ask(name)) == [expected_a(name)]


def ended(server, number):
    """Connection `number` is gone."""
    return all(c["conn"] != number or not c["open"] for c in server.conns())


def flood(server, what, count, at_once=5000):
    """On connection 1, until it ends or so many are sent."""
    while count and not ended(server, 1):
        n = min(count, at_once)
        server.command(f"say 1 {what} {n}")
        count -= n


# -- at rest ---------------------------------------------------------------------------------


@pytest.mark.parametrize("priority, what", CASES)
@pytest.mark.parametrize("count", [2000, long(1000000)])
def test_flood_at_rest(pair, priority, what, count):
    """The session ends; who asks next is answered over another one, and it is said why."""
    server, fwd = pair(priority)
    watch = Watch(fwd)
    flood(server, what, count)
    wait_for(lambda: ended(server, 1), timeout=15, what="the end of the session")
    answered(fwd, "after.flood.test")
    assert fwd.stats()["bound_post_handshake"] == 1
    fwd.wait_log(TOO_MUCH, timeout=5)
    watch.check()


@pytest.mark.parametrize("priority, what", CASES)
def test_as_much_as_is_allowed(pair, priority, what):
    """A few at rest and a few before each answer end nothing; the library allows 8 key updates a second."""
    server, fwd = pair(priority)
    n = 3 if what.startswith("keyupdate") else ROW - 4
    server.command(f"say all {what} {n}")
    answered(fwd, "one.some.test")
    server.rule(f"name=*.some.test before={what}/{n}")
    answered(fwd, "two.some.test")
    assert server.stat("connections") == 1 and fwd.stats()["bound_post_handshake"] == 0


@pytest.mark.parametrize("what", ["ticket", "empty"])
def test_bound_of_a_session(pair, what):
    """60 before each answer: after 4,096 of them the session ends, and no query is lost."""
    server, fwd = pair()
    server.rule(f"before={what}/60")
    for i in range(ALL // 60 + 10):
        answered(fwd, f"n{i}.all.test")
    assert server.stat("connections") == 2 and fwd.stats()["bound_post_handshake"] == 1


def test_empty_records_are_counted(pair):
    """Just above the bound: the library passes over them and says nothing."""
    server, fwd = pair()
    server.command(f"say all empty {ROW + 1}")
    wait_for(lambda: ended(server, 1), timeout=15, what="the end of the session")
    assert fwd.stats()["bound_post_handshake"] == 1


# -- under load --------------------------------------------------------------------------------


@pytest.mark.parametrize("priority, what", CASES)
@pytest.mark.parametrize("count", [100, long(1000)])
def test_before_each_record_of_answers(pair, priority, what, count):
    """F15: 0 lost.  Of key updates the library takes 8 a second: then it is another session each time."""
    server, fwd = pair(priority)
    keys = what.startswith("keyupdate")
    server.rule(f"before={what}/{1 if keys else 3}")
    load(fwd, count, window=20, rate=20 if keys else None, timeout=20).check()
    assert server.stat("connections") == 1 or keys


@pytest.mark.parametrize("what", ["keyupdate", "keyupdate-ask"])
def test_key_update_before_each_record_at_the_rate_of_the_library(pair, what):
    """F15: one session, however many updates."""
    server, fwd = pair()
    server.rule(f"before={what}")
    for i in range(30):
        answered(fwd, f"n{i}.rate.test")
        begin = time.monotonic()
        wait_for(lambda: time.monotonic() > begin + 1 / 6, what="the next one's turn")  # noqa: B023
    assert server.stat("connections") == 1


@pytest.mark.parametrize("priority, what", CASES)
def test_floods_while_others_wait(pair, priority, what):
    """The session that ends had queries: they are asked again, and answered."""
    server, fwd = pair(priority)
    server.rule(f"skip=100 times=1 before={what}/1000")
    load(fwd, 400, window=50, rate=2000).check()
    assert server.stat("connections") >= 2 and fwd.stats()["bound_post_handshake"] >= 1


@pytest.mark.parametrize("priority, what", CASES)
def test_a_server_that_always_floods(pair, priority, what):
    """Never an answer: SERVFAIL that says so, few connections, and all is well when it stops."""
    server, fwd = pair(priority, "1s")
    watch = Watch(fwd)
    server.rule(f"before={what}/500")
    result = load(fwd, 200, window=200, timeout=20)
    assert not result.lost and not result.wrong and result.failed == {wire.SERVFAIL: 200}, result
    assert server.stat("connections") < 100
    watch.check()
    server.clear_rules()
    wait_for(lambda: fwd.ask("well.again.test").rcode() == wire.NOERROR, what="an answer")


# -- what is not allowed at all ------------------------------------------------------------------


def handshake(kind, body=b""):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


WRONG = {
    "a request for our certificate": (22, bytes.fromhex("0d00000e0178000a000d00060004040308 04")),
    "HelloRequest": (22, handshake(0)),
    "ClientHello": (22, handshake(1, bytes(40))),
    "ServerHello": (22, handshake(2, b"\3\3" + bytes(36))),
    "EndOfEarlyData": (22, handshake(5)),
    "EncryptedExtensions": (22, handshake(8, b"\0\0")),
    "Certificate": (22, handshake(11, bytes(4))),
    "Finished": (22, handshake(20, bytes(32))),
    "a message of no known kind": (22, handshake(99, b"?")),
    "KeyUpdate of no known kind": (22, handshake(24, b"\2")),
    "KeyUpdate too long": (22, handshake(24, b"\0\0")),
    "KeyUpdate too short": (22, handshake(24)),
    "KeyUpdate and more behind it": (22, handshake(24, b"\0") + handshake(24, b"\0")),
    "a ticket too short": (22, handshake(4, bytes(5))),
    "a ticket whose length lies": (22, handshake(4, bytes(8) + b"\0\xff\xff" + bytes(9))),
    "an empty handshake record": (22, b""),
    "an alert too short": (21, b"\1"),
    "an alert too long": (21, b"\1\x5a\0"),
    "an alert of no known level": (21, b"\7\x5a"),
    "ChangeCipherSpec": (20, b"\1"),
    "a content type of no use": (99, b"\0"),
    "heartbeat": (24, b"\1\0\1x" + bytes(16)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_records(pair, name):
    """Whatever the library makes of it: no crash, no query lost, nobody waits."""
    server, fwd = pair()
    kind, data = WRONG[name]
    server.command(f"record all {kind} {data.hex() or '-'}")
    answered(fwd, "behind.wrong.test")
    server.rule("name=*.late.test delay=20")
    sent = False

    def once():
        nonlocal sent
        if not sent and server.stat("queries") > 50:
            server.command(f"record all {kind} {data.hex() or '-'}")
            sent = True

    load(fwd, 200, window=20, rate=1000, name=lambda i: f"w{i}.late.test", each_turn=once).check()
    assert sent and server.stat("connections") <= 5


@pytest.mark.parametrize("kind, data", [(22, handshake(13)), (22, handshake(0)), (20, b"\1"), (22, handshake(20, bytes(32)))])
def test_what_ends_a_session(pair, kind, data):
    """A request for our certificate, a renegotiation in TLS 1.3: by an alert of ours (RFC 8446 4.6.2, 4.1.2)."""
    server, fwd = pair()
    server.command(f"record all {kind} {data.hex()}")
    server.wait_stat("alerts_received", 1, timeout=10)
    answered(fwd, "after.alert.test")
    assert server.stat("connections") == 2


@pytest.mark.parametrize("times", [10, long(2000)])
def test_a_message_without_end(pair, times):
    """Announced with 16 MB and sent without pause: refused before it takes memory."""
    server, fwd = pair()
    watch = Watch(fwd)
    server.command(f"record all 22 04ffffff{bytes(16380).hex()}")
    for _ in range(times):
        server.command(f"record all 22 {bytes(16384).hex()} 10")
    wait_for(lambda: ended(server, 1), timeout=15, what="the end of the session")
    answered(fwd, "after.message.test")
    watch.check()


def test_a_ticket_in_single_octets(pair):
    """One message in 40 records of handshake; and answers in records of one octet behind it."""
    server, fwd = pair()
    for octet in handshake(4, bytes.fromhex("00000e10") + bytes(4) + b"\1\0" + b"\0\x10" + bytes(16) + b"\0\0"):
        server.command(f"record all 22 {octet:02x}")
    server.rule("bytes=1")
    answered(fwd, "single.octets.test")
    assert server.stat("connections") == 1


# -- TLS 1.2's renegotiation -----------------------------------------------------------------------


def test_renegotiation_is_declined(pair):
    """RFC 9325 3.5: a warning goes back, and the session goes on."""
    server, fwd = pair(TLS12)
    for k in range(1, 4):
        server.command("say all hello-request")
        server.wait_stat("warnings_received", k, timeout=10)
        answered(fwd, f"k{k}.renegotiation.test")
    assert server.stat("connections") == server.stat("handshakes") == 1


def test_hello_requests_under_load(pair):
    """F15: 0 lost, one session."""
    server, fwd = pair(TLS12)
    due = time.monotonic()

    def now_and_then():
        nonlocal due
        if time.monotonic() >= due:
            server.command("say all hello-request 2")
            due = time.monotonic() + 0.02

    load(fwd, 1000, window=20, rate=2000, each_turn=now_and_then).check()
    assert server.stat("connections") == 1 and server.stat("warnings_received") >= 2


def test_replies_that_nobody_reads(pair):
    """A server that asks for key updates and reads none: what we have to say to it does not pile up."""
    server, fwd = pair()
    watch = Watch(fwd)
    server.pause()
    flood(server, "keyupdate-ask", 20000)
    server.pause(False)
    wait_for(lambda: ended(server, 1), timeout=15, what="the end of the session")
    warm(fwd)
    watch.check()


def test_the_server_says_goodbye_and_talks_on(pair):
    """What stands behind close_notify is not looked at (RFC 8446 6.1)."""
    server, fwd = pair()
    server.command(f"record all {hello.ALERT} 0100")
    server.command(f"record all {hello.DATA} 000c{wire.header(0x8180).hex()} 3")
    answered(fwd, "after.goodbye.test")
    assert server.stat("connections") == 2
