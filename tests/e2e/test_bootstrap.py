"""Upstreams that are named: looked up from the bootstrap servers, kept on file, never through ourselves.

The test resolver is both: the upstream on TLS, and a bootstrap server on UDP and TCP.
"""

import contextlib
import os
import pathlib
import re
import socket
import time

import pytest
import wire
from conftest import addresses
from daemon import run
from ports import free_port
from testserver import expected_a, expected_aaaa, wait_for

HOST = "a-127-0-0-1.upstream.test"  # as the test resolver answers, it is there
VERSION = "dnsfwd addresses 1\n"
NOW = int(time.time())


def address_of(listener):
    return f"{listener.host}:{listener.port}"


def named(server, host=HOST):
    """The spelling of the server's TLS listener by a name."""
    return f"tls://{host}:{server.tls[0].port}#resolver.test"


@pytest.fixture
def upstream(start_server):
    """Answers clients' queries, and nothing else, so that what the bootstrap server got is seen apart."""
    return start_server()


@pytest.fixture
def boot(start_server):
    """The bootstrap server."""
    return start_server(tls=0, udp=1)


@pytest.fixture
def begin(upstream, start, tmp_path):
    """Starts a dnsfwd whose upstream is named and whose bootstrap servers are given, as servers or addresses."""

    def begin(*servers, host=HOST, args=(), **options):
        spelled = [s if isinstance(s, str) else address_of(s.udp[0]) for s in servers]
        defaults = {"bootstrap": spelled, "state-dir": str(tmp_path), "tls-cert-bundle": upstream.ca}
        options = {name.replace("_", "-"): value for name, value in options.items()}
        return start(named(upstream, host), {**defaults, **options}, args=args)

    return begin


def asked(server, host=HOST):
    """How often the bootstrap server was asked for it."""
    return server.count(host, "A"), server.count(host, "AAAA")


def names_asked(server):
    """Whatever it was asked for."""
    return {str(wire.parse(q.data).question[0].name).rstrip(".") for q in server.queries()}


def is_answered(fwd, name="www.example.org"):
    reply = fwd.ask(name)
    return reply.rcode() == wire.NOERROR and addresses(reply) == [expected_a(name)]


def wait_told(fwd, reason):
    """Clients hear, too, why there is no address."""

    def told():
        reply = fwd.ask("why.example.org")
        assert reply.rcode() == wire.SERVFAIL
        ((code, text),) = wire.edes(reply)
        return code == 22 and re.search(reason, text)

    wait_for(told, what=f"an Extended DNS Error of {reason}")


def wait_answered(fwd):
    wait_for(lambda: is_answered(fwd), what="an answer\n" + fwd.log_text())


def state(folder):
    return pathlib.Path(folder, "addresses")


