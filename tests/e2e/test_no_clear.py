"""Never in clear (A62, T04): whatever an upstream or its path does, no octet of a question leaves unencrypted.

Each network's sniffer is the judge (sniffer.py).  Here are the faults that once made resolvers fall back, and all
that could tempt: plain DNS is answered on port 53 of the upstream's own addresses, and by a resolver that
/etc/resolv.conf names, as DHCP writes it.
"""

import contextlib
import os
import select
import socket
import ssl
import struct
import threading
import warnings

import pytest
import wire
from daemon import Dnsfwd
from load import load
from netns import PORT, Network
from reach import During, comes_back
from testserver import TestServer, make_certs, wait_for

COUNT = 10  # queries over each transport
PROFILES = ["strict", "opportunistic"]


@pytest.fixture(scope="module")
def other_name(tmp_path_factory):
    """A certificate for somebody else, of a CA that nobody trusts."""
    return make_certs(tmp_path_factory.mktemp("other"), "DNS:other.test")


@pytest.fixture(params=PROFILES)
def profile(request):
    return request.param


def secret(zone="example.org"):
    """Names with a label that nothing else has."""
    label = "zq" + os.urandom(8).hex()
    return lambda i: f"q{i}.{label}.{zone}"


def plain(host):
    """A resolver that answers everybody on port 53 of all the host's addresses."""
    where = [f"[{a}]:53" if ":" in a else f"{a}:53" for a in host.addresses]
    server = TestServer(tls=0, udp=where, tcp=where, netns=host)
    with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.sendto(wire.query("tempting.test"), (host.v4, 53))
        assert wire.rcode_of(s.recv(4096)) == wire.NOERROR
    server.reset()
    return server


class Scene:
    """An upstream on a host of its own, with the temptations, and a dnsfwd that start() starts."""

    def __init__(self, net, certs, profile, begin):
        self.net, self.certs, self.profile, self._begin = net, certs, profile, begin
        self.host, self.other = net.hosts
        self.server = self.host.serve(certs=certs)
        self.tempting = [plain(self.host), plain(self.other)]
        self.client = net.client
        self.client.etc("resolv.conf", f"search dhcp.test\nnameserver {self.other.v4}\nnameserver {self.host.v4}\n")
        assert self.other.v4 in self.client.run("cat", "/etc/resolv.conf")
        self.fwd = None

    def upstream(self):
        return [{"server": self.server, "profile": self.profile}]

    def start(self, options=None, upstream=None):
        options = {"query-timeout": "1s", "bootstrap": [], **(options or {})}
        self.fwd = self._begin(upstream or self.upstream(), options, netns=self.client)
        return self.fwd

    def ask(self):
        """Many names over both transports, each answered somehow: RCODE -> replies."""
        codes = {}
        for transport, zone in (("udp", "example.org"), ("tcp", "clear.test")):
            result = load(self.fwd, COUNT, window=COUNT, transport=transport, name=secret(zone))
            assert not result.lost, result
            for code, replies in result.failed.items():
                codes[code] = codes.get(code, 0) + replies
        codes[wire.NOERROR] = 2 * COUNT - sum(codes.values())
        return {code: replies for code, replies in codes.items() if replies}

    def works(self):
        return self.ask() == {wire.NOERROR: 2 * COUNT}

    def nobody_was_tempted(self):
        for server in self.tempting:
            assert server.stat("queries") == 0, server.queries()

    def stop(self):
        for server in self.tempting:
            server.stop()


@pytest.fixture
def scene(certs, profile, start):
    with Network(hosts=2) as net:
        scene = Scene(net, certs, profile, start)
        yield scene
        scene.nobody_was_tempted()
        scene.stop()


# -- what may go wrong ---------------------------------------------------------------------


class Rule:
    """Of the test server, for connections that stand, too."""

    def __init__(self, text):
        self.text = text

    def begin(self, scene, _):
        scene.server.rule(self.text)
        scene.server.closeall("rst")

    def end(self, scene):
        scene.server.clear_rules()


class Command:
    def __init__(self, begin, end):
        self._begin, self._end = begin, end

    def begin(self, scene, _):
        scene.server.command(self._begin)

    def end(self, scene):
        scene.server.command(self._end)


class Closed:
    def begin(self, scene, _):
        scene.server.listen(False)
        scene.server.closeall("rst")

    def end(self, scene):
        scene.server.listen()


