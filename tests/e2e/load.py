"""Many distinct queries at once, every answer checked to the last address.

    result = load(fwd, 5000, window=500)
    result.check()                # all answered, none wrong

Each query has a name of its own in random letter case; an answer counts if its id is one that waits on this very
socket, its question is the one asked octet for octet, and its address the one that this name has.
"""

import bisect
import collections
import os
import random
import selectors
import socket
import struct
import time

import dns.message
import machine
from testserver import TIMEOUT, expected_a

HEADER = struct.Struct("!HHHHHH")
SO_RCVBUFFORCE = 33  # beyond the system's limit, for root only
DEADLINE = 4.0  # what a client waits where nothing else is configured (query-timeout)
SAMPLE = 0.2  # seconds between looks at what the machine takes


class Result:
    def __init__(self, count):
        self.count = count
        self.good = 0
        self.lost = []  # names without any reply in time
        self.failed = collections.Counter()  # RCODE -> replies
        self.failures = []  # (name, reply) of the first of them
        self.wrong = []  # what was wrong with replies
        self.slowest = 0.0
        self.slowest_own = 0.0  # without what the machine took, where it was more than a second
        self.times = []
        self.seconds = 0.0

    def __repr__(self):
        return (
            f"<{self.count} queries in {self.seconds:.2f} s: {self.good} good, {len(self.lost)} lost {self.lost[:5]}, "
            f"failed {dict(self.failed)} {[why(m) for m in self.failures[:3]]}, {len(self.wrong)} wrong {self.wrong[:5]}, "
            f"slowest {self.slowest:.3f} s, {self.slowest_own:.3f} s its own>"
        )

    def check(self, failed=0, within=DEADLINE):
        """Each was answered, `failed` of them with an error, and within the time that the machine let it have."""
        assert not self.wrong, self
        assert not self.lost, self
        assert sum(self.failed.values()) == failed, self
        assert self.good == self.count - failed, self
        assert self.slowest_own < within, self


class Taken:
    """What the machine took in the course of a load: own() of a query takes that off."""

    def __init__(self):
        self._at, self._sum = [time.monotonic()], [machine.taken()]

    def look(self, now):
        if now - self._at[-1] >= SAMPLE:
            self._at.append(now)
            self._sum.append(machine.taken())

    def own(self, since, now):
        """Seconds of a query's that were its own; a short one is not looked at closely."""
        took = now - since
        if took < 1:
            return 0.0
        self.look(now)
        first = max(0, bisect.bisect_right(self._at, since) - 1)
        return max(0.0, took - (self._sum[-1] - self._sum[first]))


class Waiting:
    __slots__ = ("name", "question", "since")

    def __init__(self, name, question, since):
        self.name = name
        self.question = question
        self.since = since


def random_case(name, bits):
    """Letters in upper case as the bits say."""
    out = []
    for c in name:
        out.append(c.upper() if bits & 1 else c)
        bits >>= 1
    return "".join(out)


