"""A DTLS 1.2 client that is not dnsfwd: OpenSSL's, through ctypes.

    with DtlsClient(server.dtls[0], server.ca) as client:
        answer = client.ask_wire(query)          # one message, one record, one datagram
        session = client.session()               # for DtlsClient(..., session=session)

Handshakes are retransmitted by OpenSSL, queries are not: what gets lost is for the test to see.
"""

import ctypes
import socket

TIMEOUT = 60
ERROR_WANT_READ, ERROR_SYSCALL, ERROR_ZERO_RETURN = 2, 5, 6
VERIFY_PEER = 1
CTRL_SET_TLSEXT_HOSTNAME = 55
BIO_CTRL_DGRAM_SET_CONNECTED, BIO_CTRL_DGRAM_SET_RECV_TIMEOUT = 32, 33
CTRL_SET_MTU, OP_NO_QUERY_MTU = 17, 0x1000
CTRL_SET_MIN_PROTO, DTLS1_2 = 123, 0xFEFD

_ssl = ctypes.CDLL("libssl.so.3")
_crypto = ctypes.CDLL("libcrypto.so.3")
_P, _I, _L, _S = ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_char_p


def _declare(library, result, name, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


_client_method = _declare(_ssl, _P, "DTLS_client_method")
_ctx_new = _declare(_ssl, _P, "SSL_CTX_new", _P)
_ctx_free = _declare(_ssl, None, "SSL_CTX_free", _P)
_ctx_ctrl = _declare(_ssl, _L, "SSL_CTX_ctrl", _P, _I, _L, _P)
_load_ca = _declare(_ssl, _I, "SSL_CTX_load_verify_locations", _P, _S, _S)
_set_verify = _declare(_ssl, None, "SSL_CTX_set_verify", _P, _I, _P)
_new = _declare(_ssl, _P, "SSL_new", _P)
_free = _declare(_ssl, None, "SSL_free", _P)
_ctrl = _declare(_ssl, _L, "SSL_ctrl", _P, _I, _L, _P)
_set_options = _declare(_ssl, ctypes.c_uint64, "SSL_set_options", _P, ctypes.c_uint64)
_set_host = _declare(_ssl, _I, "SSL_set1_host", _P, _S)
_set_bio = _declare(_ssl, None, "SSL_set_bio", _P, _P, _P)
_set_session = _declare(_ssl, _I, "SSL_set_session", _P, _P)
_connect = _declare(_ssl, _I, "SSL_connect", _P)
_get_error = _declare(_ssl, _I, "SSL_get_error", _P, _I)
_read = _declare(_ssl, _I, "SSL_read", _P, _P, _I)
_write = _declare(_ssl, _I, "SSL_write", _P, _S, _I)
_shutdown = _declare(_ssl, _I, "SSL_shutdown", _P)
_get1_session = _declare(_ssl, _P, "SSL_get1_session", _P)
_session_free = _declare(_ssl, None, "SSL_SESSION_free", _P)
_reused = _declare(_ssl, _I, "SSL_session_reused", _P)
_new_dgram = _declare(_crypto, _P, "BIO_new_dgram", _I, _I)
_bio_ctrl = _declare(_crypto, _L, "BIO_ctrl", _P, _I, _L, _P)
_err_get = _declare(_crypto, ctypes.c_ulong, "ERR_get_error")
_err_text = _declare(_crypto, _S, "ERR_reason_error_string", ctypes.c_ulong)


class DtlsError(Exception):
    pass


class Timeval(ctypes.Structure):
    _fields_ = [("seconds", _L), ("microseconds", _L)]


class Session:
    """What a later handshake may be shortened with."""

    def __init__(self, pointer):
        self.pointer = pointer

    def __del__(self):
        _session_free(self.pointer)


class DtlsClient:
    """mtu: octets of the largest datagram that it sends, where that is given."""

    def __init__(self, address, ca, name="resolver.test", session=None, mtu=None, timeout=TIMEOUT, source=None):
        self._context = _ctx_new(_client_method())
        self._ssl = None
        self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            if source:
                self.socket.bind(source)
            self.socket.connect(tuple(address[:2]))
            self._prepare(ca, name, session, mtu)
            self._handshake(timeout)
        except BaseException:
            self.drop()
            raise

    def _prepare(self, ca, name, session, mtu):
        _ctx_ctrl(self._context, CTRL_SET_MIN_PROTO, DTLS1_2, None)
        assert _load_ca(self._context, str(ca).encode(), None) == 1
        _set_verify(self._context, VERIFY_PEER, None)
        self._ssl = _new(self._context)
        _ctrl(self._ssl, CTRL_SET_TLSEXT_HOSTNAME, 0, ctypes.c_char_p(name.encode()))
        _set_host(self._ssl, name.encode())
        if session:
            assert _set_session(self._ssl, session.pointer) == 1
        if mtu:
            _set_options(self._ssl, OP_NO_QUERY_MTU)
            _ctrl(self._ssl, CTRL_SET_MTU, mtu, None)
        self._bio = _new_dgram(self.socket.fileno(), 0)
        _bio_ctrl(self._bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, self._peer_address())
        _set_bio(self._ssl, self._bio, self._bio)

    def _peer_address(self):
        """As struct sockaddr, which is what a BIO_ADDR begins with."""
        host, port = self.socket.getpeername()[:2]
        family = self.socket.family
        packed = socket.inet_pton(family, host)
        flow = b"\0" * 4 if family == socket.AF_INET6 else b""
        octets = int(family).to_bytes(2, "little") + port.to_bytes(2, "big") + flow + packed
        return ctypes.create_string_buffer(octets, 128)

    def _limit(self, seconds):
        value = Timeval(int(seconds), int(seconds % 1 * 1e6))
        _bio_ctrl(self._bio, BIO_CTRL_DGRAM_SET_RECV_TIMEOUT, 0, ctypes.byref(value))

    def _handshake(self, timeout):
        self._limit(timeout)
        for _ in range(20):  # it comes back after each time that it has waited
            result = _connect(self._ssl)
            if result == 1:
                return
            if _get_error(self._ssl, result) != ERROR_WANT_READ:
                raise DtlsError(f"handshake: {self._reason()}")
        raise DtlsError("handshake: no end of it")

    @staticmethod
    def _reason():
        texts = []
        while code := _err_get():
            texts.append((_err_text(code) or b"").decode())
        return ", ".join(texts) or "closed"

    def send(self, message):
        """One record; False where it does not fit."""
        return _write(self._ssl, bytes(message), len(message)) == len(message)

    def receive(self, timeout=TIMEOUT):
        """One record; None where none comes, b"" behind the peer's goodbye.  A fatal alert is an error."""
        self._limit(timeout)
        buffer = ctypes.create_string_buffer(16384)
        n = _read(self._ssl, buffer, len(buffer))
        if n > 0:
            return buffer.raw[:n]
        error = _get_error(self._ssl, n)
        if error == ERROR_ZERO_RETURN:
            return b""
        if error in (ERROR_WANT_READ, ERROR_SYSCALL):
            return None
        raise DtlsError(self._reason())

    def ask_wire(self, query, timeout=TIMEOUT):
        assert self.send(query), self._reason()
        return self.receive(timeout)

    def session(self):
        return Session(_get1_session(self._ssl))

    def resumed(self):
        return bool(_reused(self._ssl))

    def close(self):
        """With close_notify."""
        if self._ssl:
            _shutdown(self._ssl)
        self.drop()

    def drop(self):
        """Without a word."""
        if self._ssl:
            _free(self._ssl)
        if self._context:
            _ctx_free(self._context)
        self._ssl = self._context = None
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
