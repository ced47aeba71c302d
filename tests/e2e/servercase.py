"""What the tests of the test resolver share (test_server_*.py): one server a file, and a client that sees every octet."""

import socket
import ssl
import struct

import dns.message
import dns.query
import pytest
from testserver import TIMEOUT, TestServer, wait_for

# How a stream can end, and what a client sees of it.
ENDS = {"fin": "close", "notify": "close", "rst": "rst", "alert": "TLSV1_ALERT_INTERNAL_ERROR", "silence": "silence"}
PADDING, KEEPALIVE, EDE, COOKIE = 12, 11, 15, 10


@pytest.fixture(scope="module")
def shared():
    with TestServer(tls=["127.0.0.1:0", "[::1]:0"], tcp=1, udp=1) as server:
        yield server


@pytest.fixture
def server(shared):
    shared.closeall("rst")
    wait_for(lambda: not shared.conns())
    for command in ("rules clear", "mute off", "pause off", "accept on", "listen start", "keepalive off", "cookies off"):
        shared.command(command)
    shared.coalesce(False)
    shared.reset()
    return shared


def tls_context(server, version=None):
    context = ssl.create_default_context(cafile=server.ca)
    context.set_alpn_protocols(["dot"])
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class Stream:
    """A client connection that shows every octet."""

    def __init__(self, server, transport="tls", context=None, session=None):
        address = getattr(server, transport)[0]
        self.socket = socket.create_connection(address, timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if transport == "tls":
            context = context or tls_context(server)
            self.socket = context.wrap_socket(
                self.socket, server_hostname="resolver.test", session=session, suppress_ragged_eofs=False
            )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send(self, *messages):
        self.socket.sendall(b"".join(struct.pack("!H", len(m)) + m for m in messages))

    def read(self, n):
        """n octets; shorter at the end of the stream."""
        data = b""
        while len(data) < n:
            chunk = self.socket.recv(n - len(data))
            if not chunk:
                break
            data += chunk
        return data

    def receive(self):
        """One message; None at the end of the stream."""
        prefix = self.read(2)
        return self.read(struct.unpack("!H", prefix)[0]) if prefix else None

    def ask(self, name, rrtype="A", **options):
        self.send(query(name, rrtype, **options).to_wire())
        return self.receive()

    def ending(self):
        """What there is up to the end, and how it ends."""
        data = b""
        try:
            while chunk := self.socket.recv(65536):
                data += chunk
            return data, "close"
        except ConnectionResetError:
            return data, "rst"
        except TimeoutError:
            return data, "silence"
        except ssl.SSLError as error:  # a reset has no reason of OpenSSL's
            return data, error.reason or "rst"


def query(name, rrtype="A", **options):
    return dns.message.make_query(name, rrtype, **{"use_edns": 0, **options})


def options_of(message):
    return {option.otype: option for option in message.options}


def addresses(message):
    return [rr.address for rrset in message.answer for rr in rrset if rrset.rdtype in (1, 28)]


def parsed(data):
    return dns.message.from_wire(data, ignore_trailing=True)


def ask_tls(server, name, rrtype="A", index=0, **options):
    host, port = server.tls[index]
    return dns.query.tls(
        query(name, rrtype, **options),
        host,
        port=port,
        timeout=TIMEOUT,
        ssl_context=tls_context(server),
        server_hostname="resolver.test",
    )
