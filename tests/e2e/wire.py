"""DNS messages octet by octet, for those that no library would write."""

import os
import struct

import dns.message
from testserver import wire_name

QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS, BADCOOKIE = 0, 1, 2, 3, 4, 5, 16, 23
A, NS, CNAME, SOA, TXT, AAAA, OPT, TSIG, ANY = 1, 2, 5, 6, 16, 28, 41, 250, 255
NSID, DAU, DHU, N3U, ECS, EXPIRE, COOKIE, KEEPALIVE, PADDING, KEY_TAG, EDE = 3, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15
DO = 0x8000


def new_id():
    return struct.unpack("!H", os.urandom(2))[0]


def header(flags=RD, counts=(1, 0, 0, 0), id=None):
    return struct.pack("!HHHHHH", new_id() if id is None else id, flags, *counts)


def name(text_or_wire):
    return text_or_wire if isinstance(text_or_wire, bytes) else wire_name(text_or_wire)


def question(qname, rrtype=A, rrclass=1):
    return name(qname) + struct.pack("!HH", rrtype, rrclass)


def record(owner, rrtype, rdata=b"", rrclass=1, ttl=300, rdlen=None):
    length = len(rdata) if rdlen is None else rdlen
    return name(owner) + struct.pack("!HHIH", rrtype, rrclass, ttl, length) + rdata


def option(code, data=b"", length=None):
    return struct.pack("!HH", code, len(data) if length is None else length) + data


def opt(options=b"", size=1232, rcode=0, version=0, flags=0, owner=b"\0", rdlen=None):
    fixed = struct.pack("!HHBBHH", OPT, size, rcode, version, flags, len(options) if rdlen is None else rdlen)
    return owner + fixed + options


def query(qname, rrtype=A, rrclass=1, flags=RD, id=None, edns=None, extra=b"", extra_count=0):
    """One question; edns: octets of an OPT, or True for a plain one; extra: more additional records."""
    edns = opt() if edns is True else edns or b""
    counts = (1, 0, 0, bool(edns) + extra_count)
    return header(flags, counts, id) + question(qname, rrtype, rrclass) + edns + extra


def probe(id=None):
    """What the listener answers itself and at once: RD is clear."""
    return query("probe.test", flags=0, id=id)


def id_of(message):
    return struct.unpack_from("!H", message)[0]


def flags_of(message):
    return struct.unpack_from("!H", message, 2)[0]


def rcode_of(message):
    return message[3] & 15


def parse(message):
    """Strictly: nothing may be left over."""
    return dns.message.from_wire(message)


def options_of(message):
    """[(code, data)] of a message of dnspython's."""
    found = []
    for o in message.options:
        found.append((int(o.otype), o.to_wire() if o.otype != ECS else o.to_wire(None)))
    return found


def raw_options(message):
    """[(code, data)] of the one OPT that is the last record and has a root owner; None without OPT."""
    m = dns.message.from_wire(message)
    if m.edns < 0:
        return None
    at, end = 12, len(message)
    counts = struct.unpack_from("!HHHH", message, 4)
    for _ in range(counts[0]):
        at = skip_name(message, at) + 4
    for _ in range(sum(counts[1:]) - 1):
        at = skip_record(message, at)
    assert message[at] == 0 and struct.unpack_from("!H", message, at + 1)[0] == OPT, "OPT is not the last record"
    at += 11
    found = []
    while at < end:
        code, length = struct.unpack_from("!HH", message, at)
        found.append((code, message[at + 4 : at + 4 + length]))
        at += 4 + length
    assert at == end
    return found


def skip_name(message, at):
    while True:
        length = message[at]
        if length >= 0xC0:
            return at + 2
        at += 1 + length
        if length == 0:
            return at


def skip_record(message, at):
    at = skip_name(message, at) + 10
    return at + struct.unpack_from("!H", message, at - 2)[0]


def edes(message):
    """[(code, text)] of the Extended DNS Errors of a message of dnspython's."""
    return [
        (int(o.code), o.text.decode() if isinstance(o.text, bytes) else o.text or "")
        for o in message.options
        if int(o.otype) == EDE
    ]
