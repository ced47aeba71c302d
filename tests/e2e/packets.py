"""Packets as the sniffer reads them: addresses, ports, payload; and TCP's streams made whole again."""

import collections
import socket
import struct

ETH_IPV4, ETH_ARP, ETH_IPV6 = 0x0800, 0x0806, 0x86DD
ICMP, IGMP, TCP, UDP, ICMPV6 = 1, 2, 6, 17, 58
NAMES = {ICMP: "ICMP", IGMP: "IGMP", TCP: "TCP", UDP: "UDP", ICMPV6: "ICMPv6"}
EXTENSIONS, FRAGMENT = {0, 43, 60}, 44  # of IPv6
FIN, SYN, RST, ACK = 1, 2, 4, 16
QUOTING = {ICMP: {3, 4, 5, 11, 12}, ICMPV6: {1, 2, 3, 4}}  # types with the packet that was the matter

Endpoint = collections.namedtuple("Endpoint", "host port")


class Unreadable(ValueError):
    """What it is cannot be told."""


class Packet:
    """local: on the loopback; source and target: Endpoints, of port 0 where there are no ports."""

    def __init__(self, local, ethertype, data):
        self.local, self.data = local, data
        try:
            self._read(ethertype)
        except (struct.error, IndexError, ValueError) as error:
            raise Unreadable(f"EtherType {ethertype:#06x}: {error}") from error

    def _read(self, ethertype):
        if ethertype == ETH_IPV4:
            self._read_ipv4()
        elif ethertype == ETH_IPV6:
            self._read_ipv6()
        else:
            raise Unreadable("not IP")
        self.payload = self.data[self.at :]
        sport = dport = 0
        if self.protocol in (TCP, UDP) and not self.fragment:
            sport, dport = struct.unpack_from("!HH", self.payload)
            self._read_udp() if self.protocol == UDP else self._read_tcp()
        self.source, self.target = Endpoint(self.source, sport), Endpoint(self.target, dport)

    def _read_ipv4(self):
        length, _, offset, _, self.protocol = struct.unpack_from("!HHHBB", self.data, 2)
        self.at = (self.data[0] & 15) * 4
        self.fragment = bool(offset & 0x3FFF)
        self.source, self.target = (socket.inet_ntop(socket.AF_INET, self.data[i : i + 4]) for i in (12, 16))
        self.data = self.data[: length or None]

    def _read_ipv6(self):
        self.protocol, self.at = self.data[6], 40
        self.fragment = False
        self.source, self.target = (socket.inet_ntop(socket.AF_INET6, self.data[i : i + 16]) for i in (8, 24))
        while self.protocol in EXTENSIONS or self.protocol == FRAGMENT:
            self.fragment |= self.protocol == FRAGMENT
            length = 8 if self.protocol == FRAGMENT else 8 + 8 * self.data[self.at + 1]
            self.protocol, self.at = self.data[self.at], self.at + length

    def _read_udp(self):
        self.payload = self.payload[8:]

    def _read_tcp(self):
        self.seq, _, offset, self.flags = struct.unpack_from("!IIBB", self.payload, 4)
        self.payload = self.payload[(offset >> 4) * 4 :]

    def quoted(self):
        """Endpoints (source, target) of the packet that an ICMP error quotes; None if it is none."""
        if self.protocol not in QUOTING or self.payload[0] not in QUOTING[self.protocol]:
            return None
        inner = self.payload[8:]
        # A quotation may be cut: what was to be the length is not looked at.
        quoted = Packet(self.local, ETH_IPV4 if self.protocol == ICMP else ETH_IPV6, inner)
        return quoted.source, quoted.target

    def __str__(self):
        name = NAMES.get(self.protocol, f"protocol {self.protocol}")
        return f"{name} {spelled(self.source)} > {spelled(self.target)}"


def spelled(endpoint):
    return f"{endpoint.host}.{endpoint.port}" if endpoint.port else endpoint.host


class Stream:
    """One direction of a TCP connection: data is what was sent so far, whatever the segments' edges.

    opened: its SYN was ours; segments: those that brought something new
    """

    def __init__(self, packet):
        self.name = str(packet)
        self.local, self.source, self.target = packet.local, packet.source, packet.target
        self.opened = packet.flags & (SYN | ACK) == SYN
        self.first = packet.seq
        self.data, self.segments = bytearray(), 0
        self._next = (packet.seq + bool(packet.flags & SYN)) & 0xFFFFFFFF
        self._early = []  # what is beyond a gap

    def add(self, packet):
        if packet.payload:
            self._early.append(((packet.seq + bool(packet.flags & SYN)) & 0xFFFFFFFF, packet.payload))
            while any(map(self._fits, list(self._early))):
                pass

    def _fits(self, segment):
        seq, payload = segment
        known = (self._next - seq) & 0xFFFFFFFF  # so much of it was sent before
        if known >= 0x80000000:
            return False
        self._early.remove(segment)
        if known < len(payload):
            self.data += payload[known:]
            self._next = (self._next + len(payload) - known) & 0xFFFFFFFF
            self.segments += 1
        return True

    def strays(self):
        """Segments that a gap keeps apart."""
        return [payload for _, payload in self._early]

    def __str__(self):
        return self.name


class Streams:
    """All of them, in the order in which they began."""

    def __init__(self):
        self._all, self._open = [], {}

    def add(self, packet):
        key = packet.source, packet.target
        stream = self._open.get(key)
        if not stream or (packet.flags & SYN and packet.seq != stream.first):
            stream = self._open[key] = Stream(packet)
            self._all.append(stream)
        stream.add(packet)

    def __iter__(self):
        return iter(self._all)
