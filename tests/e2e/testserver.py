"""The test resolver (tests/server) for e2e tests: start it, command it, ask what it has seen.

    with TestServer() as server:
        server.rule("name=*.late.test delay=300")
        ... ask through dnsfwd, whose upstream is server.tls[0], trusting server.ca ...
        assert server.count("a.late.test") == 1

Nothing here sleeps to wait for something: the program says when it listens, a command's answer says
that it was carried out, and wait_for() asks until a condition holds.
"""

import base64
import collections
import hashlib
import ipaddress
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import folders
import machine

HERE = pathlib.Path(__file__).resolve().parent
BINARY = pathlib.Path(os.environ.get("DNSFWD_TESTSERVER") or HERE.parents[1] / "build/dnsfwd-testserver")
MAKE_CERTS = HERE.parent / "server/make-certs.sh"
TIMEOUT = 60.0  # of anything that hangs; a machine may stand still for seconds
TEXT_COMMANDS = {"queries", "conns", "help"}  # and "rules" without argument

Address = collections.namedtuple("Address", "host port")
Query = collections.namedtuple("Query", "conn transport data record span seq")


class CommandError(Exception):
    """The server did not take a command."""


def fnv1a(data):
    """FNV-1a, 32 bits: the hash that answers are made of."""
    h = 2166136261
    for octet in data:
        h = ((h ^ octet) * 16777619) & 0xFFFFFFFF
    return h


