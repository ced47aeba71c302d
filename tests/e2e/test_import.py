"""dnsfwd --import: what others were told, in our own syntax; it loads, and whatever is missing is named."""

import pathlib
import re

import pytest
from daemon import Dnsfwd, run
from testserver import TestServer

PIN = "A" * 43 + "="
OTHER_PIN = "B" * 42 + "A="

STUBBY = f"""\
# stubby.yml
resolution_type: GETDNS_RESOLUTION_STUB
dns_transport_list:
  - GETDNS_TRANSPORT_TLS
tls_authentication: GETDNS_AUTHENTICATION_REQUIRED
tls_query_padding_blocksize: 256
edns_client_subnet_private : 1
round_robin_upstreams: 0
idle_timeout: 10000
timeout: 3500
limit_outstanding_queries: 200
tls_ca_file: "/etc/ssl/certs/ca-certificates.crt"
tls_ca_path: "/etc/ssl/certs/"
tls_min_version: GETDNS_TLS1_2
dnssec: GETDNS_EXTENSION_TRUE
listen_addresses:
  - 127.0.0.1@5300
  - 0::1@5300
upstream_recursive_servers:
# Two addresses of one
  - address_data: 192.0.2.1
    tls_auth_name: "dns.example.net"
    tls_pubkey_pinset:
      - digest: "sha256"
        value: {PIN}
      - digest: "sha256"
        value: {OTHER_PIN}
  - address_data: 2001:db8::1
    tls_auth_name: "dns.example.net"
    tls_pubkey_pinset: [ {{ digest: "sha256", value: {PIN} }}, {{ digest: "sha256", value: {OTHER_PIN} }} ]
  - address_data: 192.0.2.2
    tls_port: 8853
    tls_auth_name: other.example.net
    tls_curves_list: X25519
  - address_data: 145.100.185.15
    tls_auth_name: "dnsovertls.sinodun.com"
  - address_data: not an address
"""

RESOLVED = """\
#  This file is part of systemd.
[Resolve]
DNS=9.9.9.9#dns.quad9.net 192.0.2.1
DNS=[2001:db8::1]:8853%eth0#dns.example.net
DNS=nonsense
FallbackDNS=1.1.1.1#cloudflare-dns.com
Domains=lan ~corp.example ~.
DNSOverTLS=yes
DNSSEC=allow-downgrade
MulticastDNS=no
Cache=no
ReadEtcHosts=no
StaleRetentionSec=2h
DNSStubListener=no
DNSStubListenerExtra=udp:127.0.0.9:5353
SomethingNew=1
what is this
"""

UNBOUND = """\
# unbound.conf
include: "%(folder)s/conf.d/*.conf"
include: /nonexistent/one.conf
server:
    verbosity: 2
    interface: 127.0.0.1@5300
    interface: ::1@5300   # both
    interface: eth0
    port: 5353
    num-threads: 2
    access-control: 127.0.0.0/8 allow
    access-control: 192.168.0.0/16 allow_snoop
    access-control: 10.0.0.0/8 refuse
    msg-cache-size: 4m
    rrset-cache-size: 8m
    cache-min-ttl: 30
    cache-max-ttl: 999999999
    prefetch: yes
    serve-expired: yes
    serve-expired-ttl: 3600
    tls-cert-bundle: "/etc/ssl/certs/ca-certificates.crt"
    edns-buffer-size: 1400
    incoming-num-tcp: 20
    tcp-idle-timeout: 30000
    private-address: 192.168.0.0/16
    private-domain: "lan.example"
    local-data: "nas.lan. 3600 IN A 192.168.1.5"
    local-data: 'printer.lan TXT "a printer"'
    local-data: "nas.lan NAPTR 1 2"
    local-zone: "bad.example" always_nxdomain
    qname-minimisation: yes
    use-caps-for-id: yes
    num-threads: many
remote-control:
    control-enable: yes
forward-zone:
    name: "."
    forward-tls-upstream: yes
    forward-addr: 9.9.9.9@853#dns.quad9.net
    forward-addr: 2620:fe::fe@853#dns.quad9.net
    forward-addr: 192.0.2.7@8853
    forward-host: dns.example.net
forward-zone:
    name: "corp.example."
    forward-addr: 10.1.0.1
    forward-addr: 10.1.0.2@5353
    forward-first: yes
stub-zone:
    name: "lab.example"
    stub-addr: 10.2.0.1
"""


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def imported(path, *args, code=0):
    """(configuration, complaints), of which the configuration has been loaded again."""
    done = run("--import", path, *args)
    assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
    if code == 0:
        again = write(path.parent, "imported.conf", done.stdout)
        assert run("-T", "-c", again).returncode == 0
    return done.stdout, done.stderr


