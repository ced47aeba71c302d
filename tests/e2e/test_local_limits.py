"""What one client may take, where its address may be forged or is not alone (threats A45, A48)."""

import dns.flags
import pytest
import wire
from conftest import addresses, warm
from daemon import Dnsfwd
from netns import namespace_or_skip
from testserver import TestServer, expected_a, wait_for

NEAR, FAR, OTHER = "192.0.2.10", "192.0.2.20", "198.51.100.10"


class Lan:
    """A namespace in which clients have addresses that are not this machine's alone."""

    def __init__(self, certs):
        self.space = namespace_or_skip()
        self.space.ip(*(f"addr add {a}/32 dev lo" for a in (NEAR, FAR, OTHER)))
        self.server = TestServer(certs=certs, netns=self.space)

    def start(self, options):
        return Dnsfwd(self.server, {"allow": ["0.0.0.0/0"], **options}, netns=self.space)

    def close(self):
        self.server.stop()
        self.space.remove()


@pytest.fixture(scope="module")
def shared_lan(certs):
    lan = Lan(certs)
    yield lan
    lan.close()


@pytest.fixture
def lan(shared_lan):
    shared_lan.server.command("rules clear")
    shared_lan.server.pause(False)
    shared_lan.server.reset()
    return shared_lan


def nothing_comes(s):
    s.setblocking(False)
    with pytest.raises(BlockingIOError):
        s.recv(4096)


def test_old_answers_do_not_come_in_a_flood(lan):
    """A45: answers that were held back are not let go all at once to whoever is named as their source."""
    with lan.start({}) as fwd:
        warm(fwd)
        lan.server.rule("name=*.held.test none")
        lan.server.rule("name=*.slow.test delay=2500")
        with fwd.udp_socket(NEAR) as near, fwd.udp_socket() as here, fwd.tcp(NEAR) as stream:
            for i in range(50):
                near.send(wire.query(f"x{i}.slow.test"))
            here.send(wire.query("y.slow.test"))
            stream.send(wire.query("z.slow.test"))
            # This machine itself and whoever has a connection get theirs, however late it is.
            assert wire.rcode_of(here.recv(4096)) == 0
            assert wire.rcode_of(stream.receive()) == 0
            fwd.wait_stat("dropped_late", 50)
            nothing_comes(near)
        assert addresses(fwd.ask("soon.test", source=NEAR)) == [expected_a("soon.test")]


def test_queries_of_one_client(lan):
    """Beyond its bound a client gets nothing over UDP and a reason over TCP; others do not notice."""
    with lan.start({"max-queries-per-client": 20}) as fwd:
        warm(fwd)
        lan.server.pause()
        with fwd.udp_socket(NEAR) as near, fwd.udp_socket(FAR) as far:
            for i in range(50):
                near.send(wire.query(f"n{i}.test", id=i))
            fwd.wait_stat("bound_client", 30)
            assert fwd.stats()["queries_inflight"] == 20
            reply = fwd.ask("more.test", transport="tcp", source=NEAR)
            assert reply.rcode() == wire.SERVFAIL and "max-queries-per-client" in wire.edes(reply)[0][1]
            far.send(wire.query("far.test", id=1))
            wait_for(lambda: fwd.stats()["queries_inflight"] == 21, what="the other one's query")
            lan.server.pause(False)
            assert wire.id_of(far.recv(4096)) == 1
            assert sorted(wire.id_of(near.recv(4096)) for _ in range(20)) == list(range(20))
        # All is given back.
        assert addresses(fwd.ask("again.test", source=NEAR)) == [expected_a("again.test")]
        assert fwd.stats()["queries_inflight"] == 0


def test_this_machine_is_not_limited(lan):
    with lan.start({"max-queries-per-client": 5, "rate-limit": 1}) as fwd:
        warm(fwd)
        lan.server.pause()
        with fwd.udp_socket() as here:
            for i in range(50):
                here.send(wire.query(f"h{i}.test", id=i))
            wait_for(lambda: fwd.stats()["queries_inflight"] == 50, what="all in flight")
            lan.server.pause(False)
            assert sorted(wire.id_of(here.recv(4096)) for _ in range(50)) == list(range(50))


@pytest.mark.clock
def test_rate_limit(lan):
    """By network: every second query that is too many is sent to TCP, where there is no limit."""
    with lan.start({"rate-limit": 20}) as fwd:
        warm(fwd)
        with fwd.udp_socket(NEAR) as near:
            for i in range(200):
                near.send(wire.query(f"r{i}.test", id=i))
            wait_for(lambda: fwd.stats()["queries_inflight"] == 0 and fwd.stats()["queries_udp"] > 200, what="the end")
            stats = fwd.stats()
            assert stats["dropped_rate"] + stats["truncated_rate"] >= 100
            assert 0 <= stats["dropped_rate"] - stats["truncated_rate"] <= 1
            replies = [near.recv(4096) for _ in range(200 - stats["dropped_rate"])]
            nothing_comes(near)
        short = [r for r in replies if wire.flags_of(r) & wire.TC]
        assert len(short) == stats["truncated_rate"]
        assert all(wire.rcode_of(r) == 0 and not wire.parse(r).answer for r in short)
        assert addresses(fwd.ask("tcp.test", transport="tcp", source=NEAR)) == [expected_a("tcp.test")]
        assert addresses(fwd.ask("other.test", source=OTHER)) == [expected_a("other.test")]


def test_replies_are_not_much_longer_than_queries(lan):
    """A48: at most ten times, with the limit on; whoever wants more comes over TCP."""
    with lan.start({"rate-limit": 1000}) as fwd:
        for name in ("many-60.a.test", "many-1.b.test", "size-1100.c.test"):
            for rrtype in ("A", "TXT", "ANY"):
                query = wire.query(name, {"A": 1, "TXT": 16, "ANY": 255}[rrtype], edns=True)
                with fwd.udp_socket(NEAR) as near:
                    near.send(query)
                    reply = near.recv(4096)
                assert len(reply) <= 10 * len(query)
        long = fwd.ask("many-60.a.test", source=NEAR)
        assert long.flags & dns.flags.TC
        assert len(addresses(fwd.ask("many-60.a.test", transport="tcp", source=NEAR))) == 60
        assert len(addresses(fwd.ask("many-60.a.test"))) == 60


def test_outside_of_allow_there_is_silence(lan):
    """A48: not one octet, for what is answered here neither."""
    with lan.start({"allow": ["127.0.0.0/8", f"{NEAR}/32"], "record": ["nas.lan A 10.0.0.1"]}) as fwd:
        with fwd.udp_socket(FAR) as far:
            for name in ("nas.lan", "localhost", "x.onion", "x.test"):
                far.send(wire.query(name, 255))
                far.send(wire.query(name))
            fwd.wait_stat("dropped_access", 8)
            nothing_comes(far)
        assert addresses(fwd.ask("nas.lan", source=NEAR)) == ["10.0.0.1"]
