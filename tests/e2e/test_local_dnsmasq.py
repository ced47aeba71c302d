"""dnsmasq beside dnsfwd on a router: it gives leases, dnsfwd answers their names; or it stands in front."""

import os
import shutil
import socket
import struct
import subprocess

import dns.message
import pytest
import wire
from conftest import addresses
from daemon import Dnsfwd
from judges import free_port
from netns import Network
from testserver import TIMEOUT, TestServer, expected_a, wait_for

DNSMASQ = shutil.which("dnsmasq", path=f"{os.environ['PATH']}:/usr/sbin")
COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5

pytestmark = pytest.mark.skipif(not DNSMASQ, reason="dnsmasq is not installed")


class Dnsmasq:
    """Runs until the end of its `with`."""

    def __init__(self, *args, netns=None):
        command = [*(netns.prefix if netns else []), DNSMASQ, "--keep-in-foreground", "--conf-file=/dev/null"]
        command += ["--pid-file=", "--user=root", "--no-hosts", "--log-facility=-", *args]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        said = self.process.communicate(timeout=TIMEOUT)[1].decode(errors="replace")
        if exc[0]:
            print(said)


class DhcpClient:
    """A device that calls itself by some name."""

    def __init__(self, space, device, mac):
        self.mac, self.xid = bytes.fromhex(mac.replace(":", "")), os.urandom(4)
        self.socket = space.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
        self.socket.bind(("0.0.0.0", 68))
        self.socket.settimeout(2)

    def _send(self, kind, options):
        message = struct.pack("!BBBB4sHH16s16s192x", 1, 1, 6, 0, self.xid, 0, 0x8000, b"", self.mac) + COOKIE
        for code, value in [(53, bytes([kind])), *options]:
            message += bytes([code, len(value)]) + value
        self.socket.sendto(message + b"\xff", ("255.255.255.255", 67))

    def _receive(self, kind):
        while True:
            data = self.socket.recv(2048)
            if data[4:8] == self.xid and data[236:240] == COOKIE and self._options(data).get(53) == bytes([kind]):
                return data

    @staticmethod
    def _options(data):
        found, at = {}, 240
        while data[at] != 255:
            if data[at] == 0:
                at += 1
                continue
            found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
            at += 2 + data[at + 1]
        return found

    def lease(self, name):
        """The address that it gets."""
        for _ in range(10):  # nobody may listen yet
            try:
                self._send(DISCOVER, [(12, name.encode())])
                offer = self._receive(OFFER)
                break
            except TimeoutError:
                continue
        own = offer[16:20]
        self.socket.settimeout(TIMEOUT)
        self._send(REQUEST, [(12, name.encode()), (50, own), (54, self._options(offer)[54])])
        return socket.inet_ntoa(self._receive(ACK)[16:20])


def test_real_leases(certs, tmp_path):
    """A device that gets an address has a name a moment later, and takes nobody else's."""
    leases = tmp_path / "leases"
    leases.touch()
    with Network(clear=True) as net:
        host = net.hosts[0]
        server = host.serve(certs=certs)
        options = {"lease-file": str(leases), "local-domain": "lan", "record": ["nas.lan A 10.53.1.7"]}
        dhcp = ["--port=0", f"--interface={host.device}", "--bind-interfaces", "--no-ping"]
        dhcp += [f"--dhcp-leasefile={leases}"]
        dhcp += ["--dhcp-range=10.53.1.150,10.53.1.160,1h", "--dhcp-authoritative"]
        with Dnsfwd([server], options, netns=net.client) as fwd, Dnsmasq(*dhcp, netns=net.client):
            assert fwd.ask("phone.lan").rcode() == wire.NXDOMAIN
            phone = DhcpClient(host, "uplink", "02:00:00:00:00:01").lease("phone")
            wait_for(lambda: addresses(fwd.ask("phone.lan")) == [phone], what="the name of the phone")
            assert addresses(fwd.ask("phone")) == [phone]
            reverse = ".".join(reversed(phone.split("."))) + ".in-addr.arpa"
            assert fwd.ask(reverse, "PTR").answer[0][0].to_text() == "phone.lan."
            # One that calls itself like another, or like what programs look for, gets an address and no name.
            thief = DhcpClient(host, "uplink", "02:00:00:00:00:02").lease("nas")
            wpad = DhcpClient(host, "uplink", "02:00:00:00:00:03").lease("wpad")
            wait_for(lambda: thief in leases.read_text() and wpad in leases.read_text(), what="the leases")
            tablet = DhcpClient(host, "uplink", "02:00:00:00:00:04").lease("tablet")
            wait_for(lambda: addresses(fwd.ask("tablet.lan")) == [tablet], what="the name of the tablet")
            assert addresses(fwd.ask("nas.lan")) == ["10.53.1.7"]
            assert fwd.ask("wpad.lan").rcode() == wire.NXDOMAIN


def test_in_front(certs, tmp_path):
    """dnsmasq asks dnsfwd for all that it does not know; each answer comes through, local ones too."""
    block = tmp_path / "list"
    block.write_text("ads.example\n")
    options = {"record": ["nas.lan A 10.0.0.7"], "block": [str(block)], "special-names": True}
    with TestServer(certs=certs) as server, Dnsfwd(server, options) as fwd:
        port = free_port()
        args = [f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv"]
        with Dnsmasq(*args, f"--server=127.0.0.1#{fwd.port}"):

            def ask(name):
                query = dns.message.make_query(name, "A", use_edns=0)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    s.settimeout(TIMEOUT)
                    s.connect(("127.0.0.1", port))
                    try:
                        s.send(query.to_wire())
                        return dns.message.from_wire(s.recv(4096))
                    except ConnectionRefusedError:
                        return None

            wait_for(lambda: ask("up.example.net"), what="dnsmasq")
            assert addresses(ask("www.example.org")) == [expected_a("www.example.org")]
            assert addresses(ask("nas.lan")) == ["10.0.0.7"]
            assert ask("x.ads.example").rcode() == wire.NXDOMAIN
            assert ask("x.local").rcode() == wire.NXDOMAIN
            assert server.count("x.ads.example") == server.count("x.local") == server.count("nas.lan") == 0
