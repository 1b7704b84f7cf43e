"""What tuning cost: the measurement on a tiny model, and on the real one that nothing is left of an adapter that is off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmos import store
from llmos.cpu import adapters
from llmos.cpu.adapters import Adapter, merged
from llmos.cpu.config import Model
from llmos.cpu.engine import Engine
from llmos.cpu.loaders import load
from llmos.errors import UsageError
from llmos.evals import kept
from llmos_kernel.cpu import Burst
from tests.cpu.small import tiny


def louder(model: Model, scale: float) -> Model:
    """The model with a random adapter on its last layer, on so loud."""
    rng = np.random.default_rng(5)
    rows, columns = model.params["layers"][2]["o"].shape
    low: Any = {"o": (rng.normal(size=(1, 2, columns)), scale * rng.normal(size=(1, rows, 2)))}
    adapter = Adapter("", 2, (), np.zeros((0, model.config.dim)), low)
    return Model(model.name, model.config, merged(model.params, adapter), model.tokenizer, "", "")


def test_the_same_model_is_no_worse_and_a_changed_one_differs() -> None:
    model, rng = tiny(), np.random.default_rng(1)
    pieces = [[int(i) for i in rng.integers(0, 300, 24)] for _ in range(3)]
    same = kept.compare(model, louder(model, 0.0), pieces, lambda line: None)
    assert same["tokens"] == 3 * 23
    assert same["worse"] == 0
    lines: list[str] = []
    assert kept.compare(model, louder(model, 0.5), pieces, lines.append)["worse"] != 0
    assert lines[-1] == "adapter on: 3 of 3 stretches"


@pytest.fixture(scope="module")
def smollm2() -> tuple[Model, Model]:
    """As it came, and with its adapter."""
    bare = load(store.resolve("smollm2"))
    path = adapters.shipped(bare)
    assert path is not None
    return bare, adapters.merge(bare, adapters.read(path))


@pytest.mark.real
def test_smollm2_keeps_what_it_knew(smollm2: tuple[Model, Model]) -> None:
    """On two stretches; the card has the figure for more."""
    pieces = kept.stretches(smollm2[0], 1024, None)
    assert kept.compare(*smollm2, pieces, lambda line: None)["worse"] < 0.05


@pytest.mark.real
def test_nothing_is_left_of_an_adapter_that_is_off(smollm2: tuple[Model, Model]) -> None:
    """In one engine, before it was installed and after it ran."""
    engine = Engine(smollm2[0], "exact8", frames=9, lanes=1, max_pages=8, chunk=16)
    burst = Burst((1, 2), (0, 16), 0, tuple(kept.stretches(smollm2[0], 256, None)[0][:12]), 8)
    before = engine.run([burst])[0].ids
    number = engine.install(smollm2[1].params)
    engine.run([burst._replace(adapter=number)])
    assert engine.run([burst])[0].ids == before


def test_a_text_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("only a few words")
    with pytest.raises(UsageError, match="2,000 were wanted"):
        kept.stretches(load(store.resolve("nano")), 2000, tmp_path / "short.txt")
