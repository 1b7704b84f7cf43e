"""Plain text that a model dreams for its own tuning: openings come first, a seed decides the rest, no control id is in it."""

from __future__ import annotations

import pytest

from llmos import store
from llmos.cpu.config import Model
from llmos.cpu.loaders import load
from llmos.train import documents, traps
from llmos.train.chatform import IM_START

ROWS, TIME = 40, 24


@pytest.fixture(scope="module")
def nano() -> Model:
    return load(store.resolve("nano"))


def test_rows_go_on_from_their_openings_and_differ_by_seed_and_place(nano: Model) -> None:
    made = documents.dreams(nano, documents.openings(nano), ROWS, TIME, 1, lambda line: None)
    assert made.shape == (ROWS, TIME)
    for row, opening in zip(made.tolist(), documents.OPENINGS, strict=False):
        start = nano.tokenizer.encode(opening)[:TIME]
        assert row[: len(start)] == start
    assert not set(made.ravel().tolist()) & set(nano.tokenizer.control.values())
    assert len({tuple(row[-8:]) for row in made.tolist()}) > ROWS // 2
    assert (documents.dreams(nano, documents.openings(nano), 2, TIME, 1, lambda line: None) == made[:2]).all()
    assert (documents.dreams(nano, documents.openings(nano), 2, TIME, 2, lambda line: None) != made[:2]).any()


def test_nearly_without_warmth_the_best_token_is_drawn(nano: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "WARMTH", 1e-6)
    row = documents.dreams(nano, documents.openings(nano), 1, TIME, 3, lambda line: None)[0].tolist()
    start = len(nano.tokenizer.encode(documents.OPENINGS[0]))
    chorus = documents.Chorus(nano.config, nano.params, 1, TIME)
    best = [int(chorus.feed([token])[0]) for token in row[:-1]]
    marks = set(nano.tokenizer.control.values())
    assert all(told == kept for told, kept in zip(best[start - 1 :], row[start:], strict=True) if told not in marks)
    assert len(best[start - 1 :]) > TIME // 2


def test_what_is_held_still_is_documents_and_talk(nano: Model) -> None:
    rows = traps.still(nano, traps.Recipe(plain=9, stretch=TIME), lambda line: None)
    start = traps.form_of(nano).ids[IM_START]
    assert rows.shape == (9, TIME)
    assert (rows[:, 0] == start).tolist() == [False] * 3 + [True] * 6
    starts = [opening[0] for opening in documents.openings(nano)]
    assert all(first in starts for first in rows[:3, 0].tolist())