def cased_wire(name):
    """Wire form of a simple name, case kept."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class Pipe:
    """One client socket with its ids in use."""

    def __init__(self, fwd, transport, source=None, address=None):
        self.stream = transport == "tcp"
        host, port = address or fwd.address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = fwd.socket(family, socket.SOCK_STREAM if self.stream else socket.SOCK_DGRAM)
        if source:
            self.socket.bind((source, 0))
        if self.stream:
            self.socket.settimeout(TIMEOUT)
        else:
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE if os.geteuid() == 0 else socket.SO_RCVBUF, 16 << 20)
        self.socket.connect((host, port))
        if self.stream:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.waiting = {}
        self.out = bytearray()
        self.data = bytearray()
        self.ended = False

    def send(self, message):
        if self.stream:
            self.out += struct.pack("!H", len(message)) + message
        else:
            self.out = message
            self.flush()

    def flush(self):
        """False: the socket takes no more now."""
        try:
            if self.stream:
                while self.out:
                    del self.out[: self.socket.send(self.out)]
            elif self.out:
                self.socket.send(self.out)
                self.out = b""
            return True
        except BlockingIOError:
            return False
        except ConnectionError:
            self.ended = True
            return True

    def messages(self):
        """What has come."""
        if not self.stream:
            for _ in range(256):
                try:
                    yield self.socket.recv(65535)
                except BlockingIOError:
                    return
                except ConnectionRefusedError:
                    continue
            return
        try:
            chunk = self.socket.recv(1 << 18)
            self.ended = not chunk
            self.data += chunk
        except BlockingIOError:
            return
        except ConnectionError:
            self.ended = True
        at = 0
        while len(self.data) - at >= 2:
            length = (self.data[at] << 8) | self.data[at + 1]
            if len(self.data) - at < 2 + length:
                break
            yield bytes(self.data[at + 2 : at + 2 + length])
            at += 2 + length
        del self.data[:at]


def why(failure):
    """Name and reasons of a reply that is no answer."""
    name, message = failure
    return name, [o.to_text() for o in dns.message.from_wire(message).options]


def wrong_with(message, asked):
    """What is wrong with an answer of RCODE 0; None: nothing."""
    if len(message) < 12:
        return "short"
    _, flags, qd, an, _, _ = HEADER.unpack_from(message)
    if qd != 1 or message[12 : 12 + len(asked.question)] != asked.question:
        return f"other question than {asked.name}: {message!r}"
    if flags & 0x0200:
        return f"truncated: {asked.name}"
    at = 12 + len(asked.question)
    if an != 1:
        return f"{an} answers to {asked.name}"
    at = at + 2 if message[at] >= 0xC0 else at + len(asked.question) - 4
    rrtype, _, _, rdlen = struct.unpack_from("!HHIH", message, at)
    address = socket.inet_ntoa(message[at + 10 : at + 14]) if rrtype == 1 and rdlen == 4 else "nothing"
    if address != expected_a(asked.name):
        return f"{address} for {asked.name}"
    return None


def load(
    fwd,
    count,
    window=500,
    transport="udp",
    pipes=1,
    rate=None,
    name=lambda i: f"q{i}.load.test",
    timeout=TIMEOUT,
    edns=True,
    sources=(None,),
    each_turn=None,
    addresses=None,
):
    """Asks name(0) .. name(count - 1), `window` at a time over all pipes; rate: queries a second at most.

    each_turn is called between reads, for a test that does something meanwhile.
    """
    result = Result(count)
    chance = random.Random(os.urandom(8))
    addresses = addresses or [None]
    all_pipes = [
        Pipe(fwd, transport, sources[i % len(sources)], addresses[i % len(addresses)]) for i in range(pipes)
    ]
    selector = selectors.DefaultSelector()
    for pipe in all_pipes:
        selector.register(pipe.socket, selectors.EVENT_READ, pipe)
    tail = b"\x00\x01\x00\x01" + (b"\0\0\x29\x04\xd0\0\0\0\0\0\0" if edns else b"")
    order = collections.deque()  # (pipe, id) as asked
    begin = time.monotonic()
    taken = Taken()
    sent = done = inflight = 0

    def ask(now):
        nonlocal sent, inflight
        pipe = all_pipes[sent % pipes]
        text = random_case(name(sent), chance.getrandbits(24))
        question = cased_wire(text) + b"\x00\x01\x00\x01"
        qid = chance.getrandbits(16)
        while qid in pipe.waiting:
            qid = chance.getrandbits(16)
        pipe.waiting[qid] = Waiting(text, question, now)
        order.append((pipe, qid, now))
        pipe.send(HEADER.pack(qid, 0x0100, 1, 0, 0, 1 if edns else 0) + question[:-4] + tail)
        sent += 1
        inflight += 1

    def take(pipe, message, now):
        nonlocal done, inflight
        asked = pipe.waiting.pop(struct.unpack_from("!H", message)[0], None) if len(message) >= 12 else None
        if not asked:
            result.wrong.append(f"nobody asked for {message!r}")
            return
        done += 1
        inflight -= 1
        took = now - asked.since
        result.slowest = max(result.slowest, took)
        result.slowest_own = max(result.slowest_own, taken.own(asked.since, now))
        result.times.append(took)
        rcode = message[3] & 15
        if rcode:
            result.failed[rcode] += 1
            if message[12 : 12 + len(asked.question)] != asked.question:
                result.wrong.append(f"other question than {asked.name}: {message!r}")
            if len(result.failures) < 20:
                result.failures.append((asked.name, message))
        elif trouble := wrong_with(message, asked):
            result.wrong.append(trouble)
        else:
            result.good += 1

    def expire(now):
        nonlocal done, inflight
        while order and now - order[0][2] > timeout:
            pipe, qid, since = order.popleft()
            asked = pipe.waiting.get(qid)
            if asked and asked.since == since:
                del pipe.waiting[qid]
                result.lost.append(asked.name)
                done += 1
                inflight -= 1

    while done < count:
        now = time.monotonic()
        allowed = count if rate is None else min(count, int((now - begin) * rate) + 1)
        burst = 0
        while sent < allowed and inflight < window and burst < 64:
            ask(now)
            burst += 1
        for pipe in all_pipes:
            if pipe.ended and pipe.waiting:
                for asked in pipe.waiting.values():
                    result.lost.append(f"{asked.name} (closed)")
                done += len(pipe.waiting)
                inflight -= len(pipe.waiting)
                pipe.waiting.clear()
        if pipes and all(p.ended for p in all_pipes):
            result.lost += [f"query {i} (all closed)" for i in range(sent, count)]
            break
        for pipe in all_pipes:
            if pipe.out and not pipe.ended:
                events = selectors.EVENT_READ | (0 if pipe.flush() else selectors.EVENT_WRITE)
                selector.modify(pipe.socket, events, pipe)
        more = sent < count and inflight < window
        wait = 0 if more and sent < allowed else 0.005 if more else 0.05
        for key, _ in selector.select(wait):
            pipe = key.data
            if pipe.ended:
                continue
            now = time.monotonic()
            for message in pipe.messages():
                take(pipe, message, now)
            if pipe.ended:
                selector.unregister(pipe.socket)
        taken.look(time.monotonic())
        expire(time.monotonic())
        if each_turn:
            each_turn()
    result.seconds = time.monotonic() - begin
    for pipe in all_pipes:
        pipe.socket.close()
    selector.close()
    return result
