"""Our own cookies towards a server (RFC 7873 5.3, RFC 9018; threats A50, A69): over TLS, one for each connection."""

import re
import subprocess

import pytest
import wire
from conftest import addresses
from cookies import CLIENT, cookie_of, query
from judges import Bind, Unbound, program_path
from testserver import TIMEOUT, expected_a

LIMIT = {"query-timeout": "20s"}


def sent(server, name=None):
    """The cookies of the queries that the server saw, in order; None: there was none."""
    return [cookie_of(q.data) for q in server.queries() if not name or wire.name(name) in q.data]


def lengths(cookies):
    return [len(c) if c else 0 for c in cookies]


def check(fwd, name):
    assert addresses(fwd.ask(name)) == [expected_a(name)]


@pytest.fixture
def own(server, start):
    """A dnsfwd of the test's own: a connection that has not heard anything."""
    return lambda options=None, upstream=None: start({"server": server, **(upstream or {})}, options)


# -- servers that do cookies ---------------------------------------------------------------


def test_client_cookie_then_both(server, own):
    server.cookies("on")
    fwd = own()
    for i in range(4):
        check(fwd, f"n{i}.test")
    cookies = sent(server)
    assert lengths(cookies) == [8, 24, 24, 24]
    assert len({c[:8] for c in cookies}) == 1 and len(set(cookies[1:])) == 1
    assert all(len(q.data) == 128 for q in server.queries())
    stats = fwd.stats()
    assert stats["upstream_cookies"] == stats["upstream_cookies_right"] == 4
    assert stats["upstream_cookies_discarded"] == stats["upstream_badcookie"] == 0


def test_each_connection_has_its_own(server, own):
    """Also one that is resumed by a ticket: nothing may link them (design 4)."""
    server.cookies("on")
    fwd = own()
    for i in range(3):
        check(fwd, f"a{i}.test")
        check(fwd, f"b{i}.test")
        before = fwd.stats()["sessions_ended"]
        server.closeall("notify")
        fwd.wait_stat("sessions_ended", before + 1)
    by_conn = {}
    for q in server.queries():
        by_conn.setdefault(q.conn, []).append(cookie_of(q.data))
    assert len(by_conn) == 3 and server.stat("resumed") >= 2
    assert all(lengths(cookies) == [8, 24] for cookies in by_conn.values())
    assert len({cookies[0] for cookies in by_conn.values()}) == 3


def test_strict_server(server, own):
    """BADCOOKIE to whoever has none yet: the client sees nothing of it."""
    server.cookies("strict")
    fwd = own()
    check(fwd, "one.test")
    check(fwd, "two.test")
    assert lengths(sent(server, "one.test")) == [8, 24] and lengths(sent(server, "two.test")) == [24]
    server.cookies("rotate")
    check(fwd, "three.test")
    assert lengths(sent(server, "three.test")) == [24, 24] and len(set(sent(server, "three.test"))) == 2
    stats = fwd.stats()
    assert stats["upstream_badcookie"] == 2 and stats["upstream_repeats"] == 2 and stats["replies_servfail"] == 0
    assert stats["sessions_ended"] == 0


def test_many_at_once_of_a_strict_server(server, own):
    server.cookies("strict")
    fwd = own()
    count = 50
    with fwd.udp_socket() as s:
        for i in range(count):
            s.send(wire.query(f"m{i}.test", id=i))
        replies = {wire.id_of(r): wire.parse(r) for r in (s.recv(4096) for _ in range(count))}
    for i in range(count):
        assert addresses(replies[i]) == [expected_a(f"m{i}.test")]
    assert all(len(sent(server, f"m{i}.test")) <= 2 for i in range(count))
    check(fwd, "then.test")
    assert lengths(sent(server, "then.test")) == [24]


def test_learnt_from_errors(server, own):
    server.cookies("on")
    fwd = own()
    assert fwd.ask("rcode-2.test").rcode() == wire.SERVFAIL
    assert fwd.ask("x.nx.test").rcode() == wire.NXDOMAIN
    assert lengths(sent(server)) == [8, 24]


