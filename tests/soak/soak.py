#!/usr/bin/python3
"""Mixed load and faults of all kinds, for minutes or for days: make soak MINUTES=10.

500 queries a second over UDP and TCP: new names, names of the cache, a local record, a zone in clear, an encrypted zone
over DTLS.  One answer in a hundred of the first upstream is late, missing, wrong, cut or broken; every few seconds
something happens that costs no query (a server closes, resets, falls silent, reads nothing, is away; reloads, a changed
block list, a flushed cache, a hostile client, idle clients), and now and then something that does (both upstreams away):
then SERVFAIL is allowed for as long, and silence never is.

Checked: no query lost, no answer wrong, no SERVFAIL outside of those outages; descriptors; memory, whose slope is that of
a line through all samples after the first quarter.  Every minute a line with figures; exit 1 where something is amiss.

    soak.py [--minutes M] [--seed N] [--rate R] [--only EVENTS]      DNSFWD, DNSFWD_TESTSERVER: the programs, as for the e2e tests
"""

import argparse
import collections
import os
import pathlib
import random
import signal
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import wire  # noqa: E402
from daemon import SANITIZED, Dnsfwd  # noqa: E402
from loadprogs import Honest, hostile  # noqa: E402
from testserver import TestServer, make_certs, wait_for  # noqa: E402

SEGMENT = 60  # seconds between lines of figures
PAUSE = (1.0, 6.0)  # seconds between events
SETTLED = 2.0  # seconds after which no spoilt answer is waited for
RECOVERY = 5.0  # seconds after an outage in which a query may still fail of it
DEADLINE = 4.0  # query-timeout: who asked so long before an outage may meet it
LOCAL = "192.0.2.7"
SERVFAIL = 2
BLOCKED = 15  # Extended DNS Error
TOLD = 3  # failures of a client in a minute
SESSIONS_MAX = 40  # descriptors that sessions of all upstreams may take at a time
SLOPE = 0.1  # percent an hour
LOG = 4000  # octets of dnsfwd's log that are shown after trouble
GROWTH = 2 << 20  # octets that are no slope yet in a run that is short: a cache that was flushed fills again

# Each met by one in a thousand of its answers.
SPOILED = ["delay=500-1500", "none", "answer=wrong-id,good", "dup=2", "cut=half:rst", "cut=14:fin", "prefix=11"]
SPOILED += ["mutate=1/broken", "noise=30"]


def now():
    return time.monotonic()


class Load:
    """The honest clients of a segment; each with its share of the rate."""

    KINDS = {
        "new names": (0.4, {"suffix": "new.soak"}),
        "hits": (0.3, {"suffix": "hit.soak", "names": 500}),
        "new names, TCP": (0.1, {"suffix": "tcp.soak", "tcp": True}),
        "local": (0.08, {"suffix": "local.soak", "names": 1, "expect": LOCAL}),
        "zone": (0.08, {"suffix": "corp.soak"}),
        "DTLS": (0.04, {"suffix": "dtls.soak"}),
    }

    def __init__(self, fwd, rate, number, seconds):
        self.clients = {}
        for kind, (share, options) in self.KINDS.items():
            # What is not in the cache on purpose has a name of its own in each segment.
            prefix = "q" if "names" in options else f"s{number}x"
            self.clients[kind] = Honest(
                fwd, rate=rate * share, seconds=seconds, prefix=prefix, timeout=8000, **{"window": 4000, **options}
            )

    def end(self):
        return {kind: client.end() for kind, client in self.clients.items()}


