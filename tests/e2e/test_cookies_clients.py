"""Server cookies for clients (RFC 7873, 9018; threats A48, A49): made, checked, renewed, shared, demanded."""

import re
import time

import pytest
import wire
from conftest import addresses
from cookies import CLIENT, cookie_of, full_cookie, only, query, rcode_of, siphash
from daemon import config_text, run
from netns import namespace_or_skip
from test_clients import ask as ask_program
from testserver import TIMEOUT, expected_a

SECRET = bytes(range(16))
OTHER = bytes.fromhex("445536bcd2513298075a5d379663c962")
HOME = "127.0.0.1"
TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


def secret_file(tmp_path, *secrets, name="cookies", mode=0o600):
    path = tmp_path / name
    path.write_text("# shared by all of us\n" + "".join(s.hex() + "\n" for s in secrets))
    path.chmod(mode)
    return str(path)


@pytest.fixture
def known(server, start, tmp_path):
    """Its secret is known to us."""
    return start(server, {"cookie-secret-file": secret_file(tmp_path, SECRET)})


def check_answer(reply, name):
    assert addresses(wire.parse(reply)) == [expected_a(name)] and rcode_of(reply) == 0


def exchange(fwd, cookie, name="c.test", transport="udp", source=None):
    """The cookie of an answer; it is always the answer, and the client cookie is always ours."""
    reply = fwd.ask_wire(query(name, cookie), transport, source)
    check_answer(reply, name)
    got = cookie_of(reply)
    assert got[:8] == cookie[:8] and len(got) == 24
    return got


def timestamp(cookie):
    return int.from_bytes(cookie[12:16], "big")


