"""A short life of dnsfwd in which one allocation or one system call fails: start, TLS, queries, files read anew, end.

    torture = Torture(server, "memory")
    for site in torture.sites():
        torture.judge(site)

What fails is chosen by a library that is preloaded (tests/torture/fail.c).  A site is a function and the way to its call.
"""

import ctypes
import dataclasses
import errno
import multiprocessing
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import folders
import wire
from daemon import BINARY, SANITIZER, Dnsfwd
from ports import free_port
from testserver import wait_for

LIBRARY = BINARY.parent / "tests/torture/fail.so"
ADDR_NO_RANDOMIZE = 0x0040000
QUERIES = 20
START, END = 40, 15  # seconds
CODES = range(1, 6)  # the exit codes of a start that failed, which say so in words

# These do not look at what their own allocations give (or end the process by design): found by this test, not ours to mend.
CARELESS = re.compile(r"torture: \S+ failed in (?:fail\.so \S+, )*(?:libc\.so\S* \S+, )*"
                      r"(libconfig|libseccomp|libgmp|libhogweed|libnettle|libtasn1|libgnutls|libp11-kit)\.so")

# A pipe of libevent's own, for signals: it is no disk, and never full.
NEVER = re.compile(r"evsig_cb: recv: Input/output error|torture: write failed in (?:fail\.so \S+, )*libevent")

# What each call can answer by its manual page, that is not our own mistake.
ERRNOS = {
    "accept4": ["EAGAIN", "EINTR", "ECONNABORTED", "EMFILE", "ENFILE", "ENOBUFS", "EPERM"],
    "bind": ["EACCES", "EADDRINUSE", "EADDRNOTAVAIL"],
    "connect": ["EINTR", "ENETUNREACH", "EADDRNOTAVAIL", "EPERM", "ECONNREFUSED", "EAGAIN"],
    "epoll_create1": ["EMFILE", "ENOMEM"],
    "epoll_ctl": ["ENOMEM", "ENOSPC"],
    "epoll_wait": ["EINTR"],
    "eventfd": ["EMFILE", "ENOMEM"],
    "fopen": ["ENOENT", "EACCES", "EMFILE"],
    "fstat": ["EIO", "ENOMEM"],
    "getsockname": ["ENOBUFS"],
    "getsockopt": ["ENOMEM"],
    "inotify_add_watch": ["ENOSPC", "ENOMEM", "EACCES"],
    "inotify_init1": ["EMFILE", "ENOMEM"],
    "listen": ["EADDRINUSE"],
    "mkdir": ["EACCES", "EROFS", "ENOSPC"],
    "open": ["EACCES", "EMFILE", "ENOSPC", "EINTR"],
    "open64": ["EACCES", "EMFILE", "ENOSPC", "EINTR"],
    "pipe2": ["EMFILE"],
    "poll": ["EINTR", "ENOMEM"],
    "pthread_create": ["EAGAIN"],
    "read": ["EINTR", "EAGAIN", "EIO", "short"],
    "readv": ["EINTR", "EAGAIN", "ECONNRESET", "short"],
    "recv": ["EINTR", "EAGAIN", "ECONNRESET", "ENOMEM", "ETIMEDOUT", "short"],
    "recvfrom": ["EINTR", "EAGAIN", "ECONNREFUSED", "ENOMEM"],
    "recvmmsg": ["EINTR", "EAGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENOMEM"],
    "recvmsg": ["EINTR", "EAGAIN", "ENOMEM", "ENOBUFS"],
    "rename": ["EACCES", "ENOSPC", "EROFS"],
    "send": ["EINTR", "EAGAIN", "ENOBUFS", "EPIPE", "ECONNRESET", "ETIMEDOUT", "short"],
    "sendmmsg": ["EINTR", "EAGAIN", "ENOBUFS", "EPERM", "EHOSTUNREACH", "ECONNREFUSED", "EMSGSIZE"],
    "sendmsg": ["EINTR", "EAGAIN", "ENOBUFS", "EPERM"],
    "sendto": ["EINTR", "EAGAIN", "ENOBUFS", "EPERM", "ENETUNREACH"],
    "setsockopt": ["ENOMEM", "ENOPROTOOPT", "EPERM"],
    "socket": ["EMFILE", "ENFILE", "ENOBUFS", "EAFNOSUPPORT", "EACCES"],
    "socketpair": ["EMFILE"],
    "timerfd_create": ["EMFILE", "ENOMEM"],
    "unlink": ["EACCES", "EROFS"],
    "write": ["EINTR", "EAGAIN", "ENOSPC", "EIO", "short"],
    "writev": ["EINTR", "EAGAIN", "EPIPE", "ECONNRESET", "ENOBUFS", "short"],
}


def fixed_addresses():
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)


