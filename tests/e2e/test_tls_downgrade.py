"""Nobody talks dnsfwd into less than TLS 1.2 with AEAD and forward secrecy, nor into clear text (A62; standards 7.1, 7.4)."""

import concurrent.futures
import contextlib
import os
import struct

import hello
import pytest
import wire
from conftest import addresses, warm
from netns import Network
from peer import Peer, Tap
from testserver import expected_a, wait_for

GOOD_SUITES = {
    *(0x1301, 0x1302, 0x1303),  # TLS 1.3: AES-GCM, ChaCha20
    *(0xC02B, 0xC02C, 0xCCA9),  # ECDHE-ECDSA
    *(0xC02F, 0xC030, 0xCCA8),  # ECDHE-RSA
}
X25519, SECP256R1 = 29, 23
NAME = "secret.downgrade.test"
SHORT = {"query-timeout": "1s"}
NOT_READY = 14  # at the deadline the first handshake was still under way


def extension(code, data):
    return hello.extension(code, bytes.fromhex(data))


def good_extensions(more=b""):
    """Of a ServerHello in TLS 1.2 that a client has nothing to say against."""
    return extension(hello.RENEGOTIATION, "00") + extension(hello.EMS, "") + more


def says_hello(**fields):
    """Answers with this ServerHello and waits for what the client makes of it."""

    def handle(link):
        if found := link.read_hello():
            link.send(hello.server_hello(found, **fields))
            link.read_all()

    return handle


def says(data, then="wait"):
    """Answers the ClientHello, or whatever there is of it, with these octets."""

    def handle(link):
        link.read()
        link.send(data)
        if then == "wait":
            link.read_all()
        elif then == "rst":
            link.reset()

    return handle


def dns_answer(name):
    """A message in clear, with every likely id one after another."""
    body = wire.question(name) + wire.record(b"\xc0\x0c", wire.A, bytes([192, 0, 2, 66]))
    messages = (wire.header(0x8180, (1, 1, 0, 0), id) + body for id in range(0, 65536, 257))
    return b"".join(struct.pack("!H", len(m)) + m for m in messages)


# A client that took one of these would go on; most of the rest of a handshake is not needed to see that it does not.
SUITES = {
    "NULL of nothing": 0x0000,
    "RSA, NULL": 0x003B,
    "ECDHE, NULL": 0xC006,
    "RSA export RC4": 0x0003,
    "RSA export DES": 0x0008,
    "RC4": 0xC007,
    "3DES": 0xC008,
    "CBC, SHA-1": 0xC009,
    "CBC, SHA-256": 0xC023,
    "RSA key exchange, GCM": 0x009C,
    "DHE, GCM": 0x009E,
    "anonymous ECDH": 0xC018,
    "anonymous DH, GCM": 0x00A6,
    "PSK, GCM": 0x00A8,
    "CCM with a short tag": 0xC0AE,
    "one of TLS 1.3": 0x1301,
    "renegotiation's signal": 0x00FF,
}
OLD = {"SSL 3": 0x0300, "TLS 1.0": 0x0301, "TLS 1.1": 0x0302}
V13 = extension(hello.VERSIONS, "0304")
SHARE = extension(hello.KEY_SHARE, f"{X25519:04x}0020" + "09" + 31 * "00")

