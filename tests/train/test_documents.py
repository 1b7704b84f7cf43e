"""Plain text that a model dreams for its own tuning: openings come first, a seed decides the rest, no control id is in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llmos import store
from llmos.cpu import adapters
from llmos.cpu.adapters import Adapter
from llmos.cpu.config import Model
from llmos.cpu.isa import marks_of
from llmos.cpu.loaders import load
from llmos.train import documents, lora, trapdata, traps
from llmos.train.chatform import IM_START
from llmos.train.chorus import Chorus
from llmos.train.packing import Rows

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
    chorus = Chorus(nano.config, nano.params, 1, TIME)
    best = [int(chorus.feed([token])[0]) for token in row[:-1]]
    marks = set(nano.tokenizer.control.values())
    assert all(told == kept for told, kept in zip(best[start - 1 :], row[start:], strict=True) if told not in marks)
    assert len(best[start - 1 :]) > TIME // 2


def test_a_reply_is_compared_from_its_first_token_to_its_end(nano: Model) -> None:
    form = traps.form_of(nano)
    asked = [form.request(text) for text in ("hello!", "what is a page?", "thank you")]
    made = documents.replies(nano, form.opening("Answer briefly."), asked, 60, 1, lambda line: None)
    for request, tokens, places in zip(asked, made.tokens.tolist(), made.places.tolist(), strict=True):
        assert tokens[: len(request)] == request
        first, last = len(request) - 1, max(i for i, place in enumerate(places) if place)
        assert places[: last + 1] == [0.0] * first + [documents.BEGINNING] + [1.0] * (last - first)
        assert not set(tokens[len(request) : last + 1]) & set(nano.tokenizer.control.values())
        assert not any(tokens[last + 1 :])


def test_what_is_held_still_is_documents_and_talk(nano: Model, tmp_path: Path) -> None:
    """Half of the replies are the model's own, half those of the adapter that is gone on from."""
    low = {
        name: (np.asarray(p["a"]), np.asarray(p["b"]))
        for name, p in lora.init(nano.config, nano.params, 3, 2, 0).items()
    }
    marks = marks_of(nano.tokenizer)
    rows = np.asarray(nano.params["embed"])[list(marks)]
    adapters.write(tmp_path / "after", Adapter(nano.sha256, 3, marks, rows, low))
    recipe = traps.Recipe(plain=3, stretch=2 * TIME, talks=6, after=tmp_path / "after")
    held = traps.still(nano, recipe, lambda line: None)
    assert held.documents.shape == (3, 2 * TIME)
    assert held.replies.tokens.shape == (6, TIME)
    assert (held.replies.tokens[:, 0] == traps.form_of(nano).ids[IM_START]).all()


def test_a_step_holds_replies_after_its_own_system_text() -> None:
    ones = np.ones((4, 8), np.int32)
    rows = Rows(ones, ones, ones, ones.astype(np.float32))
    said = documents.Replies(np.full((3, 5), 7, np.int32), np.ones((3, 5), np.float32))
    held = trapdata.Held(np.full((2, 6), 9, np.int32), said)
    made = trapdata.TrapRows(rows, ((1, 2, 3),), np.arange(9, dtype=np.int32), 8, 4, held).take(np.arange(4))
    assert made["talk"]["prefix_length"] == made["prefix_length"] == 3
    assert made["plain"]["prefix_length"] == 0
    assert made["plain"]["tokens"].shape == (trapdata.DOCUMENTS, 6)
    assert made["talk"]["tokens"].shape == (trapdata.TALKS, 5)


def test_a_model_with_a_small_vocabulary_is_trained_too(nano: Model) -> None:
    settings = replace(traps.SETTINGS, steps=3, batch=2)
    made = traps.train(nano, traps.Recipe(examples=8, rank=2, settings=settings), None, lambda line: None)
    assert made.base == nano.sha256
    assert np.abs(made.low["q"][1]).max() > 0
