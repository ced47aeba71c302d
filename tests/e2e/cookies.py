"""DNS cookies made by others: version-1 server cookies (RFC 9018 4) of a known secret, for any time and address."""

import ipaddress
import struct

import wire

MASK = (1 << 64) - 1
CLIENT = b"\x24\x64\xc4\xab\xcf\x10\xc9\x57"


def _rotate(x, bits):
    return (x << bits | x >> (64 - bits)) & MASK


def _round(v):
    v[0] = (v[0] + v[1]) & MASK
    v[2] = (v[2] + v[3]) & MASK
    v[1] = _rotate(v[1], 13) ^ v[0]
    v[3] = _rotate(v[3], 16) ^ v[2]
    v[0] = _rotate(v[0], 32)
    v[2] = (v[2] + v[1]) & MASK
    v[0] = (v[0] + v[3]) & MASK
    v[1] = _rotate(v[1], 17) ^ v[2]
    v[3] = _rotate(v[3], 21) ^ v[0]
    v[2] = _rotate(v[2], 32)


def siphash(key, data):
    """SipHash-2-4, 8 octets as they are stored."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        _round(v)
        _round(v)
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(4):
        _round(v)
    return struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


def full_cookie(secret, address, when, client=CLIENT, reserved=b"\0\0\0", version=1):
    """The data of the option."""
    head = client + bytes([version]) + reserved + struct.pack("!I", int(when) & 0xFFFFFFFF)
    return head + siphash(secret, head + ipaddress.ip_address(address).packed)


def query(name, cookie, rrtype=wire.A, **options):
    return wire.query(name, rrtype, edns=wire.opt(wire.option(wire.COOKIE, cookie), **options))


def only(cookie):
    """A cookie-only query (RFC 7873 5.4)."""
    return wire.header(counts=(0, 0, 0, 1)) + wire.opt(wire.option(wire.COOKIE, cookie))


def rcode_of(reply):
    """Of 12 bits."""
    return int(wire.parse(reply).rcode())


def cookie_of(message):
    """The data of its only COOKIE; None: it has none."""
    found = [data for code, data in wire.raw_options(message) or [] if code == wire.COOKIE]
    assert len(found) < 2, found
    return found[0] if found else None
