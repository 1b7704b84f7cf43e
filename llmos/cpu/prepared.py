"""exact8's integers on disk, so that a boot neither dequantises the model nor rounds it again.

Knows: a file a model (`sha256` of the weights, this arithmetic, NumPy's .npz with a CRC-32 of every array), written beside
itself and renamed, the least recently used deleted first. Does not know: what is in the arrays (`quantize.py`). Only models
as they are in their files are kept; whoever changes parameters in memory gets them prepared anew.
"""

from __future__ import annotations

import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from llmos import paths

from . import model as forward
from . import quantize
from .config import Model, Params
from .identity import ARITHMETIC

KEPT = 4
"""Files in the folder; SmolLM2's has 135 MB."""

Arrays = dict[str, np.ndarray[Any, Any]]


def of(model: Model, mode: str, length: int) -> Params:
    """`model`'s parameters as the forward pass of a mode wants them, for contexts of `length` tokens. NumPy.

    Blocks for seconds, in exact8 only the first time. ModelFileError when the model's file turns out to be bad.
    """
    if mode != "exact8":
        return forward.prepare(model.config, model.params, mode, length)
    return quantize.with_angles(model.config, _integers(model), length)


def _integers(model: Model) -> Params:
    path = folder() / f"{model.sha256}-{ARITHMETIC}.npz"
    kept = callable(model.parameters)  # a function reads the file that `sha256` is of
    params = _load(path) if kept else None
    if params is None:
        params = quantize.integers(model.config, model.params)
        if kept:
            with suppress(OSError):  # a full or read-only disk costs time, nothing else
                _save(path, params)
    return params


def folder() -> Path:
    """Where they are; safe to delete."""
    return paths.cache() / "weights"


def _load(path: Path) -> Params | None:
    """None when there is no such file, or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            params = _nested({name: file[name] for name in file.files})
        os.utime(path)
        return params
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _save(path: Path, params: Params) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez(file, **_flat(params))  # type: ignore[arg-type]
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    for old in sorted(path.parent.glob("*.npz"), key=lambda p: p.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)


def _flat(params: Any, name: str = "") -> Arrays:
    """Nested dicts and lists -> arrays by path, such as "layers.0.q.w"."""
    if isinstance(params, np.ndarray):
        return {name[1:]: params}
    items = params.items() if isinstance(params, dict) else enumerate(params)
    return {path: a for key, part in items for path, a in _flat(part, f"{name}.{key}").items()}


def _nested(arrays: Arrays) -> Params:
    """The opposite of `_flat`: what is keyed by numbers becomes a list."""
    found: Params = {}
    for path, array in arrays.items():
        *way, last = path.split(".")
        place = found
        for key in way:
            place = place.setdefault(key, {})
        place[last] = array
    found["layers"] = [found["layers"][str(i)] for i in range(len(found["layers"]))]
    return found
