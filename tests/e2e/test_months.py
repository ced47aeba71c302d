"""Months of a machine's life (months.py): it sleeps, moves and loses its resolver, and whoever asks first is answered."""

import os

import pytest
from months import Months
from reach import long

pytestmark = pytest.mark.clock

SECONDS = float(os.environ.get("MONTHS_SECONDS", 120))  # of the long one
SEED = os.environ.get("MONTHS_SEED")  # of a life to be lived again: the messages of one that failed tell it


@pytest.mark.parametrize("transport", ["tls", "auto"])
@pytest.mark.parametrize("steps", [12, long(None)])
def test_life(pki, tmp_path, transport, steps):
    seed = int(SEED) if SEED else int.from_bytes(os.urandom(3), "big")
    with Months(pki, tmp_path, transport, seed) as months:
        months.live(steps=steps, seconds=None if steps else SECONDS)
        print(f"\n  {transport}: {months.summary()}")
