"""Byte-level BPE: text is cut into words by a pattern, words into bytes, and the commonest pairs are merged in rank order.

Knows: the byte alphabet of GPT-2 and how to hand a vocabulary to the `tokenizers` library. Does not know: files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from tokenizers import Tokenizer

from llmos.cpu.loaders.checked import Damaged, shown
from llmos.errors import ModelFileError

from . import Vocabulary


class Pairs(Vocabulary):
    """Wraps a library tokenizer that has no added tokens, no post-processor and no control token in its vocabulary."""

    def __init__(self, cutter: Tokenizer, texts: list[bytes], control: dict[str, int], **shared: Any) -> None:
        super().__init__(texts, control, **shared)
        self._cutter = cutter

    def encode(self, text: str) -> list[int]:
        """Raises ModelFileError where the library panics, as on a pattern of the file's that takes for ever."""
        text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates can't be written down
        try:
            ids: list[int] = self._cutter.encode(text, add_special_tokens=False).ids
        except BaseException as e:
            if type(e).__name__ != "PanicException":
                raise
            raise ModelFileError(f"this model's tokenizer failed on a text: {' '.join(str(e).split())[:80]}") from None
        return ids


@cache  # a tokenizer asks for each of its words
def alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins for the 256 bytes: character -> byte. Printable bytes stand for themselves."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(others)}


def spelled(form: str, letters: dict[str, int]) -> bytes:
    """The bytes of a token written in that alphabet; a character outside it stands for itself."""
    try:
        return bytes([letters[c] for c in form])
    except KeyError:
        return b"".join(bytes((letters[c],)) if c in letters else c.encode("utf-8", "replace") for c in form)


def pairs_of(merges: list[Any], words: Mapping[str, int], aside: Collection[str]) -> list[tuple[str, str]]:
    """Pairs in rank order, from "a b" or ["a", "b"]; those with a token that was set `aside` are left out."""
    found, hidden = [], set(aside)
    for line in merges:
        left, right = _pair(line)
        if left in words and right in words and left + right in words:
            found.append((left, right))
        elif not {left, right, left + right} & hidden:
            raise Damaged(f"the merge {shown(line)} makes or uses a token that is not in the vocabulary")
    return found


def _pair(line: Any) -> tuple[str, str]:
    if isinstance(line, str):
        left, _, right = line.partition(" ")
        if left and right and " " not in right:
            return left, right
    elif isinstance(line, list) and len(line) == 2 and all(isinstance(part, str) and part for part in line):
        return line[0], line[1]
    raise Damaged(f"the merge {shown(line)} is no pair")
