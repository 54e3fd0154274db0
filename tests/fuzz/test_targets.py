"""The targets of ``make fuzz`` take what they begin with, and a few hundred inputs that are nearly right."""

from __future__ import annotations

import random

import pytest
from tests.fuzz.__main__ import TARGETS as NAMES
from tests.fuzz.targets import TARGETS

PIECES = (b"", b"\x00", b"\xff", b"{}", b'"', b"<", b"&", b": ", b"[" * 40, b"9" * 50, "\u212a".encode())


def test_the_list_of_the_command_is_the_list_of_targets():
    assert set(NAMES) == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_what_is_nearly_right(name):
    dice = random.Random(name)
    for seed in TARGETS[name].seeds():
        TARGETS[name].once(seed)
        for _ in range(60):
            changed = seed
            for _ in range(dice.randint(1, 3)):
                at = dice.randrange(len(changed) + 1)
                changed = changed[:at] + dice.choice(PIECES) + changed[at + dice.randint(0, 12) :]
            TARGETS[name].once(changed)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_nothing_and_noise(name):
    dice = random.Random(name)
    for size in (0, 1, 7, 300):
        TARGETS[name].once(dice.randbytes(size))
