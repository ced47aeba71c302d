"""The command line, the configuration file, and what is said when something in them or around them is wrong."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest
from daemon import BINARY, Dnsfwd, config_text, run
from ports import free_port
from testserver import expected_a

TOP = pathlib.Path(__file__).resolve().parents[2]
UPSTREAM = "tls://192.0.2.1#dns.example.net"


@pytest.fixture
def conf(tmp_path, certs):
    """Writes a configuration file; names its path."""

    def write(text="", **options):
        path = tmp_path / "dnsfwd.conf"
        base = {"forward": [UPSTREAM], "tls-cert-bundle": str(certs / "ca.pem")}
        base.update({name.replace("_", "-"): value for name, value in options.items()})
        path.write_text(config_text({k: v for k, v in base.items() if v is not None}) + text)
        return path

    return write


def test_version():
    done = run("-V")
    assert done.returncode == 0
    assert re.match(r"dnsfwd \d+\.\d+\.\d+\nGnuTLS \S+, libevent \S+, c-ares \S+, libconfig \S+\nbuilt with (\w+=[01] ?)+\n$", done.stdout)


def test_help_names_every_option():
    done = run("--help")
    assert done.returncode == 0 and not done.stderr
    for option in ("-c", "-t", "-T", "-v", "-V", "--listen", "--list-presets", "--json", "UPSTREAM"):
        assert option in done.stdout


def test_unknown_flag():
    done = run("--frobnicate")
    assert done.returncode == 1
    assert "frobnicate" in done.stderr and "--help" in done.stderr


@pytest.mark.parametrize(
    "words, told",
    [
        (["--list-presets", "x"], ["--list-presets", "x"]),
        (["--list-presets", "--json", "quad9"], ["--list-presets", "quad9"]),
        (["-V", "quad9"], ["-V", "quad9"]),
        (["-t", "-T", "quad9"], ["-t", "-T", "at a time"]),
        (["-T", "--list-presets"], ["at a time"]),
        (["--list-presets", "-c", "/dev/null"], ["--list-presets", "-c"]),
        (["--list-presets", "--listen", "127.0.0.1"], ["--list-presets", "--listen"]),
        (["--import", "stubby.yml", "-c", "/dev/null"], ["--import", "-c"]),
        (["--import", "stubby.yml", "-t"], ["--import", "-t", "at a time"]),
        (["--import-kind", "stubby"], ["--import-kind", "--import"]),
        (["-t", "-c", "/dev/null", "-c", "/dev/null"], ["more than one -c"]),
        (["--import", "/dev/null", "--import", "/dev/null"], ["more than one --import"]),
        (["-t", "-c", ""], ["name of a file", "-c"]),
    ],
    ids=" ".join,
)
def test_what_would_not_be_used_is_refused(words, told):
    done = run(*words)
    assert done.returncode == 1 and not done.stdout
    assert len(done.stderr.splitlines()) == 2 and "Try dnsfwd --help" in done.stderr
    for word in told:
        assert word in done.stderr


def test_check_good(conf):
    done = run("-t", "-c", conf())
    assert (done.returncode, done.stderr) == (0, "")
    assert "good" in done.stdout


def test_example_file_is_good():
    assert run("-T", "-c", TOP / "dnsfwd.conf.example").returncode == 0


def test_print_loads_again_to_the_same(conf, tmp_path):
    path = conf(listen=["127.0.0.1", "[::1]:5353"], port=5300, query_timeout="1500ms", workers="auto", log_queries=True)
    first = run("-T", "-c", path)
    assert first.returncode == 0
    again = tmp_path / "again.conf"
    again.write_text(first.stdout)
    second = run("-T", "-c", again)
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert '"1500ms"' in first.stdout


@pytest.mark.parametrize(
    "line, words",
    [
        ("prot = 53", ['"prot"', '"port"']),
        ("query-timeout = \"70s\"", ["query-timeout", "70s", "100ms"]),
        ("port = 65536", ["port", "65536", "65535"]),
        ("workers = 0", ["workers", "64"]),
        ("allow = [ \"10.0.0.1/8\" ]", ["allow", "10.0.0.1/8"]),
        ("log-level = \"loud\"", ["log-level", "loud", "debug"]),
        ("log-queries = \"yes\"", ["log-queries", "true", "false"]),
        ("cache-size = \"1k\"", ["cache-size", "1k", "64k"]),
        ("cache-min-ttl = \"2d\"", ["cache-min-ttl", "2d", "1h"]),
        ("listen = [ \"localhost\" ]", ["listen", "localhost"]),
        ("edns-size = 511", ["edns-size", "511", "4096"]),
        ("port = ", ["syntax"]),
    ],
)
def test_complaint_says_where_and_what(conf, line, words):
    path = conf("\n" + line + "\n")
    number = path.read_text().split("\n").index(line) + 1
    done = run("-t", "-c", path)
    assert done.returncode == 1
    place = re.search(rf"{re.escape(str(path))}:(\d+): ", done.stderr)
    assert place and int(place[1]) in (number, number + 1), done.stderr  # a syntax error is seen at the next word
    for word in words:
        assert word in done.stderr


def test_all_faults_are_told_at_once(conf):
    done = run("-t", "-c", conf("prot = 1\nquery-timeout = \"1ms\"\nupstream = ( { nam = \"x\" } )\n"))
    assert done.returncode == 1
    for word in ("prot", "query-timeout", "nam"):
        assert word in done.stderr
    assert len(done.stderr.splitlines()) >= 3


@pytest.mark.parametrize("transport", ["dtls", "auto"])
def test_library_for_dtls(conf, transport):
    """Either it is safe, or the complaint names the option that takes it all the same (A67)."""
    home = {"name": "home", "address": "192.0.2.1", "transport": transport}
    done = run("-t", "-c", conf(forward=["home"], upstream=[home]))
    assert done.returncode == 0 or '"insecure-dtls-library"' in done.stderr
    assert done.returncode in (0, 1)
    assert run("-t", "-c", conf(forward=["home"], upstream=[home], insecure_dtls_library=True)).returncode == 0


@pytest.mark.parametrize(
    "forward, words",
    [
        (None, ["forward"]),
        ([], ["forward"]),
        (["udp://192.0.2.1"], ["udp", "zone", "tls://"]),
        (["https://dns.example.net/dns-query"], ["HTTPS", "tls://"]),
        (["dns..example.net"], ["dns..example.net", "host name"]),
        ([UPSTREAM, UPSTREAM], ["listed already"]),
        ([f"tls://192.0.2.{i}" for i in range(1, 18)], ["17", "16"]),
        (["quda9"], ["preset", '"quad9"']),
        (["127.0.0.1:53"], ["127.0.0.1:53", "dnsfwd itself", "listen"]),
        (["tls://192.0.2.1#bad name"], ["bad name"]),
        (["tls://192.0.2.1:99999#x.example"], ["99999"]),
    ],
)
def test_forward_that_cannot_be(conf, forward, words):
    done = run("-t", "-c", conf(forward=forward))
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr


# -- presets and names -------------------------------------------------------------


def presets_of_the_file():
    """Name and whether it is gone, of each group in presets.conf."""
    text = (TOP / "common/config/presets.conf").read_text()
    groups = re.findall(r"^\t\{\n(.*?)^\t\}", text, re.M | re.S)
    return {re.search(r'name += "(.*?)"', group)[1]: "retired " in group for group in groups}


def test_list_presets():
    """Without any configuration: all of the file, in columns that stand below each other."""
    done = run("--list-presets")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 120
    column = lines[0].index("NAME IN CERTIFICATE")
    for name, gone in presets_of_the_file().items():
        rows = [line for line in lines if line.split(" ")[0] == name]
        assert len(rows) == 1, name
        assert gone or (rows[0][column - 1] == " " and rows[0][column] != " "), rows[0]


def test_list_presets_for_programs():
    done = run("--list-presets", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    listed = json.loads(done.stdout)
    assert {p["name"]: p["retired"] is not None for p in listed} == presets_of_the_file()
    assert len({tuple(p) for p in listed}) == 1, "all have the same keys"
    quad9 = next(p for p in listed if p["name"] == "quad9")
    assert quad9["addresses"] == ["9.9.9.9", "149.112.112.112", "2620:fe::fe", "2620:fe::9"]
    assert (quad9["auth_name"], quad9["filter"], quad9["dnssec"], quad9["ecs"]) == (
        "dns.quad9.net",
        "malware",
        True,
        False,
    )
    table = run("--list-presets").stdout
    for preset in listed:
        assert all(address in table for address in preset["addresses"])


def test_json_alone():
    done = run("--json", "quad9")
    assert done.returncode == 1 and "--list-presets" in done.stderr


def test_every_preset_can_be_used():
    for preset in json.loads(run("--list-presets", "--json").stdout):
        done = run("-T", preset["name"].replace("/ID", "/abc123"))
        assert done.returncode == (1 if preset["retired"] else 0), preset["name"]
        assert not preset["retired"] or preset["retired"] in done.stderr


def test_presets_and_names_load_again_to_the_same(conf, tmp_path):
    forward = ["quad9", "cloudflare/security@853", "nextdns/abc123", "tls://dns.example:8853#x.example", "home", "named"]
    upstream = [
        {"name": "home", "address": ["192.0.2.1", "2001:db8::1"]},
        {"name": "named", "auth-name": "dns.example.net"},
    ]
    path = conf(forward=forward, upstream=upstream, policy="round-robin", bootstrap=["192.0.2.3@54"], state_dir="")
    first = run("-T", "-c", path)
    assert (first.returncode, first.stderr) == (0, "")
    again = tmp_path / "again.conf"
    again.write_text(first.stdout)
    second = run("-T", "-c", again)
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")
    for words in ('"quad9"', '"round-robin"', '[ "192.0.2.3:54" ]', '[ "192.0.2.1", "2001:db8::1" ]'):
        assert words in first.stdout


@pytest.mark.parametrize(
    "upstream, words",
    [
        ("dns0", ["October 2025", "dns4eu"]),
        ("tls://dns0.eu", ["October 2025", "dns4eu"]),
        ("tls://dnsovertls1.sinodun.com", ["2022", "quad9"]),
        ("146.185.167.43#dot.securedns.eu", ["2020", "closed"]),
        ("176.103.130.131", ["2020", '"adguard"']),
    ],
)
def test_services_that_are_gone(conf, upstream, words):
    for done in (run("-t", upstream), run("-t", "-c", conf(forward=[upstream]))):
        assert done.returncode == 1 and "forward" in done.stderr
        for word in [upstream, *words]:
            assert word in done.stderr


def test_name_without_bootstrap(conf):
    done = run("-t", "-c", conf(forward=["tls://dns.example.net"], bootstrap=[]))
    assert done.returncode == 1
    assert "dns.example.net" in done.stderr and "bootstrap" in done.stderr


MIXED = "forward mixes quad9 (filters: malware) with google (filters nothing)"


@pytest.mark.parametrize("option", ["-t", "-T"])
def test_warning_of_filters_that_undo_each_other(conf, option):
    """It works, so it is no error; on stderr, so that what -T prints can be used."""
    done = run(option, "-c", conf(forward=["quad9", "google"]))
    assert done.returncode == 0
    assert re.fullmatch(rf"dnsfwd: warning: \S+dnsfwd\.conf:1: {re.escape(MIXED)}: .*\n", done.stderr)
    assert "mixes" not in done.stdout


def test_warning_at_start(server, start):
    """In the log; the first upstream is asked all the same."""
    upstream = {"name": "quad9", "address": server.tls[0].host}
    fwd = start(upstream, {"forward": ["quad9", "wikimedia"]}, server=server)
    fwd.wait_log(r"warning .*forward: wikimedia is a beta service")
    assert fwd.ask("beta.test").answer[0][0].address == expected_a("beta.test")


# -- upstreams that are there ------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    ["tls://{0}:{1}#resolver.test", "{0}@{1}#resolver.test", "{0}:{1}#resolver.test", "dns+tls://{0}:{1}#resolver.test"],
)
def test_spellings_of_an_upstream(server, start, spelling):
    upstream = spelling.format(server.tls[0].host, server.tls[0].port)
    fwd = start(upstream, server=server)
    assert fwd.ask("spelt.test").answer[0][0].address == expected_a("spelt.test")


@pytest.mark.parametrize("spelling", ["tls://[::1]:{0}#resolver.test", "[::1]:{0}#resolver.test", "[::1]@{0}"])
def test_upstream_over_ipv6(start_server, start, spelling):
    server = start_server(tls=["[::1]:0"])
    fwd = start(spelling.format(server.tls[0].port), server=server)
    assert fwd.ask("six.test").answer[0][0].address == expected_a("six.test")
    wire = server.queries()[0].data
    assert bytes.fromhex("0008000400020000") in wire, "client subnet of an IPv6 transport is family 2"


def test_no_file_with_an_upstream_on_the_command_line(server, tmp_path):
    """Trust comes from the system's store, so the certificate of the test server is refused: but it runs."""
    fwd = Dnsfwd(config=False, args=["--listen", "127.0.0.1:0", server.upstream()])
    with fwd:
        assert fwd.ask("no.file.example").rcode() == 2
    assert server.stat("queries") == 0


