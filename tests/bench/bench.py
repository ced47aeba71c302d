#!/usr/bin/python3
"""What a query costs dnsfwd, beside others that are installed: make bench.

CPU time per query (user and system, all threads) of hits and misses, against the test resolver over TLS; then the
instructions of a hit and of a miss as callgrind counts them, held against tests/bench/budget.  Counts are the same on
every machine with the same compiler; times are for comparing within one run.

    bench.py [--build DIR] [--count N] [--no-instructions] [--record]
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUDGET = HERE / "budget"
RAISED = 1.05
NAMES = 10000
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Resolver:
    """The test resolver on TLS."""

    def __init__(self, build, folder):
        certs = folder / "certs"
        subprocess.run([ROOT / "tests/server/make-certs.sh", certs], check=True, capture_output=True)
        self.ca = certs / "ca.pem"
        command = [build / "dnsfwd-testserver", "--tls", "127.0.0.1:0", "--control", folder / "control"]
        command += ["--cert", certs / "server.pem", "--key", certs / "server.key"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r'"tls":\["127\.0\.0\.1:(\d+)"', self.process.stdout.readline().replace(" ", ""))[1])


def dnsfwd(folder, resolver, port, build):
    conf = folder / "dnsfwd.conf"
    conf.write_text(
        f'listen = [ "127.0.0.1" ]\nport = {port}\nstate-dir = ""\ncache-size = "64M"\n'
        f'tls-cert-bundle = "{resolver.ca}"\nforward = [ "tls://127.0.0.1:{resolver.port}#resolver.test" ]\n'
    )
    return [build / "dnsfwd", "-c", conf]


def unbound(folder, resolver, port, _build):
    conf = folder / "unbound.conf"
    conf.write_text(
        f"""server:
  interface: 127.0.0.1@{port}
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  num-threads: 1
  outgoing-num-tcp: 32
  max-reuse-tcp-queries: 100000
  num-queries-per-thread: 4096
  so-rcvbuf: 4m
  so-sndbuf: 4m
  msg-cache-size: 64m
  rrset-cache-size: 128m
  tls-cert-bundle: "{resolver.ca}"
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-addr: 127.0.0.1@{resolver.port}#resolver.test
"""
    )
    return ["unbound", "-d", "-c", conf]


def dnsdist(folder, resolver, port, _build):
    conf = folder / "dnsdist.conf"
    conf.write_text(
        f"""setLocal("127.0.0.1:{port}")
setSecurityPollSuffix("")
newServer({{address="127.0.0.1:{resolver.port}", tls="openssl", subjectName="resolver.test", caStore="{resolver.ca}",
  maxInFlight=1000, healthCheckMode="up"}})
