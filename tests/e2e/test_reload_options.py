"""Every option that a reload can change does change: what is seen before, and after, without a restart.

Each row of TABLE is an option with what is written at first, what is changed, and what is looked at; the two looks are
told. A test holds the table against that of the program.
"""

import ipaddress
import os
import pathlib
import re
import signal

import cookies
import pytest
import wire
from daemon import Dnsfwd
from netns import namespace_or_skip
from testserver import TestServer, expected_a, make_certs, wait_for

NEAR = "192.0.2.10"
OPTIONS = pathlib.Path(__file__).resolve().parents[2] / "common/config/option.c"


class Lan:
    """A namespace in which clients have addresses that are not this machine's alone, with two resolvers."""

    def __init__(self, certs, folder):
        self.space = namespace_or_skip(clear=True)  # zones
        self.space.ip(f"addr add {NEAR}/32 dev lo")
        self.server, self.other = (TestServer(certs=certs, netns=self.space, udp=1) for _ in range(2))
        self.folder = folder
        (folder / "hosts").write_text("10.0.0.1 host.example\n")
        (folder / "leases").write_text("0 aa:bb:cc:dd:ee:01 10.0.0.2 phone *\n")
        (folder / "block").write_text("blocked.example\n")
        (folder / "secret").write_text("00112233445566778899aabbccddeeff\n")
        (folder / "secret").chmod(0o600)

    def path(self, name):
        return str(self.folder / name)

    def close(self):
        self.server.stop()
        self.other.stop()
        self.space.remove()


@pytest.fixture(scope="module")
def lan(certs, tmp_path_factory):
    lan = Lan(certs, tmp_path_factory.mktemp("reload"))
    yield lan
    lan.close()


def home(server, **options):
    return {"name": "home", "address": "127.0.0.1", "port": server.tls[0].port, "auth-name": "resolver.test",
            "tls-cert-bundle": server.ca, **options}


# ---------------------------------------------------------------- looks: (lan, fwd, how often it was looked before)


def rcode(name, rrtype="A", **options):
    return lambda lan, fwd, n: int(fwd.ask(name, rrtype, **options).rcode())


def address(name, rrtype="A"):
    return lambda lan, fwd, n: sorted(str(r) for a in fwd.ask(name, rrtype).answer for r in a)


def asked_of(lan, fwd, n):
    """Which of the two is asked."""
    name = f"who{n}.example"
    fwd.ask(name)
    return ["server" if lan.server.count(name) else "", "other" if lan.other.count(name) else ""]


def asked_in_turn(lan, fwd, n):
    """How many of the two are asked, over many queries."""
    names = [f"turn{n}x{i}.example" for i in range(10)]
    for name in names:
        fwd.ask(name)
    return len({s for s in (lan.server, lan.other) if any(s.count(name) for name in names)})


def zone_asked(lan, fwd, n):
    name = f"z{n}.corp.example"
    fwd.ask(name)
    return lan.other.count(name) > 0


def bootstrap_asked(lan, fwd, n):
    """The second one hears of it only when it is the one that is asked."""
    if n == 0:
        wait_for(lambda: lan.server.count("boot.example"), what="the first bootstrap server to be asked")
        return lan.other.count("boot.example") > 0
    fwd.ask(f"b{n}.example")
    wait_for(lambda: lan.other.count("boot.example"), what="the second bootstrap server to be asked")
    return True


def edns_size(lan, fwd, n):
    return fwd.ask(f"size{n}.example").payload


def keepalive(lan, fwd, n):
    with fwd.tcp() as stream:
        stream.send(wire.query(f"k{n}.example", edns=wire.opt(wire.option(wire.KEEPALIVE))))
        return int.from_bytes(dict(wire.raw_options(stream.receive()))[wire.KEEPALIVE], "big") // 10


