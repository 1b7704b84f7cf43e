"""Checkpoints: all arrays of a run in one safetensors file, a small readable record beside it, both replaced atomically.

Knows: trees of arrays and their paths. Does not know: what they mean. The step is inside the arrays' file, so that a
crash between the two writes can't mix two moments.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from llmos.errors import ModelFileError
from llmos.files import replace

ARRAYS, RECORD = "state.safetensors", "record.json"


def write(folder: Path, tree: Any, step: int, note: dict[str, Any]) -> None:
    """Replace the checkpoint in `folder` (made if missing)."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.asarray(leaf) for name, leaf in named(tree)}
    replace(folder / ARRAYS, save(arrays, {"step": str(step)}))
    replace(folder / RECORD, (json.dumps({"step": step, **note}, indent=1) + "\n").encode())


def read(folder: Path, like: Any) -> tuple[Any, int]:
    """The arrays in the shape of the tree `like`, and the step. Raises ModelFileError when they do not fit."""
    path = folder / ARRAYS
    try:
        with safe_open(path, "np") as file:
            step = int(file.metadata()["step"])
            leaves = [file.get_tensor(name) for name, _ in named(like)]
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: not a checkpoint of this run ({error})") from error
    for (name, wanted), leaf in zip(named(like), leaves, strict=True):
        if leaf.shape != np.shape(wanted):
            raise ModelFileError(f"{path}: {name} has shape {leaf.shape}, this run needs {np.shape(wanted)}")
    return jax.tree.unflatten(jax.tree.structure(like), leaves), step


def record(folder: Path) -> dict[str, Any]:
    """The record beside the arrays; empty when there is none. Raises ModelFileError for one that is damaged."""
    path = folder / RECORD
    try:
        found = json.loads(path.read_bytes())
        if not all(isinstance(part, dict) for part in (found, found.get("settings", {}), found.get("config", {}))):
            raise ValueError("parts are missing")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise ModelFileError(
            f"{path}: damaged, so it is not known which run this is ({error}); give another --out"
        ) from error
    return dict(found)


def named(tree: Any) -> list[tuple[str, Any]]:
    """Each leaf with its path as text."""
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(tree)]