pc = newPacketCache(200000)
getPool(""):setCache(pc)
"""
    )
    return ["dnsdist", "--supervised", "-C", conf]


TARGETS = {"dnsfwd": dnsfwd, "unbound": unbound, "dnsdist": dnsdist}


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def load(build, port, window, names, count):
    """Queries answered."""
    done = subprocess.run(
        [build / "tests/bench/udpload", *map(str, (port, window, names, count))], capture_output=True, text=True
    )
    answered, lost, wrong, _ = done.stdout.split()
    if int(wrong):
        sys.exit(f"bench: {wrong} answers are wrong")
    return int(answered)


def await_answer(build, port, process):
    """Until a first query comes back."""
    for _ in range(100):
        if process.poll() is not None:
            return False
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            s.connect(("127.0.0.1", port))
            try:
                s.send(b"\1\2\1\0\0\1\0\0\0\0\0\0\5first\7example\3com\0\0\1\0\1")
                if s.recv(512)[3] & 15 == 0:
                    return True
            except OSError:
                time.sleep(0.1)
    return False


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def measure(name, build, folder, resolver, count):
    """CPU microseconds of a hit and of a miss; None where it does not run."""
    port = free_port()
    with open(folder / f"{name}.log", "w") as log:
        process = subprocess.Popen(TARGETS[name](folder, resolver, port, build), stdout=log, stderr=log)
    try:
        if not await_answer(build, port, process):
            print(f"bench: {name} gives no answer, left out", file=sys.stderr)
            return None
        load(build, port, 100, NAMES, 2 * NAMES)
        costs = []
        for names in (NAMES, 0):
            before = cpu(process.pid)
            answered = load(build, port, 100, names, count)
            costs.append((cpu(process.pid) - before) * 1e6 / max(answered, 1))
        return costs
    finally:
        end(process)


def table(build, folder, resolver, count):
    rows = {}
    for name in TARGETS:
        if name == "dnsfwd" or shutil.which(name):
            if costs := measure(name, build, folder, resolver, count):
                rows[name] = costs
    print(f"\n{'':10} {'hit, CPU us':>12} {'ratio':>6} {'miss, CPU us':>13} {'ratio':>6}")
    ours = rows.get("dnsfwd") or sys.exit("bench: dnsfwd itself did not run")
    for name, (hit, miss) in rows.items():
        print(f"{name:10} {hit:12.2f} {ours[0] / hit:6.2f} {miss:13.2f} {ours[1] / miss:6.2f}")
    print("ratio: dnsfwd's cost over theirs; below 1 is better than they are")


# -- instructions ---------------------------------------------------------------------


def instructions_of_run(build, folder, resolver, names, count):
    """All instructions of a run with so many queries, one at a time."""
    port, out = free_port(), folder / "callgrind.out"
    own = dnsfwd(folder, resolver, port, build)
    with open(own[-1], "a") as conf:
        conf.write("sandbox = false\n")  # valgrind makes calls of its own
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "-q"]
    with open(folder / "callgrind.log", "w") as log:
        process = subprocess.Popen(command + own, stdout=log, stderr=log)
    try:
        if not await_answer(build, port, process):
            sys.exit("bench: dnsfwd does not answer under valgrind:\n" + (folder / "callgrind.log").read_text())
        load(build, port, 1, names, count)
    finally:
        end(process)
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])


def instructions(build, folder, resolver, names):
    """Of one query: what more queries cost more."""
    few, many = 1000, 5000
    return (
        instructions_of_run(build, folder, resolver, names, many)
        - instructions_of_run(build, folder, resolver, names, few)
    ) / (many - few)


def read_budget():
    if not BUDGET.exists():
        return {}
    lines = [line.split() for line in BUDGET.read_text().splitlines() if line and line[0] != "#"]
    return {name: float(value) for name, value in lines}


def check_budget(counts, record):
    """Whether no count is above its budget by more than a twentieth."""
    budget, good = read_budget(), True
    print("\ninstructions of a query (callgrind), recorded and now:")
    for name, count in counts.items():
        was = budget.get(name)
        raised = was and count > was * RAISED
        good = good and not raised
        print(f"  {name:6} {was or 0:10.0f} {count:10.0f}{'   RAISED by more than 5 %' if raised else ''}")
    if record:
        head = "# Instructions of dnsfwd for one query at a time: make bench says when one is raised by more than 5 %.\n"
        BUDGET.write_text(head + "".join(f"{name} {count:.0f}\n" for name, count in counts.items()))
    return good


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    args.add_argument("--count", type=int, default=100000)
    args.add_argument("--no-instructions", action="store_true")
    args.add_argument("--no-times", action="store_true")
    args.add_argument("--record", action="store_true", help="what is counted now is the budget from now on")
    args = args.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dnsfwd-bench-"))
    resolver = Resolver(args.build.resolve(), folder)
    good = True
    try:
        build = args.build.resolve()
        if not args.no_times:
            table(build, folder, resolver, args.count)
        if not args.no_instructions and shutil.which("valgrind"):
            counts = {n: instructions(build, folder, resolver, k) for n, k in (("hit", 100), ("miss", 0))}
            good = check_budget(counts, args.record)
    finally:
        end(resolver.process)
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if good else 1)


main()
