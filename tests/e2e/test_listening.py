"""Where dnsfwd listens, from where it replies, and who may ask."""

import socket

import dns.message
import machine
import pytest
from conftest import addresses
from daemon import Dnsfwd
from load import load
from netns import namespace_or_skip
from testserver import TIMEOUT, TestServer, expected_a


def good(reply, name):
    return reply.answer[0][0].address == expected_a(name)


def test_several_addresses(server, start):
    fwd = start(server, {"listen": ["127.0.0.1", "127.0.0.2:0", "[::1]:0"]})
    assert [host for host, _ in fwd.addresses] == ["127.0.0.1", "127.0.0.2", "::1"]
    for i, address in enumerate(fwd.addresses):
        name = f"a{i}.test"
        query = dns.message.make_query(name, "A").to_wire()
        with fwd.udp_socket(address=address) as s:
            s.send(query)
            assert good(dns.message.from_wire(s.recv(4096)), name)
        with fwd.tcp(address=address) as stream:
            stream.send(query)
            assert good(dns.message.from_wire(stream.receive()), name)


@pytest.mark.parametrize("wildcard, hosts", [("0.0.0.0", ["127.0.0.1", "127.0.0.2", "127.1.2.3"]), ("[::]", ["::1"])])
def test_reply_comes_from_the_address_asked(server, start, wildcard, hosts):
    """RFC 2181 4.  An unconnected client sees the source of the reply."""
    fwd = start(server, {"listen": [wildcard]})
    for host in hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.settimeout(TIMEOUT)
            name = f"asked.{host.replace(':', '-').replace('.', '-')}.test"
            s.sendto(dns.message.make_query(name, "A").to_wire(), (host, fwd.port))
            wire, source = s.recvfrom(4096)
            assert source[:2] == (host, fwd.port)
            assert good(dns.message.from_wire(wire), name)


def test_default_addresses_that_the_machine_lacks_are_passed_over(server, start):
    """Without listen: 127.0.0.1 and ::1, the second of which may not exist."""
    fwd = start(server, {"listen": None})
    assert fwd.addresses[0][0] == "127.0.0.1"
    assert good(fwd.ask("default.test"), "default.test")


# -- an address that comes later (F33) ---------------------------------------------------------

LATER = {4: "198.51.100.7", 6: "2001:db8:7::7"}
PORT = 5353


@pytest.fixture
def space():
    space = namespace_or_skip()
    yield space
    space.remove()


class Late:
    """A dnsfwd that is to listen on loopback and on an address that nobody has yet."""

    def __init__(self, space, certs, version):
        self.space, self.host = space, LATER[version]
        self.server = TestServer(tls=["127.0.0.1:0"], netns=space, certs=certs)
        self.words = f"{self.host}/{128 if version == 6 else 32} dev lo{' nodad' if version == 6 else ''}"

    def options(self, **more):
        late = f"[{self.host}]:{PORT}" if ":" in self.host else f"{self.host}:{PORT}"
        allow = ["127.0.0.0/8", "::1/128", *(f"{a}/{n}" for a, n in ((LATER[4], 32), (LATER[6], 128)))]
        return {"listen": [f"127.0.0.1:{PORT}", late], "allow": allow, **more}

    def begin(self, **more):
        return Dnsfwd(self.server, self.options(**more), netns=self.space)

    def appears(self):
        self.space.ip(f"addr add {self.words}")

    def goes(self):
        self.space.ip(f"addr del {self.words}")

    def answers(self, fwd, name):
        for fwd.addresses in ([("127.0.0.1", PORT)], [(self.host, PORT)]):
            for transport in ("udp", "tcp"):
                assert addresses(fwd.ask(name, transport=transport)) == [expected_a(name)]


@pytest.fixture(params=LATER)
def late(space, certs, request):
    it = Late(space, certs, request.param)
    yield it
    it.server.stop()