class Certificate:
    """Of somebody else, who cannot read the tickets either."""

    def begin(self, scene, other_name):
        scene.server.load_cert(other_name)
        scene.server.command("tickets rotate")
        scene.server.closeall("rst")

    def end(self, scene):
        scene.server.load_cert(scene.certs)
        scene.server.closeall("rst")


class Path:
    """faults: makes those of a Network to stand together."""

    def __init__(self, faults):
        self._faults = faults

    def begin(self, scene, _):
        self._standing = contextlib.ExitStack()
        for fault in self._faults(scene.net, scene.host):
            self._standing.enter_context(fault)

    def end(self, scene):
        self._standing.close()


def black_hole(net, host):
    yield net.black_hole(*host.addresses)


def resets(net, host):
    yield net.reject(*host.addresses)


def forbids(net, host):
    """TCP, and says so."""
    yield net.reject(host.v4, how="icmp-admin-prohibited")
    yield net.reject(host.v6, how="icmp6-adm-prohibited")


FAULTS = {
    "closed": Closed(),
    "ends before TLS": Rule("refuse"),
    "resets before TLS": Rule("refuse=rst"),
    "alert": Rule("refuse=alert"),
    "ends after the handshake": Rule("handshake"),
    "resets after the handshake": Rule("handshake=rst"),
    "plain DNS on 853": Rule("plaintext"),
    "random octets": Rule("garbage=500"),
    "stalls": Rule("stall"),
    "mute": Command("mute on", "mute off"),
    "reset at the first query": Rule("queries=1:rst"),
    "reset in the middle of the answer": Rule("cut=half:rst"),
    "octets that are no TLS": Rule("noise=50"),
    "certificate": Certificate(),
    "black hole": Path(black_hole),
    "path resets": Path(resets),
    "path forbids": Path(forbids),
    "SERVFAIL": Rule("rcode=SERVFAIL"),
    "REFUSED": Rule("rcode=REFUSED"),
    "NOTIMP": Rule("rcode=NOTIMP"),
    "FORMERR": Rule("rcode=FORMERR"),
    "truncated": Rule("tc"),
    "cut answers": Rule("short=5"),
}
REPLIES = {"SERVFAIL": wire.SERVFAIL, "REFUSED": wire.REFUSED, "NOTIMP": wire.NOTIMP, "FORMERR": wire.FORMERR}


def check_replies(codes, what, profile):
    if what == "truncated":
        return  # an answer of its kind
    if what == "certificate" and profile == "opportunistic":
        assert codes == {wire.NOERROR: 2 * COUNT}
    else:
        assert codes.keys() <= {wire.SERVFAIL, REPLIES.get(what, wire.SERVFAIL)}, codes


@pytest.mark.parametrize("what", FAULTS)
def test_fault(scene, other_name, what):
    """From the start, and again after all was well: what fails fails in secret."""
    fault = FAULTS[what]
    fault.begin(scene, other_name)
    scene.start()
    check_replies(scene.ask(), what, scene.profile)
    if what == "certificate" and scene.profile == "strict":
        assert scene.server.stat("queries") == 0
    fault.end(scene)
    comes_back(scene.fwd, "healed.test", f"answer after {what}", at_most=30)
    wait_for(scene.works, what=f"all answered after {what}\n{scene.fwd.log_text()}")
    fault.begin(scene, other_name)
    check_replies(scene.ask(), what, scene.profile)


OLD = {
    "TLS 1.1": "NORMAL:-VERS-ALL:+VERS-TLS1.1",
    "CBC": "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC",
}