def test_command_line_wins_over_the_file(server, start):
    fwd = start(server, {"forward": [UPSTREAM], "listen": ["192.0.2.77"]}, args=["--listen", "127.0.0.1:0", server.upstream()])
    assert fwd.ask("wins.test").answer[0][0].address == expected_a("wins.test")


def test_file_that_is_not_there(tmp_path):
    done = run("-t", "-c", tmp_path / "missing.conf")
    assert done.returncode == 3
    assert "missing.conf" in done.stderr and "No such file" in done.stderr


NO_CONFIGURATION = {
    "binary": b"\0\1\2\377" * 100,
    "huge": b"x" * (2 << 20),
    "empty": b"",
    "open-brackets": b"((((((",
    "includes-itself": b'@include "dnsfwd.conf"\n',
}


@pytest.mark.parametrize("kind", NO_CONFIGURATION)
def test_file_that_is_no_configuration(tmp_path, kind):
    path = tmp_path / "dnsfwd.conf"
    path.write_bytes(NO_CONFIGURATION[kind])
    done = run("-t", "-c", path)
    assert done.returncode == 1
    assert str(path) in done.stderr


def for_nobody(folder, path):
    """A copy of the program and a folder that user 65534 can use, which the checkout need not be."""
    binary = shutil.copy(BINARY, folder / "dnsfwd-copy")
    folder.chmod(0o755)
    pathlib.Path(path).chmod(0o644)
    for parent in folder.parents:
        if str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o55)
    if subprocess.run(["test", "-r", str(path)], user=65534, check=False).returncode != 0:
        pytest.skip("the folder for temporary files is closed to others")
    return binary


