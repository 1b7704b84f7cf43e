"""safetensors files: a header in JSON that says where each tensor is, then the bytes; one file, or shards and an index.

Knows: that layout. Does not know: what a tensor is for (`folder.py`). We read it ourselves because the header is hostile
input: every range is compared with the file, and no two may overlap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from .assemble import Array
from .checked import Damaged, count, parse_object, read_object, shown, size_of, text

TYPES: dict[str, Any] = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": ml_dtypes.bfloat16}
MAX_HEADER = 64 * 2**20
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
MAX_SHARDS = 1_000


@dataclass(frozen=True, slots=True)
class Stored:
    """One tensor: its file, type, shape, and where its bytes begin."""

    file: Path
    type: str
    shape: tuple[int, ...]
    start: int


def tensors_in(folder: Path) -> tuple[dict[str, Stored], list[Path]]:
    """All tensors of a model folder by name, and the files that hold them."""
    if (folder / SINGLE).exists():
        return tensors_of(folder / SINGLE), [folder / SINGLE]
    if not (folder / INDEX).exists():
        raise Damaged(f"neither {SINGLE} nor {INDEX} is in this folder")
    where = read_object(folder / INDEX).get("weight_map")
    if not isinstance(where, dict) or not where:
        raise Damaged(f"{INDEX} has no weight_map")
    names = sorted({_plain(value) for value in where.values()})
    if len(names) > MAX_SHARDS:
        raise Damaged(f"{INDEX} names {len(names):,} files")
    shards = {name: tensors_of(folder / name) for name in names}
    for tensor, name in where.items():
        if tensor not in shards[name]:
            raise Damaged(f"{INDEX} puts {shown(tensor)} into {name}, where it is not")
    return {tensor: shards[name][tensor] for tensor, name in where.items()}, [folder / name for name in names]


def _plain(value: Any) -> str:
    """A file's name that stays inside the folder."""
    name = text(value, f"a file in {INDEX}")
    if not name.endswith(".safetensors") or not name.isprintable() or "/" in name or "\\" in name:
        raise Damaged(f"{INDEX} names {shown(name)}, which is no safetensors file of this folder")
    return name


def tensors_of(path: Path) -> dict[str, Stored]:
    """The header of one file."""
    size = size_of(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, MAX_HEADER):
            raise Damaged(f"{path.name}: a header of {length:,} bytes is not in a file of {size:,}")
        header = parse_object(file.read(length), f"the header of {path.name}")
    header.pop("__metadata__", None)
    found = {name: _stored(path, name, entry, 8 + length, size) for name, entry in header.items()}
    _disjoint(path.name, found)
    return found


def _stored(path: Path, name: str, entry: Any, first: int, size: int) -> Stored:
    what = f"{path.name}: tensor {shown(name)}"
    if not isinstance(entry, dict) or not isinstance(entry.get("shape"), list):
        raise Damaged(f"{what} is described by {shown(entry)}")
    kind, shape, offsets = entry.get("dtype"), entry["shape"], entry.get("data_offsets")
    if not isinstance(kind, str) or kind not in TYPES:
        raise Damaged(f"{what} is of type {shown(kind)}; we read {', '.join(TYPES)}")
    if len(shape) > 8 or not isinstance(offsets, list) or len(offsets) != 2:
        raise Damaged(f"{what} has {len(shape)} dimensions and offsets {shown(offsets)}")
    sizes = tuple(count(n, f"{what}: a dimension") for n in shape)
    begin, end = (count(n, f"{what}: an offset", 0, size) for n in offsets)
    need = math.prod(sizes) * np.dtype(TYPES[kind]).itemsize
    if end - begin != need or first + end > size:
        raise Damaged(f"{what} needs {need:,} bytes, not those from {begin:,} to {end:,}")
    return Stored(path, kind, sizes, first + begin)


def _disjoint(file: str, found: dict[str, Stored]) -> None:
    end, before = 0, ""
    for name, one in sorted(found.items(), key=lambda item: item[1].start):
        if one.start < end:
            raise Damaged(f"{file}: tensors {shown(before)} and {shown(name)} overlap")
        end, before = one.start + math.prod(one.shape) * np.dtype(TYPES[one.type]).itemsize, name


def read(one: Stored) -> Array:
    """The tensor's numbers; float64 becomes float32."""
    array = np.fromfile(one.file, TYPES[one.type], math.prod(one.shape), offset=one.start).reshape(one.shape)
    return array.astype(np.float32) if one.type == "F64" else array
