"""A machine's life: months in which it works, sleeps, moves to another network and back, and loses its resolver now and
then, in the minutes that it takes to try them.

    with Months(pki, "tls", seed) as months:
        months.live(steps=300)
        print(months.summary())

Time that passes is the test clock's (clockfile.py); connections, time-outs of queries and answers are real.  Checked after
whatever happens: the first query is answered, rightly, within its own deadline; meanwhile SERVFAIL says why.  At the end:
as many descriptors and hardly more memory than at the start.
"""

import collections
import contextlib
import math
import random
import time

import wire
from clockfile import ClockFile
from conftest import addresses, warm
from daemon import SANITIZED, Dnsfwd
from pki import certify, now
from reach import answered_first, fails
from roaming import Roaming
from testserver import expected_a

HOUR, DAY = 3600, 86400
SOON, LONG = 0.2, 3 * DAY  # seconds that pass at a time, and all between
LIMIT = 4  # query-timeout, in seconds
SESSIONS = 12  # descriptors that sessions may take in the end
GROWTH = 4 << 20  # octets: memory of the first handshakes is not all there at the start
END_OF_DAYS = 20 * 365  # certificates are not what this is about


class Months:
    """transport: of the upstream, as in its configuration."""

    def __init__(self, pki, folder, transport, seed):
        self.chance, self.seed = random.Random(seed), seed
        self.count, self.asked, self.passed = collections.Counter(), 0, 0.0
        self.clock = ClockFile(folder)
        root = certify(None, "a CA for long", ca=True, usage=(), dates=(now(days=-END_OF_DAYS), now(days=END_OF_DAYS)))
        leaf = root.leaf("resolver.test", dates=(now(days=-END_OF_DAYS), now(days=END_OF_DAYS)))
        certs = pki.serve(leaf, root)
        (certs / "ca.pem").write_text(root.pem)
        self.datagrams = transport != "tls"
        self.stack = contextlib.ExitStack()
        with self.stack as stack:
            self.world = stack.enter_context(Roaming(certs, kind="both" if self.datagrams else "tls"))
            self.fwd = stack.enter_context(Dnsfwd(*self.configuration(transport), netns=self.world.client, clock=self.clock))
            self.stack = stack.pop_all()
        warm(self.fwd)
        self.descriptors, self.memory = self.fwd.fds(), self.fwd.rss()

    def configuration(self, transport):
        upstream = [{**self.world.upstream[0], "transport": transport}]
        options = {"query-timeout": f"{LIMIT}s", "serve-stale": 0}
        return upstream, {**options, "insecure-dtls-library": True} if self.datagrams else options

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return self.stack.__exit__(*exc)

    @property
    def server(self):
        return self.world.server

    # -- what is asked ----------------------------------------------------------------

    def name(self):
        self.asked += 1
        return f"q{self.asked}.months{self.seed}.test"

    def first(self, what):
        """Whoever asks first is answered."""
        name = self.name()
        reply = answered_first(self.fwd, name, f"{self.when()}: {what}: first answer")
        assert addresses(reply) == [expected_a(name)], reply

    def some(self):
        for _ in range(self.chance.randrange(4)):
            name = self.name()
            reply = self.fwd.ask(name)
            assert reply.rcode() == wire.NOERROR and addresses(reply) == [expected_a(name)], f"{self.when()}: {reply}"

    def in_vain(self):
        for _ in range(self.chance.randrange(3)):
            fails(self.fwd, self.name(), (14, 22, 23))

    # -- time ---------------------------------------------------------------------------

    def when(self):
        return f"day {self.passed / DAY:.2f}, seed {self.seed}"

    def seconds(self, most=LONG):
        """Short times as often as long ones."""
        return math.exp(self.chance.uniform(math.log(SOON), math.log(most)))

    def run(self, most=LONG):
        seconds = self.seconds(most)
        self.clock.run(seconds)
        self.passed += seconds

    def sleep(self):
        seconds = self.seconds()
        self.clock.sleep(seconds)
        self.passed += seconds

    def some_time(self):
        self.chance.choice((self.run, self.sleep, lambda: None))()

    # -- what happens ---------------------------------------------------------------------

    def idleness(self):
        self.run()

    def a_sleep(self):
        self.sleep()

    def a_sleep_cut_off(self):
        """Whoever is at the other end has given up meanwhile."""
        self.sleep()
        self.server.closeall("rst")

    def a_clock_that_is_set(self):
        self.clock.step(self.chance.choice((1, -1)) * self.seconds(DAY))

    def a_close(self):
        self.server.closeall(self.chance.choice(("fin", "rst", "notify", "alert")))

    def a_close_unseen(self):
        self.run(DAY)
        self.server.closeall("rst")
        self.run(DAY)

    def new_ticket_keys(self):
        self.server.command("tickets rotate")
        self.server.closeall("fin")

    def a_resolver_away(self):
        self.server.listen(False)
        self.server.closeall("rst")
        self.out(self.server.listen)

    def a_mute_resolver(self):
        self.server.mute()
        self.out(lambda: self.server.mute(False))

    def a_resolver_that_reads_nothing(self):
        self.server.pause()
        self.out(lambda: self.server.pause(False))

    def a_black_hole(self):
        self.out(self.world.lose(self.world.here, *self.world.addresses).undo)

    def no_network(self):
        here = self.world.here
        self.world.move(-1)
        self.out(lambda: self.world.move(self.chance.choice((here, 1 - here))))

    def out(self, end):
        """Nobody can answer, and time passes."""
        self.some_time()
        self.in_vain()
        self.some_time()
        end()

    def another_network(self):
        self.world.move(1 - self.world.here)

    def asleep_to_another_network(self):
        self.sleep()
        self.world.move(1 - self.world.here)

    def there_and_back(self):
        for _ in range(2):
            self.world.move(1 - self.world.here)
            self.some_time()

    def a_reload(self):
        self.fwd.hang_up()

    def bad_datagrams(self):
        self.server.line("both", loss=0.2, dup=0.1, reorder=0.1)
        self.some()
        self.server.line("both")

    def forgotten(self):
        self.server.forget(self.chance.choice(("fin", "notify", "alert")))

    EVENTS = [idleness, a_sleep, a_sleep_cut_off, a_clock_that_is_set, a_close, a_close_unseen, new_ticket_keys]
    EVENTS += [a_resolver_away, a_mute_resolver, a_resolver_that_reads_nothing, a_black_hole, no_network]
    EVENTS += [another_network, asleep_to_another_network, there_and_back, a_reload]
    OF_DATAGRAMS = [bad_datagrams, forgotten]

    # -- a life -----------------------------------------------------------------------------

    def live(self, steps=None, seconds=None):
        """So many events, or for so many seconds."""
        end = time.monotonic() + (seconds or math.inf)
        events = self.EVENTS + (self.OF_DATAGRAMS if self.datagrams else [])
        while (steps is None or sum(self.count.values()) < steps) and time.monotonic() < end:
            event = self.chance.choice(events)
            event(self)
            self.count[event.__name__] += 1
            self.first(event.__name__.replace("_", " "))
            self.some()
        assert self.fwd.fds() <= self.descriptors + SESSIONS, self.summary()
        assert SANITIZED or self.fwd.rss() <= self.memory + GROWTH, self.summary()

    def summary(self):
        events = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in sorted(self.count.items()))
        return (
            f"{self.passed / DAY:.0f} days, {self.asked} queries, seed {self.seed}; {events}; descriptors "
            f"{self.descriptors} to {self.fwd.fds()}, {self.memory / 1e6:.1f} to {self.fwd.rss() / 1e6:.1f} MB"
        )
