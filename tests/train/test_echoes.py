"""Runs that come again: what is learned is a copy of what stood before, and nothing else is."""

from __future__ import annotations

from itertools import pairwise

from llmos.train.echoes import LONGEST, SHORTEST, echoes


def test_what_is_learned_stood_before_after_the_same_token() -> None:
    made = list(echoes(range(7, 1000), 1, 300))
    assert made == list(echoes(range(7, 1000), 1, 300))
    assert made[:9] != list(echoes(range(7, 1000), 2, 9))
    for tokens, learned in made:
        assert len(tokens) == len(learned)
        pairs = list(pairwise(tokens))
        known = [at for at, flag in enumerate(learned) if flag]
        assert SHORTEST - 1 <= len(known) <= 2 * LONGEST
        for at in known:
            assert pairs.index(pairs[at - 1]) < at - 1, "foretold by its last coming"
