"""Adapters in files: what fine-tuning changed in a model, kept apart from it and worked in when it is wanted.

Knows: the format (float16 safetensors: "q.a" [layers, rank, in], "q.b" [layers, out, rank], ..., "marks" [n, dim]) and
which adapters are shipped. Does not know: how one is trained (`llmos.train`), engines. An adapter fits one weights file
only, known by its hash. Without one, a model is what it was.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from llmos.cpu.config import Model, Params
from llmos.errors import ModelFileError
from llmos.files import replace as write_whole

FILE = "adapter.safetensors"


@dataclass(frozen=True)
class Adapter:
    """Changes of the layers from `first` on, and the rows of the control ids `marks`."""

    base: str  # sha256 of the weights file that it fits
    first: int
    marks: tuple[int, ...]
    rows: np.ndarray[Any, Any]  # [marks, dim]
    low: dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]  # matrix -> (a, b)
    sha256: str = ""


def shipped(model: Model) -> Path | None:
    """The adapter that comes with llmos for this very model, if there is one."""
    found = Path(__file__).parent.glob(f"*/{FILE}")
    return next((path for path in sorted(found) if _note(path).get("base") == model.sha256), None)


def write(path: Path, adapter: Adapter) -> None:
    """Write the file; parts are rounded to float16."""
    parts = {
        f"{name}.{part}": array for name, pair in adapter.low.items() for part, array in zip("ab", pair, strict=True)
    }
    note = {"base": adapter.base, "first": adapter.first, "marks": list(adapter.marks)}
    arrays = {
        name: np.ascontiguousarray(array, np.float16) for name, array in (parts | {"marks": adapter.rows}).items()
    }
    write_whole(path, save(arrays, {"llmos": json.dumps(note)}))


def read(path: Path) -> Adapter:
    """Raises ModelFileError for what is no adapter."""
    note = _note(path)
    try:
        with safe_open(path, "np") as file:
            arrays = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
        rows = arrays.pop("marks")
        low = {
            name: (arrays[f"{name}.a"], arrays[f"{name}.b"]) for name in sorted({n.partition(".")[0] for n in arrays})
        }
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Adapter(note["base"], int(note["first"]), tuple(note["marks"]), rows, low, digest)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: not an adapter ({error})") from error


def merge(model: Model, adapter: Adapter) -> Model:
    """The model with the adapter worked in, under a name and a hash of its own. Raises ModelFileError if it does not fit."""
    if adapter.base != model.sha256:
        raise ModelFileError(f"this adapter is for other weights than {model.name}'s")
    digest = hashlib.sha256(f"{model.sha256}+{adapter.sha256}".encode()).hexdigest()
    name = f"{model.name}+traps"
    return replace(model, name=name, parameters=lambda: merged(model.params, adapter), sha256=digest)


def merged(params: Params, adapter: Adapter) -> Params:
    """Canonical parameters with W + B A for W; shares what does not change."""
    embed = np.array(params["embed"], np.float32)
    embed[list(adapter.marks)] = adapter.rows
    layers = list(params["layers"])
    for i in range(adapter.first, len(layers)):
        changes = {name: b[i - adapter.first] @ a[i - adapter.first] for name, (a, b) in adapter.low.items()}
        layers[i] = layers[i] | {name: np.asarray(layers[i][name], np.float32) + more for name, more in changes.items()}
    return {**params, "embed": embed, "layers": layers}


def _note(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, "np") as file:
            found = json.loads((file.metadata() or {}).get("llmos", "{}"))
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelFileError(f"{path}: not an adapter ({error})") from error
    return found if isinstance(found, dict) else {}
