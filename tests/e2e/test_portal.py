"""dnsfwdctl portal: in a captive network, exactly the names of the portal go in clear, and only while it is needed."""

import contextlib
import http.server
import os
import socket
import threading

import dns.edns
import dns.flags
import dns.message
import dns.rrset
import pytest
from conftest import addresses
from daemon import CTL, Dnsfwd, run
from netns import Network
from plainserver import UdpPeer
from testserver import TestServer, expected_a, make_certs, wait_for

OPTIONS = {"control": True, "query-timeout": "1s", "cache-size": "1M"}
HERE = "127.0.0.1"
ALIASES = {"alias.test.": "cdn.test.", "cdn.test.": "edge.test."}


class Hotel:
    """Answers every name over UDP with its own address; names: those that were asked for."""

    def __init__(self):
        self.queries = []
        self.peer = UdpPeer(self._answer)
        self.at = f"{HERE}@{self.peer.port}"

    @property
    def names(self):
        return {str(q.question[0].name).lower() for q in self.queries}

    def count(self, name):
        return sum(str(q.question[0].name).lower() == name for q in self.queries)

    def _answer(self, peer, data, source):
        query = dns.message.from_wire(data)
        self.queries.append(query)
        reply = dns.message.make_response(query)
        owner = str(query.question[0].name).lower()
        while owner in ALIASES:
            reply.answer.append(dns.rrset.from_text(owner, 60, "IN", "CNAME", ALIASES[owner]))
            owner = ALIASES[owner]
        if query.question[0].rdtype == 1:
            reply.answer.append(dns.rrset.from_text(owner, 60, "IN", "A", HERE))
        peer.socket.sendto(reply.to_wire(), source)


@pytest.fixture
def hotel():
    hotel = Hotel()
    with hotel.peer:
        yield hotel


