"""Writes what a packet socket sees into a file: the process behind sniffer.Sniffer.

    capture.py FD FILE

A record is HEADER and the packet from its IP header on.  A line on stdin is answered, when all that the kernel
had then is in the file, by "PACKETS WRITTEN LOST" since the start.  Ends with stdin.
"""

import os
import select
import socket
import struct
import sys

HEADER = struct.Struct("!BHI")  # whether on the loopback, EtherType, octets
SOL_PACKET, PACKET_STATISTICS = 263, 6
ARPHRD_LOOPBACK = 772
LARGEST = 1 << 18  # beyond any packet


class Capture:
    def __init__(self, fd, path):
        self.socket = socket.socket(fileno=fd)
        self.socket.setblocking(False)
        self.file = open(path, "wb")
        self.buffer = bytearray(LARGEST)
        self.packets = self.written = self.lost = 0

    def take(self, most):
        """Up to so many packets; False when there are no more."""
        for _ in range(most):
            try:
                length, (_, protocol, _, hardware, _) = self.socket.recvfrom_into(self.buffer, 0, socket.MSG_TRUNC)
            except BlockingIOError:
                return False
            if length > LARGEST:
                self.lost += 1
                continue
            self.file.write(HEADER.pack(hardware == ARPHRD_LOOPBACK, protocol, length))
            self.file.write(memoryview(self.buffer)[:length])
            self.written += 1
        return True

    def report(self):
        # Asked first: what it counts is in the queue.  It counts anew after each look.
        packets, dropped = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.packets += packets
        self.lost += dropped
        while self.take(1000):
            pass
        self.file.flush()
        os.write(1, f"{self.packets} {self.written} {self.lost}\n".encode())

    def run(self):
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        poll.register(0, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if 0 in ready:
                if not os.read(0, 1):
                    return
                self.report()
            else:
                self.take(1000)


if __name__ == "__main__":
    Capture(int(sys.argv[1]), sys.argv[2]).run()
