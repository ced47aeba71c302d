"""Links that somebody planted where dnsfwd writes lead it nowhere (A56): what they point to stays as it is."""

import stat

import pytest
from cachecase import cached, learn
from testserver import wait_for

HOST = "dns.planted.test"


@pytest.fixture
def victim(tmp_path):
    path = tmp_path / "victim"
    path.write_text("precious\n")
    return path


def untouched(victim):
    return victim.read_text() == "precious\n" and stat.S_IMODE(victim.stat().st_mode) & 0o700


@pytest.mark.parametrize("suffix", ["", ".new"])
def test_cache_snapshot(start, server, tmp_path, victim, suffix):
    (tmp_path / f"cache{suffix}").symlink_to(victim)
    fwd = cached(start, server, cache_snapshot=str(tmp_path / "cache"))
    learn(fwd, server, "a.test")
    fwd.end()
    assert untouched(victim)
    assert not (tmp_path / "cache").is_symlink()


@pytest.mark.parametrize("suffix", ["", ".new"])
def test_last_good_addresses(start, start_server, tmp_path, victim, suffix):
    state = tmp_path / "state"
    state.mkdir()
    (state / f"addresses{suffix}").symlink_to(victim)
    upstream = start_server()
    boot = start_server(tls=0, udp=1, rules=[])
    port = upstream.tls[0].port
    fwd = start(
        f"tls://a-127-0-0-1.{HOST}:{port}#resolver.test",
        {
            "bootstrap": [f"127.0.0.1:{boot.udp[0].port}"],
            "state-dir": str(state),
            "tls-cert-bundle": upstream.ca,
        },
    )
    wait_for(lambda: fwd.ask("a.test").rcode() == 0, what="an answer")
    wait_for(lambda: (state / "addresses").is_file() and not (state / "addresses").is_symlink(), 20, "the file of addresses")
    assert HOST in (state / "addresses").read_text()
    fwd.end()
    assert untouched(victim)