def tcp_clients(lan, fwd, n):
    """Whether three fit."""
    streams = []
    for i in range(3):
        streams.append(fwd.tcp())
        streams[i].send(wire.query(f"c{n}x{i}.example"))
        assert streams[i].receive()
    fits = streams[0].open()
    for s in streams:
        s.socket.close()
    wait_for(lambda: fwd.stats()["tcp_clients"] == 0, what="the clients to go")
    return fits


def timed_out(lan, fwd, n):
    """Whether a query that nobody answers is told so within five seconds."""
    lan.server.rule("name=*.never.example drop")
    reply = fwd.ask_wire(wire.query(f"t{n}.never.example"), timeout=5)
    return reply is not None and wire.rcode_of(reply) == wire.SERVFAIL


def bound(counter, count, source=None):
    def look(lan, fwd, n):
        """Whether so many at a time hit the bound."""
        fwd.ask(f"warm{n}.example")
        lan.server.rule("name=*.held.example drop")
        before = fwd.stats()[counter]
        with fwd.udp_socket(source) as s:
            for i in range(count):
                s.send(wire.query(f"m{n}x{i}.held.example", id=i))
            wait_for(lambda: fwd.stats()["queries_udp"] >= (n + 1) * count, what="all of them to be read")
        return fwd.stats()[counter] > before

    return look


def client_cookie(lan, fwd, n):
    """Whether a client that sends a cookie gets one."""
    return cookies.cookie_of(fwd.ask_wire(cookies.query(f"ck{n}.example", cookies.CLIENT))) is not None


KEPT = {}


def cookie_still_good(lan, fwd, n):
    """Whether the cookie that was got last is renewed or known; the first one always is."""
    if n == 0:
        KEPT["cookie"] = cookies.cookie_of(fwd.ask_wire(cookies.query("cs.example", cookies.CLIENT)))
    before = fwd.stats()["client_cookies_valid"]
    fwd.ask_wire(cookies.query(f"cs{n}.example", KEPT["cookie"]))
    return fwd.stats()["client_cookies_valid"] > before


def far_rcode(lan, fwd, n):
    return int(fwd.ask(f"far{n}.example", source=NEAR).rcode())


def far_truncated(lan, fwd, n):
    """Without a cookie: BADCOOKIE or TC where they are required."""
    return bool(fwd.ask(f"fc{n}.example", source=NEAR).flags & wire.TC)


def asked_twice(lan, fwd, n):
    """How often the same question goes upstream that is asked three times."""
    for _ in range(3):
        fwd.ask(f"twice{n}.example")
    return lan.server.count(f"twice{n}.example")


def second_ttl(name):
    def look(lan, fwd, n):
        for _ in range(2):
            reply = fwd.ask(f"{name}{n}.example")
        return reply.answer[0].ttl

    return look


def has_addresses(name, rrtype="A"):
    return lambda lan, fwd, n: bool(fwd.ask(name, rrtype).answer)


def refused_private(lan, fwd, n):
    name = f"rebind{n}.example"
    head = wire.header(wire.QR | wire.RD | wire.RA, (1, 1, 0, 0), 0)
    record = b"\xc0\x0c" + b"\0\1\0\1\0\0\0\x3c\0\4" + ipaddress.ip_address("192.168.1.1").packed
    lan.server.rule(f"name={name} hex={(head + wire.question(name) + record).hex()}")
    return not fwd.ask(name).answer


def synthesized(lan, fwd, n):
    """An AAAA made of an A."""
    name = f"v4only{n}.example"
    lan.server.rule(f"name={name} type=AAAA nodata")
    fwd.ask(name, "AAAA")
    return fwd.stats()["synthesized"] > 0


def resolves(lan, fwd, n):
    """Whether its certificate is taken: without the CA, or with no common algorithm, nobody is asked."""
    reply = fwd.ask_wire(wire.query(f"r{n}.example"))
    return wire.rcode_of(reply) == wire.NOERROR


def debug_logged(lan, fwd, n):
    """Whether there are lines of level debug where something is done that has some."""
    return any(" debug " in line for line in fwd.hang_up()[1])


