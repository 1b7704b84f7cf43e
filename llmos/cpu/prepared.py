"""exact8's integers on disk, so that a boot neither dequantises the model nor rounds it again.

Knows: a file a model, written beside itself and renamed, the least recently used deleted first; its name and its checksums are
looked at before any of it is used. Does not know: what is in the arrays (`quantize.py`). Only models as they are in their files
are kept; whoever changes parameters in memory gets them prepared anew. A file is read and not mapped: what was checked stays
what it was, whatever becomes of the file. Layout:

    MAGIC, bytes of the head (uint32), CRC-32 of the head, the head (JSON), then all arrays, each at a multiple of ALIGN bytes
"""

from __future__ import annotations

import json
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from llmos import paths

from . import model as forward
from . import quantize
from .config import Model, Params
from .identity import ARITHMETIC

KEPT = 4
"""Files in the folder; SmolLM2's has 135 MB."""

MAGIC = b"llmos-w2"
START = struct.Struct("<8sII")
ALIGN = 64
"""Bytes; what XLA wants of an array that it reads where it lies, without a copy of its own."""

PIECE = 8 << 20
"""Bytes that are read and checked together, pieces beside each other."""

Arrays = dict[str, np.ndarray[Any, Any]]


def of(model: Model, mode: str, length: int) -> Params:
    """`model`'s parameters as the forward pass of a mode wants them, for contexts of `length` tokens. NumPy.

    Blocks for seconds, in exact8 only the first time. ModelFileError when the model's file turns out to be bad.
    """
    if mode != "exact8":
        return forward.prepare(model.config, model.params, mode, length)
    return quantize.with_angles(model.config, _integers(model), length)


def _integers(model: Model) -> Params:
    name = f"{model.sha256}-{ARITHMETIC}"
    path = folder() / f"{name}.weights"
    kept = callable(model.parameters)  # a function reads the file that `sha256` is of
    params = _load(path, name) if kept else None
    if params is None:
        params = quantize.integers(model.config, model.params)
        if kept:
            with suppress(OSError):  # a full or read-only disk costs time, nothing else
                _save(path, name, params)
    return params


def folder() -> Path:
    """Where they are; safe to delete."""
    return paths.cache() / "weights"


def _load(path: Path, name: str) -> Params | None:
    """None when there is no such file, when it is damaged, or when it was written for something else."""
    try:
        with path.open("rb") as file:
            magic, size, checksum = START.unpack(file.read(START.size))
            head = file.read(size)
            if magic != MAGIC or crc32(head) != checksum:
                return None
            told = json.loads(head)
            if told["name"] != name:
                return None
            body = _body(path, file.tell(), told["size"], told["checksums"])
        os.utime(path)
        return None if body is None else _nested({k: _array(body, *place) for k, place in told["arrays"].items()})
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None


def _body(path: Path, start: int, size: int, checksums: list[int]) -> np.ndarray[Any, Any] | None:
    """All arrays as bytes, from byte `start` of the file on; None when a piece is short or not what was written."""
    if path.stat().st_size != start + size:
        return None
    body = _aligned(size)
    raw = memoryview(body)  # type: ignore[arg-type]

    def whole(i: int) -> bool:
        part = raw[i * PIECE : (i + 1) * PIECE]
        with path.open("rb", buffering=0) as file:
            file.seek(start + i * PIECE)
            return file.readinto(part) == len(part) and crc32(part) == checksums[i]

    with ThreadPoolExecutor() as pool:
        return body if all(pool.map(whole, range(-(-size // PIECE)))) else None


def _aligned(size: int) -> np.ndarray[Any, Any]:
    raw = np.empty(size + ALIGN, np.uint8)
    first = -raw.ctypes.data % ALIGN
    return raw[first : first + size]


def _array(body: np.ndarray[Any, Any], kind: str, shape: list[int], at: int) -> np.ndarray[Any, Any]:
    dtype = np.dtype(kind)
    return body[at : at + dtype.itemsize * int(np.prod(shape))].view(dtype).reshape(shape)


def _save(path: Path, name: str, params: Params) -> None:
    places, parts, at = {}, list[bytes](), 0
    for key, array in _flat(params).items():
        places[key] = (array.dtype.str, array.shape, at)
        parts += [array.tobytes(), bytes(-array.nbytes % ALIGN)]
        at += array.nbytes + len(parts[-1])
    body = b"".join(parts)
    checksums = [crc32(body[first : first + PIECE]) for first in range(0, len(body), PIECE)]
    told = {"name": name, "size": len(body), "checksums": checksums, "arrays": places}
    head = json.dumps(told).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(START.pack(MAGIC, len(head), crc32(head)))
            file.write(head)
            file.write(body)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    for old in sorted(path.parent.iterdir(), key=lambda p: p.stat().st_mtime)[:-KEPT]:
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
