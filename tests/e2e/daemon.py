"""dnsfwd for e2e tests: write its configuration, start it, ask it, look at it from outside, end it.

    with TestServer() as server, Dnsfwd(server, {"query-timeout": "1s"}) as fwd:
        reply = fwd.ask("a.test")
        assert fwd.stats()["upstream_queries"] == 1

Nothing here sleeps to wait for something: the log says when it listens, and wait_for() asks until a
condition holds.  stop() is a check too: exit status 0 and no word from a sanitizer.
"""

import functools
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import clockfile
import dns.message
import folders
import machine
from testserver import TIMEOUT, TestServer, wait_for

HERE = pathlib.Path(__file__).resolve().parent
BINARY = pathlib.Path(os.environ.get("DNSFWD") or HERE.parents[1] / "build/dnsfwd")
CTL = pathlib.Path(os.environ.get("DNSFWDCTL") or BINARY.with_name("dnsfwdctl"))
QUERY_TIMEOUT = "20s"  # where the deadline is not what is tested: a machine may stand still for seconds
# The names that tests ask for stand below test., which is no business of an upstream (RFC 6761), and what this
# machine's hosts file says is no business of the tests.
NO_NAMES_OF_ITS_OWN = {"special-names": False, "hosts": []}
ASK_LIMIT = 4.5  # a reply is no later than by the program's own default of 4 s, but for what the machine took
SANITIZED = b"__asan_init" in BINARY.read_bytes() if BINARY.exists() else False
SO_RCVBUFFORCE = 33  # beyond the system's limit, for root only
LISTENING = re.compile(r"listening on (\S+) (?:udp\+tcp|udp|tcp)\b")
SANITIZER = re.compile(r"Sanitizer|runtime error")


