"""A client that moves between two networks, each with a gateway of its own, to one and the same resolver.

    with Roaming(certs) as world:
        fwd = start(world.upstream, netns=world.client)
        world.move(1)                          # from network 0 to network 1
        assert world.servers[1].stat("handshakes") == 1

The resolver's addresses are on both gateways, so that what arrives there is what was sent into that network; each
gateway has a TestServer.  Needs root, as netns.py does.
"""

from netns import PORT, V4, V6, Fault, Network
from testserver import expected_a, expected_aaaa

NAME = "resolver.test"
KEY = "5a" * 64  # of the tickets of all: what one has given another would take
ANY4, ANY6 = expected_a(NAME), expected_aaaa(NAME)  # as a TestServer answers for the name


class Roaming(Network):
    """versions: of IP, by which the resolver is to be reached; plain: it answers on port 53, too; clear: as Network's;
    kind: as of Host.serve."""

    def __init__(self, certs, versions=(4,), plain=False, clear=False, hosts=2, kind="tls"):
        super().__init__(hosts=hosts, clear=clear)
        self.here, self.kind = None, kind
        self.addresses = [{4: ANY4, 6: ANY6}[v] for v in versions]
        try:
            self.servers = [self._serve(host, certs, plain) for host in self.hosts]
            self.move(0)
        except BaseException:
            self.remove()
            raise

    def _serve(self, host, certs, plain):
        host.ip(*(f"addr add {a}/{128 if ':' in a else 32} dev lo" for a in self.addresses))
        more = {"udp": [f"{ANY4}:53"], "tcp": [f"{ANY4}:53"]} if plain else {}
        return host.serve(self.addresses, kind=self.kind, certs=certs, args=("--ticket-key", KEY), **more)

    @property
    def upstream(self):
        return [{"server": self.servers[0], "address": self.addresses, "port": PORT}]

    @property
    def server(self):
        return self.servers[self.here]

    def move(self, to):
        """The default routes lead to that host's network now; -1: there are none."""
        lines = []
        for family, form in (("-4", V4), ("-6", V6)):
            if to >= 0:
                link = to + 1
                lines.append(f"route replace default via {form.format(link=link, host=1)} dev host{link}")
            elif self.here is not None and self.here >= 0:
                lines.append("route del default")
            run_family(self.client, family, lines)
            lines = []
        self.here = to

    def lose(self, network, *addresses):
        """What is sent to the resolver's addresses there gets lost; NOT of netns.Network: by place."""
        host = self.hosts[network]
        return Fault([(host, a, ["INPUT", "-d", a, "-j", "DROP"]) for a in addresses])

    def syns_to(self, network, *addresses):
        host = self.hosts[network]
        return Fault([(host, a, ["INPUT", "-d", a, "-p", "tcp", "--syn"]) for a in addresses])


def run_family(space, family, lines):
    for line in lines:
        space.run("ip", family, *line.split())
