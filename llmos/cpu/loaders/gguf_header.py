"""The head of a GGUF file: its metadata and the list of its tensors, checked against the file's size.

Knows: the GGUF layout (versions 2 and 3, little-endian). Does not know: what a key or a tensor is for (`gguf_model.py`).
We parse it ourselves because the file is hostile input: a count or a length may say anything. The `gguf` package is used
for one thing only, to turn quantised blocks into floats.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from .checked import Damaged, shown

MAGIC = b"GGUF"
VERSIONS = (2, 3)
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
MAX_ITEMS = 4_000_000
"""Strings in one array: the largest vocabularies have 300,000."""
LENGTH = struct.Struct("<Q")
MAX_NAME = 65_535
MAX_DIMENSIONS = 4


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: its name, its shape as NumPy has it (rows first), its type, and where its bytes are in the file."""

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    metadata: dict[str, Any]
    tensors: dict[str, TensorInfo]


class Cursor:
    """A place in `data`, which is bytes or a memory map; moves forward, never past the end."""

    def __init__(self, data: Any, at: int = 0) -> None:
        self.data, self.at, self.end = data, at, len(data)

    def take(self, size: int) -> bytes:
        if size > self.end - self.at:
            raise Damaged(f"it ends at byte {self.end:,}, {size:,} bytes are announced at {self.at:,}")
        self.at += size
        return bytes(self.data[self.at - size : self.at])

    def number(self, form: str) -> Any:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def count(self, what: str, each: int, most: int) -> int:
        """A count of things that take at least `each` bytes."""
        n: int = self.number("Q")
        if n > most or n * each > self.end - self.at:
            raise Damaged(f"it announces {n:,} {what}; it has no room for them")
        return n

    def string(self) -> str:
        raw = self.take(LENGTH.unpack(self.take(LENGTH.size))[0])
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Damaged(f"text before byte {self.at:,} is not UTF-8") from None

    def strings(self, n: int) -> list[str]:
        """`n` strings in a row, in a third of the time that `string` takes: vocabularies have up to 300,000."""
        data, at, last, found = self.data, self.at, self.end - LENGTH.size, []
        for _ in range(n):
            begin = at + LENGTH.size
            end = begin + LENGTH.unpack_from(data, at)[0] if at <= last else self.end + 1
            if end > self.end:
                break
            found.append(data[begin:end])
            at = end
        self.at = at
        try:
            return [str(raw, "utf-8") for raw in found] + [self.string() for _ in range(n - len(found))]
        except UnicodeDecodeError:
            raise Damaged(f"an array of texts before byte {self.at:,} is not UTF-8") from None


def parse(data: Any) -> Header:
    """The header of a whole file's bytes. Damaged when anything in it cannot be."""
    cursor = Cursor(data)
    if cursor.take(4) != MAGIC:
        raise Damaged("it does not begin with GGUF")
    version = cursor.number("I")
    if version not in VERSIONS:
        raise Damaged(f"GGUF version {version} is not one of {VERSIONS}")
    tensors, pairs = cursor.count("tensors", 24, MAX_NAME), cursor.count("metadata keys", 13, MAX_NAME)
    metadata = _metadata(cursor, pairs)
    raw = [_info(cursor) for _ in range(tensors)]
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1) or alignment > 1 << 20:
        raise Damaged(f"general.alignment is {shown(alignment)}, not a power of two")
    first = -(-cursor.at // alignment) * alignment
    return Header(metadata, _placed(raw, first, alignment, cursor.end))


def _metadata(cursor: Cursor, pairs: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(pairs):
        key = cursor.string()
        if key in found:
            raise Damaged(f"the key {shown(key)} comes twice")
        found[key] = _value(cursor, cursor.number("I"))
    return found


def _value(cursor: Cursor, kind: int) -> Any:
    if kind == STRING:
        return cursor.string()
    if kind == ARRAY:
        return _array(cursor)
    if kind not in SCALARS:
        raise Damaged(f"metadata of unknown type {kind} before byte {cursor.at:,}")
    return cursor.number(SCALARS[kind])


def _array(cursor: Cursor) -> list[Any]:
    kind = cursor.number("I")
    if kind == ARRAY:
        raise Damaged("an array of arrays in the metadata")
    if kind == STRING:
        return cursor.strings(cursor.count("strings", 8, MAX_ITEMS))
    if kind not in SCALARS:
        raise Damaged(f"an array of unknown type {kind} before byte {cursor.at:,}")
    dtype = np.dtype("<" + SCALARS[kind]) if kind != 7 else np.dtype(bool)
    n = cursor.count("numbers", dtype.itemsize, MAX_ITEMS)
    values: list[Any] = np.frombuffer(cursor.take(n * dtype.itemsize), dtype).tolist()
    return values


def _info(cursor: Cursor) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape (rows first), type number and offset, as written."""
    name, dimensions = cursor.string(), cursor.number("I")
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise Damaged(f"tensor {shown(name)} has {dimensions:,} dimensions")
    shape = tuple(cursor.number("Q") for _ in range(dimensions))[::-1]
    return name, shape, cursor.number("I"), cursor.number("Q")


def _placed(raw: list[tuple[str, tuple[int, ...], int, int]], first: int, step: int, end: int) -> dict[str, TensorInfo]:
    found: dict[str, TensorInfo] = {}
    for name, shape, number, offset in raw:
        if name in found:
            raise Damaged(f"the tensor {shown(name)} comes twice")
        kind = _kind(name, number)
        size = _bytes(name, shape, kind)
        if offset % step or first + offset + size > end:
            raise Damaged(f"tensor {shown(name)}: {size:,} bytes at offset {offset:,} are not in the file")
        found[name] = TensorInfo(name, shape, kind, first + offset, size)
    _disjoint(found)
    return found


def _kind(name: str, number: int) -> GGMLQuantizationType:
    try:
        return GGMLQuantizationType(number)
    except ValueError:
        raise Damaged(f"tensor {shown(name)} has unknown type {number}") from None


def _bytes(name: str, shape: tuple[int, ...], kind: GGMLQuantizationType) -> int:
    block, size = GGML_QUANT_SIZES[kind]
    if min(shape) < 1 or shape[-1] % block:
        raise Damaged(f"tensor {shown(name)} of type {kind.name} can't have the shape {list(shape)}")
    return math.prod(shape) // block * size


def _disjoint(tensors: dict[str, TensorInfo]) -> None:
    end, before = 0, ""
    for info in sorted(tensors.values(), key=lambda t: t.start):
        if info.start < end:
            raise Damaged(f"tensors {shown(before)} and {shown(info.name)} overlap")
        end, before = info.start + info.size, info.name
