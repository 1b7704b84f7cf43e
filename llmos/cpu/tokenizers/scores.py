"""Scored pieces: sentencepiece's BPE and llama2.c's. The two neighbours whose union scores best merge, again and again.

Knows: pieces as UTF-8 text, their scores, and single bytes for what no piece spells. Does not know: files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from heapq import heapify, heappop, heappush
from typing import Any

from . import Vocabulary


class Scores(Vocabulary):
    """`texts` has spaces as spaces. Ids in `aside` (control, unused, byte tokens) are not pieces of text."""

    def __init__(
        self, texts: list[bytes], scores: list[float], aside: Collection[int], control: dict[str, int], **shared: Any
    ) -> None:
        super().__init__(texts, control, **shared)
        pieces = [(t.decode("utf-8", "surrogateescape"), i) for i, t in enumerate(texts) if t and i not in aside]
        self._ids: dict[str, int] = dict(reversed(pieces))  # the lowest id of equal pieces
        self._scores = [s if math.isfinite(s) else -1e30 for s in scores]
        hidden = set(control.values())
        self._bytes = {t[0]: i for i, t in reversed([*enumerate(texts)]) if len(t) == 1 and i not in hidden}
        for i in reversed(range(len(texts))):  # a byte token proper comes before a piece of one letter
            if len(texts[i]) == 1 and i in aside and i not in hidden:
                self._bytes[texts[i][0]] = i

    def encode(self, text: str) -> list[int]:
        """Bytes that neither a piece nor a byte token can spell are left out."""
        if not text:
            return []
        text = text.encode("utf-8", "replace").decode("utf-8")
        pieces = merge((" " if self.leading_space else "") + text, self._score)
        ids: list[int] = []
        for piece in pieces:
            known = self._ids.get(piece)
            ids += [known] if known is not None else [self._bytes[b] for b in piece.encode() if b in self._bytes]
        return ids

    def _score(self, piece: str) -> float | None:
        known = self._ids.get(piece)
        return None if known is None else self._scores[known]


def merge(text: str, score: Callable[[str], float | None]) -> list[str]:
    """Merge the best-scoring pair of neighbours until no union is a piece; of equals the leftmost. O(n log n)."""
    parts: list[str] = list(text)
    after = [*range(1, len(parts)), -1]
    before = [*range(-1, len(parts) - 1)]

    def candidate(i: int) -> tuple[float, int, int, str] | None:
        j = after[i]
        if j < 0:
            return None
        value = score(parts[i] + parts[j])
        return None if value is None else (-value, i, j, parts[i] + parts[j])

    heap = [c for i in range(len(parts)) if (c := candidate(i))]
    heapify(heap)
    while heap:
        _, i, j, union = heappop(heap)
        if after[i] != j or parts[i] + parts[j] != union:
            continue  # one of the two has merged with somebody else meanwhile
        parts[i], parts[j] = union, ""
        after[i] = after[j]
        if after[j] >= 0:
            before[after[j]] = i
        after[j] = -2
        for k in (before[i], i):
            if k >= 0 and (c := candidate(k)):
                heappush(heap, c)
    return [p for p in parts if p]