def test_our_reference_is_right():
    """The vectors that the program's own tests have, for the code that judges it here."""
    assert siphash(SECRET, SECRET[:15]).hex() == "e545be4961ca29a1"
    secret = bytes.fromhex("e5e973e5a6b2a43f48e7dc849e37bfcf")
    assert full_cookie(secret, "198.51.100.100", 1559731985)[8:].hex() == "010000005cf79f111f8130c3eee29480"
    client = bytes.fromhex("22681ab97d52c298")
    made = full_cookie(OTHER, "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961, client)
    assert made[8:].hex() == "010000005cf7c609a6bb79d16625507a"


# -- making and checking ---------------------------------------------------------------


@TRANSPORTS
def test_made_as_the_standard_says(known, transport):
    before = int(time.time())
    got = exchange(known, CLIENT, transport=transport)
    assert before <= timestamp(got) <= time.time()
    assert got == full_cookie(SECRET, HOME, timestamp(got))


@TRANSPORTS
def test_valid_comes_back_as_it_is(known, transport):
    now = time.time()
    for age in (0, 1700, -250):
        cookie = full_cookie(SECRET, HOME, now - age)
        assert exchange(known, cookie, transport=transport) == cookie
    stats = known.stats()
    assert stats["client_cookies_valid"] == 3 and stats["client_cookies_renewed"] == 0


@TRANSPORTS
def test_aging_is_renewed(known, transport):
    """unbound's scenario: 1,801 s old, an answer with a new cookie."""
    old = full_cookie(SECRET, HOME, time.time() - 1801, reserved=b"\xab\xcd\xef")
    new = exchange(known, old, transport=transport)
    assert new == full_cookie(SECRET, HOME, timestamp(new)) and timestamp(new) > timestamp(old) + 1800
    stats = known.stats()
    assert stats["client_cookies_valid"] == stats["client_cookies_renewed"] == 1


def wrong_cookies():
    now = time.time()
    good = full_cookie(SECRET, HOME, now)
    for byte in range(8, 24):
        yield f"bit of octet {byte}", good[:byte] + bytes([good[byte] ^ 1 << byte % 8]) + good[byte + 1 :]
    yield "another client cookie", b"x" * 8 + good[8:]
    yield "another secret", full_cookie(OTHER, HOME, now)
    yield "another address", full_cookie(SECRET, "127.0.0.2", now)
    yield "too old", full_cookie(SECRET, HOME, now - 3700)
    yield "from tomorrow", full_cookie(SECRET, HOME, now + 86400)
    yield "from the future", full_cookie(SECRET, HOME, now + 400)
    yield "half the count away", full_cookie(SECRET, HOME, now + (1 << 31))
    yield "version 2", full_cookie(SECRET, HOME, now, version=2)
    for length in (16, 17, 23, 25, 36, 40):
        yield f"{length} octets", (good + good)[:length]


@TRANSPORTS
def test_wrong_ones_count_as_absent(known, transport):
    count = 0
    for what, cookie in wrong_cookies():
        got = exchange(known, cookie, transport=transport)
        assert got == full_cookie(SECRET, HOME, timestamp(got), cookie[:8]), what
        assert len(cookie) != 24 or got != cookie, what
        count += 1
        assert known.stats()["client_cookies_invalid"] == count, what


def test_each_address_has_its_own(known):
    cookies = {n: exchange(known, CLIENT, source=f"127.0.0.{n}") for n in (2, 3, 4)}
    for n, cookie in cookies.items():
        assert cookie == full_cookie(SECRET, f"127.0.0.{n}", timestamp(cookie))
        assert exchange(known, cookie, source=f"127.0.0.{n}") == cookie
    before = known.stats()["client_cookies_invalid"]
    assert exchange(known, cookies[2], source="127.0.0.3") != cookies[2]
    assert known.stats()["client_cookies_invalid"] == before + 1


@TRANSPORTS
@pytest.mark.parametrize("length", [*range(8), *range(9, 16), 41, 64, 300])
def test_impossible_lengths(fwd, server, transport, length):
    before = fwd.stats()["client_cookies_malformed"]
    reply = fwd.ask_wire(query("len.test", (CLIENT * 40)[:length]), transport)
    parsed = wire.parse(reply)
    assert parsed.rcode() == wire.FORMERR and parsed.edns == 0 and cookie_of(reply) is None
    assert fwd.stats()["client_cookies_malformed"] == before + 1
    assert server.count("len.test") == 0


def test_the_first_counts(known):
    good, bad = (wire.option(wire.COOKIE, c) for c in (full_cookie(SECRET, HOME, time.time()), b"odd"))
    assert rcode_of(known.ask_wire(wire.query("f.test", edns=wire.opt(good + bad)))) == 0
    assert rcode_of(known.ask_wire(wire.query("f.test", edns=wire.opt(bad + good)))) == wire.FORMERR


@TRANSPORTS
def test_only_whoever_sends_one_gets_one(fwd, transport):
    for edns in (None, True):
        reply = fwd.ask_wire(wire.query("none.test", edns=edns), transport)
        check_answer(reply, "none.test")
        assert cookie_of(reply) is None


def test_errors_and_cut_answers_have_it_too(known):
    cookie = full_cookie(SECRET, HOME, time.time())
    for name, rcode in (("nx.test", 3), ("rcode-5.test", 5), ("ede-22.test", 2)):
        reply = known.ask_wire(query(name, cookie))
        assert rcode_of(reply) == rcode and cookie_of(reply) == cookie
    reply = known.ask_wire(query("size-3000.test", cookie, wire.TXT))
    assert wire.flags_of(reply) & wire.TC and cookie_of(reply) == cookie
    refused = wire.query("r.test", flags=0, edns=wire.opt(wire.option(wire.COOKIE, cookie)))
    assert cookie_of(known.ask_wire(refused)) == cookie
    newer = wire.query("v.test", edns=wire.opt(wire.option(wire.COOKIE, cookie), version=1))
    reply = known.ask_wire(newer)
    assert rcode_of(reply) == wire.BADVERS and cookie_of(reply) is None


def test_answers_fit_with_it(known):
    """Each size around the client's limit: it has room, or the answer is cut."""
    cookie = full_cookie(SECRET, HOME, time.time())
    for size in range(1150, 1240, 7):
        reply = known.ask_wire(query(f"size-{size}.test", cookie, wire.TXT))
        assert len(reply) <= 1232 and cookie_of(reply) == cookie
        assert bool(wire.flags_of(reply) & wire.TC) == (not wire.parse(reply).answer)


# -- cookie-only queries ---------------------------------------------------------------


@TRANSPORTS
def test_cookie_only(known, server, transport):
    now = time.time()
    good, old = full_cookie(SECRET, HOME, now), full_cookie(SECRET, HOME, now - 4000)
    aging = full_cookie(SECRET, HOME, now - 2000)
    for cookie, rcode in ((CLIENT, 0), (good, 0), (aging, 0), (old, wire.BADCOOKIE), (CLIENT + b"z" * 20, wire.BADCOOKIE)):
        reply = known.ask_wire(only(cookie), transport)
        parsed, got = wire.parse(reply), cookie_of(reply)
        assert rcode_of(reply) == rcode
        assert not parsed.question and not parsed.answer and not parsed.authority
        assert got == full_cookie(SECRET, HOME, timestamp(got))
        assert (got == good) == (cookie == good) or timestamp(got) == timestamp(good)
    assert rcode_of(known.ask_wire(only(CLIENT[:7]), transport)) == wire.FORMERR
    assert server.stat("queries") == 0


# -- the configuration ---------------------------------------------------------------


def test_off(server, start):
    fwd = start(server, {"answer-cookies": False})
    for cookie in (CLIENT, CLIENT + b"s" * 16, b"odd", b""):
        reply = fwd.ask_wire(query("off.test", cookie))
        check_answer(reply, "off.test")
        assert cookie_of(reply) is None
    assert rcode_of(fwd.ask_wire(only(CLIENT))) == wire.FORMERR


def test_a_secret_of_its_own(server, start):
    """Nobody else's: not the example's, not another start's; one for all workers."""
    first, second = start(server, {"workers": 4}), start(server)
    cookie = exchange(first, CLIENT)
    for _ in range(40):  # from other ports: the kernel chooses the worker
        assert exchange(first, cookie) == cookie
    assert exchange(second, cookie) != cookie
    assert second.stats()["client_cookies_invalid"] == 1
    for secret in (bytes(16), SECRET, OTHER):
        assert cookie != full_cookie(secret, HOME, timestamp(cookie))


def test_routers_that_share_a_file(server, start, tmp_path):
    """The three stages of RFC 9018 5: at no time is a cookie of one refused by the other."""
    stages = [(SECRET,), (SECRET, OTHER), (OTHER, SECRET), (OTHER,)]
    routers = [
        start(server, {"cookie-secret-file": secret_file(tmp_path, *secrets, name=f"stage{i}")})
        for i, secrets in enumerate(stages)
    ]
    for old, new in zip(routers, routers[1:]):
        cookie = exchange(old, CLIENT)
        moved = exchange(new, cookie)
        exchange(old, moved)
    for fwd in routers:
        assert fwd.stats()["client_cookies_invalid"] == 0
    # Who was away through all of it is only given a new one.
    exchange(routers[3], exchange(routers[0], CLIENT))
    assert routers[3].stats()["client_cookies_invalid"] == 1


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", r"cookies: cookie-secret-file: no secret in it"),
        ("# nothing\n\n", r"cookies: cookie-secret-file: no secret in it"),
        ("\n000102\n", r"cookies:2: cookie-secret-file: not a secret: 32 hexadecimal digits"),
        (f"{SECRET.hex()}\n{OTHER.hex()}\n{'ab' * 16}\n", r"cookies:3: cookie-secret-file: a third secret"),
        ("0" * 5000, r"cookie-secret-file: too long"),
        (None, r"cookie-secret-file: cannot read .*cookies: No such file"),
    ],
)
def test_bad_files_are_told(tmp_path, text, complaint):
    path = tmp_path / "cookies"
    if text is not None:
        path.write_text(text)
        path.chmod(0o600)
    config = tmp_path / "dnsfwd.conf"
    config.write_text(config_text({"forward": ["9.9.9.9"], "cookie-secret-file": path, "listen": [HOME], "port": 0}))
    for args in (["-t"], []):
        done = run("-c", config, *args)
        assert done.returncode == 3 and re.search(complaint, done.stderr), done.stderr
        assert SECRET.hex() not in done.stderr


