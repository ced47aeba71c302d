"""`make run`, as somebody does it who has just cloned: it answers, and leaves nothing behind."""

import os
import pathlib
import re
import signal
import subprocess

import pytest
from daemon import BINARY, SANITIZED
from ports import free_port
from testserver import TIMEOUT, wait_for

TOP = pathlib.Path(__file__).resolve().parents[2]


def child_with(pid, word):
    """The command line of the child that has such a word."""
    for line in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = pathlib.Path(f"/proc/{line}/cmdline").read_bytes().decode().split("\0")
        if any(w.endswith(word) for w in words):
            return words
    return None


@pytest.mark.skipif(SANITIZED or BINARY.name != "dnsfwd", reason="it is what a user builds")
def test_the_demo(tmp_path):
    port = free_port()
    env = {**os.environ, "LISTEN": f"127.0.0.1:{port}", "TMPDIR": str(tmp_path)}
    with open(tmp_path / "said", "w+") as said, subprocess.Popen(
        [TOP / "tests/run.sh", BINARY.parent], cwd=TOP, env=env, stdout=said, stderr=said, start_new_session=True
    ) as demo:
        try:
            wait_for(lambda: "stays up" in (tmp_path / "said").read_text() or demo.poll() is not None, 60, "the demo")
            text = (tmp_path / "said").read_text()
            assert demo.poll() is None and f"dig @127.0.0.1 -p {port} example.com" in text and "octets, padded" in text, text
            config = pathlib.Path(child_with(demo.pid, "/dnsfwd.conf")[2])
            folder = config.parent
            assert folder.parent == tmp_path
            for option in ("state-dir", "control"):
                assert re.search(rf'^{option} = "{folder}(/|")', config.read_text(), re.M), option
            look = re.search(r"Look into it:  (\S+) -s (\S+) status", text)
            done = subprocess.run([look[1], "-s", look[2], "status"], capture_output=True, text=True, timeout=TIMEOUT)
            assert done.returncode == 0 and "healthy" in done.stdout, done.stderr
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(TIMEOUT)
    assert not folder.exists() and demo.returncode == 0
