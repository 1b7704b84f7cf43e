"""Bytes as tokens: for a model that came without a tokenizer. It can be run and measured, hardly talked with.

Knows: sentencepiece's habit of putting the 256 bytes at ids 3 to 258. Does not know: files. Says so in `note`.
"""

from __future__ import annotations

from typing import Any

from . import Vocabulary

BYTES = 256


class Plain(Vocabulary):
    """Byte b is id b + `first`; what other ids mean is not known, so they show as numbers."""

    def __init__(self, vocab: int, first: int, control: dict[str, int], **shared: Any) -> None:
        """ValueError when the vocabulary has no room for bytes."""
        if vocab < first + BYTES:
            raise ValueError(f"a vocabulary of {vocab:,} ids has no room for bytes")
        names = {i: name for name, i in control.items()}
        texts = [names.get(i, f"⟨{i}⟩").encode() for i in range(vocab)]
        texts[first : first + BYTES] = [bytes((b,)) for b in range(BYTES)]
        super().__init__(texts, control, **shared)
        self._first = first

    def encode(self, text: str) -> list[int]:
        return [b + self._first for b in text.encode("utf-8", "replace")]
