"""Memory on a router: a cache of 2 MB that is full, 50 clients, the CAs of a system.  Run by tests/package/test_small.py."""

import contextlib
import pathlib
import re

import pytest
from conftest import addresses
from load import load
from testserver import expected_a

STORE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
CLIENTS = 50
# Resident octets between handshakes; and those of its own, as what libraries take depends on whose they are.
BOUND, OWN_BOUND = 8_000_000, 5_000_000
FREED_S = 120  # trust anchors go a minute after the last handshake


@pytest.fixture
def bundle(server, tmp_path):
    """What Debian trusts, and the test server's own."""
    if not STORE.exists():
        pytest.skip(f"{STORE} is missing (ca-certificates)")
    path = tmp_path / "bundle.pem"
    path.write_text(STORE.read_text() + pathlib.Path(server.ca).read_text())
    return path


def figures(fwd):
    text = pathlib.Path(f"/proc/{fwd.pid}/status").read_text()
    return {name: int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) * 1024 for name in ("VmHWM", "VmRSS", "RssAnon", "RssFile")}


@pytest.mark.long
def test_memory(start, server, bundle):
    fwd = start(server, {"cache-size": "2M", "tls-cert-bundle": str(bundle), "tcp-idle-timeout": "1h",
                         "log-level": "debug"})
    count = bundle.read_text().count("BEGIN CERTIFICATE")
    fwd.ask("first.test")
    print(f"\n{count} CAs, after the handshake: {figures(fwd)}")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(fwd.tcp(source=f"127.0.0.{n + 2}")) for n in range(CLIENTS)]
        load(fwd, 20_000, window=CLIENTS).check()  # more than the cache has room for
        for n, client in enumerate(clients):
            name = f"client{n}.test"
            assert addresses(fwd.ask(name, source=f"127.0.0.{n + 2}")) == [expected_a(name)]
            assert client.open()
        print(f"50 clients, the cache is full: {figures(fwd)}")
        fwd.wait_log(r"trust anchors of .* freed", timeout=FREED_S)
        after = figures(fwd)
        print(f"between handshakes: {after}")
        assert all(client.open() for client in clients)
        assert addresses(fwd.ask("after.test")) == [expected_a("after.test")]
        later = figures(fwd)
        print(f"and one query later: {later}")
    assert fwd.stats()["cache_evicted"] > 0
    assert after["RssAnon"] <= OWN_BOUND
    assert after["VmRSS"] <= BOUND and later["VmRSS"] <= BOUND
