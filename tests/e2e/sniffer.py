"""Watches what leaves a network namespace: no octet of a question may do so in clear.

    sniffer = Sniffer(namespace)            # before dnsfwd starts
    sniffer.policy.expect(options)          # the configuration: who may be spoken to; Dnsfwd(netns=...) does it
    assert not sniffer.findings()

Each namespace of netns.namespace_or_skip() has one, and each netns.Network, which fail the test on which it finds something.  What is sent inside, on any device, is kept
by a process of its own (capture.py) and judged (clear_text.py) when that is asked for.  A packet that the capture
lost is an error: nothing could be said then.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys

import folders
from capture import HEADER, PACKET_STATISTICS, SOL_PACKET
from clear_text import Judge, Policy
from testserver import TIMEOUT

HERE = pathlib.Path(__file__).resolve().parent
ROOM = 64 << 20  # octets that the kernel may keep for the capture
SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33
ETH_P_ALL, PACKET_OUTGOING, SKF_AD_PKTTYPE = 3, 4, 0xFFFFF004
FILTER = (  # of classic BPF: what is outgoing as a whole, nothing else
    (0x28, 0, 0, SKF_AD_PKTTYPE),
    (0x15, 0, 1, PACKET_OUTGOING),
    (0x06, 0, 0, 0xFFFFFFFF),
    (0x06, 0, 0, 0),
)


class Leak(AssertionError):
    pass


def packet_socket(room):
    """For what is sent from here on every device, those to come included."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, room)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in FILTER))
    s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(FILTER), ctypes.addressof(code)))
    # What came before the filter stood may have been incoming.
    s.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            s.recv(1)
    s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
    return s


class Sniffer:
    """policy: who may be spoken to; room: octets that may wait in the kernel."""

    def __init__(self, space, room=ROOM):
        self.policy = Policy()
        with space.visit(packet_socket, room) as s:
            self.folder = folders.make("sniffer")
            self.path = os.path.join(self.folder, "packets")
            self.process = subprocess.Popen(
                [sys.executable, "-E", "-S", HERE / "capture.py", str(s.fileno()), self.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[s.fileno()],
            )

    def close(self):
        self.process.kill()
        self.process.communicate(timeout=TIMEOUT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _sync(self):
        """All that was sent before is in the file then, and nothing was lost."""
        try:
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise RuntimeError("the sniffer's capture has ended")
        packets, written, lost = map(int, line.split())
        if lost or written < packets:
            raise RuntimeError(f"the sniffer saw {written} packets of {packets} and lost {lost}: nothing can be said")

    def _packets(self):
        """(local, EtherType, octets) of each."""
        with open(self.path, "rb") as file:
            while head := file.read(HEADER.size):
                local, ethertype, length = HEADER.unpack(head)
                yield bool(local), ethertype, file.read(length)

    def judge(self):
        """With all that was sent so far."""
        self._sync()
        return Judge(self.policy, self._packets())

    def findings(self):
        return self.judge().findings()

    def check(self, proves=True):
        """A Leak unless nothing was found and (proves) upstreams were spoken to if a dnsfwd was to do so."""
        judge = self.judge()
        if found := judge.findings():
            raise Leak("in clear, or to where nothing may go:\n  " + "\n  ".join(found))
        if proves and self.policy.upstreams and not judge.to_upstreams() and not judge.datagrams:
            raise Leak("the sniffer saw no traffic to an upstream: it proves nothing")
