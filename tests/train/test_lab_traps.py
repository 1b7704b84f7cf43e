"""The lab of calls: counts and shares are what they say; a tiny model learns a device from its examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from llmos import store
from llmos.errors import UsageError
from llmos.labs import traps
from llmos.train import errands, forward, trapdata, vocabulary
from llmos.train import traps as recipes
from llmos.train.base import shape
from llmos.train.chatform import ChatForm
from llmos.train.packing import pack
from llmos.train.training import Run, Settings


@pytest.fixture(scope="module")
def taught() -> traps.Taught:
    """A fresh model of two layers that may learn to start programs."""
    shares = {"spawn": 1, "talk": 1}
    words = [one.request + one.answer for _, one in trapdata.requests(5, 60, shares=shares)]
    form = ChatForm(vocabulary.train(words, 400))
    config: Any = shape(400, 64, 2, 2 * traps.TIME)
    params = forward.init(config, 0)

    def teach(count: int, seed: int) -> Any:
        rows = pack((trapdata.example(form, *one) for one in trapdata.requests(seed, count, shares=shares)), 64)
        run = Run(config, rows, Settings(30, batch=4, rate=4e-3, warmup=3, dtype="float32"), None, params)
        run.run(lambda line: None)
        return run.state.params

    return traps.Taught(form, config, shares, params, teach)


def test_examples_teach_when_to_call(taught: traps.Taught, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traps, "_whole", lambda *_: taught)
    said: list[str] = []
    result = traps.run_traps(None, (0, 60), asked=30, notify=said.append)
    base, instructed, tuned = result["points"]
    assert [p["start"] for p in result["points"]] == ["base", "instructed", "tuned"]
    assert base["device"][0] == instructed["device"][0] == 0
    assert tuned["device"][0] > tuned["device"][1] / 3
    assert base["device"][1] == tuned["device"][1] > 8
    assert said == ["0 examples", "60 examples"]
    text = traps.table_text(result)
    assert len(text.splitlines()) == 5
    assert f"{100 * tuned['device'][0] / tuned['device'][1]:.1f} %" in text


def test_what_is_set_by_hand_shapes_the_adapter_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[recipes.Recipe] = []

    def train(model: object, recipe: recipes.Recipe, *_: object) -> None:
        found.append(recipe)
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes, "train", train)
    for tuning in (traps.Tuning(steps=7, rate=0.01, rank=2, first=0), traps.Tuning()):
        with pytest.raises(KeyboardInterrupt):
            traps._large(str(store.resolve("nano")), tuning).teach(40, 5)
    mine, usual = found
    assert (mine.settings.steps, mine.settings.rate, mine.rank, mine.first) == (7, 0.01, 2, 0)
    assert (usual.settings.steps, usual.settings.rate) == (20, recipes.SETTINGS.rate)
    assert (usual.rank, usual.first) == (recipes.Recipe().rank, recipes.Recipe().first)
    text = traps.table_text({"model": "m", "asked": 3, "tuning": {"steps": 7, "rate": 0.01}, "points": []})
    assert text.startswith("m (steps 7, rate 0.01): 3 requests")


def test_where_all_weights_are_taught_no_adapter_can_be_shaped() -> None:
    for model, tuning in ((None, traps.Tuning(rank=4)), ("smollm2", traps.Tuning(first=3, whole=True))):
        with pytest.raises(UsageError, match="larger --model"):
            traps.run_traps(model, (0,), tuning=tuning)


def test_all_weights_of_a_larger_model_are_taught_every_device() -> None:
    """nano in a larger model's place, two steps."""
    folder = store.resolve("nano")
    taught = traps._whole(str(folder), traps.Tuning(steps=2, whole=True))
    assert set(taught.shares) == set(errands.SHARES)
    before, after = taught.params, taught.teach(10, 1)
    assert all(not np.array_equal(a["q"], b["q"]) for a, b in zip(before["layers"], after["layers"], strict=True))
    assert not np.array_equal(before["embed"], after["embed"])
