"""DTLS servers of others: `openssl s_server`, `gnutls-serv`, and socat as a bridge from DTLS and TLS to a name server.

They know nothing of DNS.  What s_server decrypts goes to a responder in this process, one query at a time: neither of its
pipes keeps messages apart.  gnutls-serv says again what it heard.  socat carries each record in a datagram of its own.
"""

import re
import subprocess
import threading

import wire
from judge_peers import honest
from judges import Process
from netns import PORT
from ports import free_port

BOUND = re.compile(r"^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) ")


def has_udp(pid, port):
    """In the namespace of that process."""
    for table in ("udp", "udp6"):
        with open(f"/proc/{pid}/net/{table}") as lines:
            if any(found and int(found[1], 16) == port for found in map(BOUND.match, lines)):
                return True
    return False


def message_end(data):
    """Where the first message in it ends, which may be beyond what is there."""
    at = 12
    for _ in range(int.from_bytes(data[4:6], "big")):
        at = wire.skip_name(data, at) + 4
    for _ in range(sum(int.from_bytes(data[i : i + 2], "big") for i in (6, 8, 10))):
        at = wire.skip_record(data, at)
    return at


class DtlsProcess(Process):
    def __init__(self, folder, certs, *args):
        self.args = args  # more of its command line
        super().__init__(folder, certs)

    def ready(self):
        return has_udp(self.process.pid, self.port)

    def upstream(self, name="resolver.test"):
        return super().upstream(name).replace("tls://", "dtls://")


class OpensslDtls(DtlsProcess):
    """One association at a time.  respond: octets of a query -> octets of its answer, or None; may be changed."""

    program = "openssl"

    def __init__(self, folder, certs, *args, respond=honest):
        self.respond, self.queries = respond, 0
        super().__init__(folder, certs, *args)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def pipes(self):
        return {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}

    def command(self):
        where = ["-accept", f"127.0.0.1:{self.port}", "-cert", self.cert, "-key", self.key]
        return ["s_server", "-dtls1_2", *where, "-quiet", "-trace", "-msgfile", self.folder / "trace", *self.args]

    def _serve(self):
        data = b""
        while chunk := self.process.stdout.read(65536):
            data += chunk
            while len(data) > 12 and len(data) >= (end := message_end(data)):
                query, data = data[:end], data[end:]
                self.queries += 1
                if answer := self.respond(query):
                    self.process.stdin.write(answer)

    def handshakes(self):
        """(full, resumed), as OpenSSL's trace has them: a full one shows the certificate."""
        trace = (self.folder / "trace").read_text(errors="replace")
        hellos = len(re.findall(r"^ +ServerHello, Length=", trace, re.M))
        full = len(re.findall(r"^ +Certificate, Length=", trace, re.M))
        return full, hellos - full

    def stop(self):
        super().stop()
        if self.process:
            self._thread.join(10)
            self.process.stdin.close()
            self.process.stdout.close()


class GnutlsDtls(DtlsProcess):
    """In a netns.Namespace, on PORT there: it listens on every address."""

    program = "gnutls-serv"

    def __init__(self, folder, certs, netns, *args):
        self.prefix = netns.prefix
        super().__init__(folder, certs, *args)

    def prepare(self):
        self.port = PORT

    def command(self):
        credentials = ["--x509certfile", self.cert, "--x509keyfile", self.key]
        return ["--udp", "--echo", "--port", self.port, *credentials, "-a", *self.args]


class Socat(DtlsProcess):
    """DTLS on its port to UDP of the name server, beside it TLS on the same port to TCP."""

    program = "socat"

    def __init__(self, folder, certs, backend, *args):
        self.target, self.beside = f"127.0.0.1:{backend.clear_port}", None
        super().__init__(folder, certs, *args)

    def _socat(self, kind, more, target):
        options = f"bind=127.0.0.1,reuseaddr,cert={self.cert},key={self.key},verify=0{more}"
        return ["-b", "65536", f"{kind}:{self.port},{options}", f"{target}:{self.target}"]

    def prepare(self):
        self._end_beside()
        self.port = free_port()
        with open(self.folder / "output", "ab") as errors:
            command = [self.path, *self._socat("OPENSSL-LISTEN", ",fork", "TCP")]
            self.beside = subprocess.Popen(command, stderr=errors, stdin=subprocess.DEVNULL)

    def command(self):
        return self._socat("OPENSSL-DTLS-SERVER", "", "UDP")

    def _end_beside(self):
        if self.beside:
            self.beside.terminate()
            self.beside.wait(30)

    def stop(self):
        super().stop()
        self._end_beside()
