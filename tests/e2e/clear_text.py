"""Judges packets that leave the side of dnsfwd's clients:

- To an upstream goes TLS and nothing else: ClientHellos that name a configured auth-name, then encrypted records.
- Datagrams go to an upstream that is configured for them, and are DTLS and nothing else, likewise.
- To a bootstrap server go queries for host names of upstreams and nothing else.
- Nothing goes to anybody else, and nothing else to or from port 53.
- Nowhere is a name of the zone test, or a label of LONG octets of any name that clients asked for: in wire form
  or as text, in any letter case, across the segments of TCP.

What clients and dnsfwd say to each other is their own: on the loopback, to and from where dnsfwd listens.
"""

import collections
import ipaddress
import re

import dns.exception
import dns.message
import dtls_clear
import tls_clear
from packets import ETH_ARP, ICMP, ICMPV6, IGMP, TCP, UDP, Endpoint, Packet, Streams, Unreadable

COOKIE = 10  # the option that a bootstrap query may have
DOT, DOMAIN = 853, 53
DTLS = "dtls://"
LONG = 6  # a label of so many octets is no accident among random ones
ZONE = re.compile(rb"\x04test\x00|[a-z0-9_-]\.test(?![a-z0-9_-])")
LABEL = re.compile(rb"[a-z0-9_-]{%d,}" % LONG)


class Policy:
    """Whom dnsfwd may speak to, as its configurations say; there may be several."""

    def __init__(self):
        self.upstreams = set()  # Endpoints
        self.datagrams = set()  # of these, those that may be sent DTLS
        self.auth_names = set()  # bytes, in lower case
        self.bootstraps = set()  # Endpoints
        self.hosts = set()  # texts, in lower case: names of upstreams that have to be looked up
        self.listeners = set()  # Endpoints
        self.servers_inside = False  # upstreams are where we look: what they send is their own

    def expect(self, options):
        named = {u["name"]: u for u in options.get("upstream", [])}
        for u in named.values():
            datagrams = u.get("transport", "tls") != "tls"
            self._upstream(u.get("address"), u.get("port", DOT), u.get("auth-name", ""), datagrams)
        for text in options.get("forward", []):
            if text not in named:
                where, _, name = text.partition("#")
                host, port = spelled_endpoint(where, DOT)
                datagrams = text.startswith(DTLS)
                self._upstream(host if is_address(host) else None, port, name or host, datagrams)
                if not is_address(host):
                    self.hosts.add(host.lower())
        self.bootstraps |= {spelled_endpoint(text, DOMAIN) for text in options.get("bootstrap", [])}

    def _upstream(self, addresses, port, name, datagrams):
        for address in [addresses] if isinstance(addresses, str) else addresses or []:
            self.allow(address, port, datagrams)
        if name:
            self.auth_names.add(name.lower().encode())
        if not addresses:
            self.hosts.add(name.lower())

    def allow(self, address, port=DOT, datagrams=False):
        """An upstream of this address, which the configuration does not tell."""
        endpoint = Endpoint(str(ipaddress.ip_address(address)), port)
        self.upstreams.add(endpoint)
        if datagrams:
            self.datagrams.add(endpoint)

    def listening(self, addresses):
        self.listeners |= {Endpoint(*address[:2]) for address in addresses}

    def is_server(self, endpoint):
        return self.servers_inside and endpoint in self.upstreams | self.datagrams

    def is_listener(self, endpoint):
        anywhere = "::" if ":" in endpoint.host else "0.0.0.0"
        return endpoint in self.listeners or endpoint._replace(host=anywhere) in self.listeners


