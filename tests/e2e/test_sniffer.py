"""The sniffer finds what must not leave, and nothing else: each kind of leak is made here on purpose."""

import contextlib
import os
import signal
import socket
import ssl
import struct

import pytest
import wire
from daemon import Dnsfwd
from dtls_client import DtlsClient
from netns import PORT, Network
from sniffer import Leak, Sniffer
from testserver import TestServer, wait_for, wire_name

NAME = "www.secret-label.clear.test"


@pytest.fixture
def net():
    with Network(clear=True) as network:
        yield network


@pytest.fixture
def host(net):
    """It may be spoken to on PORT, as an upstream."""
    net.sniffer.policy.allow(net.hosts[0].v4)
    return net.hosts[0]


def udp(net, payload, address):
    with net.client.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(payload, address)


@contextlib.contextmanager
def connection(net, address):
    """To a server that listens there and reads nothing."""
    with net.hosts[0].socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen()
        with net.client.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.connect(address)
            yield s


def found(net, *words):
    """What was found has all of these words in one sentence."""
    return [text for text in net.sniffer.findings() if all(word in text for word in words)]


def finds(net, *words):
    """In the end: the first packet to a neighbour waits until his hardware address is known."""
    wait_for(lambda: found(net, *words), what=" ".join(words))
    return True


def framed(message):
    return len(message).to_bytes(2, "big") + message


# -- names ---------------------------------------------------------------------------------


NAMED = {
    "query": wire.query(NAME),
    "upper case": wire.query(NAME.upper()),
    "mixed case": wire.query("wWw.SeCrEt-LaBeL.cLeAr.TeSt"),
    "text": b"GET /?name=" + NAME.encode() + b" HTTP/1.1\r\n",
    "text in mixed case": b"Host: " + NAME.title().encode(),
    "far behind": bytes(900) + wire_name("a.test"),
    "zone": wire_name("test"),
}


@pytest.mark.parametrize("what", NAMED)
@pytest.mark.parametrize("version", ["v4", "v6"])
def test_a_name_in_a_datagram(net, host, what, version):
    udp(net, NAMED[what], (getattr(host, version), PORT))
    assert finds(net, "a name in clear", "UDP")


@pytest.mark.parametrize("text", [NAME, NAME.upper()])
def test_a_name_across_two_segments(net, host, text):
    """At each place where a segment can end; in what looks like a TLS record."""
    query = wire.query(text)
    for cut in range(13, len(query)):
        with connection(net, (host.v4, PORT)) as s:
            s.sendall(b"\x17\x03\x03" + framed(query[:cut]))
            s.sendall(query[cut:])
    streams = net.sniffer.judge().to_upstreams()
    assert len(streams) == len(query) - 13 and {stream.segments for stream in streams} == {2}
    for stream in streams:
        assert finds(net, "a name in clear", "TCP", str(stream))


def test_a_name_octet_by_octet(net, host):
    with connection(net, (host.v4, PORT)) as s:
        for octet in wire.query(NAME):
            s.sendall(bytes([octet]))
    assert finds(net, "a name in clear")


def test_a_name_in_a_ping(net, host):
    with net.client.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
        s.sendto(b"\x08\x00\x00\x00\x00\x01\x00\x01" + wire_name(NAME), (host.v4, 0))
    assert finds(net, "a name in clear", "ICMP")


def test_names_that_clients_asked_for(net, host, start):
    """Of any zone: the sniffer hears clients ask."""
    server = host.serve([host.v4])
    fwd = start(server, netns=net.client)
    assert net.sniffer.policy.listeners
    assert fwd.ask("www.bigsecret.example.com").rcode() == wire.NOERROR
    assert fwd.ask("www.othersecret.example.com", transport="tcp").rcode() == wire.NOERROR
    assert not net.sniffer.findings()
    udp(net, b"innocent.org", (host.v4, PORT))
    assert not found(net, "a label in clear")
    udp(net, b"X" + wire_name("BigSecret.lan"), (host.v4, PORT))
    assert finds(net, "a label in clear", "bigsecret")
    udp(net, b"x=othersecret;", (host.v4, PORT))
    assert finds(net, "a label in clear", "othersecret")


def test_a_label_whose_length_looks_like_a_letter(net, host, start):
    fwd = start(host.serve([host.v4]), netns=net.client)
    label = "l" * ord("0")
    assert fwd.ask(f"{label}.example.com").rcode() == wire.NOERROR
    udp(net, wire_name(f"{label}.lan"), (host.v4, PORT))
    assert finds(net, "a label in clear", label)


