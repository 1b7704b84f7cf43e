"""Runs that come again: what is learned is a copy of what stood before, and nothing else is."""

from __future__ import annotations

from itertools import pairwise

from llmos.train.echoes import FEW, LONGEST, SHORTEST, echoes


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


def test_half_of_the_runs_have_few_tokens_and_say_where_they_end() -> None:
    long = few = 0
    for tokens, learned in echoes(range(7, 1000), 1, 400):
        begin = max(at for at, flag in enumerate(learned) if not flag)  # the last coming's first token
        run = tokens[begin:]
        assert run in [tokens[at : at + len(run)] for at in range(begin - len(run) + 1)], "as it came before"
        long += len(run) > 2 * FEW
        few += len(run) > 2 * FEW and len(set(run[1:-1])) <= FEW
    assert 0.35 * long < few < 0.65 * long
