"""The HTTP side of dnsfwd (option metrics) for tests: requests, and metrics as numbers."""

import http.client
import json
import re
import socket

from testserver import TIMEOUT

ON_TCP = re.compile(r"metrics and status page on http://(\S+):(\d+)/")
SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"(?:,|$)')


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=TIMEOUT)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Reply:
    def __init__(self, reply):
        self.status, self.headers, self.body = reply.status, reply.headers, reply.read()
        self.text = self.body.decode()

    def json(self):
        return json.loads(self.body)


class Metrics(dict):
    """{name: {labels as a sorted tuple of pairs: value}}"""

    def __init__(self, text):
        super().__init__()
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = SAMPLE.match(line).groups()
            key = tuple(sorted(LABEL.findall(labels or "")))
            family = self.setdefault(name, {})
            assert key not in family, f"twice: {line}"
            family[key] = float(value)

    def one(self, name, **labels):
        return self[name][tuple(sorted(labels.items()))]

    def sum(self, name):
        return sum(self[name].values())


class Web:
    """What a dnsfwd serves at its metrics option; path: of a Unix socket."""

    def __init__(self, fwd=None, path=None):
        self.path = path
        if not path:
            found = fwd.wait_log(ON_TCP.pattern)
            self.host, self.port = found[1].strip("[]"), int(found[2])
            self.url = f"http://{found[1]}:{self.port}"

    def connection(self):
        return _UnixConnection(self.path) if self.path else http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)

    def get(self, path, method="GET", headers=None, body=None):
        c = self.connection()
        try:
            c.request(method, path, body=body, headers=headers or {})
            return Reply(c.getresponse())
        finally:
            c.close()

    def metrics(self):
        reply = self.get("/metrics")
        assert reply.status == 200, reply.text
        return Metrics(reply.text)

    def socket(self):
        s = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        s.settimeout(TIMEOUT)
        s.connect((self.host, self.port))
        return s

    def raw(self, request):
        """All that comes back to these octets."""
        with self.socket() as s:
            s.sendall(request)
            answer = b""
            try:
                while chunk := s.recv(65536):
                    answer += chunk
            except ConnectionResetError:
                pass
            return answer