@pytest.mark.parametrize("mode, told", [(0o600, False), (0o640, False), (0o644, True), (0o606, True)])
def test_open_files_are_warned_of(server, start, tmp_path, mode, told):
    fwd = start(server, {"cookie-secret-file": secret_file(tmp_path, SECRET, mode=mode)})
    assert ("is open to all users" in fwd.log_text()) == told
    assert SECRET.hex() not in fwd.log_text()


# -- require-cookies -------------------------------------------------------------------


@pytest.fixture
def network(certs):
    """(namespace, an address in it that is no loopback)"""
    ns = namespace_or_skip()
    ns.ip("addr add 192.0.2.1/32 dev lo", "addr add 2001:db8::1/128 dev lo")
    yield ns
    ns.remove()


@pytest.fixture
def strict(network, certs, start, start_server, tmp_path):
    server = start_server(netns=network)
    options = {
        "listen": [HOME, "192.0.2.1", "2001:db8::1"],
        "allow": ["0.0.0.0/0", "::/0"],
        "require-cookies": True,
        "cookie-secret-file": secret_file(tmp_path, SECRET),
    }
    fwd = start(server, options, netns=network)
    fwd.server = server
    return fwd


def ask_far(fwd, wire_query, host="192.0.2.1"):
    """From an address of the network, over UDP."""
    port = next(p for h, p in fwd.addresses if h == host)
    with fwd.udp_socket(host, (host, port)) as s:
        s.send(wire_query)
        return s.recv(65535)


