"""Figures over HTTP: right numbers, nothing private, and a server that stays small whatever is sent to it."""

import os
import pathlib
import shutil
import socket
import stat
import subprocess
import time

import pytest
import wire
from conftest import addresses, check_alive, warm
from daemon import config_text, run
from testserver import TIMEOUT, expected_a, wait_for
from webcase import Web

HTTP = {"metrics": "127.0.0.1:0"}
SECRET = "a-name-that-nobody-may-see.test"


@pytest.fixture
def web(server, start):
    fwd = start({"name": "home", "server": server}, {**HTTP, "cache-size": "1M"})
    web = Web(fwd)
    web.fwd = fwd
    return web


# -- figures ------------------------------------------------------------------------


def test_figures(web, server):
    fwd = web.fwd
    server.rule("name=broken.test rcode=SERVFAIL")
    for name in ("a.test", "a.test", "b.test", "x.nx.test"):
        fwd.ask(name)
    fwd.ask("c.test", transport="tcp")
    assert fwd.ask("broken.test").rcode() == wire.SERVFAIL
    m = web.metrics()
    assert m.one("dnsfwd_queries_total", proto="udp", family="ipv4") == 5
    assert m.one("dnsfwd_queries_total", proto="tcp", family="ipv4") == 1
    assert m.sum("dnsfwd_queries_total") == 6
    assert m.one("dnsfwd_responses_total", rcode="NOERROR") == 4
    assert m.one("dnsfwd_responses_total", rcode="NXDOMAIN") == 1
    assert m.one("dnsfwd_responses_total", rcode="SERVFAIL") == 1
    assert m.one("dnsfwd_cache_hits_total") == 1 and m.one("dnsfwd_cache_misses_total") == 5
    assert m.one("dnsfwd_cache_entries") >= 4
    up = {"upstream": "home"}
    assert m.one("dnsfwd_upstream_up", **up) == 1
    assert m.one("dnsfwd_upstream_queries_total", **up) == server.stat("queries")
    assert m.one("dnsfwd_upstream_connections", state="ready", **up) == 1
    assert m.one("dnsfwd_tls_handshakes_total", kind="full", result="ok", **up) == 1
    sent = m.one("dnsfwd_upstream_sent_bytes_total", **up)
    assert sent == 128 * server.stat("queries") and 0 < m.one("dnsfwd_padding_bytes_total") < sent
    assert m.one("dnsfwd_healthy") == 1
    expiry = m.one("dnsfwd_upstream_certificate_expiry_timestamp_seconds", **up)
    assert time.time() < expiry < time.time() + 20 * 365 * 86400


def test_histograms(web):
    for i in range(20):
        web.fwd.ask(f"n{i}.test")
        web.fwd.ask(f"n{i}.test")
    m = web.metrics()
    for name, count in (("dnsfwd_response_seconds", 40), ("dnsfwd_upstream_rtt_seconds", 20)):
        buckets = m[name + "_bucket"]
        bounds = sorted((float(dict(k)["le"]), v) for k, v in buckets.items())
        assert [v for _, v in bounds] == sorted(v for _, v in bounds)
        assert bounds[-1] == (float("inf"), count) and m.sum(name + "_count") == count
        assert 0 < m.sum(name + "_sum") < 20 * TIMEOUT
    # What was at hand waited for nothing.
    assert m.one("dnsfwd_response_seconds_bucket", le="0.000064") >= 20
    assert m.sum("dnsfwd_upstream_handshake_seconds_count") == 1


def test_the_same_as_elsewhere(web):
    for i in range(10):
        web.fwd.ask(f"n{i}.test")
    stats, m, page = web.fwd.stats(), web.metrics(), web.get("/status.json").json()
    assert stats["upstream_padding"] == m.one("dnsfwd_padding_bytes_total") == page["privacy"]["padding"]
    assert stats["replies"] == m.sum("dnsfwd_responses_total") == page["totals"]["replies"] == 10
    assert page["upstreams"][0]["queries"] == stats["upstream_queries"]
    assert page["state"] == "healthy" and page["upstreams"][0]["protocol"] == "TLS1.3"


def test_rcodes_of_our_own(web):
    reply = wire.parse(web.fwd.ask_wire(wire.query("version.test", edns=wire.opt(version=1))))
    assert reply.rcode() == 16
    assert web.metrics().one("dnsfwd_responses_total", rcode="BADVERS") == 1


