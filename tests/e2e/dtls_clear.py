"""What a datagram of a DTLS 1.2 client says in clear (RFC 6347 4.1, 4.2.2): that it is made of records, which of them are
sealed, and what its ClientHellos name."""

import collections
import struct

from tls_clear import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, CLIENT_HELLO, HANDSHAKE, names_in

HEADER = struct.Struct("!BHHHIH")  # type, version, epoch, sequence number in two parts, length
RECORD, MESSAGE = 13, 12  # octets of the headers of a record, of a handshake message
VERSIONS = {0xFEFF, 0xFEFD}  # 1.0, which a first ClientHello may say, and 1.2
OVERHEAD = {24, 16}  # of AES-GCM: nonce and tag; of ChaCha20-Poly1305: the tag
CLIENT_MESSAGES = {CLIENT_HELLO, 11, 15, 16}  # Certificate, CertificateVerify, ClientKeyExchange

Record = collections.namedtuple("Record", "kind epoch begin end")


class NotDTLS(ValueError):
    pass


def records(datagram):
    """All of it, and nothing behind them."""
    found, at = [], 0
    while at < len(datagram) or not found:
        if len(datagram) < at + RECORD:
            raise NotDTLS(f"no DTLS record: {bytes(datagram[at : at + 40])!r}")
        kind, version, epoch, _, _, length = HEADER.unpack_from(datagram, at)
        begin, at = at + RECORD, at + RECORD + length
        if not CHANGE_CIPHER_SPEC <= kind <= APPLICATION_DATA or version not in VERSIONS or at > len(datagram):
            raise NotDTLS(f"no DTLS record: {bytes(datagram[begin - RECORD : begin + 40])!r}")
        found.append(Record(kind, epoch, begin, at))
    return found


def check(datagram):
    """The records of what a client may send; what is in clear is part of a handshake, or NotDTLS."""
    found = records(datagram)
    for record in found:
        content = datagram[record.begin : record.end]
        if record.epoch:
            if len(content) < min(OVERHEAD):
                raise NotDTLS(f"a record of epoch {record.epoch} that is not sealed: {bytes(content)!r}")
        elif record.kind == CHANGE_CIPHER_SPEC:
            if content != b"\1":
                raise NotDTLS(f"a change of cipher that says more: {bytes(content[:40])!r}")
        elif record.kind == ALERT:
            if len(content) != 2:
                raise NotDTLS(f"an alert that says more: {bytes(content[:40])!r}")
        elif record.kind != HANDSHAKE or content[0] not in CLIENT_MESSAGES:
            raise NotDTLS(f"what is no handshake, in clear: {bytes(content[:40])!r}")
    return found


def hellos(datagram):
    """(sequence number, length of the whole, offset, begin, end) of each ClientHello in it, or fragment of one."""
    for record in records(datagram):
        if record.kind == HANDSHAKE and not record.epoch and datagram[record.begin] == CLIENT_HELLO:
            at = record.begin
            length, offset, here = (int.from_bytes(datagram[at + i : at + i + 3], "big") for i in (1, 6, 9))
            begin, number = at + MESSAGE, int.from_bytes(datagram[at + 4 : at + 6], "big")
            if begin + here != record.end or offset + here > length:
                raise NotDTLS(f"a ClientHello that is not as long as it says: {bytes(datagram[at : at + 40])!r}")
            yield number, length, offset, begin, record.end


def server_names(datagram):
    """(begin, end) of each name in its ClientHellos, but for those in fragments."""
    for _, length, _, begin, end in hellos(datagram):
        if end - begin == length:
            yield from names_in(datagram, begin, end, cookie=True)


class Fragments:
    """Of the ClientHellos of one sender to one receiver, put together."""

    def __init__(self):
        self._parts = {}  # (sequence number, length) -> {offset: octet}

    def add(self, datagram):
        """Those that are whole with it, as octets."""
        whole = []
        for number, length, offset, begin, end in hellos(datagram):
            if end - begin == length:
                continue
            part = self._parts.setdefault((number, length), {})
            for at, octet in enumerate(datagram[begin:end], offset):
                if part.setdefault(at, octet) != octet:
                    raise NotDTLS("a ClientHello in fragments that do not fit together")
            if len(part) == length:
                del self._parts[number, length]
                whole.append(bytes(part[at] for at in range(length)))
        return whole

    def __len__(self):
        """How many are not whole."""
        return len(self._parts)


def plain_lengths(datagram, overhead):
    """Of the data records in it, before they were sealed."""
    return [r.end - r.begin - overhead for r in records(datagram) if r.kind == APPLICATION_DATA]