# -- state-dir ---------------------------------------------------------------------


def unusable(folder, kind):
    """A state-dir that can't be, and why."""
    (folder / "file").write_text("")
    return {"below a file": (folder / "file/state", "Not a directory"), "a file": (folder / "file", "Not a directory"),
            "too long": ("/" + "x" * 5000, "File name too long")}[kind]


@pytest.mark.parametrize("kind", ["below a file", "a file", "too long"])
def test_state_dir_that_cannot_be(conf, tmp_path, kind):
    """No error, but told at once: by -t, and at the start."""
    state, why = unusable(tmp_path, kind)
    path = conf(state_dir=str(state), port=0, listen=["127.0.0.1"], control="")
    done = run("-t", "-c", path)
    assert (done.returncode, done.stdout) == (0, "the configuration is good\n")
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith(f"dnsfwd: warning: {path}: option \"state-dir\": ")
    assert why in done.stderr and "runs without it" in done.stderr and 'state-dir = ""' in done.stderr
    with Dnsfwd(config=False, args=["-c", path]) as fwd:
        fwd.wait_log(r"warning state-dir /\S+ can't be written: .*" + why)


@pytest.mark.parametrize("kind", ["default", "missing", "there", "empty"])
def test_state_dir_that_can_be(conf, tmp_path, kind):
    """Nothing is said, and -t makes nothing."""
    states = {"default": None, "missing": tmp_path / "new/state", "there": tmp_path / "state", "empty": ""}
    (tmp_path / "state").mkdir()
    done = run("-t", "-c", conf(state_dir=None if states[kind] is None else str(states[kind])))
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("sealed", [False, True])
def test_state_dir_of_another_user(conf, certs, tmp_path, sealed):
    """What root has for itself alone is given away at a start, or else it is in the way."""
    state = tmp_path / "state"
    state.mkdir()
    if sealed:
        (state / "a").mkdir()
    for parent in (tmp_path, *tmp_path.parents):
        if str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o55)
    shutil.copy(certs / "ca.pem", tmp_path / "roots.pem")
    (tmp_path / "roots.pem").chmod(0o644)
    roots = str(tmp_path / "roots.pem")
    path = conf(state_dir=str(state), user="65534", port=0, listen=["127.0.0.1"], control="", tls_cert_bundle=roots)
    done = run("-t", "-c", path)
    assert (done.returncode, "Permission denied" in done.stderr) == (0, sealed), done.stderr
    with Dnsfwd(config=False, args=["-c", path]) as fwd:
        fwd.wait_log("ready: ")
        assert ("can't be written: Permission denied" in fwd.log_text()) == sealed