# -- where to ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v4", "v6"])
def test_port_53_over_udp(net, host, version):
    udp(net, b"anything", (getattr(host, version), 53))
    assert finds(net, "port 53", "UDP")


def test_port_53_over_tcp(net, host):
    """The attempt is enough."""
    with connection(net, (host.v4, 53)):
        pass
    assert finds(net, "port 53", "TCP")


def test_port_53_of_the_machine_itself(net):
    """A resolver on the loopback would carry it out."""
    udp(net, wire.query(NAME), ("127.0.0.53", 53))
    assert finds(net, "port 53") and found(net, "a name in clear")


def test_from_port_53(net, host):
    with net.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("0.0.0.0", 53))
        s.sendto(b"anything", (host.v4, 4433))
    assert finds(net, "port 53")


@pytest.mark.parametrize("where", [PORT, 8853])
def test_to_nobody_configured(net, host, where):
    """An upstream is one of TCP and of one port."""
    udp(net, b"anything", (host.v4, where))
    assert finds(net, "to nobody configured", "UDP")


def test_a_connection_to_nobody_configured(net, host):
    with connection(net, (host.v4, 8853)):
        pass
    assert finds(net, "to nobody configured", "TCP")


def test_a_fragment(net, host):
    udp(net, bytes(4000), (host.v4, PORT))
    assert finds(net, "a fragment")


def test_another_protocol(net, host):
    with net.client.socket(socket.AF_INET, socket.SOCK_RAW, 132) as s:  # SCTP
        s.sendto(wire.query(NAME), (host.v4, 0))
    assert finds(net, "a protocol that dnsfwd does not speak") and found(net, "a name in clear")


def test_a_packet_that_is_not_ip(net, host):
    with net.client.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as s:
        s.sendto(wire.query(NAME), (host.device, 0x88B5, 0, 0, b"\xff" * 6))
    assert finds(net, "a packet that nobody can read") and found(net, "a name in clear")


# -- TLS -----------------------------------------------------------------------------------


def shake_hands(net, host, server, name):
    """As a client that names the server so; None if it names none."""
    context = ssl.create_default_context(cafile=server.ca)
    context.check_hostname = False
    with net.client.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.connect((host.v4, PORT))
        with context.wrap_socket(s, server_hostname=name) as tls:
            tls.sendall(framed(wire.query(NAME)))
            assert tls.recv(1)


@pytest.mark.parametrize("name", ["resolver.test", None])
def test_tls_is_well(net, host, name):
    server = host.serve([host.v4])
    net.sniffer.policy.auth_names.add(b"resolver.test")
    shake_hands(net, host, server, name)
    assert not net.sniffer.findings()
    net.sniffer.check()


def test_a_client_hello_with_another_name(net, host):
    server = host.serve([host.v4])
    net.sniffer.policy.auth_names.add(b"resolver.test")
    shake_hands(net, host, server, NAME)
    assert finds(net, "a ClientHello names", NAME) and found(net, "a name in clear")


NOT_TLS = {
    "a message": framed(bytes(40)),
    "text": b"GET / HTTP/1.1\r\n",
    "data first": b"\x17\x03\x03\0\1x",
    "server hello": b"\x16\x03\1\0\1\2",
    "SSLv2": b"\x80\x2e\x01\x03\x01",
}


@pytest.mark.parametrize("what", NOT_TLS)
def test_what_is_no_tls(net, host, what):
    with connection(net, (host.v4, PORT)) as s:
        s.sendall(NOT_TLS[what])
    assert finds(net, "TCP") and not found(net, "a name in clear")


# -- DTLS ----------------------------------------------------------------------------------


@pytest.fixture
def over_datagrams(net):
    """It may be spoken to over DTLS too."""
    net.sniffer.policy.allow(net.hosts[0].v4, PORT, datagrams=True)
    return net.hosts[0]


def ask_over_dtls(net, host, name):
    with TestServer(dtls=[f"{host.v4}:{PORT}"], netns=host) as server:
        client = net.client.visit(lambda: DtlsClient((host.v4, PORT), server.ca, name=name))
        with client:
            assert client.ask_wire(wire.query(NAME))


