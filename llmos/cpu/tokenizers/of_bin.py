"""llama2.c's `tokenizer.bin`: for each id a score and the bytes of its piece.

Knows: that layout. Does not know: the model beside it, but for its number of ids. Without the file: bytes, and a note.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

from llmos.cpu.loaders.checked import Damaged, read_bytes

from . import Vocabulary
from .plain import BYTES, Plain
from .scores import Scores

CONTROL = {"<unk>": 0, "<s>": 1, "</s>": 2}
FIRST_BYTE = len(CONTROL)
LONGEST = 512
"""Bytes of one piece; llama2.c's own buffer ends long before."""
ENTRY = struct.Struct("<fi")
SHARED: dict[str, Any] = {"control": CONTROL, "bos": 1, "adds_bos": True, "ends": (2, 1)}
"""A document of llama2.c begins with <s>, and so does the next one."""


def tokenizer_of(path: Path, vocab: int) -> Vocabulary:
    """From the file at `path`; bytes when there is none."""
    if vocab <= FIRST_BYTE:
        raise Damaged(f"a vocabulary of {vocab} ids has only control ids")
    if path.exists():
        return _scored(read_bytes(path, 4 + vocab * (ENTRY.size + LONGEST)), path.name, vocab)
    if vocab < FIRST_BYTE + BYTES:
        raise Damaged(f"no {path.name} beside it, and {vocab} ids have no room for bytes")
    return Plain(vocab, FIRST_BYTE, note=f"no {path.name} beside it: text goes in and out as bytes", **SHARED)


def _scored(data: bytes, name: str, vocab: int) -> Scores:
    texts, scores, at = [], [], 4  # the first number is the longest piece's length: nothing here needs it
    for i in range(vocab):
        if at + ENTRY.size > len(data):
            raise Damaged(f"{name} ends at token {i:,} of {vocab:,}")
        score, size = ENTRY.unpack_from(data, at)
        at += ENTRY.size
        if not 0 <= size <= LONGEST or at + size > len(data):
            raise Damaged(f"{name}: token {i:,} of {size:,} bytes is not in the file")
        texts.append(data[at : at + size])
        scores.append(score)
        at += size
    if at != len(data):
        raise Damaged(f"{name} goes on after its {vocab:,} tokens: it belongs to another model")
    for form, i in CONTROL.items():
        texts[i] = form.encode()
    return _with_bytes(texts, scores)


def _with_bytes(texts: list[bytes], scores: list[float]) -> Scores:
    """Pieces written "<0x0A>" are bytes."""
    aside = set(CONTROL.values())
    for i in range(FIRST_BYTE, min(FIRST_BYTE + BYTES, len(texts))):
        match = re.fullmatch(rb"<0x([0-9A-F]{2})>", texts[i])
        if match:
            texts[i] = bytes.fromhex(match[1].decode())
            aside.add(i)
    return Scores(texts, scores, aside, leading_space=True, **SHARED)
