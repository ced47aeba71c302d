"""DNS over TLS servers that others wrote, as upstreams: Debian's unbound, bind9, nsd, dnsdist and knot-resolver.

    with Nsd(folder, certs, zones) as nsd, Unbound(folder, certs, zones, backend=nsd) as judge:
        fwd = Dnsfwd(judge.upstream(), {"tls-cert-bundle": judge.ca})

Each runs as whoever runs the test, in a folder of its own, on ports of 127.0.0.1 that were free a moment ago (where
one is not any more, it starts again with others), and is ended by its process id.  nsd and bind9 serve the zones
themselves, the others ask `backend` for them.
"""

import os
import pathlib
import shutil
import socket
import ssl
import subprocess

import dns.message
import pytest
from daemon import Stream
from judge_zone import APEX, ZONES
from ports import free_port
from testserver import wait_for

ATTEMPTS = 5
TIMEOUT = 30.0
NAME = "resolver.test"  # what the certificate says


def program_path(program):
    """Of a program that may be in a folder for root's; skips the test where there is none."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return found or pytest.skip(f"{program} is not installed")


class Process:
    """A program of others on ports of its own.  A subclass says how it is called and when it is there."""

    program = None
    prefix = ()  # of its command
    confined = False  # AppArmor keeps the packaged program out of our folders; a copy of it is not kept out

    def __init__(self, folder, certs):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.certs = pathlib.Path(certs)
        self.ca, self.cert, self.key = (str(self.certs / n) for n in ("ca.pem", "server.pem", "server.key"))
        self.process = None
        self.path = program_path(self.program)
        if self.confined:
            self.path = shutil.copy(self.path, self.folder)
        for _ in range(ATTEMPTS):
            self.port, self.clear_port = free_port(), free_port()
            if self._begin():
                return
        raise RuntimeError(f"{self.program} does not start:\n{self.said()}")

    def prepare(self):
        """Writes what it reads."""

    def command(self):
        raise NotImplementedError

    def ready(self):
        raise NotImplementedError

    def pipes(self):
        """For stdin and stdout, where it has use for them."""
        return {"stdin": subprocess.DEVNULL, "stdout": open(self.folder / "output", "ab")}

    def _begin(self):
        self.prepare()
        pipes = self.pipes()
        with open(self.folder / "output", "ab") as errors:
            self.process = subprocess.Popen(
                [*self.prefix, self.path, *map(str, self.command())],
                cwd=self.folder,
                stderr=errors,
                bufsize=0,
                **pipes,
            )
        for end in pipes.values():
            if end not in (subprocess.DEVNULL, subprocess.PIPE):
                end.close()
        try:
            wait_for(lambda: self.process.poll() is not None or self.ready(), TIMEOUT, f"{self.program} to answer")
        except TimeoutError:
            self.stop()
            return False
        return self.process.poll() is None

    def said(self):
        return (self.folder / "output").read_text(errors="replace")[-4000:]

    def upstream(self, name=NAME):
        """As dnsfwd's `forward` spells it; without a name the certificate has to have the address."""
        return f"tls://127.0.0.1:{self.port}" + (f"#{name}" if name else "")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


class Direct:
    """A client of a judge, over TLS, that is not dnsfwd: Python's ssl, one connection, opened again when closed."""

    def __init__(self, port, ca, new_socket=socket.socket):
        self.port, self.new_socket = port, new_socket
        self.context = ssl.create_default_context(cafile=ca)
        self.context.set_alpn_protocols(["dot"])
        self.stream = None

    def close(self):
        if self.stream:
            self.stream.socket.close()
        self.stream = None

    def _open(self):
        self.stream = Stream(("127.0.0.1", self.port), timeout=TIMEOUT, new_socket=self.new_socket)
        self.stream.socket = self.context.wrap_socket(self.stream.socket, server_hostname=NAME)

    def ask_wire(self, wire):
        """The octets of the answer."""
        for _ in range(2):
            fresh = self.stream is None
            try:
                if fresh:
                    self._open()
                self.stream.send(wire)
                if (answer := self.stream.receive()) is not None:
                    return answer
            except (ConnectionError, ssl.SSLError):
                if fresh:
                    raise
            self.close()
            if fresh:
                raise ConnectionError("closed without an answer")
        raise ConnectionError("closed twice without an answer")


class Judge(Process):
    """One that resolves or serves the zones over TLS; in a netns.Namespace, where one is given."""

    recursive = True

    def __init__(self, folder, certs, zones, backend=None, netns=None):
        self.zones, self.backend = zones, backend
        self.prefix = netns.prefix if netns else ()
        self._new_socket = netns.socket if netns else socket.socket
        super().__init__(folder, certs)
        self.direct = self.client()

    def client(self):
        return Direct(self.port, self.ca, self._new_socket)

    def ready(self):
        """It has an answer from the zones, not only an open port."""
        probe = self.client()
        try:
            answer = probe.ask_wire(dns.message.make_query(APEX, "SOA").to_wire())
            return bool(dns.message.from_wire(answer).answer)
        except OSError:
            return False
        finally:
            probe.close()

    def stop(self):
        if hasattr(self, "direct"):
            self.direct.close()
        super().stop()

    def write(self, name, text):
        (self.folder / name).write_text(text)


