"""The cache over a restart: what is kept, and what is never believed."""

import os
import stat

import pytest
from cachecase import cached, hit, learn, right, ttls


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache"


def once(start, server, path, names=()):
    """A life of a dnsfwd; what it learns it leaves behind."""
    fwd = cached(start, server, cache_snapshot=str(path))
    for name in names:
        learn(fwd, server, name)
    fwd.end()
    return fwd


def again(start, server, path):
    return cached(start, server, cache_snapshot=str(path))


def test_over_a_restart(start, server, path):
    names = [f"n{i}.test" for i in range(30)]
    once(start, server, path, names)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and not os.path.exists(f"{path}.new")
    fwd = again(start, server, path)
    fwd.wait_log(r"cache-snapshot \S+: 30 answers read")
    for name in names:
        reply = hit(fwd, server, name)
        assert right(reply, name) and ttls(reply)[0] <= 300


def test_off_by_default(start, server, tmp_path):
    fwd = cached(start, server, state_dir=str(tmp_path))
    learn(fwd, server, "private.name.test")
    fwd.end()
    assert not any(b"private" in f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())


def test_the_first_start(start, server, path):
    fwd = again(start, server, path)
    learn(fwd, server, "a.test")
    assert "cache-snapshot" not in fwd.log_text()


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


DAMAGES = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "one octet less": lambda data: data[:-1],
    "one octet more": lambda data: data + b"x",
    "another version": lambda data: b"dnsfwdC0" + data[8:],
    "a bit in the time": lambda data: flipped(data, 15),
    "a bit in a length": lambda data: flipped(data, 19),
    "a bit in an answer": lambda data: flipped(data, 60),
    "a bit in the sum": lambda data: flipped(data, len(data) - 1),
    "zeros": lambda data: bytes(len(data)),
    "something else": lambda data: os.urandom(5000),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged(start, server, path, how):
    """Said so, started empty, and written anew at the end."""
    once(start, server, path, ["a.test", "b.test"])
    path.write_bytes(DAMAGES[how](path.read_bytes()))
    fwd = again(start, server, path)
    fwd.wait_log(r"warning cache-snapshot \S+: .*; the cache starts empty")
    learn(fwd, server, "a.test")
    fwd.end()
    hit(again(start, server, path), server, "a.test")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write(start, server, path, mode):
    """Whoever can write it could answer for any name."""
    once(start, server, path, ["a.test"])
    path.chmod(mode)
    fwd = again(start, server, path)
    fwd.wait_log(r"cache-snapshot \S+: not a file that only its owner can write")
    learn(fwd, server, "a.test")


@pytest.mark.parametrize("what", ["folder", "fifo", "link"])
def test_no_file(start, server, path, what):
    """Whatever stands there: it starts, and at once."""
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    fwd = again(start, server, path)
    fwd.wait_log(r"warning cache-snapshot .*; the cache starts empty")
    learn(fwd, server, "a.test")
    fwd.end()
    assert ("it was not written" in fwd.log_text()) == (what == "folder")


def test_no_room_for_it(start, server, tmp_path):
    fwd = once(start, server, tmp_path / "no" / "cache", ["a.test"])
    assert "it was not written" in fwd.log_text()


def test_another_group(start, server, start_server, path):
    """Answers of one upstream are none of another."""
    once(start, server, path, ["a.test"])
    other = start_server()
    learn(again(start, other, path), other, "a.test")


def test_zones_in_clear(start, start_server, path):
    """What they answered belongs to the network that we were on."""
    server = start_server(udp=1)
    zone = {"name": "corp.test", "forward": [f"udp://127.0.0.1:{server.udp[0].port}"]}
    for _ in range(2):
        fwd = cached(start, server, cache_snapshot=str(path), zone=[zone])
        learn(fwd, server, "a.corp.test")
        hit(fwd, server, "a.corp.test")
        fwd.ask("b.test")
        fwd.end()
        assert b"corp" not in path.read_bytes()
    assert server.count("b.test") == 1


def test_opportunistic(start, server, path):
    """An answer of somebody who was not authenticated is not written either."""
    upstream = {"server": server, "profile": "opportunistic"}
    for name, asked in (("other.test", 2), ("resolver.test", 1)):
        server.reset()
        path.unlink(missing_ok=True)
        for _ in range(2):
            fwd = cached(start, upstream | {"auth-name": name}, cache_snapshot=str(path))
            fwd.ask("a.test")
            fwd.end()
        assert server.count("a.test") == asked