PLACES = {
    "control": ["{tmp}/none/c.sock", "{tmp}/folder", "{tmp}/file"],
    "metrics": ["{tmp}/none/m.sock", "{tmp}/folder", "{tmp}/file"],
    "log-file": ["{tmp}/none/log", "{tmp}/folder", "{tmp}/link"],
    "cache-snapshot": ["{tmp}/none/cache", "{tmp}/folder"],
}


@pytest.mark.parametrize("option, value", [(option, value) for option in PLACES for value in PLACES[option]])
def test_places_where_nothing_can_be_made(conf, tmp_path, option, value):
    """-t says what a start would fail for, and makes nothing."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    place = value.format(tmp=tmp_path)
    path = conf(**{"control": "", option: place, "state-dir": "", "port": 0, "listen": ["127.0.0.1"]})
    before = sorted(tmp_path.iterdir())
    done = run("-t", "-c", path)
    assert (done.returncode, done.stdout) == (0, "the configuration is good\n")
    assert re.fullmatch(rf'dnsfwd: warning: \S+dnsfwd.conf: option "{option}": value "{place}": .*; \S.*\n', done.stderr)
    assert sorted(tmp_path.iterdir()) == before
    if option == "cache-snapshot":
        with Dnsfwd(config=False, args=["-c", path]) as fwd:
            if "none" in place:
                fwd.wait_log(f"warning cache-snapshot {place}: its folder: No such file or directory; the cache is not kept")
    else:
        assert run("-c", path).returncode in (2, 3)


@pytest.mark.parametrize("option", PLACES)
def test_places_where_it_can_be_made(conf, tmp_path, option):
    place = str(tmp_path / "made")
    path = conf(**{"control": "", option: place, "state-dir": "", "port": 0, "listen": ["127.0.0.1"]})
    done = run("-t", "-c", path)
    assert (done.returncode, done.stderr) == (0, "") and not pathlib.Path(place).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("readable", [False, True])
def test_certificates_of_another_user(conf, certs, tmp_path, readable):
    """Root can read them, but the user that it becomes is who does."""
    roots = tmp_path / "roots.pem"
    shutil.copy(certs / "ca.pem", roots)
    for parent in (tmp_path, *tmp_path.parents):
        if str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o55)
    roots.chmod(0o644 if readable else 0o600)
    done = run("-t", "-c", conf(user="65534", tls_cert_bundle=str(roots), state_dir="", control=""))
    assert done.returncode == 0
    told = f'option "tls-cert-bundle": value "{roots}": Permission denied to user 65534; dnsfwd does not start like that\n'
    assert done.stderr.endswith(told) if not readable else not done.stderr


# -- the trust store ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["missing", "empty", "garbage", "folder"])
@pytest.mark.parametrize("check", [True, False])
def test_trust_store_that_is_none(conf, tmp_path, kind, check):
    store = tmp_path / "roots.pem"
    if kind == "empty":
        store.write_text("")
    elif kind == "garbage":
        store.write_bytes(os.urandom(4096))
    elif kind == "folder":
        store.mkdir()
    done = run(*(["-t"] if check else []), "-c", conf(tls_cert_bundle=str(store), listen=["127.0.0.1"], port=0))
    assert done.returncode == 3
    assert str(store) in done.stderr


def test_trust_store_that_may_not_be_read(conf, certs, tmp_path):
    store = tmp_path / "roots.pem"
    store.write_bytes((certs / "ca.pem").read_bytes())
    store.chmod(0)
    path = conf(tls_cert_bundle=str(store))
    if os.geteuid() != 0:
        done = run("-t", "-c", path)
    else:
        done = run("-t", "-c", path, user=65534, binary=for_nobody(tmp_path, path))
    assert done.returncode == 3
    assert str(store) in done.stderr and "Permission denied" in done.stderr


# -- addresses ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_port_in_use(conf, kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        done = run("-c", conf(listen=[address]))
    assert done.returncode == 2
    assert address in done.stderr and "another program" in done.stderr


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
@pytest.mark.parametrize(
    "holder, wanted",
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.2", "0.0.0.0"), ("::1", "::1"), ("::", "127.0.0.1")],
)
def test_who_has_the_port(conf, kind, holder, wanted):
    """By name and number, also where it is a wildcard's share of the port."""
    with socket.socket(socket.AF_INET6 if ":" in holder else socket.AF_INET, kind) as taken:
        taken.bind((holder, free_port()))  # which nobody else gets for another address of ours meanwhile
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        done = run("-c", conf(listen=[f"[{wanted}]:{port}" if ":" in wanted else f"{wanted}:{port}"]))
    program = pathlib.Path("/proc/self/comm").read_text().strip()
    place = f"[{holder}]:{port}" if ":" in holder else f"{holder}:{port}"
    assert done.returncode == 2
    assert f"another program has this port: {program} (pid {os.getpid()}) on {place}; stop it" in done.stderr
    assert f'"ss -lntup sport = :{port}"' in done.stderr


