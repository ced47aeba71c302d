#!/usr/bin/python3
"""Looks that tests/e2e/README.md keeps its word: each number has a row, and each test named there exists.

Prints each fault; exit 1 if there is one.
"""

import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent
TABLE = TESTS / "e2e/README.md"
ROWS = {f"F{n:02}" for n in range(1, 36)}
ROWS |= {f"A{n}" for first, last in ((1, 16), (20, 32), (40, 56), (60, 70)) for n in (f"{i:02}" for i in range(first, last + 1))}
NAMED = re.compile(r"`((?:unit/|package/)?test_\w+\.(?:py|c))::(test_\w+)`")


def text_of(name, texts={}):
    path = TESTS / (name if "/" in name else f"e2e/{name}")
    if path not in texts:
        texts[path] = path.read_text() if path.exists() else ""
    return texts[path]


def faults():
    seen = set()
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        row, tests = re.match(r"\| ([AF]\d\d) \|", line), NAMED.findall(line)
        name_of_row = row[1] if row else "text"
        seen |= {name_of_row} if row else set()
        if row and not tests and "soak.py" not in line:
            yield f"{TABLE.name}:{number}: {name_of_row} has no test"
        for name, function in tests:
            if not re.search(rf"\b(def|void) {function}\(", text_of(name)):
                yield f"{TABLE.name}:{number}: {name_of_row}: there is no {function} in {name}"
    for row in sorted(ROWS ^ seen):
        yield f"{TABLE.name}: {row} is {'missing' if row in ROWS else 'nothing that is known'}"


if __name__ == "__main__":
    found = list(faults())
    for fault in found:
        print(f"lint: {fault}", file=sys.stderr)
    sys.exit(bool(found))
