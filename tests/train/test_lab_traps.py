"""The lab of calls: counts and shares are what they say; a tiny model learns a device from its examples."""

from __future__ import annotations

from typing import Any

import pytest

from llmos.labs import traps
from llmos.train import forward, trapdata, vocabulary
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
    monkeypatch.setattr(traps, "_small", lambda name: taught)
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
