#!/usr/bin/python3
"""What faults of the server and of the path cost dnsfwd, beside unbound and stubby where they are installed: make bench-faults.

Each program asks the test resolver over TLS, authenticated, in a network namespace of its own, with its packaged defaults
but for what that takes; the names are all new ones.  Needs root.  Prints a table; a line for each run as it comes.

    closes    the server closes after N answers; 200 queries a second
    1 s life  the server closes every connection after a second; 500 queries a second
    silent    a router forgets the connection that stands, and swallows all of it; new ones get through
    gone      the server's address is a black hole for a while, or its port is closed; 20 queries a second
    v6 hole   the server has an IPv6 and an IPv4 address, and the IPv6 one is a black hole from the start

Times are until the first good answer: after the fault began where there is a way around it, after its end else.

    faults.py [--only dnsfwd,unbound,stubby] [--gone SECONDS] [--seconds S]      DNSFWD, DNSFWD_TESTSERVER as for the tests
"""

import argparse
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import daemon  # noqa: E402
import wire  # noqa: E402
from loadprogs import Honest, honest  # noqa: E402
from netns import PORT, Network  # noqa: E402
from testserver import make_certs  # noqa: E402

LISTEN = 5353
PATIENCE = 60  # seconds: who has not answered by then is said to take longer


def dnsfwd(folder, ca, addresses):
    path = folder / "dnsfwd.conf"
    upstream = {"name": "home", "address": addresses, "port": PORT, "auth-name": "resolver.test"}
    options = {"listen": ["127.0.0.1"], "port": LISTEN, "tls-cert-bundle": str(ca), "state-dir": "", "special-names": False}
    path.write_text(daemon.config_text({**options, "upstream": [upstream], "forward": ["home"]}))
    return [daemon.BINARY, "-c", path]


def unbound(folder, ca, addresses):
    """A copy, because the packaged one may not read here."""
    path = folder / "unbound.conf"
    forward = "".join(f"  forward-addr: {a}@{PORT}#resolver.test\n" for a in addresses)
    path.write_text(
        f"""server:
  interface: 127.0.0.1@{LISTEN}
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  local-zone: "test." nodefault
  module-config: "iterator"
  tls-cert-bundle: "{ca}"
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-tls-upstream: yes
{forward}"""
    )
    return [shutil.copy(shutil.which("unbound", path="/usr/sbin:/usr/bin"), folder), "-d", "-c", path]


def stubby(folder, ca, addresses):
    path = folder / "stubby.yml"
    servers = "".join(
        f'  - address_data: {a}\n    tls_port: {PORT}\n    tls_auth_name: "resolver.test"\n' for a in addresses
    )
    path.write_text(
        f"""resolution_type: GETDNS_RESOLUTION_STUB
dns_transport_list:
  - GETDNS_TRANSPORT_TLS
tls_authentication: GETDNS_AUTHENTICATION_REQUIRED
tls_ca_file: "{ca}"
tls_query_padding_blocksize: 128
edns_client_subnet_private: 1
round_robin_upstreams: 1
idle_timeout: 10000
appdata_dir: "{folder}"
listen_addresses:
  - 127.0.0.1@{LISTEN}
upstream_recursive_servers:
{servers}"""
    )
    return ["stubby", "-C", path]


PROGRAMS = {"dnsfwd": dnsfwd, "unbound": unbound, "stubby": stubby}


