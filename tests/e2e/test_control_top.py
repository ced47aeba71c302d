"""top: the live view in a terminal of our own (pty), and --once for scripts."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from conftest import warm
from daemon import CTL, TIMEOUT
from testserver import wait_for

ENV = {"TERM": "xterm", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}


@pytest.fixture
def fwd(server, start):
    return warm(start(server, {"control": True}))


class Terminal:
    """dnsfwdctl in a terminal of so many columns and lines; screen() is what stands there now."""

    def __init__(self, fwd, *words, columns=80, lines=24, env=None):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.resize(columns, lines, tell=False)
        self.process = subprocess.Popen(
            [CTL, "-s", fwd.control, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**ENV, **(env or {})},
            start_new_session=True,
        )
        self.text = ""

    def resize(self, columns, lines, tell=True):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if tell:
            self.process.send_signal(signal.SIGWINCH)

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.text += os.read(self.master, 65536).decode()
            except OSError:  # nobody is at the other end any more
                break
        return self.text

    def screen(self):
        """The last page that was drawn as a whole, as lines without colours."""
        pages = self.read().split("\033[H")
        page = next((p for p in reversed(pages[1:]) if "\033[J" in p), "")
        return re.sub(r"\033\[[0-9;?]*[A-Za-z]", "", page.split("\033[J")[0]).replace("\r", "").splitlines()

    def wait(self, condition, what):
        return wait_for(lambda: condition(self.screen()), what=what)

    def key(self, text):
        os.write(self.master, text.encode())

    def end(self):
        status = self.process.wait(TIMEOUT)
        self.read()
        os.close(self.slave)
        os.close(self.master)
        return status


def row(screen, word):
    return next((line for line in screen if line.startswith(word)), "")


def test_it_lives_and_quits(fwd):
    t = Terminal(fwd, "top", "-d", "0.2")
    t.wait(lambda s: s and " is healthy: up for " in s[0], "a first page")
    deadline = time.monotonic() + TIMEOUT
    while not re.match(r"queries +[1-9]", row(t.screen(), "queries")):
        fwd.ask("busy.test")
        assert time.monotonic() < deadline, t.screen()
    assert "tls://" in row(t.screen(), "tls://") and " up " in row(t.screen(), "tls://")
    t.wait(lambda s: any("█" in line for line in s), "a bar as high as can be")
    t.key("q")
    assert t.process.wait(TIMEOUT) == 0
    after = termios.tcgetattr(t.slave)
    assert after[:4] == t.before[:4]
    t.end()
    assert "\033[?1049h" in t.text and t.text.endswith("\033[?25h\033[?1049l")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_leave_the_terminal_as_it_was(fwd, number):
    t = Terminal(fwd, "top")
    t.wait(bool, "a first page")
    t.process.send_signal(number)
    assert t.end() == 0
    assert t.text.endswith("\033[?25h\033[?1049l")


def test_the_window_changes(fwd):
    t = Terminal(fwd, "top", "-d", "3000", columns=200, lines=50)
    t.wait(lambda s: any(line.endswith(" sessions") for line in s), "a wide page")
    t.resize(40, 5)
    t.wait(lambda s: s and len(s) <= 4 and max(map(len, s)) <= 40, "a small page")
    t.resize(200, 50)
    t.wait(lambda s: len(s) > 5, "a large one again")
    t.key("q")
    assert t.end() == 0


def test_plain_terminals(fwd):
    t = Terminal(fwd, "top", env={"LC_ALL": "C", "NO_COLOR": "1"})
    t.wait(bool, "a first page")
    assert "\033[1" not in t.read().replace("\033[?1049h", "") and t.text.isascii()
    t.key("q")
    assert t.end() == 0


def test_dnsfwd_goes_and_comes(server, start, fwd):
    t = Terminal(fwd, "top", "-d", "0.2")
    t.wait(bool, "a first page")
    path = fwd.control
    fwd.end()
    t.wait(lambda s: s and "not running" in s[0], "that it has gone")
    again = start(server, {"control": path})
    t.wait(lambda s: s and " is " in s[0] and "up for" in s[0], "that it is back")
    t.key("q")
    assert t.end() == 0
    again.end()


def test_once(fwd):
    done = fwd.ctl("top", "--once", "-d", "0.1")
    assert done.returncode == 0 and done.stdout.startswith("dnsfwd ") and "\033" not in done.stdout
    assert re.search(r"^queries +0\.0/s   1 in all, 0 under way$", done.stdout, re.M)


@pytest.mark.parametrize("words", [("top",), ("top", "--json"), ("top", "--once", "-d", "x"), ("top", "-d"), ("top", "x")])
def test_what_it_cannot_do(fwd, words):
    done = fwd.ctl(*words)
    assert done.returncode == 2 and done.stderr.startswith("dnsfwdctl: top: ")


def test_not_running(tmp_path):
    done = subprocess.run([CTL, "-s", tmp_path / "none", "top", "--once"], capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 3 and "is not running" in done.stderr
