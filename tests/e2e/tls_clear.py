"""What a client's TLS stream says in clear: that it is made of TLS records, and what its ClientHellos name."""

import struct

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
LARGEST = (1 << 14) + 2048
CLIENT_HELLO, SERVER_NAME = 1, 0


class NotTLS(ValueError):
    pass


def records(stream):
    """(type, begin, end) of their contents; the last one may be cut."""
    at = 0
    while at < len(stream):
        kind, version, length = struct.unpack("!BHH", bytes(stream[at : at + 5]).ljust(5, b"\3"))
        if not CHANGE_CIPHER_SPEC <= kind <= APPLICATION_DATA or version >> 8 != 3 or length > LARGEST:
            raise NotTLS(f"no TLS record: {bytes(stream[at : at + 40])!r}")
        yield kind, at + 5, min(at + 5 + length, len(stream))
        at += 5 + length


def server_names(stream):
    """(begin, end) of each name in the ClientHellos; what follows them is encrypted."""
    for number, (kind, begin, end) in enumerate(records(stream)):
        is_hello = kind == HANDSHAKE and begin < end and stream[begin] == CLIENT_HELLO
        if number == 0 and not is_hello:
            raise NotTLS(f"it does not begin with a ClientHello: {bytes(stream[:40])!r}")
        if kind == APPLICATION_DATA:
            return
        if is_hello:
            yield from names_in(stream, begin + 4, end)


def names_in(stream, at, end, cookie=False):
    """(begin, end) of each name in the ClientHello there, which has a cookie in DTLS."""
    at += 2 + 32  # version and random
    at += 1 + stream[at]  # session id
    at += 1 + stream[at] if cookie else 0
    at += 2 + struct.unpack_from("!H", stream, at)[0]  # cipher suites
    at += 1 + stream[at] + 2  # compression methods, length of the extensions
    while at + 4 <= end:
        extension, length = struct.unpack_from("!HH", stream, at)
        if extension == SERVER_NAME:
            yield at + 9, at + 4 + length  # behind the list's length, the type and the length of its one name
        at += 4 + length