def test_over_ipv6(server, start):
    fwd = start(server, {"listen": ["::1"], "metrics": "[::1]:0"})
    fwd.ask("six.test")
    fwd.ask("six.test", transport="tcp")
    m = Web(fwd).metrics()
    assert m.one("dnsfwd_queries_total", proto="udp", family="ipv6") == 1
    assert m.one("dnsfwd_queries_total", proto="tcp", family="ipv6") == 1
    assert m.sum("dnsfwd_queries_total") == 2


@pytest.mark.parametrize("workers", [1, 3])
def test_all_workers(server, start, workers):
    fwd = start(server, {**HTTP, "workers": workers})
    for i in range(30):
        fwd.ask(f"w{i}.test")
    m = Web(fwd).metrics()
    assert m.sum("dnsfwd_responses_total") == 30 and m.one("dnsfwd_workers_heard") == workers


def test_one_upstream_in_two_zones(server, start):
    """Each series is one upstream, whatever it is called."""
    home = {"name": "home \"x\" \\", "address": "127.0.0.1", "port": server.tls[0].port, "auth-name": "resolver.test"}
    zones = [{"name": z, "forward": [home["name"]]} for z in ("a.test", "b.test")]
    fwd = start(
        options={**HTTP, "upstream": [home], "forward": [home["name"]], "zone": zones, "tls-cert-bundle": server.ca}
    )
    for name in ("x.a.test", "x.b.test", "y.b.test", "else.where"):
        assert fwd.ask(name).rcode() == 0
    m = Web(fwd).metrics()
    escaped = 'home \\"x\\" \\\\'
    assert m.one("dnsfwd_upstream_queries_total", upstream=escaped) == 1
    assert m.one("dnsfwd_upstream_queries_total", upstream=escaped, zone="a.test") == 1
    assert m.one("dnsfwd_upstream_queries_total", upstream=escaped, zone="b.test") == 2


def test_block_lists_and_local_answers(server, start, tmp_path):
    blocked = tmp_path / "list"
    blocked.write_text("ads.example\n")
    fwd = start(server, {**HTTP, "block": [str(blocked)], "record": ["nas.lan A 192.168.1.5"], "special-names": True})
    fwd.ask("ads.example")
    fwd.ask("nas.lan")
    fwd.ask("localhost")
    m = Web(fwd).metrics()
    assert m.one("dnsfwd_blocked_total", list=str(blocked)) == 1
    sources = {dict(k)["source"]: v for k, v in m["dnsfwd_local_responses_total"].items()}
    assert sources == {"records": 1, "special-names": 1, "any-over-udp": 0, "block-lists": 1}


def test_nothing_private(web, server):
    """Neither a name that was asked for nor who asked, in any of the pages."""
    server.rule(f"name=broken-{SECRET} rcode=SERVFAIL")
    server.rule(f"name=silent-{SECRET} none")
    for name in (SECRET, "broken-" + SECRET, SECRET):
        web.fwd.ask(name, source="127.9.8.7")
    web.fwd.ask_wire(wire.query("silent-" + SECRET), source="127.9.8.7", timeout=0.2)
    for path in ("/metrics", "/status.json", "/healthz", "/"):
        text = web.get(path).text
        assert "nobody-may-see" not in text and "127.9.8.7" not in text


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus)")
@pytest.mark.parametrize("cache", [0, "1M"])
def test_promtool(server, start, cache):
    names = ["home", 'b"\\ü', "%s {x=\"y\"} 1"]
    upstreams = [{"server": server, "name": n, "connections": 1, "port": p} for p, n in enumerate(names, server.tls[0].port)]
    fwd = start(upstreams, {**HTTP, "cache-size": cache, "block": ["/dev/null"]})
    fwd.ask("a.test")
    text = Web(fwd).get("/metrics").text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0 and not done.stderr, done.stderr


# -- health --------------------------------------------------------------------------


def test_health(start, start_server):
    server = start_server()
    fwd = start({"name": "home", "server": server}, {**HTTP, "query-timeout": "1s"})
    web = Web(fwd)
    warm(fwd)
    reply = web.get("/healthz")
    assert (reply.status, reply.text) == (200, "healthy\n")
    server.listen(False)
    server.closeall("rst")
    wait_for(lambda: fwd.ask("down.test").rcode() == wire.SERVFAIL, what="an outage")
    reply = web.get("/healthz")
    assert reply.status == 503 and reply.text.startswith("down: ") and "no upstream" in reply.text
    assert web.metrics().one("dnsfwd_healthy") == 0
    assert web.metrics().one("dnsfwd_upstream_up", upstream="home") == 0
    page = web.get("/status.json").json()
    assert page["state"] == "down" and "Connection refused" in page["upstreams"][0]["reason"]
    server.listen(True)
    wait_for(lambda: fwd.ask("up.test").rcode() == 0, what="the end of it")
    assert web.get("/healthz").status == 200


