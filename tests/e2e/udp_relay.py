"""Carries datagrams between clients and a server, and is everything that can be on a path of UDP: it loses, doubles and
turns them round, lets through only small ones, changes the client's port (NAT), forges.

    with UdpRelay(server.dtls[0]) as relay:
        ...                                    # clients send to relay.address
        relay.fault(loss=0.3, seed=7)          # from now on, in both directions
        relay.rebind()                         # the server sees other ports
        relay.inject(octets)                   # to every client, from the address that is the server's for them
        relay.unreachable()                    # ICMP says that its port is closed; needs root

With tcp the same port takes TCP connections too, to that address: one upstream has one port.
"""

import collections
import random
import selectors
import socket
import struct
import threading

from relay import Relay

TIMEOUT = 20
MEMORY = 64  # datagrams of the server that can be replayed
HOLD = 0.02  # seconds until one that was to be overtaken goes all the same
HANDSHAKE, DATA = (20, 21, 22), (23,)
UNREACHABLE, PORT = 3, 3  # ICMP
ATTEMPTS = 64


class Faults:
    """Of one direction: shares by chance, the same for the same seed."""

    def __init__(self, loss=0, dup=0, reorder=0, mtu=0, types=None, seed=1):
        self.loss, self.dup, self.reorder, self.mtu, self.types = loss, dup, reorder, mtu, types
        self._random = random.Random(seed)

    def meant(self, data):
        return self.types is None or (data and data[0] in self.types)

    def _happens(self, share):
        return share > 0 and self._random.random() < share

    def lost(self, data):
        return bool(self.mtu and len(data) > self.mtu) or self._happens(self.loss)

    def doubled(self):
        return self._happens(self.dup)

    def held(self):
        return self._happens(self.reorder)


class Client:
    """One address that sends to us, and the socket that speaks for it."""

    def __init__(self, address, upward):
        self.address, self.upward = address, upward


class UdpRelay:
    """target: the server; tcp: where TCP to the same port goes; new_socket: makes sockets, in a namespace for one."""

    def __init__(self, target, tcp=None, new_socket=socket.socket):
        self.target, self._new_socket = tuple(target), new_socket
        self.tcp = None
        self._bind(tcp)
        self.counts = collections.Counter()  # there, back, lost, doubled, held
        self.sizes = {"there": collections.Counter(), "back": collections.Counter()}  # of datagrams, by first octet and size
        self.memory = collections.deque(maxlen=MEMORY)  # what the server sent last
        self.sent = collections.deque(maxlen=MEMORY)  # what clients sent last
        self._faults = {"there": Faults(), "back": Faults()}
        self._held = {"there": [], "back": []}
        self.hold = HOLD
        self._clients = {}
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._front, selectors.EVENT_READ, None)
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ, "end")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _bind(self, tcp):
        for attempt in range(ATTEMPTS):
            self._front = self._new_socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._front.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self._front.bind(("127.0.0.1", 0))
            self.address = self._front.getsockname()
            if not tcp:
                return
            try:
                self.tcp = Relay(tcp, self._new_socket, self.address[1])
                return
            except OSError:
                self._front.close()
        raise OSError("no port that is free for UDP and TCP")

    @property
    def port(self):
        return self.address[1]

    # -- what it does -----------------------------------------------------------------

    def fault(self, which="both", types=None, seed=1, **shares):
        """types: HANDSHAKE or DATA, of what comes first in the datagram; what is not said is as it should be."""
        with self._lock:
            for number, way in enumerate(("there", "back")):
                if which in ("both", way):
                    self._faults[way] = Faults(types=types, seed=seed * 2 + number, **shares)

    def silence(self):
        """UDP does not get through."""
        self.fault(loss=1)

    def rebind(self):
        """As a NAT that forgot: other ports from now on, and what comes to the old ones is lost."""
        with self._lock:
            for client in self._clients.values():
                self._selector.unregister(client.upward)
                client.upward.close()
                client.upward = self._open(client)

    def inject(self, data, times=1):
        """To every client, from our address, which is the server's to them."""
        with self._lock:
            clients = list(self._clients.values())
        for client in clients:
            for _ in range(times):
                self._front.sendto(data, client.address)
        return len(clients)

    def unreachable(self, times=1):
        """ICMP port unreachable to every client, about a datagram to us."""
        with self._lock:
            clients = list(self._clients.values())
        raw = self._new_socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        with raw:
            for client in clients:
                for _ in range(times):
                    raw.sendto(port_unreachable(client.address, self.address), (client.address[0], 0))
        return len(clients)

    def clients(self):
        """How many there were."""
        with self._lock:
            return len(self._clients)

    # -- how it does it ------------------------------------------------------------------

    def _open(self, client):
        upward = self._new_socket(socket.AF_INET, socket.SOCK_DGRAM)
        upward.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        upward.connect(self.target)
        upward.setblocking(False)
        self._selector.register(upward, selectors.EVENT_READ, client)
        return upward

    def _client(self, address):
        if address not in self._clients:
            client = self._clients[address] = Client(address, None)
            client.upward = self._open(client)
        return self._clients[address]

    def _run(self):
        while True:
            ready = self._selector.select(self.hold)
            if not ready:
                with self._lock:
                    self._release("there")
                    self._release("back")
            for key, _ in ready:
                if key.data == "end":
                    return
                with self._lock:
                    self._take(key.fileobj, key.data)

    def _take(self, sock, client):
        try:
            if client is None:
                data, address = sock.recvfrom(65536)
                client, way = self._client(address), "there"
                self.sent.append(data)
            else:
                data, way = sock.recv(65536), "back"
                self.memory.append(data)
        except OSError:  # closed on the way, or the server's port is: that is told to nobody
            return
        self.counts[way] += 1
        self.sizes[way][data[:1], len(data)] += 1
        self._pass(way, client, data)

    def _pass(self, way, client, data):
        faults = self._faults[way]
        if not faults.meant(data):
            self._send(way, client, data)
        elif faults.lost(data):
            self.counts["lost"] += 1
        elif not self._held[way] and faults.held():
            self.counts["held"] += 1
            self._held[way].append((client, data))
        else:
            self._send(way, client, data)
            if faults.doubled():
                self.counts["doubled"] += 1
                self._send(way, client, data)
            self._release(way)

    def _release(self, way):
        held, self._held[way] = self._held[way], []
        for client, data in held:
            self._send(way, client, data)

    def _send(self, way, client, data):
        try:
            if way == "there":
                client.upward.send(data)
            else:
                self._front.sendto(data, client.address)
        except OSError:
            self.counts["refused"] += 1

    def close(self):
        self._waker.send(b"x")
        self._thread.join(TIMEOUT)
        for client in self._clients.values():
            client.upward.close()
        for s in (self._front, self._wake, self._waker):
            s.close()
        self._selector.close()
        if self.tcp:
            self.tcp.__exit__(None, None, None)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def port_unreachable(source, target):
    """RFC 792, about an empty datagram of UDP from source to target."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28, 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    udp = struct.pack("!HHHH", source[1], target[1], 8, 0)
    head = struct.pack("!BBHI", UNREACHABLE, PORT, 0, 0)
    return head[:2] + struct.pack("!H", checksum(head + ip + udp)) + head[4:] + ip + udp
