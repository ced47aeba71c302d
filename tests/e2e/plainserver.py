"""A peer over UDP that a test writes itself."""

import socket
import threading


class UdpPeer:
    """Hands each datagram to answer(peer, data, source) on a thread of its own, which may use peer.socket."""

    def __init__(self, answer):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answer, self.seen = answer, []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                data, source = self.socket.recvfrom(65535)
            except OSError:
                return
            if data == b"end":
                return
            self.seen.append((data, source))
            self.answer(self, data, source)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join()
        self.socket.close()
