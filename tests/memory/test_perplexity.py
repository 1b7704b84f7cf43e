"""Perplexity: what the scorer hears through the kernel is what teacher forcing says, and a window changes it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from llmos import needle, perplexity
from llmos.cpu.config import Model
from llmos.cpu.engine import Engine
from llmos.cpu.score import teacher_forced
from llmos.train.forward import init

from .test_exact import TINY, Deaf

TEXT = "a text that is longer than its window, so that pages have to go and some of them come back when they are needed"
SCORED = 15
WINDOW = 5


@pytest.fixture(scope="module")
def model() -> Model:
    return Model("tiny", TINY, init(TINY, 1), tokenizer=None, sha256="", source="")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def engine(model: Model) -> Engine:
    return Engine(model, "float32", frames=9, lanes=1, max_pages=8, chunk=16)


def test_with_all_pages_it_is_teacher_forcing(model: Model, engine: Engine) -> None:
    ids = Deaf().encode(TEXT)
    logits = np.concatenate(list(teacher_forced(model, "float32", ids, 16))).astype(np.float64)[:-1]
    lost = [math.log(np.exp(row).sum()) - row[token] for row, token in zip(logits, ids[1:], strict=True)][-SCORED:]
    told = perplexity.read(engine, Deaf(), TEXT, "full", WINDOW, scored=SCORED)
    assert told["tokens"] == SCORED
    assert told["nats"] == pytest.approx(sum(lost), rel=1e-4)
    assert told["faults"] == 0


@pytest.mark.parametrize("whole", [True, False])
def test_a_window_changes_it_and_each_policy_has_its_row(engine: Engine, whole: bool) -> None:
    rows = [
        {"case": 0, "pages": 7, "arm": arm, "window": WINDOW}
        | perplexity.read(engine, Deaf(), TEXT, arm, WINDOW, whole, SCORED)
        for arm in needle.ARMS
    ]
    table = perplexity.table(rows)
    assert list(table) == list(needle.ARMS)
    assert table["full"]["above_full_percent"] == 0
    assert table["full"]["frames"] == 7
    assert len({row["tokens"] for row in rows}) == 1
    assert all(table[arm]["perplexity"] != table["full"]["perplexity"] for arm in ("fifo", "lru", "sink+recent"))
    other = {**rows[1], "case": 1}
    assert perplexity.table([*rows, other]) == table, "only texts that full memory has read too are compared"


def test_what_another_process_has_read_is_not_computed_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(others: perplexity.Reading | None) -> list[tuple[float, int]]:
        arms = [(arm, whole) for whole in (True, False) for arm in ("full", "attention", "fifo")]
        rows = [perplexity.read(engine, Deaf(), TEXT, arm, WINDOW, whole, SCORED, others) for arm, whole in arms]
        return [(row["nats"], row["faults"]) for row in rows]

    stretches: list[int] = []
    run = engine.run
    monkeypatch.setattr(engine, "run", lambda bursts: stretches.append(bursts[0].pos) or run(bursts))
    alone, computed = told(None), len(stretches)
    assert told({}) == alone
    assert len(stretches) - computed < 0.7 * computed


def test_texts_are_real_long_enough_and_never_twice() -> None:
    found = perplexity.texts(Deaf(), 4_000)
    assert len(found) > 20
    assert len(set(found)) == len(found)
    assert all(len(Deaf().encode(text)) >= 4_000 for text in found)


def test_wilson() -> None:
    """Against the textbook's figures for 8 of 10 and none of 10."""
    assert needle.wilson(8, 10) == (49.0, 94.3)
    assert needle.wilson(0, 10) == (0.0, 27.8)
