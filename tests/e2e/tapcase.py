"""Those who read dnstap: fstrm_capture of libfstrm and dnstap-ldns, and a reader that does as it likes."""

import collections
import re
import shutil
import socket
import struct
import subprocess
import threading

from testserver import TIMEOUT, wait_for

CAPTURE, DECODE = shutil.which("fstrm_capture"), shutil.which("dnstap-ldns")
CONTENT_TYPE = b"protobuf:dnstap.Dnstap"
ACCEPT, START, STOP, READY, FINISH = 1, 2, 3, 4, 5


LINE = re.compile(
    r'(?P<time>\S+ \S+) (?P<kind>[A-Z]{2}) (?P<address>\S+) (?P<protocol>\S+) (?P<octets>\d+)b "(?P<name>\S+)\." IN (?P<type>\S+)$'
)
Line = collections.namedtuple("Line", LINE.groupindex)


class Capture:
    """fstrm_capture, and what dnstap-ldns makes of its file."""

    def __init__(self, folder):
        self.path, self.file = folder / "tap.sock", folder / "frames"
        self.process = subprocess.Popen(
            [CAPTURE, "-t", CONTENT_TYPE.decode(), "-u", self.path, "-w", self.file],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.path.exists, what="fstrm_capture")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(TIMEOUT)

    def _decode(self, how):
        self.stop()
        done = subprocess.run([DECODE, how, "-r", self.file], capture_output=True, text=True, timeout=TIMEOUT)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lines(self):
        """After its end, a Line for each message."""
        return [Line(**LINE.match(line).groupdict()) for line in self._decode("-q").splitlines()]

    def messages(self):
        """The same at full length, as dictionaries.  dnstap-ldns 0.2.1 can't where DNS over TLS is among it."""
        parts = self._decode("-y").split("---\n")
        return [dict(re.findall(r"^  (\w+): (.*)$", part, re.M)) | {"text": part} for part in parts if "type:" in part]


def control(kind, with_type=True):
    body = struct.pack("!I", kind)
    if with_type:
        body += struct.pack("!II", 1, len(CONTENT_TYPE)) + CONTENT_TYPE
    return struct.pack("!II", 0, len(body)) + body


class Reader:
    """Shakes hands, then reads as long as `reading` is set."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.reading, self.octets, self.connected = threading.Event(), 0, threading.Event()
        self.reading.set()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            conn.recv(65536)
            conn.sendall(control(ACCEPT))
            self.connected.set()
            while self.reading.wait():
                data = conn.recv(65536)
                self.octets += len(data)
                if not data:
                    break
            conn.close()

    def close(self):
        self.reading.set()
        self.socket.close()