def far_tcp(fwd, wire_query):
    port = next(p for h, p in fwd.addresses if h == "192.0.2.1")
    with fwd.tcp("192.0.2.1", ("192.0.2.1", port)) as stream:
        stream.send(wire_query)
        return stream.receive()


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_scenario(strict, host):
    """A49: no cookie, client cookie, valid, aging; and nobody who forges an address gets more than was sent."""
    name = "many-30.strict.test"
    for edns in (None, True):
        asked = wire.query(name, edns=edns)
        reply = ask_far(strict, asked, host)
        assert wire.flags_of(reply) & wire.TC and not wire.parse(reply).answer and len(reply) <= len(asked)
    now = time.time()
    for cookie in (CLIENT, full_cookie(OTHER, host, now), full_cookie(SECRET, host, now - 3700)):
        asked = query(name, cookie)
        reply = ask_far(strict, asked, host)
        assert rcode_of(reply) == wire.BADCOOKIE and not wire.parse(reply).answer
        assert cookie_of(reply) == full_cookie(SECRET, host, timestamp(cookie_of(reply)))
        assert len(reply) <= len(asked) + 16  # the server cookie, where there was none
    assert strict.server.count(name) == 0
    assert strict.stats()["client_cookies_demanded"] == 5
    good = cookie_of(ask_far(strict, query(name, CLIENT), host))
    reply = ask_far(strict, query(name, good), host)
    assert len(wire.parse(reply).answer[0]) == 30 and cookie_of(reply) == good
    aging = full_cookie(SECRET, host, now - 1801)
    reply = ask_far(strict, query(name, aging), host)
    assert len(wire.parse(reply).answer[0]) == 30 and cookie_of(reply) not in (None, aging)
    # It is known by now, and still not for everybody.
    assert wire.flags_of(ask_far(strict, wire.query(name), host)) & wire.TC
    assert rcode_of(ask_far(strict, query(name, CLIENT), host)) == wire.BADCOOKIE


def test_who_is_not_asked_for_one(strict):
    """Loopback, and whoever comes over TCP."""
    check_answer(strict.ask_wire(wire.query("near.test")), "near.test")
    check_answer(strict.ask_wire(query("near2.test", CLIENT)), "near2.test")
    check_answer(far_tcp(strict, wire.query("tcp.test")), "tcp.test")
    reply = far_tcp(strict, query("tcp2.test", CLIENT + b"x" * 16))
    check_answer(reply, "tcp2.test")
    assert len(cookie_of(reply)) == 24
    assert strict.stats()["client_cookies_demanded"] == 0


def test_small_errors_and_cookie_only(strict):
    reply = ask_far(strict, only(CLIENT))
    assert rcode_of(reply) == 0 and len(cookie_of(reply)) == 24
    assert rcode_of(ask_far(strict, query("x.test", CLIENT[:5]))) == wire.FORMERR


def test_not_allowed_stays_silent(network, start, start_server):
    fwd = start(start_server(netns=network), {"listen": ["192.0.2.1"], "require-cookies": True}, netns=network)
    with fwd.udp_socket("192.0.2.1", fwd.addresses[0]) as s:
        s.send(query("x.test", CLIENT))
        fwd.wait_stat("dropped_access", 1)
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            s.recv(65535)


def test_dig_comes_again(network, strict):
    """dig asks again after BADCOOKIE, with the cookie, and over TCP after TC=1."""
    port = next(p for h, p in strict.addresses if h == "192.0.2.1")
    command = ["dig", "@192.0.2.1", "-p", str(port), "-b", "192.0.2.1", "dig.test", f"+timeout={TIMEOUT:.0f}"]
    text = network.run(*command, "+cookie")
    assert expected_a("dig.test") in text and "(good)" in text
    text = network.run(*command, "+nocookie")
    assert expected_a("dig.test") in text and "(TCP)" in text


# -- the clients of others ---------------------------------------------------------------


def test_dig(known):
    text = ask_program("dig", known, "dig.test", "+cookie")
    cookie = bytes.fromhex(re.search(r"COOKIE: ([0-9a-f]+) \(good\)", text)[1])
    assert expected_a("dig.test") in text
    assert cookie == full_cookie(SECRET, HOME, timestamp(cookie), cookie[:8])
    again = ask_program("dig", known, "dig.test", f"+cookie={cookie.hex()}")
    assert f"COOKIE: {cookie.hex()}" in again
    assert known.stats()["client_cookies_valid"] == 1
    assert "FORMERR" in ask_program("dig", known, "dig.test", "+cookie=00112233445566778899")


def test_kdig(known):
    text = ask_program("kdig", known, "kdig.test", "+cookie", "+edns")
    assert expected_a("kdig.test") in text and re.search(r"COOKIE: [0-9A-Fa-f]{48}", text.replace(" ", " ")), text
    good = full_cookie(SECRET, HOME, time.time())
    text = ask_program("kdig", known, "kdig.test", f"+cookie={good.hex()}")
    assert good.hex().upper() in text.upper()
    assert known.stats()["client_cookies_valid"] == 1