HELLOS = {
    **{f"{name}, {suite:#06x}": {"suite": suite, "version": v} for name, v in OLD.items() for suite in (0xC009, 0xC02B)},
    **{f"TLS 1.2, {name}": {"suite": suite} for name, suite in SUITES.items()},
    "compression": {"suite": 0xC02B, "compression": 1},
    "safe renegotiation not known": {"suite": 0xC02B, "extensions": extension(hello.EMS, "")},
    "renegotiation_info of another handshake": {"suite": 0xC02B, "extensions": extension(hello.RENEGOTIATION, "0401020304")},
    "the mark of a downgrade": {"suite": 0xC02B, "random": os.urandom(24) + hello.DOWNGRADE},
    "the mark of a downgrade to 1.1": {"suite": 0xC02B, "random": os.urandom(24) + b"DOWNGRD\0", "version": 0x0302},
    "heartbeat": {"suite": 0xC02B, "extensions": good_extensions(extension(15, "01"))},
    "TLS 1.1 by the extension": {"suite": 0xC02B, "extensions": extension(hello.VERSIONS, "0302") + SHARE},
    "TLS 1.2 by the extension": {"suite": 0xC02B, "extensions": extension(hello.VERSIONS, "0303") + SHARE},
    "TLS 1.3, integrity only": {"suite": 0xC0B4, "extensions": V13 + SHARE},
    "TLS 1.3, CCM with a short tag": {"suite": 0x1305, "extensions": V13 + SHARE},
    "TLS 1.3 without a share": {"suite": 0x1301, "extensions": V13},
    "TLS 1.3, a group not offered": {"suite": 0x1301, "extensions": V13 + extension(hello.KEY_SHARE, "01000002ffff")},
    "TLS 1.3, a share of zeros": {"suite": 0x1301, "extensions": V13 + extension(hello.KEY_SHARE, "001d0020" + 32 * "00")},
    "TLS 1.3, a ticket nobody offered": {"suite": 0x1301, "extensions": V13 + SHARE + extension(hello.PSK, "0000")},
    "retry with a group not offered": {
        "suite": 0x1301, "random": hello.RETRY, "extensions": V13 + extension(hello.KEY_SHARE, "0100"),
    },
    "retry that changes nothing": {"suite": 0x1301, "random": hello.RETRY, "extensions": V13},
}  # fmt: skip

# Wrong, too, but the library goes on here, and waits for a certificate that this peer has not.
LENIENT = {
    "truncated_hmac": {"suite": 0xC02B, "extensions": good_extensions(extension(4, ""))},
    "ALPN h2": {"suite": 0xC02B, "extensions": good_extensions(extension(hello.ALPN, "0003026832"))},
    "ALPN of two": {"suite": 0xC02B, "extensions": good_extensions(extension(hello.ALPN, "000803646f7403646f74"))},
    "an extension twice": {"suite": 0xC02B, "extensions": good_extensions(good_extensions())},
    "TLS 1.3, a suite of 1.2": {"suite": 0xC02B, "extensions": V13 + SHARE},
}

TALK = {
    "closes": says(b"", "close"),
    "resets": says(b"", "rst"),
    "a plain answer": says(dns_answer(NAME)),
    "a plain answer, then FIN": says(dns_answer(NAME), "close"),
    "HTTP": says(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "close"),
    "SMTP": says(b"220 mail.test ESMTP\r\n"),
    "STARTTLS": says(b"\x00\x0c" + bytes(12)),
    "SSL 2": says(b"\x80\x2e\x04\x00\x01\x00\x02" + bytes(41)),
    **{f"alert {code}": says(hello.alert(code), "close") for code in (40, 47, 70, 71, 80, 86, 109, 112, 120)},
    "a warning and then nothing": says(hello.alert(112, 1), "close"),
    "close_notify": says(hello.alert(0, 1), "close"),
    "data before the handshake": says(hello.record(hello.DATA, dns_answer(NAME)[:4000])),
    "a record without end": says(b"\x16\x03\x03\xff\xff" + bytes(65535)),
    "a message without end": says(hello.record(hello.HANDSHAKE, b"\x02\xff\xff\xff" + bytes(16000)) * 40),
    "empty records": says(hello.record(hello.HANDSHAKE, b"") * 5000, "close"),
}

# The suites, versions and groups above are refused for themselves: the rest of the ServerHello is good.
for _fields in HELLOS.values():
    _fields.setdefault("extensions", good_extensions())

PEERS = {**{name: says_hello(**fields) for name, fields in HELLOS.items()}, **TALK}
HANGING = {**{name: says_hello(**fields) for name, fields in LENIENT.items()}, "silence": lambda link: link.read_all()}
HANGING["a message without end"] = PEERS.pop("a message without end")  # what is too much of it: test_tls_floods.py