def spell(value):
    """A value in the syntax of the configuration; a dictionary is a group, a list of them a list."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, dict):
        return "{ " + " ".join(f"{k} = {spell(v)};" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(spell(v) for v in value)
        return f"( {inner} )" if value and isinstance(value[0], dict) else f"[ {inner} ]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def config_text(options):
    return "".join(f"{name} = {spell(value)}\n" for name, value in options.items())


def server_of(upstream):
    return upstream if isinstance(upstream, TestServer) else upstream.get("server")


def long_form(upstream, name):
    """The group of an upstream: what a dictionary leaves out comes from its "server" """
    options = {} if isinstance(upstream, TestServer) else {k: v for k, v in upstream.items() if k != "server"}
    filled = {"name": name, "auth-name": "resolver.test"}
    if server := server_of(upstream):
        port = server.tls[0].port
        hosts = [a.host for a in server.tls if a.port == port]
        filled.update({"address": hosts if len(hosts) > 1 else hosts[0], "port": port})
    return {**filled, **options}


def run(*args, timeout=TIMEOUT, env=None, binary=BINARY, **kwargs):
    """The program run to its end: CompletedProcess with texts."""
    done = subprocess.run(
        [str(binary), *map(str, args)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        env={**os.environ, **(env or {})},
        **kwargs,
    )
    assert not SANITIZER.search(done.stderr), done.stderr
    return done


@functools.cache
def is_built_with(option):
    return f" {option}=1" in run("-V").stdout


class Dnsfwd:
    """A running dnsfwd.

    upstream   a TestServer (its first TLS listener is asked and its CA trusted), a dictionary for the long form
               of an upstream (address, port and auth-name are filled in where `server` is given), a spelling,
               or a list of TestServers and dictionaries (with their "server"): a group, all in the long form
    options    more of the configuration; None takes one out (query-timeout is QUERY_TIMEOUT, cache-size 0 where nothing
               is said, as most tests count what goes upstream, state-dir "", NO_NAMES_OF_ITS_OWN); "control": True
               is a socket in its folder, and none is there where nothing is said
    server     the TestServer behind a dictionary or spelling
    args       more of the command line; config False: no file, all is in args
    passed     sockets (or whatever has a fileno) to pass as a service manager does; they stay open here
    wait       until it is ready
    netns      a netns.Namespace to run in; it is asked from inside, too
    clock      a clockfile.ClockFile to go by: the program built with the test clock
    command    what is run instead: the program by way of another one
    """

    def __init__(
        self,
        upstream=None,
        options=None,
        args=(),
        env=None,
        server=None,
        config=True,
        preexec=None,
        wait=True,
        passed=None,
        netns=None,
        clock=None,
        command=None,
    ):
        self.folder = folders.make("e2e")
        self.lines, self.changed = [], threading.Condition()
        self.ended = False  # nothing more comes from stderr
        self.process = None
        self.addresses = []
        try:
            self.netns = netns
            self.sniffer = netns.sniffer if netns else None
            if netns:
                netns.daemons.append(self)
            binary = clockfile.binary_of(BINARY) if clock else BINARY
            env = {**(env or {}), **(clock.env if clock else {})}
            command = command or [*(netns.prefix if netns else []), str(binary)]
            if config:
                self.path = os.path.join(self.folder, "dnsfwd.conf")
                all_of = {"control": "", **self._options(upstream, server, options or {})}
                if all_of["control"] is True:
                    all_of["control"] = self.control = os.path.join(self.folder, "control.sock")
                self.options = all_of
                pathlib.Path(self.path).write_text(config_text(all_of))
                if self.sniffer:
                    self.sniffer.policy.expect(all_of)
                command += ["-c", self.path]
            self._start(command + list(args), env, preexec, [s.fileno() for s in passed or []])
            if wait:
                self.wait_ready()
        except BaseException:
            self.kill()
            raise

    @staticmethod
    def _options(upstream, server, options):
        all_of = {
            "listen": ["127.0.0.1"], "port": 0, "query-timeout": QUERY_TIMEOUT, "cache-size": 0, "state-dir": "",
            **NO_NAMES_OF_ITS_OWN,
        }
        if isinstance(upstream, TestServer):
            server, upstream = upstream, upstream.upstream()
        elif isinstance(upstream, dict):
            upstream = [{"name": "home", "server": server, **upstream}]
        if isinstance(upstream, list):
            server = server or server_of(upstream[0])
            all_of["upstream"] = [long_form(u, f"u{i}") for i, u in enumerate(upstream, 1)]
            all_of["forward"] = [u["name"] for u in all_of["upstream"]]
        elif upstream:
            all_of["forward"] = [upstream]
        if server:
            all_of["tls-cert-bundle"] = server.ca
        all_of.update(options)
        return {name: value for name, value in all_of.items() if value is not None}

    def _start(self, command, env, preexec, passed):
        if passed:
            command = [sys.executable, "-E", "-S", HERE / "activate.py", ",".join(map(str, passed)), *command]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            preexec_fn=preexec,
            pass_fds=passed,
        )
        self.pid = self.process.pid
        machine.watch(self.pid)
        self._reader = threading.Thread(target=self._collect, args=(self.process.stderr,), daemon=True)
        self._reader.start()

    def _collect(self, stream):
        with stream:
            for line in stream:
                with self.changed:
                    self.lines.append(line.decode("latin-1").rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if exc[0] is None:
            self.stop()
        else:
            self.kill()

    # -- the log ----------------------------------------------------------------

    def log(self):
        """The lines so far."""
        with self.changed:
            return list(self.lines)

    def log_text(self):
        return "\n".join(self.log())

    def wait_log(self, pattern, since=0, timeout=TIMEOUT):
        """The first line from `since` on in which the pattern is found, as a match."""
        pattern = re.compile(pattern)
        deadline = time.monotonic() + timeout
        at = since
        with self.changed:
            while True:
                for line in self.lines[at:]:
                    if found := pattern.search(line):
                        return found
                at = len(self.lines)
                left = deadline - time.monotonic()
                if self.ended or left <= 0:
                    raise TimeoutError(f"no {pattern.pattern!r} in the log:\n" + "\n".join(self.lines))
                self.changed.wait(left)

    def wait_ready(self, timeout=TIMEOUT):
        self.wait_log(r" ready: ", timeout=timeout)
        self.addresses = []
        for line in self.log():
            if found := LISTENING.search(line):
                host, port = found[1].rsplit(":", 1)
                self.addresses.append((host.strip("[]"), int(port)))
        if self.sniffer:
            self.sniffer.policy.listening(self.addresses)

    def find_ports(self):
        """The UDP ports it has, where its log does not tell."""
        inodes = set()
        for fd in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(f"/proc/{self.pid}/fd/{fd}")))
            except OSError:
                pass
        rows = [line.split() for line in pathlib.Path(f"/proc/{self.pid}/net/udp").read_text().splitlines()[1:]]
        return [int(row[1].split(":")[1], 16) for row in rows if row[9] in inodes]

    @property
    def address(self):
        return self.addresses[0]

    @property
    def port(self):
        return self.addresses[0][1]

    # -- looking at it ------------------------------------------------------------

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stats(self, timeout=TIMEOUT):
        """The figures of a report asked for now."""
        return wait_for(lambda: self._report(timeout), timeout, "a report of all workers")

    def _report(self, timeout):
        """None where a worker did not answer within a second, as the machine held it up: its figures are missing."""
        since = len(self.log())
        os.kill(self.pid, signal.SIGUSR1)
        self.wait_log(r"statistics: .*\btimeouts=", since, timeout)
        report = {}
        for line in self.log()[since:]:
            if " workers do not answer; these are without them" in line:
                return None
            if " statistics: " in line:
                report.update((k, int(v)) for k, v in re.findall(r"(\w+)=(\d+)", line))
        return report

    def wait_stat(self, name, at_least, timeout=TIMEOUT):
        return wait_for(lambda: self.stats()[name] >= at_least, timeout, f"{name} >= {at_least}")

    def rss(self):
        """Octets of memory in use."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024

    def cpu(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def tcp_states(self):
        """State -> number of TCP sockets on our listening port that have a peer ("08" is CLOSE_WAIT)."""
        states = {}
        for line in pathlib.Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == self.port and fields[3] != "0A":
                states[fields[3]] = states.get(fields[3], 0) + 1
        return states

    # -- the control tool ----------------------------------------------------------

    def ctl(self, *words, timeout=TIMEOUT, **kwargs):
        """dnsfwdctl run to its end, on our socket: CompletedProcess with texts."""
        return run("-s", self.control, *words, timeout=timeout, binary=CTL, **kwargs)

    def ctl_json(self, *words):
        """The one line of JSON that a command answers; figures are of all workers, as those of stats()."""
        return wait_for(lambda: self._ctl_json(*words), what="the figures of all workers")

    def _ctl_json(self, *words):
        done = self.ctl("--json", *words)
        assert done.stderr == "" and done.stdout.count("\n") == 1, done
        answer = json.loads(done.stdout)
        return answer if answer.get("workers_heard") == answer.get("workers") or "workers_heard" not in answer else None

    # -- asking it ------------------------------------------------------------------

    def socket(self, *args):
        """One that can reach it."""
        return self.netns.socket(*args) if self.netns else socket.socket(*args)

    def udp_socket(self, source=None, address=None):
        """Connected, with a time limit."""
        host, port = address or self.address
        s = self.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(TIMEOUT)
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE if os.geteuid() == 0 else socket.SO_RCVBUF, 8 << 20)
        if source:
            s.bind((source, 0))
        s.connect((host, port))
        return s

    def tcp(self, source=None, address=None, timeout=TIMEOUT, buffers=None):
        return Stream(address or self.address, source, timeout, buffers, self.socket)

    def ask_wire(self, wire, transport="udp", source=None, timeout=TIMEOUT):
        """The octets of the one reply; None where there is none within the time."""
        if transport == "tcp":
            with self.tcp(source, timeout=timeout) as stream:
                stream.send(wire)
                return stream.receive()
        with self.udp_socket(source) as s:
            s.settimeout(timeout)
            s.send(wire)
            try:
                return s.recv(65535)
            except TimeoutError:
                return None

    def ask(self, name, rrtype="A", transport="udp", source=None, timeout=TIMEOUT, **options):
        """As a message; options are those of dns.message.make_query, or name is a whole message."""
        query = name
        if not isinstance(query, dns.message.Message):
            query = dns.message.make_query(name, rrtype, **{"use_edns": 0, **options})
        watch = machine.Stopwatch()
        wire = self.ask_wire(query.to_wire(), transport, source, timeout)
        own = watch.own()
        assert own < ASK_LIMIT, f"{own:.1f} s for {query.question} over {transport}\n{self.log_text()}"
        assert wire is not None, f"no reply to {query.question} over {transport}\n{self.log_text()}"
        reply = dns.message.from_wire(wire)
        assert reply.id == query.id
        return reply

    # -- reload -------------------------------------------------------------------------

    def write_config(self, changes):
        """The configuration in use with these options changed (None: taken out), as its file."""
        self.options = {k: v for k, v in {**self.options, **changes}.items() if v is not None}
        fresh = pathlib.Path(self.path + ".new")
        fresh.write_text(config_text(self.options))
        os.rename(fresh, self.path)

    def hang_up(self):
        """SIGHUP; whether the configuration was taken, and the lines of the log about it."""
        since = len(self.log())
        os.kill(self.pid, signal.SIGHUP)
        end = self.wait_log(r" reloaded: | reload: the configuration is not changed", since)
        return "reloaded" in end[0], self.log()[since:]

    def reload(self, changes):
        """With these options changed; that is taken."""
        self.write_config(changes)
        taken, lines = self.hang_up()
        assert taken, "\n".join(lines)
        return lines

    # -- its end ----------------------------------------------------------------------

    def wait_end(self, timeout=TIMEOUT):
        """Exit status; the log is complete then."""
        machine.forget(self.pid)
        status = self.process.wait(timeout)
        self._reader.join(timeout)
        return status

    def stop(self, timeout=TIMEOUT):
        """Ends it in good order and checks that it does."""
        try:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
            status = self.wait_end(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.wait_end()
            status = "nothing: it did not end on SIGTERM"
        text = self.log_text()
        self._clean()
        assert status == 0, f"dnsfwd ended with {status}:\n{text[-20000:]}"
        assert not SANITIZER.search(text), text

    def end(self):
        """In good order if it can; stop() judges how it was."""
        if self.alive():
            self.process.terminate()
            try:
                self.wait_end()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.wait_end()

    def kill(self):
        """Without any check."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.wait_end()
        self._clean()

    def _clean(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Stream:
    """A TCP client that frames messages.  buffers: octets that the kernel may keep for it in each direction."""

    def __init__(self, address, source=None, timeout=TIMEOUT, buffers=None, new_socket=socket.socket):
        self.socket = new_socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if buffers:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._data = b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def write(self, data):
        self.socket.sendall(data)

    def send(self, *messages):
        self.write(b"".join(struct.pack("!H", len(m)) + m for m in messages))

    def shutdown(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _fill(self, n):
        while len(self._data) < n:
            chunk = self.socket.recv(max(65536, n - len(self._data)))
            if not chunk:
                return False
            self._data += chunk
        return True

    def receive(self):
        """One message; None at the end of the stream."""
        if not self._fill(2):
            assert not self._data, f"the stream ends inside a prefix: {self._data!r}"
            return None
        length = struct.unpack_from("!H", self._data)[0]
        assert self._fill(2 + length), "the stream ends inside a message"
        message, self._data = self._data[2 : 2 + length], self._data[2 + length :]
        return message

    def receive_all(self):
        """Up to the end of the stream, which may be a reset where unread input was left behind."""
        messages = []
        try:
            while (message := self.receive()) is not None:
                messages.append(message)
        except ConnectionResetError:
            pass
        return messages

    def closed(self, timeout=TIMEOUT):
        """Whether the peer closes within the time and says nothing before."""
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def open(self):
        """Whether the peer has neither closed nor said anything up to now."""
        poll = select.poll()  # select() knows no descriptor above 1023
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)