class Target:
    """A program in the client's namespace; as far as the load programs look it is like a Dnsfwd."""

    def __init__(self, name, net, folder, ca, addresses):
        self.name, self.netns, self.port = name, net.client, LISTEN
        folder.mkdir(exist_ok=True)
        command = [*net.client.prefix, *map(str, PROGRAMS[name](folder, ca, addresses))]
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.count = 0

    def socket(self):
        s = self.netns.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("127.0.0.1", LISTEN))
        s.settimeout(0.05)
        return s

    def first_answer(self, patience=PATIENCE):
        """Seconds until a question that is asked from now on, one each 50 ms, is answered well; None: too long."""
        begin = time.monotonic()
        with self.socket() as s:
            while time.monotonic() - begin < patience:
                self.count += 1
                try:
                    s.send(wire.query(f"first{self.count}.{self.name}.test", edns=True))
                    reply = s.recv(4096)
                    if wire.rcode_of(reply) == wire.NOERROR:
                        return time.monotonic() - begin
                except TimeoutError:
                    pass
                except OSError:
                    time.sleep(0.05)  # it does not listen yet
        return None

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Bench:
    def __init__(self, folder, args):
        self.folder, self.args = folder, args
        self.certs = make_certs(folder / "certs")
        self.rows = {}  # fault -> program -> text

    def note(self, fault, name, text):
        self.rows.setdefault(fault, {})[name] = text
        print(f"  {fault:28} {name:8} {text}", flush=True)

    def lost(self, fault, target, result):
        failed = sum(result.failed.values())
        text = f"{result.lost + failed} of {result.count} lost ({failed} SERVFAIL), p99 {result.p99 * 1000:.0f} ms"
        self.note(fault, target.name, text)

    def time(self, fault, target, seconds, more=""):
        self.note(fault, target.name, (f"{seconds:.2f} s" if seconds is not None else f"> {PATIENCE} s") + more)

    def scene(self, name, net, addresses=None, number=[0]):
        number[0] += 1
        host = net.hosts[0]
        return Target(name, net, self.folder / f"{name}{number[0]}", self.certs / "ca.pem", addresses or [host.v4])

    # -- the faults -------------------------------------------------------------------

    def closes(self, name):
        for after in (1, 2, 10, 100):
            with Network(clear=True) as net:
                net.hosts[0].serve(certs=self.certs, rules=[f"answers={after}:fin"])
                with self.scene(name, net) as target:
                    target.first_answer()
                    result = honest(target, count=200 * self.args.seconds, rate=200, window=2000, prefix=f"c{after}x")
                    self.lost(f"F01 closes after {after}", target, result)

    def lives_a_second(self, name):
        with Network(clear=True) as net:
            net.hosts[0].serve(certs=self.certs, rules=["life=1000:fin"])
            with self.scene(name, net) as target:
                target.first_answer()
                result = honest(target, count=500 * self.args.seconds, rate=500, window=4000)
                self.lost("F02 lives one second", target, result)

    def silent(self, name):
        with Network(clear=True) as net:
            net.hosts[0].serve(certs=self.certs)
            with self.scene(name, net) as target:
                target.first_answer()
                with Honest(target, rate=50, prefix="s", window=4000) as load:
                    time.sleep(1)
                    net.forget_connections(net.hosts[0].v4)
                    took = target.first_answer()
                    time.sleep(2)
                failed = load.result.lost + sum(load.result.failed.values())
                self.time("F04 silent connection", target, took, f", {failed} of {load.result.count} lost")

    def gone(self, name):
        for how in ("black hole", "port closed"):
            with Network(clear=True) as net:
                host = net.hosts[0]
                server = host.serve(certs=self.certs)
                with self.scene(name, net) as target:
                    target.first_answer()
                    if how == "black hole":
                        fault = net.black_hole(host.v4)
                        end = fault.undo
                    else:
                        server.listen(False)
                        server.closeall("rst")
                        end = server.listen
                    before = target.cpu()
                    with Honest(target, rate=20, prefix="g", window=4000, seconds=self.args.gone):
                        time.sleep(self.args.gone)
                        used = (target.cpu() - before) / self.args.gone
                        end()
                        took = target.first_answer()
                    self.time(f"F05 gone {self.args.gone} s, {how}", target, took, f", CPU {used:.1%} meanwhile")

    def hole(self, name):
        with Network(clear=True) as net:
            host = net.hosts[0]
            host.serve(certs=self.certs)
            with net.black_hole(host.v6), self.scene(name, net, [host.v6, host.v4]) as target:
                cold = target.first_answer()
                result = honest(target, count=200, rate=50, window=4000)
                failed = result.lost + sum(result.failed.values())
                self.time("F08 IPv6 black hole, cold", target, cold, f"; then {failed} of 200 lost, p99 {result.p99 * 1000:.0f} ms")

    FAULTS = [closes, lives_a_second, silent, gone, hole]

    def table(self, names):
        print("\n| fault | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
        for fault, row in self.rows.items():
            print(f"| {fault} | " + " | ".join(row.get(name, "") for name in names) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(PROGRAMS))
    parser.add_argument("--gone", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=10, help="of a load")
    args = parser.parse_args()
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    names = [n for n in args.only.split(",") if n == "dnsfwd" or shutil.which(n, path=path)]
    with tempfile.TemporaryDirectory(prefix="dnsfwd-faults-") as folder:
        bench = Bench(pathlib.Path(folder), args)
        for fault in Bench.FAULTS:
            for name in names:
                fault(bench, name)
        bench.table(names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
