"""What the status page is shown in tests instead of the figures of a test: an hour of a household."""

import copy
import math
import random


def hour():
    """Curves that look like days do; the same each time."""
    rand = random.Random(7)
    h = {name: [] for name in ("queries", "cached", "local", "asked", "failed", "p50", "p95", "p99")}
    for i in range(360):
        busy = 34 + 20 * math.sin(i / 45 + 1) + 13 * math.sin(i / 11) + rand.random() * 14
        busy *= 2.1 if 205 < i < 232 else 1
        slow = 5 if 118 <= i < 127 else 1
        total, p50 = max(3, int(busy)), slow * (12500 + 2500 * math.sin(i / 25) + rand.random() * 2500)
        cached, local = int(total * (0.62 + 0.09 * math.sin(i / 30))), int(total * 0.09)
        values = (total, cached, local, total - cached - local, i in (120, 122, 123, 301))
        values += (p50, p50 * (2.2 + rand.random() * 0.5), p50 * (3.4 + rand.random() * 2))
        for name, value in zip(h, values):
            h[name].append(int(value))
    return {"step_s": 10, **h}


HOUR = hour()


def upstream(like, name, **changes):
    return {**copy.deepcopy(like), "name": name, **changes}


def household(data):
    """Figures of a real dnsfwd, made into those of one that has run for days."""
    first = data["upstreams"][0]
    common = {"cipher": "AES-256-GCM", "queries": 10412, "answers": 10398, "repeats": 14, "full": 4, "resumed": 37}
    data.update(up_s=198432, history=HOUR, workers=2, heard=2, bounds=[], rss=9437184)
    data["totals"] = {
        "queries": 31337, "tcp": 204, "replies": 31333, "cached": 19742, "stale": 41, "prefetches": 390,
        "local": 2150, "blocked": 1312, "joined": 812, "timeouts": 3, "dropped": 0,
    }
    data["rcodes"] = {"NOERROR": 26010, "NXDOMAIN": 5270, "SERVFAIL": 38, "FORMERR": 2, "REFUSED": 13}
    data["waited"] = {"count": 10200, "p50": 13100, "p95": 34000, "p99": 71000}
    data["cache"] = {"entries": 24118, "octets": 4100000, "size": 16 << 20, "evicted": 0}
    data["privacy"] = {
        "sent": 1850000, "padding": 820000, "answers": 13764, "padded": 12210, "cookies": 11966,
        "cookies_right": 11601, "client_cookies": 4021,
    }
    data["upstreams"] = [
        upstream(
            first, "quad9", address="9.9.9.9:853", p50=13100, p95=34000, p99=71000, padded=10390, cookies=10412,
            cookies_right=10101, times=[0, 0, 0, 0, 2, 12, 160, 2400, 5100, 1900, 620, 150, 38, 9, 2, 0, 0, 0, 0],
            **common,
        ),
        upstream(
            first, "cloudflare", address="1.1.1.1:853", state="idle", ready=0, p50=9100, p95=22000, p99=46000,
            times=[0, 0, 0, 0, 10, 62, 360, 900, 300, 90, 20, 5, 8, 0, 0, 0, 0, 0, 0], cookies=0, cookies_right=0,
            **{**common, "queries": 1820, "answers": 1820, "padded": 1820, "repeats": 0, "resumed": 9},
        ),
        upstream(
            first, "udp://10.1.0.1", zone="corp.example", transport="udp", encrypted=False, profile=None, protocol="UDP",
            cipher=None, authenticated=None, address="10.1.0.1:53", queries=1554, answers=1554, cookies=1554,
            cookies_right=1500, full=0, p50=900, p95=1800, p99=4000, times=[0, 2, 40, 380, 900, 200, 30, 2] + [0] * 11,
            padded=0, expires=0,
        ),
    ]
    return data
