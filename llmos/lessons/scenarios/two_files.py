"""The two files of this lesson's CPU, and what damage to the first one does."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from llmos.cpu.config import Model
from llmos.errors import LlmosError
from llmos.lessons.lab import Lab
from llmos.lessons.measure import bits_per_byte, page

SOMEWHAT, NONSENSE = 0.02, 0.5  # share by which the bits grow


def play(lab: Lab) -> Iterator[str]:
    model = lab.model
    weights = _weights_file(Path(model.source))
    count, size = _count(weights)
    lab.facts |= {
        "model": model.name,
        "parameters": f"{count:,}",
        "bits": 8 * size // count,
        "layers": model.config.layers,
    }
    yield "bytes"
    lab.measured["bytes"] = size
    lab.say(f"{weights.name}: {weights.stat().st_size:,} bytes with its table of contents; sha256 {model.sha256[:16]}…")
    yield "lines"
    from llmos.cpu import model as program

    lab.measured["lines"] = len(Path(str(program.__file__)).read_text("utf-8").splitlines())
    text = page(lab.rng)
    before = bits_per_byte(model, text)
    lab.facts |= {"before": f"{before:.2f}", "layer": lab.rng.randrange(1, model.config.layers)}
    yield "zeroed"
    lab.measured["zeroed"] = _word(lab, before, bits_per_byte(_zeroed(model, lab.facts["layer"]), text))
    yield "flipped"
    lab.measured["flipped"] = _word(lab, before, bits_per_byte(_flipped(model, lab), text))
    yield "cut"
    lab.measured["cut"] = _cut(lab, weights)


def _weights_file(source: Path) -> Path:
    return next(source.glob("*.safetensors")) if source.is_dir() else source


def _count(weights: Path) -> tuple[int, int]:
    """Numbers and their bytes in a safetensors file."""
    from safetensors.numpy import load_file

    arrays = load_file(weights).values()
    return sum(a.size for a in arrays), sum(a.nbytes for a in arrays)


def _damaged(model: Model) -> tuple[Model, Any]:
    params = copy.deepcopy(model.params)
    return replace(model, params=params), params


def _zeroed(model: Model, layer: int) -> Model:
    model, params = _damaged(model)
    for name, array in params["layers"][layer].items():
        params["layers"][layer][name] = np.zeros_like(array)
    return model


def _flipped(model: Model, lab: Lab) -> Model:
    model, params = _damaged(model)
    down = np.array(params["layers"][0]["down"])
    place = (lab.rng.randrange(down.shape[0]), lab.rng.randrange(down.shape[1]))
    down[place] = -down[place]
    params["layers"][0]["down"] = down
    return model


def _word(lab: Lab, before: float, after: float) -> str:
    lab.say(f"{before:.2f} bits a byte before, {after:.2f} after")
    grown = after / before - 1
    return "nonsense" if grown > NONSENSE else "somewhat worse" if grown > SOMEWHAT else "no change"


def _cut(lab: Lab, weights: Path) -> str:
    from llmos.cpu.loaders import load

    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder, weights.parent.name)
        shutil.copytree(weights.parent, copied)
        target = copied / weights.name
        target.write_bytes(target.read_bytes()[:-1])
        try:
            load(copied)
        except LlmosError as e:
            lab.say(str(e).replace(folder, "…"))
            return "it can't run"
    return "no change"
