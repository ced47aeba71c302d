"""Names are private, and what stands in them can't forge a line (A54, A70)."""

import os
import pathlib
import re
import threading

import pytest
import wire
from conftest import warm
from daemon import Dnsfwd
from load import load
from testserver import wait_for

HOSTILE = [
    b"line\nfeed",
    b"cr\r\nlf 2026-01-01T00:00:00.000Z error forged",
    b"\x1b[2J\x1b]0;title\x07",
    b"%n%s%x%p%n",
    b"<script>alert(1)</script>",
    b'"} 1\n# HELP',
    b"nul\0inside",
    b"\xff\xfe\x80\x9b",
    b"\\010.\\",
    b" leading and trailing ",
    bytes(range(0, 63)),
    bytes(range(193, 256)),
]
PLAIN = re.compile(r"[\x20-\x7e]*")


def named(label, last=b"hostile"):
    return b"%c%s%c%s\4test\0" % (len(label), label, len(last), last)


def ask_all(fwd, flags=wire.RD, tcp=True, last=b"hostile"):
    for label in HOSTILE:
        for transport in ("udp", "tcp") if tcp else ("udp",):
            assert fwd.ask_wire(wire.header(flags) + named(label, last) + b"\0\1\0\1", transport)


def test_hostile_names_make_one_clean_line_each(server, start):
    fwd = warm(start(server, {"log-queries": True, "log-level": "debug", "query-timeout": "300ms"}))
    fwd.ask("marker-1.test")
    fwd.wait_log(r"query marker-1\.test")
    since = len(fwd.log())
    ask_all(fwd)  # answered
    ask_all(fwd, flags=0)  # refused by ourselves
    server.rule("name=*.late.test none")
    ask_all(fwd, tcp=False, last=b"late")  # SERVFAIL at the deadline
    fwd.ask("marker-2.test")
    fwd.wait_log(r"query marker-2\.test")
    lines = fwd.log()[since:]
    assert all(PLAIN.fullmatch(line) for line in lines)
    queries = [line for line in lines if " query " in line]
    assert len(queries) == 5 * len(HOSTILE) + 1
    # Silence puts the session in doubt: the rest tells of that.
    assert all(re.match(r"\d{4}-\d\d-\d\dT\S+Z \w+ (query \S|upstream tls://127\.)", line) for line in lines)
    assert all(re.search(r" A from 127\.0\.0\.1:\d+ (udp|tcp): ", line) for line in queries)


def test_names_are_written_so_that_they_can_be_read_back(server, start):
    """RFC 1035 5.1: dots and backslashes inside a label, and octets by their number."""
    fwd = start(server, {"log-queries": True})
    fwd.ask_wire(wire.header() + named(b"a.b\\c\xff\n") + b"\0\1\0\1")
    assert fwd.wait_log(r"query (\S+) A from")[1] == r"a\.b\\c\255\010.hostile.test."


def test_longest_name_fits_its_line(server, start):
    fwd = start(server, {"log-queries": True})
    raw = (b"\x3f" + b"\xff" * 63) * 3 + b"\x3d" + b"\0" * 61 + b"\0"
    fwd.ask_wire(wire.header() + raw + b"\0\1\0\1")
    line = fwd.wait_log(r"query .*: NOERROR.*").group()
    assert line.count(r"\255") == 189 and line.count(r"\000") == 61 and "received=" in line


@pytest.mark.parametrize("verbose", [True, False])
@pytest.mark.clock
def test_no_name_in_the_log_unless_asked_for(server, start, verbose):
    """1,000 answered, some that fail in each way there is: not even at debug a name, or an address of a client."""
    fwd = warm(start(server, {"query-timeout": "2s"}, args=["-v"] if verbose else []))
    server.rule("name=*.never.secret.test none")
    server.rule("name=*.bad.secret.test trailing")
    server.rule("name=*.wrong.secret.test wrong-name")
    server.rule("name=*.cut.secret.test cut=half")
    load(fwd, 1000, window=100, name=lambda i: f"s{i}.secret.test").check()
    kinds = ("never", "bad", "wrong", "cut")
    failed = load(fwd, 20, name=lambda i: f"x{i // 4}.{kinds[i % 4]}.secret.test").failed
    assert failed[wire.SERVFAIL] >= 10
    for flags in (0, wire.RD):
        fwd.ask_wire(wire.query("bad-class.secret.test", rrclass=3, flags=flags), "tcp")
    fwd.ask_wire(wire.header() + wire.question("trailing.secret.test") + b"x", "tcp")
    server.closeall("rst")
    fwd.ask("after.secret.test")
    fwd.stats()
    fwd.process.terminate()
    assert fwd.wait_end() == 0
    text = fwd.log_text().lower()
    assert "secret" not in text and "from 127.0.0.1" not in text
    assert "ready:" in text and "statistics:" in text


