"""A network of one's own: namespaces with links between them, and faults on their paths.  Needs root.

    with Network(hosts=2) as net:
        server = net.hosts[0].serve(certs=certs)              # on every address of that host, port 853
        fwd = Dnsfwd([server], netns=net.client)
        with net.black_hole(net.hosts[0].v6):
            assert fwd.ask("a.test").rcode() == 0

One client namespace has a link to each host; addresses are the same in every network, since no two know of each
other.  What runs inside is started by `ip netns exec`; sockets of the test itself are made inside by a thread that
visits the namespace, and then used from outside.  A fault is undone by undo() or at the end of its `with`.

A sniffer watches what leaves the client: a network ends with a Leak if a question did so in clear (sniffer.py).
"""

import atexit
import ctypes
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import threading

import pytest
from sniffer import Sniffer
from testserver import TIMEOUT, TestServer, wait_for

CLONE_NEWNET = 0x40000000
PORT = 853  # what a host serves on
V4 = "10.53.{link}.{host}"
V6 = "fd53:{link}::{host}"

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()
_names = set()  # namespaces that stand


def run(*words, input=None):
    """A command's output; what it complains of is the error's text."""
    done = subprocess.run(words, input=input, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


@atexit.register
def remove_all():
    for name in list(_names):
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
        shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)
        _names.discard(name)


class Namespace:
    """A network namespace with its loopback up.  daemons: each Dnsfwd started inside.

    sniffer: what watches it, None if nobody does; clear: the test itself sends in clear on purpose, and judges what is found
    """

    sniffer, clear = None, False

    def __init__(self):
        self.daemons = []
        self.name = f"dnsfwd-{os.getpid()}-{next(_numbers)}"
        self.prefix = ["ip", "netns", "exec", self.name]  # of a command that is to run inside
        run("ip", "netns", "add", self.name)
        _names.add(self.name)
        self.ip("link set lo up")
        # Nobody else is here: addresses are usable at once, and stay while a link is down.
        for what in ("all", "default"):
            self.sysctl(f"ipv6/conf/{what}/accept_dad", 0)
            self.sysctl(f"ipv6/conf/{what}/keep_addr_on_down", 1)

    def watch(self, clear=False):
        self.sniffer, self.clear = Sniffer(self), clear

    def check(self, proves=False):
        """A Leak if something was sent in clear, with all that the daemons inside said until their end.

        proves: also if nothing at all went to an upstream
        """
        for daemon in self.daemons:
            daemon.end()
        if self.sniffer and not self.clear:
            self.sniffer.check(proves)

    def drop(self):
        """Whatever was sent."""
        if self.sniffer:
            self.sniffer.close()
        run("ip", "netns", "del", self.name)
        shutil.rmtree(self._etc, ignore_errors=True)
        _names.discard(self.name)

    def remove(self):
        try:
            self.check()
        finally:
            self.drop()

    @property
    def _etc(self):
        return f"/etc/netns/{self.name}"

    def etc(self, name, text):
        """A file that what is started inside from now on sees as /etc/name, which must exist."""
        os.makedirs(self._etc, exist_ok=True)
        pathlib.Path(self._etc, name).write_text(text)

    def run(self, *words):
        return run(*self.prefix, *words)

    def ip(self, *lines):
        """Lines of `ip`, in one go."""
        run("ip", "-n", self.name, "-batch", "-", input="\n".join(lines) + "\n")

    def is_up(self, device):
        return "state UP" in run("ip", "-n", self.name, "-o", "link", "show", "dev", device)

    def visit(self, function, *args):
        """What the function returns when it is called inside."""
        result = []

        def inside():
            with open(f"/run/netns/{self.name}") as handle:
                if _libc.setns(handle.fileno(), CLONE_NEWNET):
                    result.append(OSError(ctypes.get_errno(), f"setns {self.name}"))
                    return
            try:
                result.append(function(*args))
            except Exception as error:
                result.append(error)

        thread = threading.Thread(target=inside)  # whose namespace ends with it
        thread.start()
        thread.join()
        if isinstance(result[0], Exception):
            raise result[0]
        return result[0]

    def socket(self, *args):
        """A socket that belongs here, wherever it is used."""
        return self.visit(socket.socket, *args)

    def sysctl(self, name, value):
        self.visit(pathlib.Path(f"/proc/sys/net/{name}").write_text, str(value))


