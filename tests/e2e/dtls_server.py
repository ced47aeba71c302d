"""A DNS over DTLS server of OpenSSL's, through ctypes: many associations at once, tickets, goodbyes when they are wanted.

    with DtlsServer(certs) as server:          # answers as judge_peers.honest does
        fwd = Dnsfwd(server.upstream(), {"tls-cert-bundle": server.ca})
        server.goodbye()                       # close_notify to all
        assert server.resumed

Strangers are asked for a cookie on the first socket; then each association has a thread and a connected socket of its own
on the server's port.  OpenSSL shares the keys of tickets among the associations of a context.
"""

import ctypes
import pathlib
import socket
import threading

import dtls_client as c
from judge_peers import honest

FILETYPE_PEM = 1
POLL = 0.05  # seconds between looks whether a goodbye is wanted

_server_method = c._declare(c._ssl, ctypes.c_void_p, "DTLS_server_method")
_use_chain = c._declare(c._ssl, ctypes.c_int, "SSL_CTX_use_certificate_chain_file", ctypes.c_void_p, ctypes.c_char_p)
_use_key = c._declare(
    c._ssl, ctypes.c_int, "SSL_CTX_use_PrivateKey_file", ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
)
_accept = c._declare(c._ssl, ctypes.c_int, "SSL_accept", ctypes.c_void_p)
_listen = c._declare(c._ssl, ctypes.c_int, "DTLSv1_listen", ctypes.c_void_p, ctypes.c_void_p)
_set_generate = c._declare(c._ssl, None, "SSL_CTX_set_cookie_generate_cb", ctypes.c_void_p, ctypes.c_void_p)
_set_verify = c._declare(c._ssl, None, "SSL_CTX_set_cookie_verify_cb", ctypes.c_void_p, ctypes.c_void_p)
_address_new = c._declare(c._crypto, ctypes.c_void_p, "BIO_ADDR_new")
_address_free = c._declare(c._crypto, None, "BIO_ADDR_free", ctypes.c_void_p)
BIO_C_SET_FD, OP_COOKIE_EXCHANGE = 104, 0x2000
COOKIE = b"no use to a forger"  # GnuTLS takes 32 octets at most
_octets = ctypes.POINTER(ctypes.c_ubyte)


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, _octets, ctypes.POINTER(ctypes.c_uint))
def _generate(_, room, length):
    ctypes.memmove(room, COOKIE, len(COOKIE))
    length[0] = len(COOKIE)
    return 1


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, _octets, ctypes.c_uint)
def _verify(_, cookie, length):
    return ctypes.string_at(cookie, length) == COOKIE


class Association:
    """Of a session whose ClientHello has been read, with a good cookie."""

    def __init__(self, server, ssl, bio, address):
        self.server, self.ssl, self.bio = server, ssl, bio
        self.leaving = threading.Event()
        self.socket = server.new_socket()
        self.socket.connect(address)
        c._bio_ctrl(bio, BIO_C_SET_FD, 0, ctypes.byref(ctypes.c_int(self.socket.fileno())))
        c._bio_ctrl(bio, c.BIO_CTRL_DGRAM_SET_CONNECTED, 0, c.address_of(self.socket))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            if self._handshake(self.ssl, self.bio):
                self._serve(self.ssl, self.bio)
                c._shutdown(self.ssl)
        finally:
            c._free(self.ssl)
            self.server.leave(self)
            self.socket.close()

    def _handshake(self, ssl, bio):
        c.limit(bio, 1)
        while not self.leaving.is_set():
            result = _accept(ssl)
            if result == 1:
                self.server.count(bool(c._reused(ssl)))
                return True
            if c._get_error(ssl, result) != c.ERROR_WANT_READ:
                return False
        return False

    def _serve(self, ssl, bio):
        c.limit(bio, POLL)
        buffer = ctypes.create_string_buffer(16384)
        while not self.leaving.is_set():
            n = c._read(ssl, buffer, len(buffer))
            if n > 0:
                self.server.queries += 1
                if answer := self.server.respond(buffer.raw[:n]):
                    c._write(ssl, answer, len(answer))
            elif c._get_error(ssl, n) not in (c.ERROR_WANT_READ, c.ERROR_SYSCALL):
                return


def ipv4_of(peer):
    """Of a BIO_ADDR, which begins as struct sockaddr."""
    octets = ctypes.string_at(peer, 8)
    return socket.inet_ntoa(octets[4:8]), int.from_bytes(octets[2:4], "big")


class DtlsServer:
    def __init__(self, certs, respond=honest):
        self.respond, self.queries = respond, 0
        self.full = self.resumed = 0
        self.ca = str(pathlib.Path(certs) / "ca.pem")
        self.context = c._ctx_new(_server_method())
        assert _use_chain(self.context, str(pathlib.Path(certs) / "server.pem").encode()) == 1
        assert _use_key(self.context, str(pathlib.Path(certs) / "server.key").encode(), FILETYPE_PEM) == 1
        _set_generate(self.context, _generate)
        _set_verify(self.context, _verify)
        self._lock = threading.Lock()
        self._open = set()
        self.port = 0
        self._front = self.new_socket()
        self.port = self._front.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def new_socket(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", self.port))
        return s

    def upstream(self, name="resolver.test"):
        return f"dtls://127.0.0.1:{self.port}#{name}"

    def _listen(self):
        ssl = bio = None
        peer = _address_new()
        while not self._over.is_set():
            if ssl is None:
                ssl, bio = c._new(self.context), c._new_dgram(self._front.fileno(), 0)
                c._set_bio(ssl, bio, bio)
                c._set_options(ssl, OP_COOKIE_EXCHANGE)
                c.limit(bio, POLL)
            if _listen(ssl, peer) > 0:
                with self._lock:
                    self._open.add(Association(self, ssl, bio, ipv4_of(peer)))
                ssl = None
        if ssl:
            c._free(ssl)
        _address_free(peer)

    def count(self, resumed):
        with self._lock:
            self.resumed += resumed
            self.full += not resumed

    def leave(self, association):
        with self._lock:
            self._open.discard(association)

    def goodbye(self):
        """To all there are, and waits until they have gone."""
        with self._lock:
            leaving = list(self._open)
        for association in leaving:
            association.leaving.set()
        for association in leaving:
            association.thread.join(c.TIMEOUT)
        return len(leaving)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._over.set()
        self._thread.join(c.TIMEOUT)
        self.goodbye()
        self._front.close()
        c._ctx_free(self.context)