@contextlib.contextmanager
def silent_port():
    """A UDP port that takes everything and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{s.getsockname()[1]}"


# -- all is well ---------------------------------------------------------------------------


@pytest.mark.clock
def test_a_name_is_looked_up_and_used(upstream, boot, begin, tmp_path):
    fwd = begin(boot)
    assert is_answered(fwd)
    fwd.wait_log(rf"info upstream {HOST}: addresses 127\.0\.0\.1 \(bootstrap {address_of(boot.udp[0])}\)")
    for i in range(20):
        assert is_answered(fwd, f"q{i}.example.org")
    fwd.stats()  # behind it, the files are written
    # Nobody learns from it what clients ask for; and once is enough.
    assert names_asked(boot) == {HOST}
    assert asked(boot) == (1, 1)
    assert asked(upstream) == (0, 0)
    assert re.fullmatch(VERSION + HOST + r" \d{10} 127\.0\.0\.1\n", state(tmp_path).read_text())
    assert state(tmp_path).stat().st_mode & 0o777 == 0o600
    assert {"addresses"} <= {p.name for p in tmp_path.iterdir()} <= {"addresses", "clock"}


def test_nothing_of_the_system_is_used(boot, begin, monkeypatch):
    monkeypatch.setenv("LOCALDOMAIN", "search.test")
    monkeypatch.setenv("RES_OPTIONS", "ndots:9 rotate")
    monkeypatch.setenv("HOSTALIASES", "/etc/hosts")
    fwd = begin(boot)
    assert is_answered(fwd)
    assert names_asked(boot) == {HOST}


@pytest.mark.clock
def test_every_worker_gets_the_addresses(boot, begin):
    fwd = begin(boot, workers=3)
    wait_answered(fwd)
    # Which worker takes a query, the kernel decides by the client's port.
    for i in range(30):
        assert is_answered(fwd, f"w{i}.example.org")
    assert asked(boot) == (1, 1)


def test_both_families(boot, begin, tmp_path):
    fwd = begin(boot, host="both.upstream.test")
    v6, v4 = expected_aaaa("both.upstream.test"), expected_a("both.upstream.test")
    fwd.wait_log(rf"upstream both\.upstream\.test: addresses {v6}, {v4} ")
    wait_for(lambda: state(tmp_path).exists(), what="the file")
    assert state(tmp_path).read_text().endswith(f" {v6} {v4}\n")


def test_alias_chain(boot, begin):
    fwd = begin(boot, host=f"cname-3.{HOST}")
    assert is_answered(fwd)


def test_many_addresses_come_over_tcp_and_are_bounded(start_server, begin, tmp_path):
    where = f"127.0.0.1:{free_port()}"
    boot = start_server(tls=0, udp=[where], tcp=[where])
    host = f"many-40.{HOST}"
    fwd = begin(boot, host=host)
    assert is_answered(fwd)
    fwd.wait_log(r"addresses (127\.0\.0\.\d+, ){7}127\.0\.0\.\d+ and 32 more, not used")
    assert {q.transport for q in boot.queries()} == {"udp", "tcp"}
    wait_for(lambda: state(tmp_path).exists(), what="the file")
    assert state(tmp_path).read_text().split()[5:] == [f"127.0.0.{i}" for i in range(1, 9)]


@pytest.mark.clock
def test_ttl_zero_is_no_reason_to_ask_all_the_time(upstream, boot, begin):
    host = f"ttl-0.{HOST}"
    fwd = begin(boot, host=host)
    wait_answered(fwd)
    for _ in range(20):
        upstream.closeall()
        wait_answered(fwd)
    assert asked(boot, host) == (1, 1)


# -- servers that fail ---------------------------------------------------------------------


@pytest.mark.clock
def test_one_family_does_not_wait_for_the_other(upstream, boot, begin):
    """AAAA is silent; with two servers c-ares gives it up after four seconds at the soonest."""
    boot.rule(f"name={HOST} type=AAAA none")
    with silent_port() as silent:
        fwd = begin(boot, silent, query_timeout="3s")
        assert is_answered(fwd)
        # It is told in the log when both have ended.
        fwd.wait_log(rf"upstream {HOST}: addresses 127\.0\.0\.1 ")


@pytest.mark.parametrize("how", ["refuses", "silent"])
def test_the_second_server_answers(boot, begin, how):
    with silent_port() if how == "silent" else contextlib.nullcontext(f"127.0.0.1:{free_port()}") as dead:
        fwd = begin(dead, boot)
        wait_answered(fwd)


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED", "NOTIMP"])
def test_a_server_that_cannot_help_is_passed_over(start_server, boot, begin, code):
    helpless = start_server(tls=0, udp=1, rules=[f"rcode={code}"])
    fwd = begin(helpless, boot)
    wait_answered(fwd)
    assert min(asked(helpless)) >= 1


@pytest.mark.clock
def test_all_dead_then_one_comes(boot, begin):
    """threats F32: it starts, says ready, answers SERVFAIL with a reason, and heals by itself."""
    boot.listen(False)
    fwd = begin(boot, query_timeout="500ms")
    reply = fwd.ask("www.example.org")
    assert reply.rcode() == wire.SERVFAIL
    assert wire.edes(reply)
    fwd.wait_log(rf"warning upstream {HOST}: this name cannot be looked up: .*\(bootstrap {address_of(boot.udp[0])}\)")
    for i in range(4):
        assert fwd.ask(f"f{i}.example.org").rcode() == wire.SERVFAIL
    wait_told(fwd, f"{HOST}.*: its name cannot be looked up: ")
    boot.listen(True)
    wait_answered(fwd)
    fwd.wait_log(rf"info upstream {HOST}: addresses 127\.0\.0\.1 ")
    # One line when it began, silence, one line when it was over.
    assert len(re.findall("cannot be looked up", fwd.log_text())) == 1
    assert len(re.findall("addresses 127", fwd.log_text())) == 1


def test_its_folder_outlives_the_configuration(boot, begin, tmp_path):
    """What looks names up goes on over reloads; the configuration that it was made for does not."""
    boot.listen(False)
    with silent_port() as other:
        fwd = begin(other, query_timeout="500ms")
        fwd.reload({"bootstrap": [address_of(boot.udp[0])]})  # made anew
        for size in ("1M", "2M", "3M"):
            fwd.reload({"cache-size": size})  # goes on
        boot.listen(True)
        wait_answered(fwd)
        wait_for(state(tmp_path).exists, what="the file\n" + fwd.log_text())
        assert "127.0.0.1" in state(tmp_path).read_text()


@pytest.mark.parametrize(
    "rule, reason",
    [
        ("rcode=NXDOMAIN", "Domain name not found"),
        ("nodata", "DNS server returned answer with no data"),
        ("rcode=SERVFAIL", "."),
        ("short=20", "."),
        ("hex=00008180000100000000000003777777", "."),
    ],
)
def test_a_bad_answer_is_told_and_tried_again(boot, begin, rule, reason):
    boot.rule(f"name={HOST} {rule}")
    fwd = begin(boot, query_timeout="500ms")
    assert fwd.ask("www.example.org").rcode() == wire.SERVFAIL
    fwd.wait_log(rf"upstream {HOST}: this name cannot be looked up: .*{reason}.*; trying again in \d+\.\d s")
    wait_told(fwd, f"its name cannot be looked up: .*{reason}")
    boot.clear_rules()
    wait_answered(fwd)


@pytest.mark.parametrize("forged", ["wrong-id", "wrong-name", "wrong-type", "qr0", "short=5"])
def test_what_is_no_answer_to_the_question_is_not_taken(boot, begin, forged):
    """It comes before the true answer, and says the same wrong thing each time."""
    boot.rule(f"name={HOST} answer={forged},good")
    fwd = begin(boot)
    wait_answered(fwd)
    fwd.wait_log(rf"upstream {HOST}: addresses 127\.0\.0\.1 ")


def test_addresses_that_nobody_can_have(boot, begin):
    fwd = begin(boot, host="a-0-0-0-0.upstream.test", query_timeout="500ms")
    fwd.wait_log(r"upstream a-0-0-0-0\.upstream\.test: this name cannot be looked up: .*no address that can be used")
    assert fwd.ask("www.example.org").rcode() == wire.SERVFAIL


@pytest.mark.clock
def test_a_bad_name_delays_nobody(upstream, boot, start, tmp_path):
    boot.rule("name=bad.upstream.test none")
    fwd = start(
        options={
            "forward": [named(upstream, "bad.upstream.test"), named(upstream)],
            "bootstrap": [address_of(boot.udp[0])],
            "state-dir": str(tmp_path),
            "tls-cert-bundle": upstream.ca,
            "query-timeout": "2s",
        }
    )
    assert is_answered(fwd)
    assert "bad.upstream.test: this name cannot" not in fwd.log_text()
    fwd.wait_log(r"upstream bad\.upstream\.test: this name cannot be looked up: Timeout")
    assert is_answered(fwd, "other.example.org")
    assert HOST in state(tmp_path).read_text() and "bad.upstream" not in state(tmp_path).read_text()


# -- the file of last good addresses ---------------------------------------------------------


def write_state(folder, *lines):
    state(folder).write_text(VERSION + "".join(f"{line}\n" for line in lines))


@pytest.mark.clock
def test_what_is_on_file_needs_no_lookup(boot, begin, tmp_path):
    first = begin(boot)
    wait_answered(first)
    wait_for(lambda: state(tmp_path).exists(), what="the file")
    first.stop()
    boot.listen(False)
    second = begin(boot, query_timeout="2s")
    second.wait_log(rf"info upstream {HOST}: addresses 127\.0\.0\.1 \(kept in {tmp_path}\)")
    assert is_answered(second)


def reconnected(server, fwd):
    server.closeall()
    return is_answered(fwd)


def test_without_clients_nothing_is_asked(boot, begin, tmp_path):
    write_state(tmp_path, f"{HOST} {NOW} 127.0.0.1")
    fwd = begin(boot)
    fwd.stats()  # it has been around its loop
    assert asked(boot) == (0, 0)


@pytest.mark.clock
def test_addresses_on_file_are_refreshed_by_later_connections(upstream, boot, begin, tmp_path):
    write_state(tmp_path, f"{HOST} {NOW} 127.0.0.1")
    fwd = begin(boot)
    assert is_answered(fwd)
    fwd.stats()  # it has been around its loop
    assert asked(boot) == (0, 0)
    # Later connections make it ask whether the addresses still hold.
    wait_for(lambda: reconnected(upstream, fwd) and asked(boot) == (1, 1), what="a lookup")


@pytest.mark.clock
def test_old_addresses_are_used_and_refreshed_at_once(boot, begin, tmp_path):
    write_state(tmp_path, f"{HOST} 1000000000 127.0.0.1")
    fwd = begin(boot)
    wait_for(lambda: asked(boot) == (1, 1), what="a lookup that no client wanted")
    assert is_answered(fwd)
    wait_for(lambda: " 1000000000 " not in state(tmp_path).read_text(), what="a new time on file")


def test_a_failed_refresh_keeps_what_is_known(upstream, boot, begin, tmp_path):
    write_state(tmp_path, f"{HOST} {NOW} 127.0.0.1")
    boot.rule(f"name={HOST} rcode=NXDOMAIN")
    fwd = begin(boot)
    wait_for(lambda: reconnected(upstream, fwd) and "cannot be" in fwd.log_text(), what="a refresh")
    fwd.wait_log(r"cannot be looked up: Domain name not found .*its known addresses stay in use")
    assert is_answered(fwd, "other.example.org")
    assert HOST in state(tmp_path).read_text()


def test_wrong_addresses_on_file_are_only_hints(upstream, boot, begin, tmp_path):
    """The address on file is somebody else, whose certificate is not the one: the lookup mends it."""
    write_state(tmp_path, f"{HOST} {NOW} 127.0.0.99")
    fwd = begin(boot)
    wait_answered(fwd)
    wait_for(lambda: "127.0.0.99" not in state(tmp_path).read_text(), what="the right address on file")


@pytest.mark.parametrize(
    "text, line",
    [
        (VERSION + f"garbage\n{HOST} 1760000000 127.0.0.1\n\0\xff\n", 2),
        (VERSION + f"{HOST} 1760000000 127.0.0.1\nother.test 1760000000 192.0.2", 3),
    ],
)
def test_damaged_lines_are_told_and_the_others_used(boot, begin, tmp_path, text, line):
    state(tmp_path).write_bytes(text.encode("latin-1"))
    boot.listen(False)
    fwd = begin(boot)
    fwd.wait_log(rf"warning {tmp_path}/addresses:{line}: damaged")
    assert is_answered(fwd)
    assert fwd.log_text().count(" damaged;") == 1


@pytest.mark.parametrize("text", ["", "dnsfwd addresses 2\nx\n", "\0" * 5000, "x" * 100000])
def test_a_useless_file_is_replaced(boot, begin, tmp_path, text):
    state(tmp_path).write_text(text)
    fwd = begin(boot)
    wait_answered(fwd)
    wait_for(lambda: state(tmp_path).read_text().endswith(" 127.0.0.1\n"), what="a good file")
    fwd.stats()  # behind it, all lines before are here
    assert (" damaged;" in fwd.log_text()) == (text != "")


def test_no_folder_is_one_warning(boot, begin, tmp_path):
    (tmp_path / "file").touch()
    missing = tmp_path / "file" / "state"
    fwd = begin(boot, state_dir=str(missing))
    wait_answered(fwd)
    fwd.wait_log(rf"warning addresses of upstreams cannot be (kept in|read from) {missing}: Not a directory; .*state-dir")
    assert len(re.findall(rf"addresses of upstreams cannot be .*{missing}", fwd.log_text())) == 1


def test_a_folder_that_is_not_there_is_made(boot, begin, tmp_path):
    folder = tmp_path / "var" / "state"
    fwd = begin(boot, state_dir=str(folder))
    wait_answered(fwd)
    wait_for(lambda: state(folder).exists(), what="addresses that are kept")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_fifo_in_its_place_holds_nobody_up(boot, begin, tmp_path):
    os.mkfifo(state(tmp_path))
    fwd = begin(boot)
    wait_answered(fwd)


def test_no_folder_is_no_matter_without_names(server, start, tmp_path):
    fwd = start(server, {"state-dir": str(tmp_path / "missing")})
    assert is_answered(fwd)
    assert "missing" not in fwd.log_text()


def test_nothing_is_kept_if_not_wanted(boot, begin, tmp_path):
    fwd = begin(boot, state_dir="")
    wait_answered(fwd)
    fwd.wait_log(r"addresses 127\.0\.0\.1 \(bootstrap")
    assert list(tmp_path.iterdir()) == [] and "cannot be kept" not in fwd.log_text()


# -- ourselves (threats A51) -------------------------------------------------------------------


@pytest.mark.parametrize("listen", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.clock
def test_a_name_that_is_ourselves(boot, start, tmp_path, listen):
    port = free_port()
    fwd = start(
        f"tls://{HOST}:{port}#resolver.test",
        {
            "listen": [f"{listen}:{port}"],
            "bootstrap": [address_of(boot.udp[0])],
            "state-dir": str(tmp_path),
            "query-timeout": "500ms",
        },
    )
    fwd.addresses = [("127.0.0.1", port)]
    fwd.wait_log(rf"error upstream \S+{HOST}\S+: .*127\.0\.0\.1:{port}.* is where dnsfwd itself listens")
    for i in range(5):
        assert fwd.ask(f"q{i}.example.org").rcode() == wire.SERVFAIL
    stats = fwd.stats()
    assert stats["tcp_accepted"] == 0 and stats["queries_udp"] == 5
    assert asked(boot) == (1, 1)
    wait_told(fwd, "its name stands for where dnsfwd itself listens")
    assert fwd.log_text().count("itself listens") == 1


def test_one_of_the_addresses_is_ourselves(upstream, boot, begin):
    """127.0.0.1 and its neighbours: the second one is us."""
    port = upstream.tls[0].port
    host = f"many-3.{HOST}"
    fwd = begin(boot, host=host, listen=[f"127.0.0.2:{port}"])
    fwd.addresses = [("127.0.0.2", port)]
    wait_answered(fwd)
    fwd.wait_log(rf"127\.0\.0\.2:{port}, which is where dnsfwd itself listens")
    assert fwd.stats()["tcp_accepted"] == 0


@pytest.fixture
def own_address():
    """One of this machine that is not loopback.  (Loopback is found when the configuration is read.)"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("no network but loopback")
        return s.getsockname()[0]


