"""TLS servers of others that know nothing of DNS: `openssl s_server` and `gnutls-serv`.

OpensslPeer answers queries all the same: what s_server decrypts goes through a pipe to a responder in this process, and
what that says is encrypted by s_server.  It takes one connection at a time.  GnutlsPeer listens on every address and
for that needs a namespace; of what begins with an octet of 0 it echoes nothing, so it is the server that never answers.
"""

import pathlib
import re
import struct
import subprocess
import threading

import dns.message
import dns.rdatatype
import dns.rrset
from judges import Process
from netns import PORT
from testserver import expected_a, wait_for

TTL = 300
LISTEN, TIME_WAIT = "0A", "06"  # states, as the kernel writes them


def honest(query):
    """An address made of the name, or for TXT 20,000 octets."""
    question = dns.message.from_wire(query).question[0]
    response = dns.message.make_response(dns.message.from_wire(query), recursion_available=True)
    name, rrtype = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
    text = {"A": expected_a(name), "TXT": " ".join(['"' + "x" * 250 + '"'] * 80)}[rrtype]
    response.answer.append(dns.rrset.from_text(name, TTL, "IN", rrtype, text))
    return response.to_wire(max_size=65535)


def echo(query):
    """The query itself, QR clear."""
    return query


def is_listening(pid, port):
    """In the namespace of that process."""
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                return True
    return False


def is_connected(pid, port):
    """To somebody who has not been told goodbye, in the namespace of that process."""
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] not in (LISTEN, TIME_WAIT) and int(fields[1].rsplit(":", 1)[1], 16) == port:
                return True
    return False


class Peer(Process):
    def __init__(self, folder, certs, *args):
        self.args = args  # more of its command line
        super().__init__(folder, certs)

    def ready(self):
        return is_listening(self.process.pid, self.port)


class OpensslPeer(Peer):
    """With a responder: octets of a query -> octets to send, framed; or None."""

    program = "openssl"

    def __init__(self, folder, certs, *args, respond=honest):
        self.respond = respond
        self.queries = 0
        super().__init__(folder, certs, *args)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def pipes(self):
        return {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}

    def command(self):
        where = ["-accept", f"127.0.0.1:{self.port}", "-cert", self.cert, "-key", self.key]
        return ["s_server", *where, "-quiet", "-trace", "-msgfile", self.folder / "trace", *self.args]

    def _serve(self):
        stream, data = self.process.stdout, b""
        while chunk := stream.read(65536):
            data += chunk
            while len(data) >= 2 and len(data) >= 2 + (length := struct.unpack_from("!H", data)[0]):
                query, data = data[2 : 2 + length], data[2 + length :]
                self.queries += 1
                if answer := self.respond(query):
                    self._write(struct.pack("!H", len(answer)) + answer)

    def _write(self, octets):
        """The pipe takes what it has room for."""
        while octets:
            octets = octets[self.process.stdin.write(octets) :]

    def trace(self):
        """Every handshake message, as OpenSSL reads it."""
        return (self.folder / "trace").read_text(errors="replace")

    def hellos(self):
        """The ClientHellos, as dictionaries: extension -> its text; under "versions" those that are offered."""
        found = []
        for block in re.findall(r"^ +ClientHello, .*?(?=^\S|\Z)", self.trace(), re.M | re.S):
            parts = re.split(r"extension_type=(\w+)\(\d+\)", block)
            hello = dict(zip(parts[1::2], parts[2::2]))
            hello["versions"] = re.findall(r"TLS [\d.]+", hello.get("supported_versions", ""))
            found.append(hello)
        return found

    def stop(self):
        super().stop()
        if self.process:
            self._thread.join(10)
            self.process.stdin.close()
            self.process.stdout.close()


class GnutlsPeer(Peer):
    """In a netns.Namespace, on PORT there."""

    program = "gnutls-serv"

    def __init__(self, folder, certs, netns, *args):
        self.prefix = netns.prefix
        super().__init__(folder, certs, *args)

    def prepare(self):
        self.port = PORT

    def command(self):
        return ["--echo", "--port", self.port, "--x509certfile", self.cert, "--x509keyfile", self.key, "-a", *self.args]

    def sessions(self):
        """What it tells of each, once their clients have gone and it has ended: it reads late, and writes late."""
        wait_for(lambda: not is_connected(self.process.pid, self.port), what="the end of the connections")
        self.stop()
        return re.split(r"\* Accepted connection", (self.folder / "output").read_text(errors="replace"))[1:]