def shakes_hands(host, port):
    """With a client that takes anything."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with host.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.connect((host.v4, port))
        with context.wrap_socket(s):
            return True


@pytest.mark.parametrize("what", OLD)
def test_server_of_old_tls(scene, what):
    """It is not asked at all, and nobody is in its place."""
    old = scene.host.serve(port=PORT + 1, certs=scene.certs, args=["--priority", OLD[what]])
    assert shakes_hands(scene.host, PORT + 1)
    scene.start(upstream=[{"server": old, "profile": scene.profile}])
    assert scene.ask() == {wire.SERVFAIL: 2 * COUNT}
    assert old.stat("queries") == 0


# -- under load ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["rst", "fin", "alert", "notify"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sessions_cut_in_the_middle_of_queries(scene, transport, how):
    """Again and again, while queries are under way."""
    scene.server.rule("delay=5-50")
    scene.start({"query-timeout": "20s"})

    def cut():
        scene.server.closeall(how)

    steps = During(lambda: scene.server.stat("queries"), *((count, cut) for count in range(20, 200, 40)))
    result = load(scene.fwd, 300, window=40, transport=transport, name=secret(), each_turn=steps, timeout=30)
    assert steps.done() and not result.lost and not result.wrong, result


class Asking(threading.Thread):
    """Asks over UDP and TCP whoever listens on an address, or nobody, until stop()."""

    def __init__(self, space, address):
        super().__init__()
        self._space, self._address = space, address
        self._name, self._over = secret(), threading.Event()
        self.label = self._name(0).split(".")[1].encode()
        self.sent = {"udp": 0, "tcp": 0}
        self.start()

    def run(self):
        number = 0
        while not self._over.is_set():
            number += 1
            for transport, ask in (("udp", self._udp), ("tcp", self._tcp)):
                try:
                    ask(wire.query(self._name(number)))
                    self.sent[transport] += 1
                except OSError:
                    pass  # nobody is there for the moment

    def _udp(self, query):
        with self._space.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(self._address)
            s.send(query)
            select.select([s], [], [], 0.01)

    def _tcp(self, query):
        with self._space.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.settimeout(1)
            s.connect(self._address)
            s.sendall(struct.pack("!H", len(query)) + query)
            select.select([s], [], [], 0.01)

    def stop(self):
        self._over.set()
        self.join()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_restart_under_load(scene, how):
    """It stands where the system's resolver stands; clients do not stop asking while it is away."""
    options = {"port": 53, "bootstrap": []}
    fwd = Dnsfwd(scene.upstream(), options, netns=scene.client)
    asking = Asking(scene.client, fwd.address)
    try:
        for i in range(5):
            assert fwd.ask(f"before{i}.clear.test").rcode() == wire.NOERROR
            before = dict(asking.sent)
            wait_for(lambda: all(asking.sent[t] > before[t] for t in before), what="clients that ask")
            getattr(fwd, how)()
            fwd = Dnsfwd(scene.upstream(), options, netns=scene.client)
    finally:
        asking.stop()
        fwd.kill()
    assert asking.label in scene.net.sniffer.judge().labels


# -- upstreams that have to be looked up -----------------------------------------------------


HOST = "a-10-53-1-1.upstream.test"  # as the test resolver answers, it is the first host


@pytest.fixture
def named(scene, tmp_path):
    """The upstream is known by its name; start_named(bootstrap) starts."""
    assert scene.host.v4 == "10.53.1.1"
    server = scene.host.serve([scene.host.v4], port=PORT + 1, san=[f"DNS:{HOST}"])
    scene.net.sniffer.policy.allow(scene.host.v4, PORT + 1)
    upstream = [{"auth-name": HOST, "port": PORT + 1, "profile": scene.profile}]

    def begin(bootstrap):
        scene.start({"bootstrap": [bootstrap], "tls-cert-bundle": server.ca, "state-dir": str(tmp_path)}, upstream)

    scene.start_named = begin
    return scene


def test_bootstrap_servers_learn_nothing_else(named):
    """The one plain question that there is."""
    named.start_named(named.host.v4)
    wait_for(named.works, what=f"all answered\n{named.fwd.log_text()}")
    asked = {str(wire.parse(q.data).question[0].name).rstrip(".") for q in named.tempting[0].queries()}
    assert asked == {HOST}
    named.tempting[0].reset()


@pytest.mark.parametrize("how", ["silent", "closed", "rcode=REFUSED", "rcode=SERVFAIL", "rcode=NXDOMAIN", "short=5"])
def test_bootstrap_servers_of_no_use(named, how):
    """The system's resolver would know."""
    boot = TestServer(tls=0, udp=[f"{named.other.v4}:5300"], netns=named.other, rules=[how] if "=" in how else [])
    if how == "closed":
        boot.listen(False)
    boot.mute(how == "silent")
    named.start_named(f"{named.other.v4}:5300")
    named.net.sniffer.policy.upstreams.clear()  # none is ever known
    assert named.ask() == {wire.SERVFAIL: 2 * COUNT}
    if how != "closed":
        asked = [wire.parse(q.data).question[0].name for q in boot.queries()]  # in one look: it may be asked again now
        assert {str(name).rstrip(".") for name in asked} == {HOST}
    boot.stop()
