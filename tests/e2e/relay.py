"""Carries TCP connections to a server, octet by octet, and cuts them: the server need not know how to.

with Relay(("127.0.0.1", port)) as relay:
    ...                      # clients connect to relay.address
    relay.cut()              # the end of every connection, without a word of TLS
    relay.handshakes()       # how many of TLS there were, as they look on the wire
"""

import socket
import threading

TIMEOUT = 20
BEGIN = 16384  # octets of a server that are looked at
HANDSHAKE, SERVER_HELLO, CERTIFICATE = 22, 2, 11
PRE_SHARED_KEY, SUPPORTED_VERSIONS = 41, 43
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446 4.1.3


def clear_messages(octets):
    """(type, body) of the handshake messages in clear that a server begins with, as far as they are here."""
    data, at = b"", 0
    while len(octets) >= at + 5 and octets[at] == HANDSHAKE:
        length = int.from_bytes(octets[at + 3 : at + 5], "big")
        data += octets[at + 5 : at + 5 + length]
        at += 5 + length
    while len(data) >= 4 and len(data) >= 4 + (length := int.from_bytes(data[1:4], "big")):
        yield data[0], data[4 : 4 + length]
        data = data[4 + length :]


def extensions(hello):
    """The types that stand in a ServerHello."""
    at = 34  # behind version and random
    at += 1 + hello[at] + 3  # session id, cipher suite, compression
    found, at = set(), at + 2
    while at + 4 <= len(hello):
        found.add(int.from_bytes(hello[at : at + 2], "big"))
        at += 4 + int.from_bytes(hello[at + 2 : at + 4], "big")
    return found


def was_resumed(octets):
    """By what a server says first: True, False, or None where there is no handshake yet."""
    messages = [m for m in clear_messages(octets) if m[0] != SERVER_HELLO or m[1][2:34] != RETRY]
    if not messages or messages[0][0] != SERVER_HELLO:
        return None
    found = extensions(messages[0][1])
    if SUPPORTED_VERSIONS in found:  # TLS 1.3
        return PRE_SHARED_KEY in found
    return not any(kind == CERTIFICATE for kind, _ in messages)


class Relay:
    """target: where to; may be changed for connections to come.  new_socket: makes sockets, in a namespace for one.

    port: 0 is the kernel's choice
    """

    def __init__(self, target, new_socket=socket.socket, port=0):
        self.target, self._new_socket = target, new_socket
        self._listener = new_socket()
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(64)
        self.address = self._listener.getsockname()
        self._lock = threading.Lock()
        self._open = set()
        self._begun = []  # what each server said first
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = self._new_socket()
            try:
                server.connect(self.target)
            except OSError:
                client.close()
                server.close()
                continue
            with self._lock:
                self._open.update((client, server))
                self._begun.append(said := bytearray())
            for a, b, seen in ((client, server, bytearray()), (server, client, said)):
                threading.Thread(target=self._carry, args=(a, b, seen), daemon=True).start()

    def _carry(self, source, sink, seen):
        try:
            while data := source.recv(65536):
                if len(seen) < BEGIN:
                    seen += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def handshakes(self):
        """(full, resumed)"""
        with self._lock:
            kinds = [was_resumed(bytes(said)) for said in self._begun]
        return kinds.count(False), kinds.count(True)

    def connections(self):
        """How many there were, those that nobody has answered too."""
        with self._lock:
            return len(self._begun)

    def cut(self):
        """Ends every connection that stands."""
        with self._lock:
            ended, self._open = self._open, set()
        for s in ended:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(TIMEOUT)
        self._listener.close()
        self.cut()