def test_a_bootstrap_server_that_is_ourselves(boot, begin, own_address):
    port = free_port()
    fwd = begin(f"{own_address}:{port}", boot, listen=[f"0.0.0.0:{port}"])
    fwd.addresses = [("127.0.0.1", port)]
    fwd.wait_log(rf"error bootstrap server {own_address}:{port} is where dnsfwd itself listens; it is not asked")
    assert is_answered(fwd)
    fwd.wait_log(rf"\(bootstrap {address_of(boot.udp[0])}\)")
    assert fwd.stats()["queries_udp"] == 1


def test_no_bootstrap_server_but_ourselves(begin, own_address):
    port = free_port()
    fwd = begin(f"{own_address}:{port}", listen=[f"0.0.0.0:{port}"], query_timeout="500ms")
    fwd.addresses = [("127.0.0.1", port)]
    fwd.wait_log(r"error no bootstrap server can be asked")
    for i in range(5):
        assert fwd.ask(f"q{i}.example.org").rcode() == wire.SERVFAIL
    assert fwd.stats()["queries_udp"] == 5
    wait_told(fwd, "no bootstrap server can be asked")


def refused_upstream(listen, upstream):
    done = run("--listen", listen, f"tls://{upstream}")
    return done.returncode == 1 and f"{upstream} is where dnsfwd itself listens" in done.stderr


@pytest.mark.parametrize("listen", ["127.0.0.1", "0.0.0.0"])
def test_an_upstream_that_is_ourselves_is_refused(listen):
    port = free_port()
    assert refused_upstream(f"{listen}:{port}", f"127.0.0.1:{port}")


def test_an_upstream_that_is_this_machine_is_refused(own_address):
    port = free_port()
    assert refused_upstream(f"0.0.0.0:{port}", f"{own_address}:{port}")