def names_logged(lan, fwd, n):
    since = len(fwd.log())
    fwd.ask(f"logged{n}.example")
    fwd.stats()
    return any(f"logged{n}.example" in line for line in fwd.log()[since:])


def log_moved(lan, fwd, n):
    """Whether what happens is told elsewhere, and not on stderr any more; a file tells it at once."""
    if n > 0:
        fwd.wait_log("the log goes on elsewhere")
    since = len(fwd.log())
    os.kill(fwd.pid, signal.SIGUSR2)
    if n > 0:
        for _ in range(5):
            fwd.ask(f"moved{n}.example")
        file = pathlib.Path(lan.path("moved.log"))
        assert not file.exists() or wait_for(lambda: "SIGUSR2" in file.read_text(), what="the line")
        return len(fwd.log()) == since
    fwd.wait_log("SIGUSR2", since)
    return False


# ---------------------------------------------------------------- the table


def table(lan):
    """option: (at first, changed to, look, seen at first, seen then); no look: only that it is in force."""
    plain = f"udp://127.0.0.1:{lan.other.udp[0].port}"
    groups = [home(lan.server), home(lan.other, name="away")]
    return {
        "allow": ({}, {"allow": ["127.0.0.0/8"]}, lambda *_: int(_[1].ask("x.example", transport="tcp", source=NEAR).rcode()),
                  0, 5),
        "forward": ({"upstream": groups}, {"forward": ["away"]}, asked_of, ["server", ""], ["", "other"]),
        "upstream": ({}, {"upstream": [home(lan.other)]}, asked_of, ["server", ""], ["", "other"]),
        "policy": ({"upstream": groups, "forward": ["home", "away"]}, {"policy": "round-robin"}, asked_in_turn, 1, 2),
        "bootstrap": (
            {"upstream": [{"name": "home", "auth-name": "boot.example"}], "state-dir": "", "query-timeout": "1s",
             "bootstrap": [f"127.0.0.1:{lan.server.udp[0].port}"]},
            {"bootstrap": [f"127.0.0.1:{lan.other.udp[0].port}"]}, bootstrap_asked, False, True),
        "zone": ({}, {"zone": [{"name": "corp.example", "forward": [plain]}]}, zone_asked, False, True),
        "insecure-plain": ({}, {"insecure-plain": True, "zone": [{"name": "far.example", "forward": ["udp://9.9.9.9"]}]},
                           None, None, None),
        "query-timeout": ({"query-timeout": "50s"}, {"query-timeout": "200ms"}, timed_out, False, True),
        "max-queries": ({}, {"max-queries": 16}, bound("bound_queries", 40), False, True),
        "max-queries-per-client": ({}, {"max-queries-per-client": 5}, bound("bound_client", 20, NEAR), False, True),
        "rate-limit": ({}, {"rate-limit": 1}, bound("dropped_rate", 20, NEAR), False, True),
        "tcp-clients": ({}, {"tcp-clients": 2}, tcp_clients, True, False),
        "tcp-idle-timeout": ({}, {"tcp-idle-timeout": "77s"}, keepalive, 10, 77),
        "edns-size": ({}, {"edns-size": 4000}, edns_size, 1232, 4000),
        "answer-cookies": ({}, {"answer-cookies": False}, client_cookie, True, False),
        "require-cookies": ({}, {"require-cookies": True}, far_truncated, False, True),
        "cookie-secret-file": ({}, {"cookie-secret-file": lan.path("secret")}, cookie_still_good, True, False),
        "cache-size": ({}, {"cache-size": "1M"}, asked_twice, 3, 1),
        "cache-min-ttl": ({"cache-size": "1M"}, {"cache-min-ttl": "50m"}, lambda l, f, n: second_ttl("ttl-60.min")(l, f, n) > 60,
                          False, True),
        "cache-max-ttl": ({"cache-size": "1M"}, {"cache-max-ttl": "30s"}, lambda l, f, n: second_ttl("ttl-600.max")(l, f, n) > 30,
                          True, False),
        "serve-stale": ({"cache-size": "1M"}, {"serve-stale": 0}, None, None, None),
        "prefetch": ({}, {"prefetch": False}, None, None, None),
        "hosts": ({}, {"hosts": [lan.path("hosts")]}, address("host.example"), [expected_a("host.example")], ["10.0.0.1"]),
        "record": ({}, {"record": ["rec.example A 10.0.0.3"]}, address("rec.example"), [expected_a("rec.example")], ["10.0.0.3"]),
        "lease-file": ({"local-domain": "lan"}, {"lease-file": lan.path("leases")}, has_addresses("phone.lan"), False, True),
        "local-domain": ({}, {"local-domain": "lan"}, rcode("x.lan"), 0, 3),
        "special-names": ({}, {"special-names": True}, rcode("x.test"), 0, 3),
        "special-names-except": ({"special-names": True}, {"special-names-except": ["test"]}, rcode("x.test"), 3, 0),
        "firefox-may-bypass": ({"special-names": True}, {"firefox-may-bypass": False}, rcode("use-application-dns.net"), 0, 3),
        "private-relay-may-bypass": ({"special-names": True}, {"private-relay-may-bypass": False}, rcode("mask.icloud.com"), 0, 3),
        "block": ({}, {"block": [lan.path("block")]}, rcode("blocked.example"), 0, 3),
        "block-answer": ({"block": [lan.path("block")]}, {"block-answer": "null"}, address("blocked.example"), [], ["0.0.0.0"]),
        "block-except": ({"block": [lan.path("block")]}, {"block-except": ["blocked.example"]}, rcode("blocked.example"), 3, 0),
        "private-address": ({}, {"private-address": ["all"]}, refused_private, False, True),
        "private-address-except": ({"private-address": ["all"]}, {"private-address-except": ["example"]}, refused_private, True,
                                   False),
        "dns64": ({}, {"dns64": "64:ff9b:1::/96"}, synthesized, False, True),
        "tls-cert-bundle": ({"upstream": [home(lan.server, **{"tls-cert-bundle": ""})], "query-timeout": "1s"},
                            {"tls-cert-bundle": lan.path("other/ca.pem")}, resolves, True, False),
        "tls-priority": ({"query-timeout": "1s"}, {"tls-priority": "NORMAL:-VERS-ALL:+VERS-TLS1.2"}, None, None, None),
        "log-level": ({}, {"log-level": "debug"}, debug_logged, False, True),
        "log-queries": ({"log-level": "debug"}, {"log-queries": True}, names_logged, False, True),
        "log-file": ({}, {"log-file": lan.path("moved.log")}, log_moved, False, True),
        "syslog": ({}, {"syslog": True}, log_moved, False, True),
    }


def live_options():
    """As the program has them."""
    top = OPTIONS.read_text().split("const struct option upstream_options")[0]
    rows = re.split(r"\n\t\{ (?=\")", top)[1:]
    return {re.match(r'"([\w-]+)"', row)[1] for row in rows if "RELOAD_LIVE" in row}


LIVE = sorted(live_options())


def test_all_are_here(lan):
    assert set(LIVE) == set(table(lan))


@pytest.mark.parametrize("option", LIVE)
def test_option(lan, option):
    first, change, look, was, then = table(lan)[option]
    if option == "tls-cert-bundle":
        make_certs(lan.folder / "other")
    for s in (lan.server, lan.other):
        s.command("rules clear")
        s.reset()
    base = {"sandbox": False, "allow": ["0.0.0.0/0"], "upstream": [home(lan.server)], "forward": ["home"], "tls-cert-bundle": lan.server.ca}
    with Dnsfwd(None, {**base, **first}, server=lan.server, netns=lan.space) as fwd:
        if look:
            assert look(lan, fwd, 0) == was
        lines = fwd.reload(change)
        assert any(re.search(rf"reloaded: \d+ options? changed: (.*, )?{option}\b", line) for line in lines), lines
        if look:
            assert look(lan, fwd, 1) == then