def test_what_to_do_about_systemd_resolved(conf):
    """Its stub leaves 127.0.0.1 free, but not a wildcard: the complaint has the cure."""
    own_name = pathlib.Path("/proc/self/comm")
    name = own_name.read_text()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stub:
        stub.bind(("127.0.0.53", free_port()))
        port = stub.getsockname()[1]
        try:
            own_name.write_text("systemd-resolve")
            done = run("-c", conf(listen=[f"0.0.0.0:{port}"]))
        finally:
            own_name.write_text(name.strip())
    assert done.returncode == 2
    assert f"systemd-resolve (pid {os.getpid()}) on 127.0.0.53:{port}" in done.stderr
    assert "DNSStubListener=no" in done.stderr and "such as 127.0.0.1" in done.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_two_instances(server, start, conf, workers):
    """Also with ports that workers share: the second one must not take half of the queries."""
    first = start(server, {"workers": workers})
    address = "%s:%d" % first.address
    done = run("-c", conf(listen=[address], workers=workers))
    assert done.returncode == 2
    assert address in done.stderr


def test_address_that_is_not_ours(conf):
    done = run("-c", conf(listen=["192.0.2.77:5300"]))
    assert done.returncode == 2
    assert "192.0.2.77:5300" in done.stderr


def test_privileged_port_without_privilege(conf, certs, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    roots = tmp_path / "roots.pem"
    roots.write_bytes((certs / "ca.pem").read_bytes())
    path = conf(listen=["127.0.0.1:53"], tls_cert_bundle=str(roots))
    roots.chmod(0o644)
    start_of_ports = pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()
    if int(start_of_ports) <= 53:
        pytest.skip("every port may be taken here")
    done = run("-c", path, user=65534, group=65534, binary=for_nobody(tmp_path, path))
    assert done.returncode == 2
    assert "permission denied" in done.stderr and "127.0.0.1:53" in done.stderr


def test_binary_is_hardened():
    """PIE, full RELRO, no executable stack."""
    headers = subprocess.run(["readelf", "-hlW", "-d", str(BINARY)], capture_output=True, text=True, check=True).stdout
    assert "DYN" in headers and "GNU_RELRO" in headers and "NOW" in headers
    assert re.search(r"GNU_STACK.* RW ", headers)