class Nsd(Judge):
    program, recursive = "nsd", False

    def prepare(self):
        zones = "".join(f'zone:\n name: {z}\n zonefile: "{self.zones.file(z)}"\n' for z in ZONES)
        self.write(
            "nsd.conf",
            f"""
server:
 server-count: 1
 username: ""
 chroot: ""
 zonesdir: "{self.folder}"
 database: ""
 pidfile: "{self.folder}/pid"
 xfrdfile: "{self.folder}/xfrd"
 xfrdir: "{self.folder}"
 zonelistfile: "{self.folder}/list"
 ip-address: 127.0.0.1@{self.clear_port}
 ip-address: 127.0.0.1@{self.port}
 tls-port: {self.port}
 tls-service-key: "{self.key}"
 tls-service-pem: "{self.cert}"
remote-control:
 control-enable: no
{zones}""",
        )

    def command(self):
        return ["-d", "-c", "nsd.conf"]


class Bind(Judge):
    program, recursive, confined = "named", False, True

    def prepare(self):
        zones = "".join(f'zone "{z}" {{ type primary; file "{self.zones.file(z)}"; }};\n' for z in ZONES)
        # Journals and key files beside the zones are not wanted, and no order but the zone's.
        self.write(
            "named.conf",
            f"""
tls judge {{ cert-file "{self.cert}"; key-file "{self.key}"; session-tickets yes; }};
options {{
 directory "{self.folder}";
 pid-file "{self.folder}/pid";
 session-keyfile "{self.folder}/session.key";
 managed-keys-directory "{self.folder}";
 lock-file none;
 listen-on port {self.clear_port} {{ 127.0.0.1; }};
 listen-on port {self.port} tls judge {{ 127.0.0.1; }};
 listen-on-v6 {{ none; }};
 recursion no;
 dnssec-validation no;
 notify no;
 minimal-responses no;
 rrset-order {{ order none; }};
}};
controls {{ }};
{zones}""",
        )

    def command(self):
        return ["-g", "-n", 1, "-c", self.folder / "named.conf"]


class Unbound(Judge):
    program, confined = "unbound", True

    def prepare(self):
        # The root as well: who asks for what is not there shall not make it ask the world.
        names = (*ZONES, '"."')
        stubs = "".join(f"stub-zone:\n name: {n}\n stub-addr: 127.0.0.1@{self.backend.clear_port}\n" for n in names)
        # Aggressive NSEC would make an answer depend on what was asked before.
        self.write(
            "unbound.conf",
            f"""
server:
 interface: 127.0.0.1@{self.port}
 outgoing-interface: 127.0.0.1
 tls-port: {self.port}
 tls-service-key: "{self.key}"
 tls-service-pem: "{self.cert}"
 directory: "{self.folder}"
 chroot: ""
 username: ""
 pidfile: ""
 use-syslog: no
 do-daemonize: no
 do-not-query-localhost: no
 local-zone: "test." nodefault
 module-config: "validator iterator"
 trust-anchor-file: "{self.zones.anchor}"
 trust-anchor-signaling: no
 aggressive-nsec: no
 rrset-roundrobin: no
 ede: yes
remote-control:
 control-enable: no
{stubs}""",
        )

    def command(self):
        return ["-d", "-p", "-c", self.folder / "unbound.conf"]


class Dnsdist(Judge):
    program, recursive = "dnsdist", False

    def prepare(self):
        # Without setLocal it would want port 53.
        self.write(
            "dnsdist.conf",
            f"""
setLocal("127.0.0.1:{self.clear_port}")
setSecurityPollSuffix("")
addTLSLocal("127.0.0.1:{self.port}", "{self.cert}", "{self.key}", {{ provider="openssl" }})
newServer({{ address="127.0.0.1:{self.backend.clear_port}" }})
getServer(0):setUp()
""",
        )

    def command(self):
        return ["--supervised", "--disable-syslog", "-C", self.folder / "dnsdist.conf"]


class Kresd(Judge):
    program = "kresd"

    def prepare(self):
        # The modules that are unloaded would ask root servers.
        self.write(
            "kresd.conf",
            f"""
for _, name in ipairs({{ "priming", "detect_time_skew", "ta_signal_query", "ta_update" }}) do
 modules.unload(name)
end
net.ipv6 = false
net.outgoing_v4("127.0.0.1")
reorder_RR(false)
net.listen("127.0.0.1", {self.port}, {{ kind = "tls" }})
net.tls("{self.cert}", "{self.key}")
cache.open(10 * MB, "lmdb://{self.folder}/cache")
trust_anchors.remove(".")
trust_anchors.add_file("{self.zones.anchor}", true)
policy.add(policy.all(policy.FORWARD("127.0.0.1@{self.backend.clear_port}")))
""",
        )

    def command(self):
        return ["-n", "-c", self.folder / "kresd.conf", self.folder]


JUDGES = {"unbound": Unbound, "bind9": Bind, "nsd": Nsd, "dnsdist": Dnsdist, "kresd": Kresd}