def check_hello(found):
    assert found.legacy == hello.TLS12 and hello.versions(found) == [hello.TLS13, hello.TLS12]
    suites = set(found.suites)
    assert suites - {hello.SCSV} <= GOOD_SUITES and len(suites & GOOD_SUITES) >= 6, [hex(s) for s in found.suites]


def check_link(link, label):
    """Nothing but handshake and alerts, and the name in no way."""
    data = bytes(link.received)
    assert label not in data.lower()
    kinds = [kind for kind, _, _ in hello.records(data)]
    assert set(kinds) <= {20, hello.ALERT, hello.HANDSHAKE}, kinds
    if found := hello.client_hello(data):
        check_hello(found)


def check_refusal(fwd, peer, codes=(22, 23)):
    told = []

    def asked():
        reply = fwd.ask(NAME)
        assert reply.rcode() == wire.SERVFAIL and not reply.answer, reply
        told[:] = wire.edes(reply)
        return told[0][0] != NOT_READY or NOT_READY in codes

    wait_for(asked, what="the end of a first handshake")
    ((code, text),) = told
    assert code in codes and text
    wait_for(lambda: peer.links, what="a connection")
    for link in list(peer.links):
        check_link(link, b"secret")


def refused(fwd, peer, name):
    """A ServerHello by an alert of the client's, not by a handshake that does not end."""
    check_refusal(fwd, peer)
    if name in HELLOS and name != "retry that changes nothing":
        last = wait_for(lambda: peer.links[0].ended and hello.records(peer.links[0].received)[-1], what="the end")
        assert last[0] == hello.ALERT and last[2][0] == 2, last


def hanging(fwd, peer, name):
    """Nothing comes of it."""
    check_refusal(fwd, peer, (NOT_READY, 22, 23))


def all_at_once(start, check, peers):
    """Each waits for its deadline, all of them side by side; says which were wrong."""
    with contextlib.ExitStack() as stack:
        opened = {name: stack.enter_context(Peer(handle)) for name, handle in peers.items()}
        daemons = {name: start(peer.upstream(), SHORT) for name, peer in opened.items()}
        with concurrent.futures.ThreadPoolExecutor(len(peers)) as pool:
            tasks = {name: pool.submit(check, daemons[name], opened[name], name) for name in peers}
    errors = {name: task.exception() for name, task in tasks.items() if task.exception()}
    assert not errors, errors


def groups(names, size=8):
    names = list(names)
    return [pytest.param(names[i : i + size], id=names[i]) for i in range(0, len(names), size)]


@pytest.mark.parametrize("names", groups(PEERS))
def test_refused(start, names):
    all_at_once(start, refused, {name: PEERS[name] for name in names})


def test_waited_for_in_vain(start):
    all_at_once(start, hanging, HANGING)


def test_the_plain_hello_is_good(start):
    """What the table above spoils one by one is right in itself: the client waits for the certificate."""
    with Peer(says_hello(suite=0xC02B, extensions=good_extensions())) as peer:
        fwd = start(peer.upstream(), SHORT)
        fwd.ask(NAME)
        assert all(kind != hello.ALERT for kind, _, _ in hello.records(peer.links[0].received))


# What a GnuTLS server can still be made to do.
WEAK = [
    "NORMAL:-VERS-ALL:+VERS-TLS1.0",
    "NORMAL:-VERS-ALL:+VERS-TLS1.1",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-CBC:+AES-128-CBC",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+NULL:+MAC-ALL",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CCM-8:+AES-128-CCM",
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-CCM-8:+AES-128-CCM",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH:+ANON-DH",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA",
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048",
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION",
]


@pytest.mark.parametrize("priority", WEAK)
def test_weak_servers_are_refused(start_server, start, priority):
    server = start_server(args=("--priority", priority))
    with Tap(server) as tap:
        check_refusal(start(tap.upstream(), SHORT), tap)
    assert server.stat("handshakes") == 0 and server.stat("queries") == 0


def change_versions(number, data):
    """What an attacker on the path would do: TLS 1.3 is not offered any more."""
    at = data.index(bytes.fromhex("002b0005040304"))
    return data[: at + 5] + b"\x03\x03" + data[at + 7 :]