def is_address(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def spelled_endpoint(text, port):
    """HOST, HOST:PORT, [V6]:PORT or a bare V6, with or without tls:// or dtls://."""
    text = text.removeprefix("tls://").removeprefix(DTLS)
    if is_address(text):
        return Endpoint(text, port)
    if found := re.fullmatch(r"\[?(.+?)\]?:(\d+)", text):
        return Endpoint(found[1], int(found[2]))
    return Endpoint(text.strip("[]"), port)


class Judge:
    """Takes (local, EtherType, octets) of each packet in the order in which they were sent.

    streams: of TCP; datagrams: [(packet, records)] of DTLS to upstreams; labels: LONG ones that clients asked for; findings(): what should not have been sent
    """

    def __init__(self, policy, packets):
        self._policy = policy
        self._found = collections.Counter()
        self.streams, self._others, self.labels = Streams(), [], set()
        self.datagrams, self._fragments, self._cut = [], collections.defaultdict(dtls_clear.Fragments), {}
        for packet in packets:
            self._sort(*packet)
        for stream in self.streams:
            if self._is_to_us(stream):
                self._learn(framed(stream.data))
        for packet in self._others:
            self._judge_packet(packet)
        for stream in self.streams:
            if not self._is_own(stream):
                self._judge_stream(stream)
        for path, packet in self._cut.items():
            if self._fragments[path]:
                self._find("a ClientHello in fragments that are not all: its names cannot be read", packet)

    def findings(self):
        return [f"{what} ({count} times)" if count > 1 else what for what, count in self._found.items()]

    def to_upstreams(self):
        """The streams to them, from their SYNs on."""
        return [s for s in self.streams if s.opened and s.target in self._policy.upstreams]

    def _find(self, what, sent):
        self._found[f"{what}: {sent}"] += 1

    def _sort(self, local, ethertype, data):
        try:
            packet = Packet(local, ethertype, data)
        except Unreadable as error:
            if ethertype != ETH_ARP:
                self._find("a packet that nobody can read", error)
            self._look_for_names(data, "a packet without IP")
            return
        if packet.protocol == TCP and not packet.fragment:
            self.streams.add(packet)
        elif packet.protocol == UDP and self._is_to_us(packet):
            self._learn([packet.payload])
        else:
            self._others.append(packet)

    # -- clients and dnsfwd among themselves ------------------------------------------------

    def _is_to_us(self, sent):
        return sent.local and self._policy.is_listener(sent.target)

    def _is_own(self, sent):
        """A client has no port 53: who has is a resolver, wherever it is asked from."""
        answer = sent.local and self._policy.is_listener(sent.source) and sent.target.port != DOMAIN
        return answer or self._is_to_us(sent) or self._policy.is_server(sent.source)

    def _is_own_error(self, packet):
        """The kernel tells a client that nobody listens, or dnsfwd that a client has gone."""
        try:
            quoted = packet.quoted()
        except Unreadable:
            return False
        return packet.local and bool(quoted) and any(map(self._policy.is_listener, quoted))

    def _is_back_to_server(self, packet):
        """The kernel tells a server of DTLS that a socket has gone, and quotes what that server said: its certificate."""
        try:
            quoted = packet.quoted()
        except Unreadable:
            return False
        return bool(quoted) and quoted[0] in self._policy.datagrams and quoted[0].host == packet.target.host

    def _without_auth_names(self, octets):
        clear = bytes(octets)
        for name in self._policy.auth_names:
            clear = clear.replace(name, bytes(len(name)))
        return clear

    def _learn(self, queries):
        for query in queries:
            self.labels.update(label for label in labels_of(query) if len(label) >= LONG)

    # -- what leaves -------------------------------------------------------------------------

    def _judge_packet(self, packet):
        if packet.fragment:
            self._find("a fragment, which tells no port", packet)
        elif packet.protocol == UDP:
            if self._is_own(packet):
                return
            if packet.target in self._policy.bootstraps:
                self._judge_bootstrap(packet.payload, packet)
                return
            if packet.target in self._policy.datagrams:
                self._look_for_names(self._judge_dtls(packet), packet)
                return
            self._find(self._wrong_target(packet), packet)
        elif packet.protocol not in (ICMP, ICMPV6, IGMP):
            self._find("a protocol that dnsfwd does not speak", packet)
        elif self._is_own_error(packet):
            return
        elif self._is_back_to_server(packet):
            self._look_for_names(self._without_auth_names(packet.data), packet)
            return
        self._look_for_names(packet.data, packet)

    def _judge_stream(self, stream):
        if stream.target in self._policy.bootstraps:
            for query in framed(stream.data):
                self._judge_bootstrap(query, stream)
            return
        clear = stream.data
        if stream.target in self._policy.upstreams:
            clear = self._judge_tls(stream)
        elif stream.opened or stream.data:  # what resets a stranger's attempt is neither
            self._find(self._wrong_target(stream), stream)
        for octets in (clear, *stream.strays()):
            self._look_for_names(octets, stream)

    @staticmethod
    def _wrong_target(sent):
        return "port 53" if DOMAIN in (sent.source.port, sent.target.port) else "to nobody configured"

    def _take_out_names(self, clear, places, sent):
        for begin, end in places:
            name = bytes(clear[begin:end])
            if name.lower() in self._policy.auth_names:
                clear[begin:end] = bytes(end - begin)
            else:
                self._find(f"a ClientHello names {name!r}", sent)

    def _judge_tls(self, stream):
        """What remains when the names are taken out that a ClientHello may say."""
        clear = bytearray(stream.data)
        try:
            self._take_out_names(clear, tls_clear.server_names(stream.data), stream)
        except tls_clear.NotTLS as error:
            self._find(str(error), stream)
        return clear

    def _judge_dtls(self, packet):
        """As _judge_tls, of a datagram."""
        clear = bytearray(packet.payload)
        try:
            self.datagrams.append((packet, dtls_clear.check(packet.payload)))
            self._take_out_names(clear, dtls_clear.server_names(packet.payload), packet)
            self._judge_fragments(clear, packet)
        except dtls_clear.NotDTLS as error:
            self._find(str(error), packet)
        return clear

    def _judge_fragments(self, clear, packet):
        """A ClientHello may be longer than a datagram on this path; it is judged as a whole then."""
        for _, length, _, begin, end in dtls_clear.hellos(packet.payload):
            if end - begin < length:
                clear[begin:end] = bytes(end - begin)
                self._cut[packet.source, packet.target] = packet
        for hello in self._fragments[packet.source, packet.target].add(packet.payload):
            hello = bytearray(hello)
            self._take_out_names(hello, dtls_clear.names_in(hello, 0, len(hello), cookie=True), packet)
            self._look_for_names(hello, packet)

    def _judge_bootstrap(self, query, sent):
        """The whole of it is one question for the name of an upstream."""
        try:
            message = dns.message.from_wire(query)
        except (dns.exception.DNSException, ValueError) as error:
            self._find(f"a bootstrap server is sent what is no DNS message ({error}): {query[:60]!r}", sent)
            return
        questions = [q.name.to_text(omit_final_dot=True).lower() for q in message.question]
        more = [*message.answer, *message.authority, *message.additional]
        more += [option for option in message.options if option.otype != COOKIE]
        if len(questions) != 1 or questions[0] not in self._policy.hosts:
            self._find(f"a bootstrap server is asked for {questions}", sent)
        elif more:
            self._find(f"a bootstrap server is told more than a question: {more}", sent)

    def _look_for_names(self, octets, sent):
        low = bytes(octets).lower()
        for found in ZONE.finditer(low):
            self._find(f"a name in clear {low[max(0, found.start() - 30) : found.end()]!r}", sent)
        for found in LABEL.findall(low):
            # The length before a label may look like a letter of it.
            if label := self.labels.intersection((found, found[1:])):
                self._find(f"a label in clear {label.pop()!r}", sent)


def labels_of(query):
    """Of its first question, in lower case; those before the damage of a broken one."""
    at, labels = 12, []
    while at < len(query) and 0 < query[at] < 64:
        labels.append(bytes(query[at + 1 : at + 1 + query[at]]).lower())
        at += 1 + query[at]
    return labels


def framed(stream):
    """The messages behind their lengths; the last one may be cut."""
    at = 0
    while at < len(stream):
        end = at + 2 + int.from_bytes(stream[at : at + 2], "big")
        yield bytes(stream[at + 2 : end])
        at = end