@pytest.mark.parametrize("octets", [8, 9, 16, 31, 32])
def test_server_cookies_of_any_length(server, own, octets):
    server.rule(f"cookie=good/{'5a' * octets}")
    fwd = own()
    check(fwd, "first.test")
    check(fwd, "second.test")
    assert sent(server, "second.test")[0][8:] == b"\x5a" * octets
    assert len(server.queries()[-1].data) == 128


def test_changing_server_cookies(server, own):
    server.cookies("on")
    fwd = own()
    check(fwd, "n0.test")
    for i in range(1, 4):
        server.cookies("rotate")
        check(fwd, f"n{i}.test")
    cookies = sent(server)
    assert lengths(cookies) == [8, 24, 24, 24] and len(set(cookies)) == 4


# -- servers that do none ---------------------------------------------------------------


@pytest.mark.parametrize("rule", [None, "no-opt"])
def test_not_again_where_there_are_none(server, own, rule):
    if rule:
        server.rule(rule)
    fwd = own()
    for i in range(5):
        check(fwd, f"n{i}.test")
    assert lengths(sent(server)) == [8, 0, 0, 0, 0]
    stats = fwd.stats()
    assert stats["upstream_cookies"] == 1 and stats["upstream_cookies_missing"] == 0


def test_formerr_because_of_it(server, own):
    """A server that can't read the option: the query goes again without, and is answered."""
    server.rule("nth=1 rcode=formerr")
    fwd = own()
    check(fwd, "old.test")
    check(fwd, "next.test")
    assert lengths(sent(server)) == [8, 0, 0]


def test_off(server, own):
    server.cookies("on")
    fwd = own(upstream={"cookies": False})
    for i in range(3):
        check(fwd, f"n{i}.test")
    assert sent(server) == [None] * 3 and fwd.stats()["upstream_cookies"] == 0


# -- servers that do it wrong ---------------------------------------------------------------


@pytest.mark.parametrize("what", ["wrong", "0", "7", "9", "15", "41", "300"])
def test_wrong_answers_are_not_used(server, own, what):
    """On a stream nothing better will come: asked once more, at once, then the client is told."""
    server.rule(f"name=bad.test cookie={what}")
    fwd = own(LIMIT)
    reply = fwd.ask("bad.test")
    assert reply.rcode() == wire.SERVFAIL and not reply.answer and wire.edes(reply)[0][0] == 24
    assert len(sent(server, "bad.test")) == 2
    stats = fwd.stats()
    assert stats["upstream_cookies_discarded"] == 2 and stats["upstream_answers"] == 0
    assert "the DNS cookie of an answer is wrong" in fwd.log_text()
    server.cookies("on")
    check(fwd, "good.test")


def test_wrong_once(server, own):
    server.cookies("on")
    server.rule("name=once.test times=1 cookie=wrong")
    fwd = own()
    check(fwd, "once.test")
    check(fwd, "then.test")
    assert lengths(sent(server)) == [8, 8, 24]


def test_missing_after_having_been_there(server, own):
    """Nobody off the path can have put it there: taken, told, and the server cookie is forgotten."""
    server.cookies("on")
    fwd = own()
    check(fwd, "n0.test")
    server.rule("name=n1.test cookie=none")
    for i in range(1, 4):
        check(fwd, f"n{i}.test")
    assert lengths(sent(server)) == [8, 24, 8, 24]
    fwd.wait_log(r"upstream \S+: \S+: an answer lacks the DNS cookie that others had: taken")
    assert fwd.stats()["upstream_cookies_missing"] == 1
    server.clear_rules()
    server.cookies("off")
    for i in range(4, 8):
        check(fwd, f"n{i}.test")
    assert lengths(sent(server)) == [8, 24, 8, 24, 24, 8, 0, 0]