def test_dtls_is_well(net, over_datagrams):
    net.sniffer.policy.auth_names.add(b"resolver.test")
    ask_over_dtls(net, over_datagrams, "resolver.test")
    assert not net.sniffer.findings()
    net.sniffer.check()
    sealed = [r for _, records in net.sniffer.judge().datagrams for r in records if r.epoch]
    assert [r.kind for r in sealed] == [22, 23, 21]  # Finished, the query, close_notify


def test_dtls_is_not_for_all_upstreams(net, host):
    ask_over_dtls(net, host, "resolver.test")
    assert finds(net, "to nobody configured", "UDP")


def test_a_client_hello_over_dtls_with_another_name(net, over_datagrams):
    net.sniffer.policy.auth_names.add(b"another.test")
    ask_over_dtls(net, over_datagrams, "resolver.test")
    assert finds(net, "a ClientHello names", "resolver.test", "2 times") and found(net, "a name in clear")


def record(kind, content, epoch=0, length=None):
    return struct.pack("!BHHHIH", kind, 0xFEFD, epoch, 0, 1, len(content) if length is None else length) + content


NOT_DTLS = {
    "nothing": b"",
    "a message": wire.query("x.example"),
    "a message in clear": record(23, wire.query("x.example")),
    "a record that is not sealed": record(23, b"x", epoch=1),
    "half a record": record(23, bytes(40), epoch=1, length=41),
    "octets behind it": record(23, bytes(40), epoch=1) + b"x",
    "an alert that says more": record(21, b"\2\x50x"),
    "server hello": record(22, b"\2" + bytes(60)),
    "hello in fragments": record(22, b"\1\0\0\x60\0\0\0\0\0\0\0\x20" + bytes(32)),
    "a change of cipher that says more": record(20, b"\1x"),
    "TLS": b"\x17\x03\x03\0\x20" + bytes(32),
}


def hello(name):
    """A ClientHello of DTLS, without the header of the message."""
    named = struct.pack("!HBH", len(name) + 3, 0, len(name)) + name
    extensions = struct.pack("!HH", 0, len(named)) + named
    return b"\xfe\xfd" + bytes(32) + b"\0\0" + b"\0\2\xc0\x2b" + b"\1\0" + struct.pack("!H", len(extensions)) + extensions


def in_fragments(message, cuts):
    """Records, each a datagram, that have it from one cut to the next."""
    begins = zip([0, *cuts], [*cuts, len(message)])
    head = b"\1" + len(message).to_bytes(3, "big") + b"\0\0"
    return [record(22, head + a.to_bytes(3, "big") + (b - a).to_bytes(3, "big") + message[a:b]) for a, b in begins]


# The name begins at 54.
@pytest.mark.parametrize("cuts", [[20], [58], [10, 57, 60]])
def test_a_client_hello_in_fragments(net, over_datagrams, cuts):
    """It is read as a whole, in whatever order, and again."""
    net.sniffer.policy.auth_names.add(b"resolver.test")
    parts = in_fragments(hello(b"resolver.test"), cuts)
    with net.client.visit(socket.socket, socket.AF_INET, socket.SOCK_DGRAM) as s:
        for part in [*parts, *reversed(parts)]:
            s.sendto(part, (over_datagrams.v4, PORT))
        wait_for(lambda: len(net.sniffer.judge().datagrams) == 2 * len(parts), what="all that was sent")
        assert not net.sniffer.findings()
        for part in in_fragments(hello(b"another.test"), cuts):
            s.sendto(part, (over_datagrams.v4, PORT))
    assert finds(net, "a ClientHello names", "another.test") and found(net, "a name in clear")


def test_fragments_that_do_not_fit_together(net, over_datagrams):
    first, second = in_fragments(hello(b"resolver.test"), [58])
    with net.client.visit(socket.socket, socket.AF_INET, socket.SOCK_DGRAM) as s:
        for part in (first, first[:-1] + b"x"):
            s.sendto(part, (over_datagrams.v4, PORT))
    assert finds(net, "do not fit together")


@pytest.mark.parametrize("what", NOT_DTLS)
def test_what_is_no_dtls(net, over_datagrams, what):
    udp(net, NOT_DTLS[what], (over_datagrams.v4, PORT))
    assert finds(net, "UDP") and not found(net, "a name in clear")


def test_a_name_in_a_record_of_dtls(net, over_datagrams):
    udp(net, record(23, wire.query(NAME), epoch=1), (over_datagrams.v4, PORT))
    assert finds(net, "a name in clear", "UDP")


# -- bootstrap servers ---------------------------------------------------------------------

