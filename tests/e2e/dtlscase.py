"""What the tests of DNS over DTLS share (test_dtls_*.py): a test resolver with DTLS and TLS on one port, a path before it
that can be anything (udp_relay.py), and a dnsfwd that asks through it.

Which transport took the queries is told by the server, and reported where it is not what is tested (pytest -s).
"""

import contextlib
import signal
import struct
import threading

import wire
from reach import fresh
from testserver import TIMEOUT, TestServer, expected_a, wait_for
from udp_relay import UdpRelay

# The tests are about dnsfwd, whatever the library that it stands on.
OPTIONS = {"insecure-dtls-library": True}
CLIENT_HELLO, SESSION_TICKET = 1, 35


class DtlsCase:
    """server, relay and, once start() was called, fwd."""

    def __init__(self, begin, server):
        self.begin, self.server = begin, server
        self.relay = UdpRelay(server.dtls[0], tcp=server.tls[0])
        self.fwd = None

    def upstream(self, transport="dtls", **more):
        here = {"server": self.server, "address": "127.0.0.1", "port": self.relay.port}
        return {**here, "transport": transport, **more}

    def start(self, options=None, transport="dtls", warm=True, **more):
        """With warm, DTLS stands: it has carried a query, and nothing of it is counted."""
        self.fwd = self.begin(self.upstream(transport, **more), {**OPTIONS, **(options or {})})
        if warm:
            self.until_dtls()
        return self.fwd

    def until_dtls(self, timeout=TIMEOUT):
        """Asks until one more query came over DTLS; then counters and memory are those of a new server."""
        before = self.server.stat("queries_dtls")

        def asked():
            self.check()
            return self.server.stat("queries_dtls") > before

        wait_for(asked, timeout, f"a query over DTLS\n{self.fwd.log_text()}")
        self.server.reset()

    def another_handshake(self, how="notify"):
        """The server ends what stands, and is asked until another association does."""
        before = self.server.stat("dtls_handshakes")
        wait_for(lambda: (self.check(), self.server.forget(how))[1], what="an association that stands")
        done = lambda: (self.check(), self.server.stat("dtls_handshakes") > before)[1]  # noqa: E731
        wait_for(done, what=f"another handshake\n{self.fwd.log_text()}")

    def check(self, name=None, **options):
        """A new name, or this one, is answered well."""
        name = name or fresh("check")(0)
        reply = self.fwd.ask(name, **options)
        found = [rr.address for rrset in reply.answer for rr in rrset if rrset.rdtype == wire.A]
        assert found == [expected_a(name)], f"{reply}\n{self.fwd.log_text()}"

    def by_transport(self):
        """Queries that the server got over DTLS and over TLS."""
        stats = self.server.stats()
        return stats["queries_dtls"], stats["queries_tls"]

    def report(self, what, result=None):
        server, fwd = self.server.stats(), self.fwd.stats()
        figures = {k: server[k] for k in ("queries_dtls", "queries_tls", "dtls_handshakes", "dtls_resumed", "dtls_repeats")}
        figures.update((k, v) for k, v in fwd.items() if v and k.startswith(("datagram", "fallback")))
        print(f"\n  {what}: {figures} {result or ''}")
        return figures

    def close(self):
        """A server that a test has killed is not judged by how it ended."""
        self.relay.close()
        killed = self.server.process.poll() == -signal.SIGKILL
        self.server.stop(check=not killed)


@contextlib.contextmanager
def meanwhile(action):
    """It is done over and over by a thread, until the end of the block; its error is the block's."""
    over, errors = threading.Event(), []

    def run():
        try:
            while not over.is_set():
                action()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if errors:
        raise errors[0]


def new_server(certs, **kwargs):
    return TestServer(both=1, certs=certs, **kwargs)


def hello_of(datagram):
    """(random, ticket) of the ClientHello that a datagram begins with; None if there is none."""
    if len(datagram) < 60 or datagram[0] != 22 or datagram[3:5] != b"\0\0" or datagram[13] != CLIENT_HELLO:
        return None
    body = datagram[25:]
    random, at, ticket = body[2:34], 34, b""
    for width in (1, 1, 2, 1):  # session id, cookie, cipher suites, compression methods
        at += width + int.from_bytes(body[at : at + width], "big")
    at += 2
    while at + 4 <= len(body):
        kind, length = struct.unpack_from("!HH", body, at)
        if kind == SESSION_TICKET:
            ticket = body[at + 4 : at + 4 + length]
        at += 4 + length
    return random, ticket
