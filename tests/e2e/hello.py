"""TLS octet by octet, as far as it is in clear: records, the ClientHello, a ServerHello (RFC 8446, RFC 5246)."""

import collections
import os
import struct

TLS12, TLS13 = 0x0303, 0x0304
ALERT, HANDSHAKE, DATA = 21, 22, 23
CLIENT_HELLO, SERVER_HELLO = 1, 2
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446 4.1.3
DOWNGRADE = b"DOWNGRD\x01"

SERVER_NAME, STATUS_REQUEST, GROUPS, ALPN, EMS, TICKET = 0, 5, 10, 16, 23, 35
PSK, EARLY_DATA, VERSIONS, PSK_MODES, POST_HANDSHAKE_AUTH, KEY_SHARE, RENEGOTIATION = 41, 42, 43, 45, 49, 51, 0xFF01
SCSV, FALLBACK_SCSV = 0x00FF, 0x5600

ClientHello = collections.namedtuple("ClientHello", "legacy suites compression extensions order session_id")


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        assert self.at + n <= len(self.data), f"{n} octets at {self.at} of {self.data.hex()}"
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def vector(self, size):
        """What a length of `size` octets stands before."""
        return self.take(self.number(size))

    def more(self):
        return self.at < len(self.data)


def numbers(data, size=2):
    assert len(data) % size == 0
    return [int.from_bytes(data[i : i + size], "big") for i in range(0, len(data), size)]


def records(data):
    """[(type, version, content)]; the last one may be cut.  What is no TLS makes an AssertionError."""
    found, reader = [], Reader(bytes(data))
    while len(reader.data) - reader.at >= 5:
        kind, version, length = reader.number(1), reader.number(2), reader.number(2)
        assert 20 <= kind <= 23 and version >> 8 == 3 and length <= 16384 + 256, reader.data[reader.at - 5 :][:40]
        found.append((kind, version, reader.take(min(length, len(reader.data) - reader.at))))
    return found


def client_hello(data):
    """The first message of what a client has sent; None: it is not whole yet."""
    messages = b"".join(content for kind, _, content in records(data) if kind == HANDSHAKE)
    if len(messages) < 4 or len(messages) < 4 + int.from_bytes(messages[1:4], "big"):
        return None
    assert messages[0] == CLIENT_HELLO
    r = Reader(Reader(messages[1:]).vector(3))
    legacy, _, session_id = r.number(2), r.take(32), r.vector(1)
    suites, compression = numbers(r.vector(2)), r.vector(1)
    extensions, order = {}, []
    inner = Reader(r.vector(2))
    while inner.more():
        code = inner.number(2)
        assert code not in extensions, f"extension {code} twice"
        extensions[code] = inner.vector(2)
        order.append(code)
    assert not r.more()
    return ClientHello(legacy, suites, compression, extensions, order, session_id)


def versions(hello):
    return numbers(Reader(hello.extensions[VERSIONS]).vector(1))


def protocols(hello):
    inner, found = Reader(Reader(hello.extensions[ALPN]).vector(2)), []
    while inner.more():
        found.append(inner.vector(1))
    return found


def psk_identities(hello):
    """What it offers to resume: TLS 1.3's identities; a ticket of TLS 1.2."""
    if PSK in hello.extensions:
        inner, found = Reader(Reader(hello.extensions[PSK]).vector(2)), []
        while inner.more():
            found.append(inner.vector(2))
            inner.take(4)  # obfuscated age
        return found
    return [hello.extensions[TICKET]] if hello.extensions.get(TICKET) else []


def extension(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def record(kind, content, version=TLS12):
    return struct.pack("!BHH", kind, version, len(content)) + content


def alert(code, level=2):
    return record(ALERT, bytes([level, code]))


def server_hello(hello, suite, version=TLS12, compression=0, extensions=b"", random=None, more=b""):
    """A record; `more` are handshake messages behind it."""
    random = random or os.urandom(32)
    body = struct.pack("!H", version) + random + bytes([len(hello.session_id)]) + hello.session_id
    body += struct.pack("!HB", suite, compression) + struct.pack("!H", len(extensions)) + extensions
    return record(HANDSHAKE, bytes([SERVER_HELLO]) + len(body).to_bytes(3, "big") + body + more)
