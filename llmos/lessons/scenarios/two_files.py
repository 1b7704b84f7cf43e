"""The two files of this lesson's CPU, and what damage to the first one does."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
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
    count, size = _count(model, weights)
    lab.facts |= {
        "model": model.name,
        "parameters": f"{count:,}",
        "bits": round(8 * size / count),
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
    layer, without = _needed(model, text, before, lab.rng)
    lab.facts |= {"before": f"{before:.2f}", "layer": layer}
    yield "zeroed"
    lab.measured["zeroed"] = _word(lab, before, without)
    lab.say("(a layer was taken that this page needs; a deep model has some that it does not)")
    yield "flipped"
    lab.measured["flipped"] = _word(lab, before, bits_per_byte(_flipped(model, lab), text))
    yield "cut"
    lab.measured["cut"] = _cut(lab, Path(model.source), weights)


def _weights_file(source: Path) -> Path:
    return next(source.glob("*.safetensors")) if source.is_dir() else source


def _count(model: Model, weights: Path) -> tuple[int, int]:
    """Numbers and their bytes: what stands in a safetensors file, or the whole of a file of another kind."""
    from safetensors.numpy import load_file

    if weights.suffix == ".safetensors":
        arrays = load_file(weights).values()
        return sum(a.size for a in arrays), sum(a.nbytes for a in arrays)
    return _size(model.params), weights.stat().st_size


def _size(tree: Any) -> int:
    """How many numbers there are in nested lists and dicts of arrays."""
    if isinstance(tree, (dict, list, tuple)):
        return sum(map(_size, tree.values() if isinstance(tree, dict) else tree))
    return int(np.size(tree))


def _damaged(model: Model) -> tuple[Model, Any]:
    params = copy.deepcopy(model.params)
    return replace(model, parameters=params), params


def _needed(model: Model, text: str, before: float, rng: Random) -> tuple[int, float]:
    """(a layer, bits a byte without it): not the first, and one that this page needs, if there is any. Not every one is."""
    layers = list(range(1, model.config.layers)) or [0]
    rng.shuffle(layers)
    most, found = 0.0, 0
    for layer in layers:
        without = bits_per_byte(_zeroed(model, layer), text)
        if without > most:
            most, found = without, layer
        if most > before * (1 + SOMEWHAT):
            break
    return found, most


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


def _cut(lab: Lab, source: Path, weights: Path) -> str:
    from llmos.cpu.loaders import load

    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder, source.name)
        shutil.copytree(source, copied) if source.is_dir() else shutil.copy(source, copied)
        target = copied / weights.name if source.is_dir() else copied
        target.write_bytes(target.read_bytes()[:-1])
        try:
            load(copied)
        except LlmosError as e:
            lab.say(str(e).replace(folder, "…"))
            return "it can't run"
    return "no change"