@pytest.mark.parametrize("rule", ["rcode=badcookie cookie=good", "rcode=badcookie cookie=8", "rcode=badcookie cookie=none"])
def test_badcookie_for_ever(server, own, rule):
    """A50: at most three sends, then SERVFAIL, no loop; nobody is told BADCOOKIE."""
    server.rule(f"name=*.ever.test {rule}")
    fwd = own(LIMIT)
    for i in range(3):
        reply = fwd.ask(f"n{i}.ever.test")
        assert reply.rcode() == wire.SERVFAIL and "BADCOOKIE" in wire.edes(reply)[0][1]
    sends = [lengths(sent(server, f"n{i}.ever.test")) for i in range(3)]
    assert sends[0] == ([8, 24, 0] if "good" in rule else [8, 0])
    assert sends[1:] == [[0], [0]]
    assert fwd.stats()["upstream_badcookie"] == sum(map(len, sends))
    check(fwd, "other.test")


def test_badcookie_for_ever_with_changing_cookies(server, own):
    for n in range(1, 9):
        server.rule(f"name=ever.test times=1 rcode=badcookie cookie=good/{n:02x}{'00' * 15}")
    fwd = own(LIMIT)
    assert fwd.ask("ever.test").rcode() == wire.SERVFAIL
    assert lengths(sent(server, "ever.test")) == [8, 24, 0]


def test_the_next_upstream_knows(server, start, start_server):
    server.rule("rcode=badcookie cookie=good")
    other = start_server()
    fwd = start([server, other], LIMIT)
    for i in range(3):
        check(fwd, f"n{i}.test")
    assert lengths(sent(server, "n0.test")) == [8, 24]


# -- two hops ---------------------------------------------------------------------------


def test_cookies_of_clients_end_here(server, own):
    server.cookies("on")
    fwd = own()
    given = cookie_of(fwd.ask_wire(query("a.test", CLIENT)))
    again = cookie_of(fwd.ask_wire(query("b.test", given)))
    assert given == again and given[:8] == CLIENT
    for q in server.queries():
        assert CLIENT not in q.data and given[8:] not in q.data
    for ours in sent(server):
        assert ours[:8] not in given and ours[8:] != given[8:]


def test_unsolicited_answers_with_cookies(server, own):
    server.cookies("on")
    fwd = own()
    check(fwd, "a.test")
    server.unsolicited(2)
    check(fwd, "b.test")
    assert lengths(sent(server)) == [8, 24]


# -- the servers of others ----------------------------------------------------------------


def test_bind9(certs, zones, tmp_path, start):
    """It sends cookies over TLS, and can be made to want them."""
    with Bind(tmp_path / "bind", certs, zones) as bind:
        fwd = start(bind.upstream(), {"tls-cert-bundle": bind.ca})
        for i in range(5):
            assert fwd.ask("judge.test", "SOA").rcode() == wire.NOERROR
        stats = fwd.stats()
    assert stats["upstream_cookies"] == stats["upstream_cookies_right"] == stats["upstream_answers"] == 5
    assert stats["upstream_badcookie"] == stats["upstream_cookies_discarded"] == 0


def unbound_does_cookies():
    """From 1.18 on it can be told to."""
    said = subprocess.run([program_path("unbound"), "-V"], capture_output=True, text=True, timeout=TIMEOUT).stdout
    version = re.search(r"Version (\d+)\.(\d+)", said)
    return (int(version[1]), int(version[2])) >= (1, 18)


def test_unbound(certs, zones, backend, tmp_path, start):
    """Every query has a right answer with its cookie; or, from an old one, cookies are let be after the first."""
    does = unbound_does_cookies()

    class WithCookies(Unbound):
        def write(self, name, text):
            super().write(name, text.replace("server:", "server:\n answer-cookie: yes" if does else "server:", 1))

    with WithCookies(tmp_path / "unbound", certs, zones, backend) as unbound:
        fwd = start(unbound.upstream(), {"tls-cert-bundle": unbound.ca})
        for i in range(5):
            assert fwd.ask("judge.test", "SOA").rcode() == wire.NOERROR
        stats = fwd.stats()
    right = 5 if does else 0
    assert stats["upstream_cookies_right"] == right and stats["upstream_cookies"] == max(right, 1)
    assert stats["upstream_badcookie"] == stats["upstream_cookies_discarded"] == 0