class Soak:
    def __init__(self, folder, seed, rate):
        self.folder, self.rate, self.seed = folder, rate, seed
        self.chance = random.Random(seed)
        certs = make_certs(folder / "certs")
        self.first, self.second = TestServer(tls=["127.0.0.1:0"], certs=certs), TestServer(tls=["127.0.0.1:0"], certs=certs)
        self.datagrams = TestServer(both=1, certs=certs)
        self.corp = TestServer(tls=0, udp=1, certs=certs)
        self.servers = [self.first, self.second, self.datagrams, self.corp]
        self.block = folder / "block"
        self.block.write_text("blocked.soak\n")
        self.fwd = Dnsfwd([self.first, self.second], self.options())
        self.outages, self.events, self.troubles = [], [], []  # events: (begin, end, name)
        self.samples = []  # (time, resident memory)
        self.idle, self.kinds = [], self.EVENTS
        self.order = ["u1", "u2"]
        self.spoil()

    def spoil(self, on=True):
        self.first.clear_rules()
        for rule in SPOILED if on else []:
            self.first.rule(f"every=1000 {rule}")

    def options(self):
        return {
            "query-timeout": None,
            "cache-size": "1M",  # which is soon full, and what a flush takes is not much
            "serve-stale": 0,  # an old answer would hide that there was no new one
            "record": [f"q0.local.soak A {LOCAL}"],
            "block": [str(self.block)],
            "insecure-dtls-library": True,
            "zone": [
                {"name": "corp.soak", "forward": [f"udp://127.0.0.1:{self.corp.udp[0].port}"]},
                {"name": "dtls.soak", "forward": [self.datagrams.dtls_upstream()]},
            ],
        }

    # -- what happens -----------------------------------------------------------------

    def close(self):
        server = self.chance.choice(self.servers[:3])
        server.closeall(self.chance.choice(("fin", "rst", "notify", "alert")))

    def away(self):
        """Of the two one is always there."""
        server = self.chance.choice(self.servers[:2])
        server.listen(False)
        server.closeall("rst")
        self.during(2, lambda: server.listen())

    def silent(self):
        server = self.chance.choice(self.servers[:2])
        server.mute()
        self.during(2, lambda: server.mute(False))

    def reads_nothing(self):
        server = self.chance.choice(self.servers[:2])
        server.pause()
        self.during(2, lambda: server.pause(False))

    def stalls(self):
        self.second.rule("stall")
        self.second.closeall("rst")
        self.during(2, self.second.clear_rules)

    def errors(self):
        """Where there is another to ask no client sees them."""
        self.first.rule(f"rcode={self.chance.choice(('SERVFAIL', 'REFUSED'))}")
        self.during(2, self.first.clear_rules)

    def datagrams_lost(self):
        self.datagrams.line("both", loss=0.3, dup=0.1, reorder=0.1)
        self.during(2, lambda: self.datagrams.line("both"))

    def forgotten(self):
        self.datagrams.forget(self.chance.choice(("fin", "notify", "alert")))

    def noise(self):
        self.first.noise(self.chance.choice((1, 6, 1000)))

    def key_update(self):
        self.chance.choice(self.servers[:2]).command("keyupdate all 3")

    def new_ticket_key(self):
        self.chance.choice(self.servers[:3]).command("tickets rotate")

    def hang_up(self):
        os.kill(self.fwd.pid, signal.SIGHUP)

    def another_order(self):
        """A reload that changes the group: what is under way with it goes on."""
        self.order.reverse()
        self.fwd.reload({"forward": list(self.order)})

    def flush(self):
        os.kill(self.fwd.pid, signal.SIGUSR2)

    def new_block_list(self):
        """It is read without a pause, and what stands in it is blocked."""
        name = f"b{self.chance.getrandbits(32)}.blocked.soak"
        self.block.write_text(f"blocked.soak\n{name}\n" + "".join(f"n{i}.example\n" for i in range(10000)))
        wait_for(lambda: BLOCKED in [code for code, _ in wire.edes(self.fwd.ask(name))], 20, "word of the new block list")

    def hostile_client(self):
        hostile(self.fwd, 2000, self.chance.getrandbits(31) | 1, rate=2000)

    def idle_clients(self):
        """As many as come; those of the last time leave."""
        for stream in self.idle:
            stream.socket.close()
        self.idle = [self.fwd.tcp() for _ in range(200)]

    def both_away(self):
        """Nobody can answer: SERVFAIL, and an answer as soon as one is back."""
        begin = now()
        for server in self.servers[:2]:
            server.listen(False)
            server.closeall("rst")
        self.during(3, lambda: [server.listen() for server in self.servers[:2]])
        self.outages.append((begin - DEADLINE, now() + RECOVERY))

    # Where one of the two is out of order the other one is in order, and so is what it was asked: a query is not sent for ever.
    ALONE = {away, silent, reads_nothing, stalls, errors, both_away}
    EVENTS = [close] * 4 + [away, silent, reads_nothing, stalls, errors, datagrams_lost, forgotten, noise, key_update]
    EVENTS += [new_ticket_key, hang_up, another_order, flush, new_block_list, hostile_client, idle_clients, both_away]

    def during(self, seconds, undo):
        time.sleep(seconds)  # the fault itself
        undo()

    def happen(self, until):
        while now() < until:
            event = self.chance.choice(self.kinds)
            if event in self.ALONE:
                self.spoil(False)
                time.sleep(SETTLED)
            begin = now()
            event(self)
            self.events.append((begin, now(), event.__name__))
            if event in self.ALONE:
                self.spoil()
            self.samples.append((now(), self.fwd.rss()))
            if now() < until:
                time.sleep(min(self.chance.uniform(*PAUSE), max(0.0, until - now())))

    # -- what came of it --------------------------------------------------------------

    def judge(self, results):
        """Failures inside and outside of outages; of the latter the first few of a client, with what was going on."""
        inside = outside = 0
        for kind, result in results.items():
            bad = [t for t in result.told if not (t[0] == "failed" and t[3] == SERVFAIL and self.in_outage(t[1]))]
            inside += len(result.told) - len(bad)
            outside += len(bad)
            for what, when, name, rcode, reason in bad[:TOLD]:
                self.trouble(f"{kind}: {what} {name}, rcode {rcode} {reason}, asked at {when:.3f}; {self.around(when)}")
            if len(bad) > TOLD:
                self.trouble(f"{kind}: {len(bad) - TOLD} more, the last asked at {bad[-1][1]:.3f}")
            if result.stray:
                self.trouble(f"{kind}: {result.stray} replies that nobody waited for")
        return inside, outside

    def in_outage(self, when):
        return any(begin <= when <= end for begin, end in self.outages)

    def around(self, when):
        near = [e for e in self.events if e[0] - DEADLINE <= when <= e[1] + DEADLINE]
        return ", ".join(f"{name} from {begin:.3f} to {end:.3f}" for begin, end, name in near)

    def trouble(self, text):
        self.troubles.append(text)
        print(f"  TROUBLE {text}", flush=True)

    def segment(self, number, seconds):
        load = Load(self.fwd, self.rate, number, seconds)
        try:
            self.happen(now() + seconds - 1)
        finally:
            results = load.end()
        inside, outside = self.judge(results)
        count = sum(r.count for r in results.values())
        new, hit = results["new names"], results["hits"]
        figures = self.fwd.stats()
        print(
            f"  {number:4}: {count} queries, {sum(r.lost for r in results.values())} lost, {outside} failed, {inside} in outages;"
            f" p50 {new.p50 * 1000:.2f} p99 {new.p99 * 1000:.1f} ms, hits {hit.p50 * 1000:.2f} {hit.p99 * 1000:.1f} ms;"
            f" {self.fwd.rss() / 1e6:.2f} MB, {self.fwd.fds()} descriptors, {figures['sessions']} sessions",
            flush=True,
        )
        return count, results

    def slope(self):
        """(percent an hour, octets grown) by a line through the samples."""
        begin, end = self.samples[0][0], self.samples[-1][0]
        later = [(t, m) for t, m in self.samples if t > begin + (end - begin) / 4]
        if len(later) < 8:
            return 0.0, 0.0
        line = statistics.linear_regression(*zip(*later))
        mean = statistics.mean(m for _, m in later)
        return line.slope * 3600 / mean * 100, line.slope * (later[-1][0] - later[0][0])

    def settle(self):
        for stream in self.idle:
            stream.socket.close()
        self.idle = []
        try:
            wait_for(lambda: self.fwd.stats()["tcp_clients"] == 0, 30, "clients that have left")
            wait_for(lambda: self.fwd.stats()["queries_inflight"] == 0, 30, "queries that are done")
        except TimeoutError as error:
            self.trouble(f"{error} are still there")

    def run(self, minutes):
        wait_for(lambda: self.fwd.ask("q0.new.soak").rcode() == 0, what="a first answer")
        descriptors, total, number, medians = self.fwd.fds(), 0, 0, []
        end = now() + minutes * 60
        while now() < end - 5:
            number += 1
            count, results = self.segment(number, min(SEGMENT, end - now()))
            total += count
            medians.append(results["hits"].p50)
            if not self.fwd.alive():
                self.trouble("dnsfwd has ended")
                break
        self.settle()
        self.conclude(total, descriptors, medians)

    def conclude(self, total, descriptors, medians):
        percent, grown = self.slope()
        if grown > GROWTH and percent > SLOPE and not SANITIZED:
            self.trouble(f"memory grows by {percent:.2f} % an hour")
        if self.fwd.fds() > descriptors + SESSIONS_MAX:
            self.trouble(f"{self.fwd.fds()} descriptors at the end, {descriptors} at the start")
        count = collections.Counter(name for _, _, name in self.events)
        events = ", ".join(f"{name} {n}" for name, n in sorted(count.items()))
        print(f"  {total} queries; events: {events}; {len(self.outages)} outages")
        print(f"  memory: {grown / 1024:+.0f} KiB, a slope of {percent:+.2f} % an hour; median of hits, first and last minute:")
        print(f"  {medians[0] * 1000:.2f} and {medians[-1] * 1000:.2f} ms; descriptors {descriptors} and {self.fwd.fds()}")

    def stop(self):
        """False: it did not end in good order, or a sanitizer has something to say."""
        if self.troubles:
            print(self.fwd.log_text()[-LOG:])
        try:
            self.fwd.stop()
        except AssertionError as error:
            self.trouble(str(error)[-3000:])
        for server in self.servers:
            server.stop()
        return not self.troubles


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--only", help="events, with commas between them, instead of all")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    args = parser.parse_args()
    print(f"  soak: {args.minutes:g} minutes at {args.rate:g} q/s, seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="dnsfwd-soak-") as folder:
        soak = Soak(pathlib.Path(folder), args.seed, args.rate)
        try:
            if args.only:
                soak.kinds = [getattr(soak, name).__func__ for name in args.only.split(",")]
            soak.run(args.minutes)
        finally:
            good = soak.stop()
    print("  soak: " + ("good" if good else f"{len(soak.troubles)} troubles"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