def namespace_or_skip(clear=False):
    """One that is watched; skips the test where the system does not let us make one."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    try:
        space = Namespace()
    except OSError as error:
        pytest.skip(f"no network namespaces here: {error}")
    try:
        space.watch(clear)
        space.sniffer.policy.servers_inside = True
    except BaseException:
        space.drop()
        raise
    return space


class Host(Namespace):
    """At the other end of a link.  addresses: of both families in turn; v4, v6: the first of each."""

    def __init__(self, net, link, addresses):
        super().__init__()
        self.net = net
        self.device = f"host{link}"  # the client's end of the link
        self.v4s = [V4.format(link=link, host=k) for k in range(1, addresses + 1)]
        self.v6s = [V6.format(link=link, host=k) for k in range(1, addresses + 1)]
        self.v4, self.v6 = self.v4s[0], self.v6s[0]
        self.addresses = [a for pair in zip(self.v6s, self.v4s) for a in pair]
        self._servers = []

    def serve(self, addresses=None, port=PORT, kind="tls", **kwargs):
        """A TestServer on these addresses, over TLS or both TLS and DTLS; ends with the network."""
        where = [f"[{a}]:{port}" if ":" in a else f"{a}:{port}" for a in addresses or self.addresses]
        self._servers.append(TestServer(**{kind: where}, netns=self, **kwargs))
        return self._servers[-1]

    def stop(self):
        while self._servers:
            self._servers.pop().stop()

    def link(self, up):
        """Of the client's end: down takes the routes away."""
        self.net.client.ip(f"link set {self.device} {'up' if up else 'down'}")


class Fault:
    """Rules of packet filters that stand until undo()."""

    def __init__(self, rules):
        self._rules = []
        try:
            for where, address, words in rules:
                self._put(where, address, words)
        except BaseException:
            self.undo()
            raise

    def _put(self, where, address, words):
        tables = "ip6tables" if ":" in address else "iptables"
        comment = f"dnsfwd-{next(_numbers)}"
        rule = [*words, "-m", "comment", "--comment", comment]
        where.run(tables, "-w", "-I", *rule)
        self._rules.append((where, tables, rule, comment))

    def packets(self):
        """How many have met it."""
        total = 0
        for where, tables, rule, comment in self._rules:
            listed = where.run(tables, "-w", "-nvxL", rule[0])
            total += sum(int(line.split()[0]) for line in listed.splitlines() if comment in line)
        return total

    def undo(self):
        while self._rules:
            where, tables, rule, _ = self._rules.pop()
            where.run(tables, "-w", "-D", *rule)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.undo()