def test_who_takes_versions_off_the_offer_is_found_out(start_server, start):
    server = start_server()
    with Tap(server, change_versions) as tap:
        check_refusal(start(tap.upstream(), SHORT), tap)
    assert server.stat("queries") == 0


# -- nothing on other paths --------------------------------------------------------------


@pytest.mark.parametrize("name", ["resets", "closes", "a plain answer", "alert 70", "TLS 1.1, 0xc009", "HTTP"])
def test_nowhere_in_clear(start, name):
    """A sniffer sees every packet: none has the name in clear, none goes elsewhere than to port 853 (Network)."""
    with Network(hosts=1) as net, Peer(PEERS[name], net.hosts[0], net.hosts[0].v4, 853) as peer:
        fwd = start(peer.upstream(), {**SHORT, "bootstrap": [net.hosts[0].v4]}, netns=net.client)
        for _ in range(3):
            check_refusal(fwd, peer)


def test_a_failure_lowers_no_offer(start):
    """RFC 9325 3.1.2: no other ClientHello after a failure, however often; no fallback signal."""
    with Peer(TALK["alert 70"]) as peer:
        fwd = start(peer.upstream(), SHORT)
        wait_for(lambda: fwd.ask(NAME).rcode() == wire.SERVFAIL and len(peer.hellos()) >= 4, what="four attempts")
        hellos = peer.hellos()
    assert len({(tuple(h.suites), tuple(hello.versions(h)), frozenset(h.extensions)) for h in hellos}) == 1
    assert hello.FALLBACK_SCSV not in hellos[0].suites


# -- the ClientHello -----------------------------------------------------------------------


@pytest.fixture
def first_hello(start_server, start):
    """Of an upstream with these options, to an honest server."""

    def get(**options):
        with Tap(start_server()) as tap:
            warm(start(tap.upstream(**options)))
            return tap.hellos()[0]

    return get


def test_client_hello(first_hello):
    found = first_hello()
    check_hello(found)
    ext = found.extensions
    assert found.compression == b"\0"
    assert ext.get(hello.RENEGOTIATION) == b"\0" or hello.SCSV in found.suites
    assert ext[hello.EMS] == b""
    assert hello.protocols(found) == [b"dot"]
    assert ext[hello.PSK_MODES] == b"\1\1"  # psk_dhe_ke
    groups = hello.numbers(hello.Reader(ext[hello.GROUPS]).vector(2))
    assert {X25519, SECP256R1} <= set(groups) <= {X25519, SECP256R1, 24, 25}, groups
    schemes = hello.numbers(hello.Reader(ext[13]).vector(2))
    assert not [s for s in schemes if s & 0xFF00 in (0x0100, 0x0200, 0x0300)], "MD5, SHA-1 or SHA-224"
    unwanted = {1: "max_fragment_length", 4: "truncated_hmac", 15: "heartbeat", 21: "padding", hello.PSK: "a ticket",
                hello.EARLY_DATA: "0-RTT", hello.POST_HANDSHAKE_AUTH: "post_handshake_auth", 13172: "NPN"}  # fmt: skip
    assert not [what for code, what in unwanted.items() if code in ext]


def test_client_hello_asks_for_a_staple(first_hello):
    """OCSP (standards 7.4)."""
    assert first_hello().extensions[hello.STATUS_REQUEST] == bytes.fromhex("0100000000")


def test_names_are_shown_and_addresses_are_not(first_hello):
    """SNI is the name of the certificate; an address never stands there (RFC 6066 3)."""
    assert first_hello().extensions[hello.SERVER_NAME] == b"\0\x10\0\0\x0dresolver.test"
    assert hello.SERVER_NAME not in first_hello(**{"auth-name": ""}).extensions


def test_the_good_server_is_asked(start_server, start):
    """The tap itself changes nothing."""
    server = start_server()
    with Tap(server) as tap:
        fwd = start(tap.upstream())
        assert addresses(fwd.ask(NAME)) == [expected_a(NAME)]
        check = tap.links[0].received
        assert b"secret" not in bytes(check).lower()
    assert server.stat("tls13") == 1
