"""Servers on the other side that keep every octet they got, and need not speak TLS.

    with Peer(lambda link: link.send(b"HTTP/1.0 400 Bad Request\\r\\n")) as peer: ...
    with Tap(server) as tap: ...      # hands all on to a test server, and shows what was said in clear
"""

import socket
import struct
import threading

import hello
from testserver import wait_for

TIMEOUT = 20.0


class Link:
    """One accepted connection."""

    def __init__(self, sock):
        self.socket = sock
        self.socket.settimeout(TIMEOUT)
        self.received = bytearray()
        self.ended = False  # nothing more comes

    def read(self):
        """What has come, b"" at the end."""
        try:
            data = self.socket.recv(65536)
        except OSError:  # the other end, its silence, or our own reset
            data = b""
        self.received += data
        self.ended = self.ended or not data
        return data

    def read_hello(self):
        """The ClientHello, None if the client ends first."""
        while not (found := hello.client_hello(self.received)):
            if not self.read():
                return None
        return found

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def read_all(self):
        """Up to the client's end."""
        while self.read():
            pass


class Peer:
    """Calls handle(link) for each connection, in a thread of its own; then closes it.

    netns, host, port   a Namespace to listen in, and where
    """

    def __init__(self, handle, netns=None, host="127.0.0.1", port=0):
        self.handle, self.host = handle, host
        self.links = []
        make = netns.socket if netns else socket.socket
        self.listener = make(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.bind((host, port))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(TIMEOUT)

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            link = Link(sock)
            self.links.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        with link.socket:
            self.handle(link)
        link.ended = True

    def hellos(self):
        """The ClientHellos so far, in the order of the connections."""
        found = (hello.client_hello(link.received) for link in list(self.links))
        return [h for h in found if h]

    def wait_hellos(self, count):
        wait_for(lambda: len(self.hellos()) >= count, what=f"{count} ClientHellos")
        return self.hellos()

    def upstream(self, **options):
        """The long form for Dnsfwd."""
        return {"address": self.host, "port": self.port, "auth-name": "resolver.test", **options}


class Tap(Peer):
    """Between dnsfwd and a test server.

    change(n, data)   what to hand on instead of `data`, the first octets of connection n (0, 1, ...)
    """

    def __init__(self, server, change=None):
        self.server, self.change = server, change
        super().__init__(self._relay)

    def _relay(self, link):
        number = self.links.index(link)
        if not link.read_hello():
            return
        first = bytes(link.received)
        try:
            inner = socket.create_connection(self.server.tls[0], timeout=TIMEOUT)
            inner.settimeout(None)
            inner.sendall(self.change(number, first) if self.change else first)
        except OSError:
            link.reset()
            return
        link.socket.settimeout(None)
        with inner:
            back = threading.Thread(target=self._back, args=(inner, link), daemon=True)
            back.start()
            while data := link.read():
                try:
                    inner.sendall(data)
                except OSError:
                    break
            self._shut(inner)
            back.join(TIMEOUT)

    def _back(self, inner, link):
        try:
            while data := inner.recv(65536):
                link.socket.sendall(data)
        except OSError:
            link.reset()
            return
        self._shut(link.socket)

    @staticmethod
    def _shut(sock):
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def upstream(self, **options):
        return super().upstream(**{"server": self.server, **options})