class Torture:
    def __init__(self, server, kind):
        self.server, self.kind = server, kind
        self.folder = tempfile.TemporaryDirectory(prefix=folders.prefix("torture"))
        self.refused = 0
        self.ports = multiprocessing.get_context("fork").Queue()  # one for all processes
        for _ in range(64):
            self.ports.put(free_port())

    def close(self):
        self.folder.cleanup()

    # -- one life ---------------------------------------------------------------------

    def _start(self, variables, port):
        place = pathlib.Path(tempfile.mkdtemp(dir=self.folder.name))
        hosts = place / "hosts"
        hosts.write_text("192.0.2.1 one.lan\n")
        asan = os.environ.get("ASAN_OPTIONS", "")
        env = {
            "LD_PRELOAD": str(LIBRARY),
            "TORTURE_KIND": self.kind,
            "ASAN_OPTIONS": f"{asan}:verify_asan_link_order=0:allocator_may_return_null=1",
            **variables,
        }
        options = {
            "listen": [f"127.0.0.1:{port}"],
            "hosts": [str(hosts)],
            "cache-size": "1M",
            "cache-snapshot": str(place / "snapshot"),
            "state-dir": str(place / "state"),
            "control": str(place / "control.sock"),
            "query-timeout": "2s",
            "tcp-idle-timeout": "5s",
        }
        fwd = Dnsfwd(self.server, options, env=env, preexec=fixed_addresses, wait=False)
        fwd.addresses = [("127.0.0.1", port)]
        return fwd, hosts

    def _is_up(self, fwd):
        """It answers at all; the log may have lost the line that says so.  False: it has ended."""
        end = time.monotonic() + START
        while fwd.alive():
            assert time.monotonic() < end, f"it does not start, and does not end\n{fwd.log_text()}"
            try:
                if fwd.ask_wire(wire.query("up.test"), timeout=3):
                    return True
            except OSError:
                time.sleep(0.02)
        return False

    def _live(self, fwd, hosts):
        """As clients and an operator would have it; whatever one query comes to, there is an answer in the end."""
        with fwd.udp_socket() as udp:
            udp.settimeout(3)
            for i in range(QUERIES):
                udp.send(wire.query(f"u{i}.test", id=i))
            try:
                for _ in range(QUERIES):
                    udp.recv(4096)
            except TimeoutError:
                pass
        try:
            with fwd.tcp(timeout=3) as stream:
                stream.send(wire.query("t.test"))
                stream.receive()
        except OSError:
            pass
        fresh = hosts.with_suffix(".new")
        fresh.write_text("192.0.2.2 two.lan\n")
        fresh.rename(hosts)
        for number in (signal.SIGUSR1, signal.SIGHUP):
            os.kill(fwd.pid, number)
        count = iter(range(1000))
        wait_for(lambda: self._answered(fwd, f"end{next(count)}.test"), 20, f"an answer at last\n{fwd.log_text()}")

    @staticmethod
    def _answered(fwd, name):
        reply = fwd.ask_wire(wire.query(name), timeout=3)
        return reply is not None and wire.rcode_of(reply) == wire.NOERROR

    def live(self, **variables):
        """What the log said, and the exit status; None: it was not up to it and said so."""
        port = self.ports.get()  # nobody else's until this life is over
        try:
            return self._live_on(port, variables)
        finally:
            self.ports.put(port)

    def _live_on(self, port, variables):
        fwd, hosts = self._start(variables, port)
        try:
            ready = self._is_up(fwd)
            if ready:
                try:
                    self._live(fwd, hosts)
                    fwd.process.terminate()
                except OSError as wrong:
                    ready = " ready: " in fwd.log_text()
                    assert not ready, f"{wrong}\n{fwd.process.poll()}\n{fwd.log_text()}"
            try:
                status = fwd.wait_end(END)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"it does not end\n{fwd.log_text()}") from None
            text = fwd.log_text()
            assert not SANITIZER.search(text), text
            if ready:
                assert status in (0, 4), f"ended with {status}\n{text}"
            else:
                assert status in CODES and len(text.splitlines()) > 1, f"ended with {status}\n{text}"
            self.refused += not ready
            return text
        finally:
            fwd.kill()

    # -- all of them --------------------------------------------------------------------

    def sites(self):
        """(number, function) of each, in the order in which they are come by."""
        path = pathlib.Path(self.folder.name) / "sites"
        for _ in range(2):
            self.live(TORTURE_LIST=str(path))
        return list(dict.fromkeys(tuple(line.split()) for line in path.read_text().splitlines()))

    def cases(self, sites):
        """(site, function, errno) to try."""
        if self.kind == "memory":
            return [(site, function, "ENOMEM") for site, function in sites]
        return [(site, function, e) for site, function in sites for e in ERRNOS.get(function, [])]

    def judge(self, case, times=1):
        site, function, error = case
        number = error if error == "short" else str(getattr(errno, error))
        before = self.refused
        try:
            text = self.live(TORTURE_SITE=site, TORTURE_ERRNO=number, TORTURE_TIMES=str(times))
        except (AssertionError, TimeoutError) as wrong:
            if self.kind == "memory" and CARELESS.search(str(wrong)) or NEVER.search(str(wrong)):
                return Outcome(seen=True, careless=True)
            return Outcome(wrong=f"{function} {error} at {site}: {wrong}", seen=True)
        return Outcome(seen=f"torture: {function} failed" in text, refused=self.refused > before)

    def judge_all(self, cases, times=1, jobs=2):
        """A summary; in processes of their own, as the tools of the tests are for one thread."""
        global _torture
        _torture = self
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            results = list(pool.imap_unordered(_judge, [(case, times) for case in cases]))
        return Summary(results)


@dataclasses.dataclass
class Outcome:
    seen: bool  # it came by the site
    wrong: str = ""
    refused: bool = False  # it said what was amiss, and did not start
    careless: bool = False  # a library crashed, or it can't really be


class Summary:
    def __init__(self, outcomes):
        self.count = len(outcomes)
        self.seen = sum(o.seen for o in outcomes)
        self.refused = sum(o.refused for o in outcomes)
        self.careless = sum(o.careless for o in outcomes)
        self.wrong = [o.wrong for o in outcomes if o.wrong]

    def __str__(self):
        return (f"{self.count} tried, {self.seen} failed as told, {self.refused} of these at the start with a word, "
                f"{self.careless} crashed a library or can't be, {len(self.wrong)} wrong")


_torture = None


def _judge(arguments):
    return _torture.judge(*arguments)