@contextlib.contextmanager
def web(status, headers=(), body=b""):
    """Answers every GET so; yields its port and the hosts that it was asked for."""
    hosts = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hosts.append(self.headers["Host"])
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer((HERE, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, hosts
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def upstream(start_server):
    """One that can't be reached, until it listens."""
    server = start_server()
    server.listen(False)
    return server


@pytest.fixture
def fwd(upstream, start):
    return start(upstream, OPTIONS)


def good(done):
    assert done.returncode == 0, done
    return done


def refused(done, *words, code=1):
    assert done.returncode == code, done
    for word in words:
        assert word in done.stderr, done.stderr


def open_for(fwd, hotel, *names, how=("10m",)):
    return good(fwd.ctl("portal", *how, "--resolver", hotel.at, "--no-probe", *names))


def state(fwd):
    return fwd.ctl_json("portal")


def closed_by(fwd, why):
    wait_for(lambda: not state(fwd)["open"], what="the portal to close")
    assert state(fwd)["ended_by"] == why


def here(reply):
    return [str(rr) for rrset in reply.answer if rrset.rdtype == 1 for rr in rrset] == [HERE]


def test_these_names_and_no_others(fwd, hotel):
    said = open_for(fwd, hotel, "Login.test", "portal.test.")
    assert "login.test, portal.test -> 127.0.0.1:" in said.stdout
    for name in ("login.test", "LOGIN.test", "portal.test"):
        assert here(fwd.ask(name)), name
    for name in ("a.login.test", "test", "xlogin.test", "login.test.example", "bank.test"):
        assert fwd.ask(name).rcode() == 2, name
    assert here(fwd.ask("login.test", transport="tcp"))
    assert hotel.names == {"login.test.", "portal.test."}
    fwd.wait_log(r"portal: open for 600 s, by uid \d+: in clear to 127\.0\.0\.1:\d+ go login\.test, portal\.test")
    shown = state(fwd)
    assert shown["open"] and shown["names"] == ["login.test", "portal.test"] and 500 < shown["left_s"] <= 600
    assert "portal open for" in fwd.ctl("portal").stdout


def test_what_goes_in_clear(fwd, hotel):
    """A cookie, no padding, no subnet, nothing of the client's."""
    open_for(fwd, hotel, "login.test")
    fwd.ask("login.test")
    (query,) = hotel.queries
    assert {int(o.otype) for o in query.options} == {10}


def test_nothing_is_kept(fwd, hotel, upstream):
    open_for(fwd, hotel, "login.test")
    for _ in range(3):
        assert here(fwd.ask("login.test"))
    assert hotel.count("login.test.") == 3
    good(fwd.ctl("portal", "off"))
    assert fwd.ask("login.test").rcode() == 2, "no old answer of the hotel's"
    upstream.listen()
    wait_for(lambda: addresses(fwd.ask("login.test")) == [expected_a("login.test")], what="the upstream's answer")
    assert hotel.count("login.test.") == 3


def test_aliases(fwd, hotel):
    open_for(fwd, hotel, "alias.test")
    assert fwd.ask("edge.test").rcode() == 2
    assert here(fwd.ask("alias.test"))
    assert here(fwd.ask("edge.test")) and here(fwd.ask("cdn.test"))
    assert state(fwd)["names"] == ["alias.test", "cdn.test", "edge.test"]
    assert hotel.names == {"alias.test.", "cdn.test.", "edge.test."}
    good(fwd.ctl("portal", "off"))
    fwd.wait_log(r"portal: closed: by hand, by uid \d+; in clear to \S+ could go alias\.test, cdn\.test, edge\.test")
    assert fwd.ask("edge.test").rcode() == 2


def test_the_first_handshake_ends_it(fwd, hotel, upstream):
    open_for(fwd, hotel, "login.test")
    assert here(fwd.ask("login.test"))
    upstream.listen()
    wait_for(lambda: fwd.ask("bank.test").rcode() == 0, what="the upstream")
    seen = len(hotel.queries)
    assert addresses(fwd.ask("login.test")) == [expected_a("login.test")]  # at once
    closed_by(fwd, "upstream")
    fwd.wait_log(r"portal: closed: an upstream can be reached, \S+")
    assert len(hotel.queries) == seen and upstream.count("login.test") == 1


def test_another_name_on_the_certificate_ends_nothing(start, hotel, start_server, tmp_path):
    """The network's own server where the upstream's should be."""
    server = start_server(certs=make_certs(tmp_path, "DNS:other.test"))
    fwd = start(server, OPTIONS)
    open_for(fwd, hotel, "login.test")
    assert fwd.ask("bank.test").rcode() == 2
    assert here(fwd.ask("login.test")) and state(fwd)["open"]
    assert hotel.names == {"login.test."}


def test_its_time_ends_it(upstream, start, hotel, clock):
    fwd = start(upstream, OPTIONS, clock=clock)
    open_for(fwd, hotel, "login.test", how=("1m",))
    assert here(fwd.ask("login.test"))
    clock.run(61)
    assert fwd.ask("login.test").rcode() == 2
    assert hotel.count("login.test.") == 1
    closed_by(fwd, "time")
    fwd.wait_log("portal: closed: its time is over; in clear to .* could go login.test")


def test_sleep_ends_it(upstream, start, hotel, clock):
    """Nobody knows where the machine wakes up; its own time passes meanwhile."""
    fwd = start(upstream, OPTIONS, clock=clock)
    open_for(fwd, hotel, "login.test")
    clock.sleep(3700)
    assert fwd.ask("login.test").rcode() == 2, "the first question"
    wait_for(lambda: not state(fwd)["open"], what="the portal to close")
    assert hotel.names == set()


def test_a_restart_ends_it(upstream, start, hotel):
    fwd = start(upstream, OPTIONS)
    open_for(fwd, hotel, "login.test")
    fwd.stop()
    assert "portal: closed: by hand, as dnsfwd ends" in fwd.log_text()
    fwd = start(upstream, OPTIONS)
    assert not state(fwd)["open"] and fwd.ask("login.test").rcode() == 2
    assert hotel.names == set()


def test_reload_keeps_it(fwd, hotel):
    open_for(fwd, hotel, "login.test")
    fwd.reload({"edns-size": 1400})
    assert here(fwd.ask("login.test")) and state(fwd)["open"]
    assert fwd.ctl_json("zone", "list")["zones"] == []


def test_again_is_another_one(fwd, hotel):
    other = Hotel()
    with other.peer:
        open_for(fwd, hotel, "login.test")
        open_for(fwd, other, "next.test")
        assert here(fwd.ask("next.test")) and fwd.ask("login.test").rcode() == 2
        assert state(fwd)["names"] == ["next.test"]
        assert hotel.names == set() and other.names == {"next.test."}
        good(fwd.ctl("portal", "off"))


def test_status(fwd, hotel):
    assert fwd.ctl_json("status")["portal"]["open"] is False
    open_for(fwd, hotel, "login.test")
    status = fwd.ctl_json("status")
    assert any(r.startswith("portal open for 10 min: login.test -> 127.0.0.1:") for r in status["reasons"]), status
    assert status["portal"]["names"] == ["login.test"] and status["state"] != "healthy"


def test_not_needed(server, start, hotel):
    """Whether or not a session is open, or the answer known."""
    fwd = start(server, OPTIONS)
    for _ in range(2):
        refused(fwd.ctl("portal", "10m", "--resolver", hotel.at, "--no-probe", "login.test"), "no portal is needed", "answers")
    assert not state(fwd)["open"] and addresses(fwd.ask("login.test")) == [expected_a("login.test")]
    open_for(fwd, hotel, "other.test", how=("10m", "--force"))
    assert here(fwd.ask("other.test"))
    good(fwd.ctl("portal", "off"))
    assert addresses(fwd.ask("other.test")) == [expected_a("other.test")]


# -- probes -----------------------------------------------------------------------


def probe(fwd, hotel, port, *more, path="/success.txt"):
    return good(fwd.ctl("portal", "10m", "--resolver", hotel.at, "--probe", f"http://probe.test:{port}{path}", *more))


@pytest.mark.parametrize(
    "status, headers, body",
    [
        (302, [("Location", "http://login.hotel.test:8080/start?x=1")], b""),
        (307, [("location", "https://login.hotel.test")], b""),
        (200, [], b'<META http-equiv="Refresh" content="0; URL=http://login.hotel.test/">'),
        (511, [], b"<meta content='0;url=http://login.hotel.test/' http-equiv='refresh'><meta http-equiv=refresh content=0;url=//login.hotel.test/>"),
    ],
)
def test_redirect_is_followed_by_name(fwd, hotel, status, headers, body):
    with web(status, headers, body) as (port, hosts):
        done = probe(fwd, hotel, port, "more.test")
    assert "the network leads to login.hotel.test" in done.stderr
    assert hosts == [f"probe.test:{port}"]
    assert state(fwd)["names"] == ["probe.test", "more.test", "login.hotel.test"]
    assert here(fwd.ask("login.hotel.test")) and fwd.ask("hotel.test").rcode() == 2
    assert hotel.names == {"probe.test.", "login.hotel.test."}


@pytest.mark.parametrize(
    "status, headers, body, said",
    [
        (204, [], b"", "seems to be no portal"),
        (200, [], b"success\n", "seems to be no portal"),
        (200, [], b"<html>welcome", "the network answers itself"),
        (302, [("Location", "/start")], b"", "the network answers itself"),
        (302, [("Location", "http://bad host/")], b"", "the network answers itself"),
        (302, [("Location", "http://127.0.0.1/")], b"", "the network leads to 127.0.0.1"),
    ],
)
def test_no_other_name(fwd, hotel, status, headers, body, said):
    with web(status, headers, body) as (port, _):
        done = probe(fwd, hotel, port)
    assert said in done.stderr
    assert state(fwd)["names"] == ["probe.test"]


def test_long_page(fwd, hotel):
    """No more of it is read than 64 KiB."""
    with web(200, [], b"<html>" + b"welcome " * 100000 + b"<meta http-equiv=refresh content=0;url=//late.test/>") as (port, _):
        probe(fwd, hotel, port)
    assert state(fwd)["names"] == ["probe.test"]


def test_nobody_at_the_probe(fwd, hotel):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.bind((HERE, 0))  # and does not listen; nor does anybody else then
        assert "refused" in probe(fwd, hotel, s.getsockname()[1]).stderr
    assert state(fwd)["open"]


def test_json(fwd, hotel):
    with web(302, [("Location", "http://login.hotel.test/")]) as (port, _):
        done = good(fwd.ctl("--json", "portal", "10m", "--resolver", hotel.at, "--probe", f"http://probe.test:{port}/"))
    assert done.stdout.count("\n") == 1 and '"login.hotel.test"' in done.stdout
    assert fwd.ctl_json("portal", "off")["ended_by"] == "off"


# -- refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, why",
    [
        (("59s",), "1m to 1h"),
        (("61m",), "1m to 1h"),
        (("soon",), "1m to 1h"),
        (("10m", "--no-probe"), "names are wanted"),
        (("10m", "--probe", "https://probe.test/"), "like http://"),
        (("10m", "--probe"), "missing"),
        (("10m", "a..b"), "not understood"),
        (("10m", "--what"), "not understood"),
    ],
)
def test_command_line(fwd, words, why):
    refused(fwd.ctl("portal", *words), why, code=2)
    assert not state(fwd)["open"]


@pytest.mark.parametrize("resolver", ["10.0.0.x", "0.0.0.0", "resolver.test", "224.0.0.1"])
def test_no_such_resolver(fwd, resolver):
    refused(fwd.ctl("portal", "10m", "--force", "--no-probe", "--resolver", resolver, "a.test"), "no address")


def test_ourselves_are_no_resolver(fwd):
    refused(
        fwd.ctl("portal", "10m", "--force", "--no-probe", "--resolver", f"127.0.0.1@{fwd.port}", "a.test"),
        "dnsfwd itself listens",
    )
    assert not state(fwd)["open"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_not_for_everybody(fwd, hotel):
    os.chmod(fwd.control, 0o666)
    os.chmod(os.path.dirname(fwd.control), 0o755)
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    for words in ((), ("off",), ("10m", "--resolver", hotel.at, "--no-probe", "a.test")):
        refused(fwd.ctl("portal", *words, **nobody), "not permitted")
    assert not state(fwd)["open"]


# -- what leaves ------------------------------------------------------------------


@pytest.mark.parametrize("family", ["v4", "v6"])
def test_gateway_gets_these_names_alone(certs, family):
    """A resolver on port 53 of the default route's gateway; the sniffer sees what else leaves in clear."""
    with Network(hosts=2, clear=True) as net:
        home, gateway = net.hosts
        server = home.serve(certs=certs)
        server.listen(False)
        at = getattr(gateway, family)
        where = [f"[{at}]:53" if ":" in at else f"{at}:53"]
        with TestServer(certs=certs, tls=0, udp=where, tcp=where, netns=gateway) as hotel:
            net.client.ip(f"route add default via {at} dev {gateway.device}")
            fwd = Dnsfwd([server], OPTIONS, netns=net.client)
            said = good(run(*net.client.prefix[1:], CTL, "-s", fwd.control, "portal", "10m", "--no-probe", "zqlogin.test", binary="ip"))
            assert f"-> {where[0]}, in clear" in said.stdout
            for i in range(5):
                assert addresses(fwd.ask("zqlogin.test")) == [expected_a("zqlogin.test")]
                assert fwd.ask(f"zqother{i}.test").rcode() == 2
                assert fwd.ask(f"zq{i}.zqlogin.test", transport="tcp").rcode() == 2
            server.listen()
            wait_for(lambda: fwd.ask("zqback.test").rcode() == 0, what="the upstream")
            assert addresses(fwd.ask("zqlogin.test")) == [expected_a("zqlogin.test")]
            assert hotel.count("zqlogin.test") == len(hotel.queries()) == 5
            fwd.stop()
            found = net.sniffer.findings()
            assert any("zqlogin" in what for what in found), "the sniffer would see others, too"
            for what in found:
                assert what.startswith("port 53: ") or "zqlogin" in what, what
                assert at in what and not any(f"zq{i}" in what for i in range(5)) and "zqother" not in what, what


def test_another_network_ends_it(certs):
    """Told by the route to the upstream."""
    with Network(hosts=2, clear=True) as net:
        home, cafe = net.hosts
        server = home.serve(certs=certs)
        server.listen(False)
        with TestServer(certs=certs, tls=0, udp=[f"{home.v4}:53"], netns=home) as hotel:
            fwd = Dnsfwd([server], OPTIONS, netns=net.client)
            ctl = [*net.client.prefix[1:], CTL, "-s", fwd.control, "portal"]
            names = [f"login{i}.test" for i in range(20)]
            good(run(*ctl, "10m", "--resolver", home.v4, "--no-probe", "login.test", *names, binary="ip"))
            assert addresses(fwd.ask("login.test")) == [expected_a("login.test")]
            # Whoever is there now would take such questions.
            cafe.ip(f"addr add {home.v4}/32 dev lo")
            with TestServer(certs=certs, tls=0, udp=[f"{home.v4}:53"], netns=cafe) as cafes_own:
                net.client.ip(*(f"route add {a} via {b} dev {cafe.device}" for a, b in ((home.v4, cafe.v4), (home.v6, cafe.v6))))
                good(run(*ctl[:-1], "stats", binary="ip"))  # so much of it has been heard
                with net.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    for name in names:
                        s.sendto(dns.message.make_query(name, "A").to_wire(), fwd.addresses[0])
                    fwd.wait_log("portal: closed: this may be another network")
                    wait_for(lambda: fwd.stats()["queries_udp"] == 1 + len(names), what="all of them to be taken")
                assert not cafes_own.queries(), "not one in the moment until it is known where we are"
                assert len(hotel.queries()) == 1
            fwd.stop()