def settings(text):
    """Its lines without notes."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def check_notes(path, text, complaints, expected):
    """Each thing is named with its line, in the file and on stderr; and nothing else."""
    notes = [line[4:] for line in text.splitlines() if line.startswith("#   ")]
    told = re.findall(r"^dnsfwd: not carried over: (.*)$", complaints, re.M)
    assert told == notes
    for line, what in expected:
        assert any(n.startswith(f"{path}:{line}: ") and what in n for n in notes), (line, what, notes)
    assert len(notes) == len(expected), notes


def line_of(text, part):
    return next(i for i, line in enumerate(text.splitlines(), 1) if part in line)


def need_yaml(path):
    if "libyaml" in run("--import", path).stderr:
        pytest.skip("built without libyaml")



def test_an_extra_listener_stands_beside_the_usual_ones(tmp_path):
    file = tmp_path / "resolved.conf"
    file.write_text("[Resolve]\nDNS=9.9.9.9#dns.quad9.net\nDNSStubListenerExtra=192.168.1.1\n")
    done = run("--import", file)
    assert done.returncode == 0 and 'listen = [ "192.168.1.1", "127.0.0.1", "::1" ]' in done.stdout, done


def test_stubby(tmp_path):
    path = write(tmp_path, "stubby.yml", STUBBY)
    need_yaml(path)
    text, complaints = imported(path)
    lines = settings(text)
    assert lines[:2] == ['forward = [ "dns.example.net",', '\t"other.example.net" ]']
    for option in (
        'policy = "failover"', "query-timeout = 4", 'listen = [ "127.0.0.1@5300", "0::1@5300" ]',
        'tls-cert-bundle = "/etc/ssl/certs/ca-certificates.crt"',
    ):  # fmt: skip
        assert option in lines
    assert '\t  address = [ "192.0.2.1", "2001:db8::1" ]' in lines
    assert f'\t  pin-sha256 = [ "{PIN}", "{OTHER_PIN}" ]' in lines
    assert lines.count("\t  pad-block = 256") == 2 and "\t  port = 8853" in lines
    assert "\t  max-inflight = 200 }," in lines
    check_notes(path, text, complaints, [
        (line_of(STUBBY, "idle_timeout"), "learnt"),
        (line_of(STUBBY, "tls_ca_path"), "tls-cert-bundle"),
        (line_of(STUBBY, "tls_min"), "tls-priority"),
        (line_of(STUBBY, "dnssec"), "validates"),
        (line_of(STUBBY, "tls_curves"), "tls_curves_list"),
        (line_of(STUBBY, "145.100"), "switched off"),
        (line_of(STUBBY, "not an"), "no address"),
    ])  # fmt: skip


def test_stubby_without_authentication(tmp_path):
    source = STUBBY.replace("REQUIRED", "NONE").replace("  - GETDNS_TRANSPORT_TLS", "  - GETDNS_TRANSPORT_UDP")
    path = write(tmp_path, "stubby.yml", source)
    need_yaml(path)
    text, complaints = imported(path)
    assert text.count('profile = "opportunistic"') == 2
    assert "never asked in clear" in complaints and "in clear never" in complaints


def test_stubby_of_debian(tmp_path):
    example = pathlib.Path("/etc/stubby/stubby.yml")
    if not example.exists():
        pytest.skip("no stubby")
    need_yaml(example)
    text, _ = imported(write(tmp_path, "stubby.yml", example.read_text()))
    assert 'forward = [ "getdnsapi.net" ]' in text


def test_resolved(tmp_path):
    path = write(tmp_path, "resolved.conf", RESOLVED)
    text, complaints = imported(path)
    assert settings(text) == [
        'forward = [ "tls://9.9.9.9#dns.quad9.net",',
        '\t"tls://192.0.2.1",',
        '\t"tls://[2001:db8::1]:8853#dns.example.net" ]',
        "cache-size = 0",
        "hosts = [ ]",
        "serve-stale = 7200",
        'listen = [ "127.0.0.9:5353" ]',
    ]
    check_notes(path, text, complaints, [
        (3, "192.0.2.1 has no name"),
        (4, "interface eth0"),
        (5, '"nonsense"'),
        (6, "FallbackDNS: 1.1.1.1"),
        (7, '"search lan"'),
        (7, '~corp.example: a zone'),
        (9, "DNSSEC=allow-downgrade"),
        (10, "MulticastDNS=no"),
        (14, "DNSStubListener=no"),
        (16, "SomethingNew=1"),
        (17, '"what is this"'),
    ])  # fmt: skip


def test_resolved_fallback_is_for_when_there_is_nothing_else(tmp_path):
    servers = "DNS=9.9.9.9#dns.quad9.net\nDNS=\nFallbackDNS=1.1.1.1#one.one.one.one\n"
    path = write(tmp_path, "resolved.conf", f"[Resolve]\n{servers}DNSOverTLS=opportunistic\n")
    text, complaints = imported(path)
    assert '"1.1.1.1"' in text and 'profile = "opportunistic"' in text and "9.9.9.9" not in text
    assert "never in clear" in complaints


def test_unbound(tmp_path):
    (tmp_path / "conf.d").mkdir()
    included = write(tmp_path / "conf.d", "more.conf", 'server:\n  answer-cookie: no\n  root-hints: "/x"\n  ip-freebind: yes\n')
    source = UNBOUND % {"folder": tmp_path}
    path = write(tmp_path, "unbound.conf", source)
    text, complaints = imported(path)
    lines = settings(text)
    for option in (
        'listen = [ "127.0.0.1@5300", "::1@5300" ]', "port = 5353", "workers = 2",
        'allow = [ "127.0.0.0/8", "::1/128", "192.168.0.0/16" ]', 'cache-size = "12M"', "cache-min-ttl = 30", "prefetch = true",
        "serve-stale = 3600", "edns-size = 1400", "tcp-clients = 20", "tcp-idle-timeout = 30", "answer-cookies = false",
        "freebind = true",
        'private-address = [ "192.168.0.0/16" ]', 'private-address-except = [ "lan.example" ]', 'log-level = "debug"',
        r'record = [ "nas.lan. 3600 IN A 192.168.1.5", "printer.lan TXT \"a printer\"" ]',
        'tls-cert-bundle = "/etc/ssl/certs/ca-certificates.crt"',
    ):  # fmt: skip
        assert option in lines, (option, text)
    assert '\t{ name = "corp.example", forward = [ "udp://10.1.0.1", "udp://10.1.0.2:5353" ] },' in lines
    assert '\t{ name = "lab.example", forward = [ "udp://10.2.0.1" ] } )' in lines
    assert '\t  address = [ "9.9.9.9", "2620:fe::fe" ]' in lines
    assert '\t"tls://192.0.2.7:8853",' in lines and '\t"tls://dns.example.net" ]' in lines
    assert f"{included}:3: root-hints" in complaints
    text = text.replace(f"#   {included}", f"#   {path}").replace("more.conf", "unbound.conf")
    complaints = complaints.replace(str(included), str(path))
    check_notes(path, text, complaints, [
        (3, "root-hints"),
        (3, "/nonexistent/one.conf"),
        (line_of(source, "eth0"), "an address is wanted"),
        (line_of(source, "refuse"), "refused"),
        (line_of(source, "cache-max"), "out of the range"),
        (line_of(source, "NAPTR"), "local-data"),
        (line_of(source, "always_nx"), "local-zone"),
        (line_of(source, "qname-min"), "only the resolver"),
        (line_of(source, "use-caps"), "nothing like it"),
        (line_of(source, "many"), "no number"),
        (line_of(source, "control-enable"), "remote-control"),
        (line_of(source, "192.0.2.7"), "no name"),
        (line_of(source, "forward-first"), "forward-first"),
        (line_of(source, "lab.example"), "with recursion wanted"),
    ])  # fmt: skip


def test_unbound_in_clear(tmp_path):
    """Nothing of it may become an upstream: it would be asked encrypted and not answer, or worse."""
    path = write(tmp_path, "unbound.conf", 'forward-zone:\n name: "."\n forward-addr: 192.0.2.1\n')
    text, complaints = imported(path, code=1)
    assert "192.0.2.1" not in text and "in clear" in complaints and f"--import {path} quad9" in complaints
    text, complaints = imported(path, "quad9")
    assert 'forward = [ "quad9" ]' in text


def test_unbound_of_debian(tmp_path):
    example = pathlib.Path("/usr/share/doc/unbound/examples/unbound.conf")
    if not example.exists():
        pytest.skip("no examples")
    text, _ = imported(write(tmp_path, "unbound.conf", example.read_text()), "quad9")
    assert settings(text) == ['forward = [ "quad9" ]', "serve-stale = 0"]


def test_includes_in_circles(tmp_path):
    path = tmp_path / "unbound.conf"
    path.write_text(f'include: "{path}"\nserver: port: 5300\n')
    text, complaints = imported(path, "quad9")
    assert "too deep" in complaints and "port = 5300" in text


@pytest.mark.parametrize("kind", ["resolved", "unbound", "stubby"])
def test_kind(kind, tmp_path):
    """By what stands in it, by its name, or as it is told."""
    text = {"resolved": "DNS=9.9.9.9\n", "unbound": "port: 53\n", "stubby": "timeout: 1\n"}[kind]
    path = write(tmp_path, "some.conf", text)
    assert "--import-kind" in imported(path, code=1)[1]
    done = run("--import", path, "--import-kind", kind, "quad9")
    assert "--import-kind" not in done.stderr
    assert "stubby, resolved or unbound" in imported(path, "--import-kind", "bind", code=1)[1]


def test_files_that_are_none(tmp_path):
    assert run("--import", tmp_path / "missing").returncode == 3
    (tmp_path / "binary").write_bytes(b"server:\0")
    assert run("--import", tmp_path / "binary").returncode == 3
    bad = write(tmp_path, "stubby.yml", "timeout: [\n")
    need_yaml(bad)
    assert "line 2" in imported(bad, code=1)[1]
    assert "no keys" in imported(write(tmp_path, "stubby.yml", "- a\n"), code=1)[1]


def test_it_works(tmp_path):
    """What was imported answers."""
    with TestServer() as server:
        host, port = server.tls[0]
        zone = f' name: "."\n forward-tls-upstream: yes\n forward-addr: {host}@{port}#resolver.test\n'
        path = write(tmp_path, "unbound.conf", f"server:\n tls-cert-bundle: {server.ca}\nforward-zone:\n{zone}")
        text, _ = imported(path)
        file = write(tmp_path, "it.conf", text + 'listen = [ "127.0.0.1" ]\nport = 0\nstate-dir = ""\nspecial-names = false\n')
        with Dnsfwd(config=False, args=["-c", str(file)]) as fwd:
            assert fwd.ask("imported.test").answer