UPSTREAM = "dns.upstream.test"


@pytest.fixture
def boot(net):
    host = net.hosts[0]
    net.sniffer.policy.expect({"forward": [f"tls://{UPSTREAM}"], "bootstrap": [host.v4]})
    return host


LOOKUPS = {
    "A": wire.query(UPSTREAM),
    "AAAA": wire.query(UPSTREAM.upper(), wire.AAAA, edns=True),
    "cookie": wire.query(UPSTREAM, edns=wire.opt(wire.option(wire.COOKIE, bytes(8)))),
}
NO_LOOKUPS = {
    "another name": wire.query(NAME),
    "its domain": wire.query("upstream.test"),
    "octets behind it": wire.query(UPSTREAM) + b"x",
    "an option": wire.query(UPSTREAM, edns=wire.opt(wire.option(65001, b"more"))),
    "a record": wire.query(UPSTREAM, extra=wire.record(NAME, wire.A, bytes(4)), extra_count=1),
    "two questions": wire.header(counts=(2, 0, 0, 0)) + wire.question(UPSTREAM) + wire.question(NAME),
    "no message": b"short",
}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("what", [*LOOKUPS, *NO_LOOKUPS])
def test_bootstrap_server(net, boot, transport, what):
    query = LOOKUPS.get(what) or NO_LOOKUPS[what]
    if transport == "udp":
        udp(net, query, (boot.v4, 53))
    else:
        with connection(net, (boot.v4, 53)) as s:
            s.sendall(framed(query))
    assert what in LOOKUPS or finds(net, "a bootstrap server")
    assert len(net.sniffer.findings()) == len(found(net, "a bootstrap server")) == (what in NO_LOOKUPS)


def test_bootstrap_server_is_not_asked_on_other_ports(net, boot):
    udp(net, wire.query(UPSTREAM), (boot.v4, 5353))
    assert finds(net, "to nobody configured")


# -- it can be relied on -------------------------------------------------------------------


def test_a_network_ends_with_a_leak():
    with pytest.raises(Leak, match="a name in clear"), Network() as net:
        udp(net, wire.query(NAME), (net.hosts[0].v4, 53))
        assert finds(net, "a name in clear")


def test_a_network_that_saw_nothing_ends_with_an_error():
    with pytest.raises(Leak, match="no traffic"), Network() as net:
        net.sniffer.policy.allow(net.hosts[0].v4)


def test_what_is_sent_after_a_look_is_heard(net, host):
    assert not net.sniffer.findings()
    udp(net, wire.query(NAME), (host.v4, PORT))
    assert finds(net, "a name in clear")


def test_daemons_end_before_the_last_look(certs):
    with Network() as net:
        fwd = Dnsfwd(net.hosts[0].serve(certs=certs), netns=net.client)
        assert fwd.ask("end.test").rcode() == wire.NOERROR
    assert fwd.process.poll() == 0


def test_a_link_that_went_down_and_came_back(net, host):
    host.link(False)
    host.link(True)
    wait_for(lambda: net.client.is_up(host.device), what="the link")
    udp(net, wire.query(NAME), (host.v4, PORT))
    assert finds(net, "a name in clear")


def test_addresses_that_came_later(net, host):
    net.renumber(1, 101)
    udp(net, wire.query(NAME), (host.v4, PORT))
    assert finds(net, "a name in clear", net.own(1, 101)[1])


def test_a_packet_that_it_lost_is_an_error(net, host):
    sniffer = Sniffer(net.client, room=1)  # the kernel gives the least it can
    try:
        os.kill(sniffer.process.pid, signal.SIGSTOP)
        os.waitpid(sniffer.process.pid, os.WUNTRACED)
        for _ in range(1000):
            udp(net, b"anything", (host.v4, PORT))
        os.kill(sniffer.process.pid, signal.SIGCONT)
        with pytest.raises(RuntimeError, match="lost"):
            sniffer.findings()
    finally:
        sniffer.close()


def test_many_packets_at_once_are_not_lost(net, host):
    udp(net, b"anything", (host.v4, PORT))
    assert finds(net, "to nobody configured")  # and few wait for an address that is not known yet
    with net.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(20000):
            s.sendto(b"anything", (host.v4, PORT))
    assert finds(net, "to nobody configured", "20000 times")


def test_a_capture_that_ended_is_an_error(net):
    net.sniffer.process.kill()
    with pytest.raises(RuntimeError, match="has ended"):
        net.sniffer.findings()