def wire_name(name):
    """Wire form in lower case of a simple name (no escapes)."""
    labels = [label for label in name.lower().rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def expected_a(name, index=0):
    """The address that an honest answer has; index counts the records of many-N names."""
    h = (fnv1a(wire_name(name)) + index) & 0xFFFFFFFF
    return str(ipaddress.IPv4Address(0xC6120000 | (h & 0x1FFFF)))


def expected_aaaa(name, index=0):
    h = (fnv1a(wire_name(name)) + index) & 0xFFFFFFFF
    return str(ipaddress.IPv6Address((0x20010DB8 << 96) | h))


def expected_txt(name, rrtype="TXT"):
    """The name stands in it as it was asked, case included."""
    return f"name={name.rstrip('.') or '.'} type={rrtype}"


def make_certs(folder, *san):
    """ca.pem, ca.key, server.pem, server.key in folder; san as "DNS:x", "IP:y"."""
    subprocess.run([MAKE_CERTS, folder, *san], check=True, timeout=TIMEOUT)
    return pathlib.Path(folder)


def spki_pin(pem):
    """base64 of SHA-256 over the public key of the first certificate in a PEM file."""
    key = subprocess.run(["openssl", "x509", "-in", pem, "-pubkey", "-noout"], check=True, capture_output=True).stdout
    der = base64.b64decode(b"".join(line for line in key.splitlines() if not line.startswith(b"-----")))
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def wait_for(condition, timeout=TIMEOUT, what="condition"):
    """Asks until condition() is true and returns its value.  What the machine took is not counted, up to a bound."""
    watch, begin = machine.Stopwatch(), time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - begin
        if waited > timeout and (watch.own() > timeout or waited > 5 * timeout):
            raise TimeoutError(what)
        time.sleep(0.005)


class TestServer:
    """A running dnsfwd-testserver.

    tls, tcp, udp, dtls  how many listeners of each on 127.0.0.1, or a list of "ADDR:PORT"
    both              the same for TLS and DTLS on one port: each is one of both
    san               names of the certificate instead of resolver.test, 127.0.0.1, ::1
    certs             folder with server.pem and server.key instead of new ones
    rules, commands   given before it listens
    args              more options
    netns             a netns.Namespace to run in
    """

    __test__ = False  # not for pytest to collect

    def __init__(
        self,
        tls=None,
        tcp=0,
        udp=0,
        san=(),
        certs=None,
        rules=(),
        commands=(),
        args=(),
        env=None,
        netns=None,
        dtls=0,
        both=0,
    ):
        self.folder = folders.make("ts")
        self.prefix = netns.prefix if netns else []
        self.process = self._socket = None
        try:
            tls = (0 if dtls or both else 1) if tls is None else tls
            listeners = {"tls": tls, "tcp": tcp, "udp": udp, "dtls": dtls, "both": both}
            self._start(listeners, san, certs, [f"rule {r}" for r in rules] + list(commands), args, env)
        except BaseException:
            self.stop()
            raise

    def _start(self, listeners, san, certs, script, args, env):
        self.certs = pathlib.Path(certs) if certs else make_certs(os.path.join(self.folder, "certs"), *san)
        self.ca = str(self.certs / "ca.pem")
        self.stderr_path = os.path.join(self.folder, "stderr")
        command = [*self.prefix, str(BINARY), "--control", os.path.join(self.folder, "control")]
        command += ["--cert", str(self.certs / "server.pem"), "--key", str(self.certs / "server.key")]
        for kind, what in listeners.items():
            for address in ["127.0.0.1:0"] * what if isinstance(what, int) else what:
                command += [f"--{kind}", address]
        if script:
            path = os.path.join(self.folder, "script")
            pathlib.Path(path).write_text("\n".join(script) + "\n")
            command += ["--script", path]
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen(
                command + list(args), stdout=subprocess.PIPE, stderr=stderr, env=env and {**os.environ, **env}
            )
        machine.watch(self.process.pid)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(TIMEOUT)
            raise RuntimeError(f"{BINARY} did not start: {self.stderr()}")
        said = json.loads(line)
        self.tls, self.tcp, self.udp, self.dtls = ([_address(a) for a in said[k]] for k in ("tls", "tcp", "udp", "dtls"))
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT)
        self._socket.connect(said["control"])
        self._reader = self._socket.makefile("rb")

    def stop(self, check=False):
        """Ends it; with check, an exit status other than 0 or anything from a sanitizer is an error."""
        status = None
        if self._socket:
            self._reader.close()
            self._socket.close()
            self._socket = None
        if self.process:
            machine.forget(self.process.pid)
            self.process.terminate()
            try:
                status = self.process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                status = self.process.wait()
            self.process.stdout.close()
            self.process = None
        text = self.stderr()
        shutil.rmtree(self.folder, ignore_errors=True)
        if check and (status != 0 or "Sanitizer" in text or "runtime error" in text):
            raise AssertionError(f"test server ended with {status}: {text}")
        return status

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop(check=exc[0] is None)

    def stderr(self):
        try:
            return pathlib.Path(self.stderr_path).read_text(errors="replace")
        except (OSError, AttributeError):
            return ""

    def upstream(self, index=0, name="resolver.test"):
        """The spelling of a TLS listener for dnsfwd's `forward`."""
        host, port = self.tls[index]
        return f"tls://{f'[{host}]' if ':' in host else host}:{port}#{name}"

    def dtls_upstream(self, index=0, name="resolver.test"):
        """The same of a DTLS listener."""
        host, port = self.dtls[index]
        return f"dtls://{f'[{host}]' if ':' in host else host}:{port}#{name}"

    def kill(self):
        """As a crash: no TLS goodbye."""
        self.process.kill()
        self.process.wait(TIMEOUT)

    # -- commands ---------------------------------------------------------------

    def command(self, line):
        """Runs a command: its JSON answer, or the lines of its text."""
        words = line.split()
        self._socket.sendall(line.encode() + b"\n")
        if words[0] in TEXT_COMMANDS or words == ["rules"]:
            return self._lines()
        answer = json.loads(self._reader.readline())
        if "error" in answer:
            raise CommandError(f"{line}: {answer['error']}")
        return answer

    def _lines(self):
        lines = []
        while True:
            line = self._reader.readline()
            if not line:
                raise EOFError("control socket closed")
            if line == b"\n":
                return lines
            lines.append(line.decode())

    def stats(self):
        return self.command("stats")

    def stat(self, name):
        return self.stats()[name]

    def wait_stat(self, name, at_least, timeout=TIMEOUT):
        return wait_for(lambda: self.stat(name) >= at_least, timeout, f"{name} >= {at_least}")

    def reset(self):
        """Counters and recorded queries."""
        self.command("reset")

    def queries(self, last=None):
        """Recorded queries, the oldest first; the first three fields are conn, transport, data."""
        lines = self.command("queries" if last is None else f"queries {last}")
        rows = (json.loads(line) for line in lines)
        return [
            Query(r["conn"], r["transport"], bytes.fromhex(r["hex"]), r["record"], r["span"], r["seq"]) for r in rows
        ]

    def count(self, name, rrtype=""):
        return self.command(f"count {name} {rrtype}")["count"]

    def conns(self):
        """Open connections as dictionaries."""
        return [json.loads(line) for line in self.command("conns")]

    def rule(self, text):
        self.command(f"rule {text}")

    def rules(self):
        """[(hits, text)]"""
        return [(r["hits"], r["rule"]) for r in map(json.loads, self.command("rules"))]

    def clear_rules(self):
        self.command("rules clear")

    def closeall(self, how="fin"):
        self.command(f"closeall {how}")

    def mute(self, on=True):
        self._switch("mute", on)

    def pause(self, on=True):
        self._switch("pause", on)

    def accept(self, on=True):
        self._switch("accept", on)

    def coalesce(self, on=True):
        self._switch("coalesce", on)

    def pad(self, on=True):
        self._switch("pad", on)

    def _switch(self, what, on):
        self.command(f"{what} {'on' if on else 'off'}")

    def listen(self, on=True):
        """Off closes the listening sockets; on opens them again on the same ports."""
        self.command(f"listen {'start' if on else 'stop'}")

    def keepalive(self, units):
        """Units of 100 ms; None: not told."""
        self.command(f"keepalive {'off' if units is None else units}")

    def cookies(self, what="on"):
        """off, on, strict, or rotate."""
        self.command(f"cookies {what}")

    def inject(self, data, conn="all"):
        return self.command(f"inject {conn} {bytes(data).hex()}")["conns"]

    def unsolicited(self, times=1):
        return self.command(f"unsolicited all-ids {times}")["conns"]

    def noise(self, octets, conn="all"):
        return self.command(f"noise {conn} {octets}")["conns"]

    # -- DTLS -----------------------------------------------------------------------

    def line(self, which="both", **faults):
        """What datagrams meet on their way: in, out or both; loss, dup, reorder, replay (shares), mtu, what."""
        self.command(" ".join([f"line {which}", *(f"{k}={v}" for k, v in faults.items())]))

    def forget(self, how="fin", conn="all"):
        """Associations; how many it were."""
        return self.command(f"forget {conn} {how}")["conns"]

    def datagram(self, data, conn="all", times=1):
        """From its socket, past the session."""
        return self.command(f"datagram {conn} {bytes(data).hex()} {times}")["conns"]

    def alert(self, level, description, conn="all"):
        """In the session, which it does not end here."""
        return self.command(f"alert {conn} {level} {description}")["conns"]

    def load_cert(self, folder):
        """For handshakes to come; with the folder's OCSP response, if there is one."""
        staple = pathlib.Path(folder) / "staple.der"
        self.command(f"cert {folder}/server.pem {folder}/server.key {staple if staple.exists() else ''}")

    def last_error(self):
        return self.command("lasterror")["last_error"]


def _address(text):
    host, port = text.rsplit(":", 1)
    return Address(host.strip("[]"), int(port))