class Network:
    """A client and its hosts.  Skips the test where the system does not let us make one.

    clear: the test itself sends in clear on purpose, and judges what its sniffer finds
    """

    def __init__(self, hosts=1, addresses=1, clear=False):
        self.hosts = []
        self._own = {}  # link -> the client's addresses
        self.client = namespace_or_skip(clear)
        self.sniffer = self.client.sniffer
        self.sniffer.policy.servers_inside = False  # they are on the other side of a link
        try:
            for link in range(1, hosts + 1):
                self._join(link, addresses)
        except BaseException:
            self.remove()
            raise

    def _join(self, link, addresses):
        host = Host(self, link, addresses)
        self.hosts.append(host)
        # Where both ends have the same index, the kernel takes a second to see that a link is up.
        index = str(100 + link)
        run(
            *("ip", "link", "add", host.device, "index", index, "netns", self.client.name, "type", "veth"),
            *("peer", "name", "uplink", "netns", host.name),
        )
        self._own[link] = self.own(link)
        for side, device, own in ((self.client, host.device, self._own[link]), (host, "uplink", host.addresses)):
            side.ip(*address_lines("add", device, own), f"link set {device} up")
        wait_for(lambda: self.client.is_up(host.device) and host.is_up("uplink"), what="a link that is up")

    @staticmethod
    def own(link, host=100):
        """The client's own addresses on a link."""
        return [V6.format(link=link, host=host), V4.format(link=link, host=host)]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        try:
            self.check_sniffer()
        finally:
            self.remove()

    def check_sniffer(self):
        self.client.check(proves=True)

    def remove(self):
        for host in self.hosts:
            host.stop()
        for space in (*self.hosts, self.client):
            space.drop()
        self.hosts = []

    def _host_of(self, address):
        return next(h for h in self.hosts if address in h.addresses)

    # -- faults of a path, named by an address of a host --------------------------------

    def black_hole(self, *addresses, there=True, back=True, match=()):
        """What is sent to them, or comes back from them, gets lost without a word."""
        rules = []
        for a in addresses:
            # The hosts are neighbours here and would be missed as such: that is another fault.
            tail = [*(["!", "-p", "ipv6-icmp"] if ":" in a else []), *match, "-j", "DROP"]
            if there:
                rules.append((self._host_of(a), a, ["INPUT", "-d", a, *tail]))
            if back:
                rules.append((self.client, a, ["INPUT", "-s", a, *tail]))
        return Fault(rules)

    def lose(self, share, *addresses):
        """A share of the packets, both ways, by chance."""
        chance = ("-m", "statistic", "--mode", "random", "--probability", str(share))
        return self.black_hole(*addresses, match=chance)

    def reject(self, *addresses, how="tcp-reset"):
        """By RST, or an ICMP type as ip(6)tables calls it."""
        tail = ["-p", "tcp", "-j", "REJECT", "--reject-with", how]
        return Fault([(self._host_of(a), a, ["INPUT", "-d", a, *tail]) for a in addresses])

    def forget_connections(self, *addresses, there=True, back=True):
        """As a router that lost its state: packets of the connections that stand now are dropped."""
        rules = []
        for a in addresses:
            host = self._host_of(a)
            for port in map(str, sorted(connected_ports(host, a))):
                if there:
                    rules.append((host, a, ["INPUT", "-p", "tcp", "--sport", port, "-j", "DROP"]))
                if back:
                    rules.append((self.client, a, ["INPUT", "-p", "tcp", "--dport", port, "-j", "DROP"]))
        return Fault(rules)

    def syns(self, *addresses):
        """Counts attempts to connect that arrive there, by packets(); changes nothing."""
        return Fault([(self._host_of(a), a, ["INPUT", "-d", a, "-p", "tcp", "--syn"]) for a in addresses])

    def leave(self, link, *versions):
        """The client has no address of these IP versions there any more."""
        gone = [a for a in self._own[link] if (6 if ":" in a else 4) in versions]
        self.client.ip(*address_lines("del", self.hosts[link - 1].device, gone))
        self._own[link] = [a for a in self._own[link] if a not in gone]

    def renumber(self, link, host):
        """The client's addresses on a link give way to others."""
        device = self.hosts[link - 1].device
        self.leave(link, 4, 6)
        self._own[link] = self.own(link, host)
        self.client.ip(*address_lines("add", device, self._own[link]))


def address_lines(verb, device, addresses):
    return [f"addr {verb} {a}/{64 if ':' in a else 24} dev {device}{' nodad' if ':' in a else ''}" for a in addresses]


def connected_ports(space, address):
    """Remote ports of the TCP connections to an address of ours."""
    own = f"[{address}]" if ":" in address else address
    lines = space.run("ss", "-Htn", "state", "established", "src", own).splitlines()
    return {int(line.split()[-1].rsplit(":", 1)[1]) for line in lines}