def test_names_stand_in_no_file(server, start, tmp_path):
    """1,000 of them at the default level, good ones and bad ones: afterwards no file that it could write has one."""
    state = tmp_path / "state"
    state.mkdir()
    options = {"state-dir": str(state), "cache-size": "1M", "query-timeout": "2s"}
    fwd = start(server, options, env={"TMPDIR": str(tmp_path)})
    server.rule("name=*.never.secret.test none")
    load(fwd, 1000, window=100, name=lambda i: f"s{i}.secret.test").check()
    assert load(fwd, 5, name=lambda i: f"x{i}.never.secret.test").failed == {wire.SERVFAIL: 5}
    open_files = [os.readlink(f"/proc/{fwd.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{fwd.pid}/fd")]
    fwd.end()
    files = [pathlib.Path(f) for f in open_files if f.startswith("/") and os.path.isfile(f)]
    files += [f for folder in (tmp_path, pathlib.Path(fwd.folder)) for f in folder.rglob("*") if f.is_file()]
    assert files and not [f for f in files if b"secret" in f.read_bytes().lower()]
    assert "secret" not in fwd.log_text().lower()


def test_a_line_is_not_written_for_every_query(server, start):
    fwd = warm(start(server, args=["-v"]))
    since = len(fwd.log())
    load(fwd, 2000, window=100).check()
    fwd.stats()
    assert len(fwd.log()) - since <= 10


def test_reasons_of_the_upstream_are_cleaned(server, start):
    """Their text reaches clients and the log without control octets."""
    fwd = start(server, {"log-queries": True})
    option = b"\0\x16" + b"\x1b[2J\nforged\0%n\xff<b>"
    server.rule(f"name=ede.test rcode=2 option=15/{option.hex()}")
    reply = wire.raw_options(fwd.ask_wire(wire.query("ede.test", edns=True)))
    assert reply == [(wire.EDE, b"\0\x16upstream: ?[2J?forged?%n?<b>")]
    fwd.wait_log("query ede.test")
    assert all(PLAIN.fullmatch(line) for line in fwd.log())


@pytest.mark.parametrize("level, info, debug", [("error", 0, 0), ("warning", 0, 0), ("info", 1, 0), ("debug", 1, 1)])
def test_levels(server, start, level, info, debug):
    fwd = start(server, {"log-level": level}, wait=False)
    # At "error" the log says nothing of the port, so the kernel is asked.
    fwd.addresses = [("127.0.0.1", wait_for(fwd.find_ports)[0])]
    warm(fwd)
    server.closeall()
    warm(fwd)
    fwd.process.terminate()
    assert fwd.wait_end() == 0
    text = fwd.log_text()
    assert (" info " in text, " debug " in text) == (bool(info), bool(debug))
    assert not re.search(r"Z (error|warning) ", text)


class Unread(Dnsfwd):
    """Nobody reads its log once it is ready, until told to."""

    def __init__(self, *args, **kwargs):
        self.go_on = threading.Event()
        super().__init__(*args, **kwargs)

    def _collect(self, stream):
        lines = [""]
        while " ready: " not in lines[-1]:
            lines.append(stream.readline().decode().rstrip("\n"))
        with self.changed:
            self.lines += lines
            self.changed.notify_all()
        self.go_on.wait(60)
        super()._collect(stream)

    def kill(self):
        self.go_on.set()
        super().kill()


def report(fwd):
    """None where lines of it were dropped, too."""
    try:
        return fwd.stats(timeout=1)
    except TimeoutError:
        return None


def test_a_blocked_log_does_not_block_answers(server):
    """Lines are dropped and counted, queries are answered."""
    with Unread(server, {"log-queries": True}) as fwd:
        load(fwd, 3000, window=50).check()
        fwd.go_on.set()
        fwd.wait_log("query q[0-9]+", since=100)
        assert wait_for(lambda: report(fwd))["log_dropped"] > 0


def test_figures_of_each_upstream(start, start_server):
    """What SIGUSR1 says of each, beside the sums."""
    servers = [start_server(), start_server()]
    servers[0].rule("rcode=SERVFAIL")
    fwd = start(servers)
    for i in range(3):
        assert fwd.ask(f"n{i}.test").rcode() == wire.NOERROR
    sums = fwd.stats()
    lines = [line.split("figures of upstream ", 1)[1] for line in fwd.log() if "figures of upstream " in line]
    assert len(lines) == 2 and lines[0] != lines[1]
    figures = [dict(re.findall(r"(\w+)=(\d+)", line)) for line in lines]
    for name in ("upstream_queries", "upstream_answers", "handshakes_full", "upstream_cookies"):
        assert all(int(f[name]) > 0 for f in figures), name
        assert sum(int(f[name]) for f in figures) == sums[name], name