def test_failed_handshakes_are_counted(server, start):
    fwd = start({"auth-name": "other.test", "server": server}, {**HTTP, "query-timeout": "1s"})
    assert fwd.ask("a.test").rcode() == wire.SERVFAIL
    m = Web(fwd).metrics()
    assert m.one("dnsfwd_tls_handshakes_total", upstream="home", kind="unknown", result="failed") >= 1
    assert m.one("dnsfwd_tls_handshakes_total", upstream="home", kind="full", result="ok") == 0


# -- who may ask ---------------------------------------------------------------------

HOSTS = [
    ("localhost", 200),
    ("LocalHost:1", 200),
    ("localhost:{port}", 200),
    ("127.0.0.1", 200),
    ("127.0.0.1:{port}", 200),
    ("127.0.0.1:8080", 200),
    ("evil.example", 421),
    ("evil.example:{port}", 421),
    ("127.0.0.2", 421),
    ("127.0.0.1.evil.example", 421),
    ("localhost.evil.example", 421),
    ("localhost:{port}.evil.example", 421),
    ("localhost:", 421),
    ("localhost:99999999999", 421),
    ("[::1]", 421),
    ("", 421),
    (None, 421),
]


@pytest.mark.parametrize("host, status", HOSTS)
def test_host(web, host, status):
    line = "" if host is None else f"Host: {host.format(port=web.port)}\r\n"
    answer = web.raw(f"GET /metrics HTTP/1.1\r\n{line}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 %d " % status) and (b"dnsfwd_queries" in answer) == (status == 200)


def test_a_host_in_the_request_itself(web):
    answer = web.raw(f"GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost:{web.port}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 421 ")


def test_host_over_ipv6(server, start):
    web = Web(start(server, {"metrics": "[::1]:0"}))
    for host, status in (("[::1]", 200), ("[::1]:1", 200), ("localhost", 200), ("::1", 421), ("127.0.0.1", 421)):
        assert web.raw(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("where", ["0.0.0.0:9953", "[::]:9953", "192.168.1.1:80", "localhost:9953", "metrics.sock"])
def test_elsewhere_is_refused(where):
    done = run("--listen", "127.0.0.1:0", "-t", "-c", "/dev/stdin", input=f'forward=["quad9"]\nmetrics="{where}"\n')
    assert done.returncode == 1 and 'option "metrics"' in done.stderr and "no other machine reaches" in done.stderr


def test_off_by_default(fwd):
    listening = [line.split() for line in pathlib.Path(f"/proc/{fwd.pid}/net/tcp").read_text().splitlines()[1:]]
    mine = {os.readlink(f"/proc/{fwd.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{fwd.pid}/fd")}
    ports = {int(f[1].split(":")[1], 16) for f in listening if f[3] == "0A" and f"socket:[{f[9]}]" in mine}
    assert ports == {fwd.port} and "metrics" not in fwd.log_text()


# -- HTTP ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/metrics", "/status.json", "/healthz"])
def test_head(web, path):
    with_body, without = web.get(path), web.get(path, "HEAD")
    assert with_body.status == without.status == 200 and with_body.body and not without.body
    for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control"):
        assert with_body.headers[name] == without.headers[name]


def test_headers(web):
    for path in ("/", "/metrics", "/nowhere"):
        headers = web.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers


def test_nowhere(web):
    for path in ("/x", "/metrics/", "/metrics/..%2f", "/../etc/passwd", "/favicon.ico"):
        assert web.get(path).status == 404
    assert web.get("/metrics?x=1").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "BREW"])
