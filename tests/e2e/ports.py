"""Ports for programs that cannot be given a socket, nor say which port the kernel chose for them.

They are from below those that the kernel gives to whoever asks for any: between the look and the program's start nobody
gets one by accident.  Each process that runs tests has numbers of its own.
"""

import os
import pathlib
import random
import socket

COUNT = 10000  # of ports
WORKERS = 8
_given = set()


def _candidates():
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    first = max(1024, low - COUNT)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % WORKERS
    return range(first + worker, low, WORKERS)


def _is_free(port, host):
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, kinds[0]) as tcp, socket.socket(socket.AF_INET, kinds[1]) as udp:
        try:
            tcp.bind((host, port))
            udp.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host="127.0.0.1"):
    """One that nobody has for UDP nor TCP, and that was not given before."""
    candidates = _candidates()
    for _ in range(1000):
        port = random.choice(candidates)
        if port not in _given and _is_free(port, host):
            _given.add(port)
            return port
    raise OSError("no port")