def test_address_that_comes_before_the_next_start(late, tmp_path):
    """It ends at once and says why, with nothing half begun; a service manager starts it until it can be."""
    control = tmp_path / "control.sock"
    watch = machine.Stopwatch()
    fwd = Dnsfwd(late.server, late.options(control=str(control)), netns=late.space, wait=False)
    assert fwd.wait_end() == 2
    assert watch.own() < 5
    text = fwd.log_text()
    assert f"{late.host}" in text and "no interface of this machine has the address" in text and "freebind" in text
    assert "listening on" not in text and not control.exists()
    assert late.server.stat("handshakes") == 0
    fwd.kill()
    late.appears()
    with late.begin() as fwd:
        late.answers(fwd, "second.test")


def test_freebind(late):
    """Served as soon as an interface has it, and again when it has gone and come back."""
    with late.begin(freebind=True, workers=2) as fwd:
        assert [line for line in fwd.log() if "which no interface has yet" in line and late.host in line]
        fwd.addresses = [("127.0.0.1", PORT)]
        assert good(fwd.ask("before.test"), "before.test")
        for turn in range(2):
            late.appears()
            late.answers(fwd, f"there{turn}.test")
            late.goes()
            fwd.addresses = [("127.0.0.1", PORT)]
            assert good(fwd.ask(f"gone{turn}.test"), f"gone{turn}.test")
        assert not [line for line in fwd.log() if " error " in line]


def test_freebind_shares_nothing(late):
    """A port that is taken is taken, whoever will have the address."""
    with late.begin(freebind=True):
        second = Dnsfwd(late.server, late.options(freebind=True), netns=late.space, wait=False)
        assert second.wait_end() == 2
        assert "another program has this port" in second.log_text()
        second.kill()


def test_allow_udp_silence_tcp_refused(server, start):
    fwd = start(server, {"allow": ["127.0.0.0/30", "::1/128"]})
    assert good(fwd.ask("in.test", source="127.0.0.2"), "in.test")
    assert fwd.ask_wire(dns.message.make_query("out.test", "A").to_wire(), source="127.0.0.9", timeout=0.5) is None
    reply = fwd.ask("out.test", transport="tcp", source="127.0.0.9")
    assert reply.rcode() == 5 and reply.options[0].to_text().startswith("EDE 18")
    assert server.count("out.test") == 0
    stats = fwd.stats()
    assert (stats["dropped_access"], stats["refused_access"]) == (1, 1)


def test_nobody_is_allowed_from_outside_what_is_written(server, start):
    """Not even with a message that would be refused anyhow: nothing goes back to a forged source."""
    fwd = start(server, {"allow": ["127.0.0.2/32"]})
    for wire in (b"", b"\0" * 11, b"\0" * 12, b"\x12\x34\x78\0" + b"\0" * 8):
        assert fwd.ask_wire(wire, timeout=0.2) is None


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_share_the_queries(server, start, workers):
    fwd = start(server, {"workers": workers})
    load(fwd, 2000, window=100).check()
    # The kernel spreads by source port: each TCP client and each UDP socket sticks to one worker.
    for i in range(24):
        assert good(fwd.ask(f"w{i}.test"), f"w{i}.test")
        assert good(fwd.ask(f"t{i}.test", transport="tcp"), f"t{i}.test")
    assert fwd.stats()["sessions"] > 1, "more than one worker has a session"


def test_client_that_has_gone_harms_nobody(fwd, server):
    """F29: replies to closed ports come back as ICMP errors on the listening socket."""
    server.rule("name=late*.gone.test delay=50")
    for i in range(20):
        with fwd.udp_socket() as s:
            s.send(dns.message.make_query(f"late{i}.gone.test", "A").to_wire())
    server.wait_stat("answers", 20)
    for i in range(50):
        assert good(fwd.ask(f"after{i}.test"), f"after{i}.test")


def test_source_port_0_and_long_datagrams(fwd, server):
    """What is longer than any query of ours is refused in a word, not forwarded in part."""
    wire = dns.message.make_query("long.test", "A", use_edns=0, payload=4096).to_wire()
    reply = fwd.ask_wire(wire + b"\0" * 5000)
    assert reply[:2] == wire[:2] and reply[3] & 15 == 1
    assert server.count("long.test") == 0