def test_methods(web, method):
    answer = web.raw(f"{method} /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert b"dnsfwd_queries" not in answer and (not answer or answer.split()[1][:1] in (b"4", b"5"))
    assert web.get("/healthz").status == 200


BAD = {
    "a body": b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + bytes(1000000),
    "a body of GET": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "chunks": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + b"fffff\r\n" + bytes(1 << 20),
    "a long line": b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n",
    "a long header": b"GET / HTTP/1.1\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100000 + b"\r\n",
    "no end": b"GET / HTTP/1.1\r\nX: " + b"a" * (1 << 20),
    "noise": os.urandom(1 << 20),
    "nothing": b"\r\n" * 1000,
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "a version": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "two requests": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50,
}


@pytest.mark.parametrize("what", BAD)
def test_bad_requests(web, what):
    before = web.fwd.rss()
    with web.socket() as s:
        try:
            s.sendall(BAD[what])
            s.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
    assert answer.count(b"HTTP/1.1 200") <= 1 and b"dnsfwd_queries" not in answer
    assert web.fwd.rss() - before < 8 << 20
    assert web.get("/healthz").status == 200
    check_alive(web.fwd)


def test_a_thousand_half_open_clients(web):
    """They take no memory to speak of, and no query waits for them."""
    web.get("/metrics")
    before, descriptors, clients = web.fwd.rss(), web.fwd.fds(), []
    try:
        for i in range(1000):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((web.host, web.port))
            clients.append(s)
        for s in clients[:40]:
            try:
                s.send(b"GET /metrics HTTP/1.1\r\nHost: local")
            except OSError:
                pass
        for i in range(20):
            assert addresses(web.fwd.ask(f"n{i}.test")) == [expected_a(f"n{i}.test")]
        assert web.fwd.fds() - descriptors <= 40 and web.fwd.rss() - before < 8 << 20
    finally:
        for s in clients:
            s.close()
    wait_for(lambda: answers(web), what="room for others again")
    assert web.metrics().one("dnsfwd_bounds_hit_total", bound="http_clients") >= 1


def answers(web):
    try:
        return web.get("/healthz").status == 200
    except OSError:
        return False


@pytest.mark.clock
def test_a_slow_client_has_ten_seconds(web):
    """Octet by octet it would have its place for ever."""
    begin = time.monotonic()
    with web.socket() as s:
        s.settimeout(0.3)
        s.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError):
            while time.monotonic() - begin < 60:
                s.sendall(b"X")
                try:
                    if s.recv(100) == b"":
                        raise ConnectionResetError
                except TimeoutError:
                    pass
    assert 5 < time.monotonic() - begin < 40


def test_a_client_that_goes_before_its_reply(web):
    for _ in range(50):
        with web.socket() as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for(lambda: answers(web), what="an answer to others")


def test_stopping_with_clients(server, start):
    """What waits for figures, and what has said nothing yet, is let go of; the sanitizers look on."""
    fwd = start(server, HTTP)
    web = Web(fwd)
    sockets = [web.socket() for _ in range(5)]
    for s in sockets[:3]:
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    fwd.stop()
    for s in sockets:
        s.close()


# -- a Unix socket -------------------------------------------------------------------


def test_unix_socket(server, start, tmp_path):
    path = tmp_path / "metrics.sock"
    fwd = start(server, {"metrics": str(path)})
    web = Web(path=str(path))
    fwd.ask("a.test")
    assert web.metrics().sum("dnsfwd_responses_total") == 1
    assert web.get("/healthz", headers={"Host": "a.proxy.example"}).status == 200
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    fwd.stop()
    assert not path.exists()


def test_unix_socket_left_behind(server, start, tmp_path):
    path = tmp_path / "metrics.sock"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
    start(server, {"metrics": str(path)})
    assert Web(path=str(path)).get("/healthz").status == 200


def end_with(server, options):
    """A start that comes to nothing."""
    all_of = {"listen": ["127.0.0.1:0"], "forward": [f"tls://127.0.0.1:{server.tls[0].port}#resolver.test"], **options}
    return run("-c", "/dev/stdin", input=config_text({**all_of, "tls-cert-bundle": server.ca}))


@pytest.mark.parametrize("what", ["another program", "a file", "no folder"])
def test_unix_socket_that_cannot_be(server, tmp_path, what):
    path = tmp_path / "metrics.sock"
    with socket.socket(socket.AF_UNIX) as s:
        if what == "another program":
            s.bind(str(path))
            s.listen()
        elif what == "a file":
            path.write_text("precious")
        else:
            path = tmp_path / "none" / "metrics.sock"
        done = end_with(server, {"metrics": str(path)})
    assert done.returncode == 2 and f'option "metrics": cannot listen on {path}: ' in done.stderr
    if what == "a file":
        assert path.read_text() == "precious"


def test_port_in_use(server):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        where = f"127.0.0.1:{s.getsockname()[1]}"
        done = end_with(server, {"metrics": where})
    assert done.returncode == 2 and f"cannot listen on {where}: Address already in use" in done.stderr
