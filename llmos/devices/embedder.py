"""Text as a vector, offline: hashed words and pieces of words. Two texts are near when they are spelled from the same pieces.

Knows: words, their pieces of three to five letters, a fixed number of dimensions. Does not know: meaning. It forgives
endings, compounds and typing errors ("scheduler" is near "scheduling", "pagging" near "paging"), and it needs no model, no
network and no training. It can't know that a car is an automobile. After Weinberger et al., "Feature hashing" (2009), and
the subword pieces of fastText (2017).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

if TYPE_CHECKING:
    import numpy as np

DIM = 384  # int8 each: what a passage costs on the disk
PIECES = (3, 4, 5)  # letters
PIECES_WEIGHT = 1.5  # of all pieces of a word together, beside 1 for the word itself
LONG_WORD = 6  # letters from which a word counts fully: short words say little
_COMMON = """
a an and are as at be by do does for from has have how i in is it its of on or that the there this to was were what when which
who why will with you
"""
COMMON = frozenset(_COMMON.split())

Vector: TypeAlias = "np.ndarray"  # int8 [DIM]; its length says nothing, its direction everything


def words(text: str) -> list[str]:
    """Words in plain lower-case letters without accents; the commonest left out."""
    flat = unicodedata.normalize("NFKD", text.lower().replace("\0", " "))
    flat = "".join(c for c in flat if not unicodedata.combining(c))
    return [word for word in re.findall(r"\w+", flat) if word not in COMMON]


def embed(text: str) -> Vector:
    """The direction of `text`; all zeros when it has no words."""
    import numpy as np

    total = [0.0] * DIM
    for word, count in Counter(words(text)).items():
        for dimension, weight in _features(word):
            total[dimension] += weight * (1 + math.log(count))
    top = max(map(abs, total))
    if not top:
        return np.zeros(DIM, np.int8)
    return np.round(np.array(total) * (127 / top)).astype(np.int8)


def cosines(matrix: np.ndarray, vector: Vector) -> np.ndarray:
    """How near each row of int8 [n, DIM] is to `vector`, -1 to 1; 0 beside an empty text."""
    import numpy as np

    rows, query = matrix.astype(np.float32), vector.astype(np.float32)
    lengths = np.sqrt((rows * rows).sum(1)) * float(np.sqrt((query * query).sum()))
    return np.asarray(rows @ query / np.maximum(lengths, 1e-9))


@lru_cache(maxsize=1 << 16)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    """(dimension, signed weight) of a word and of each of its pieces."""
    weight = min(len(word), LONG_WORD) / LONG_WORD
    marked = f"<{word[:40]}>"
    pieces = [marked[i : i + n] for n in PIECES for i in range(len(marked) - n + 1)]
    share = PIECES_WEIGHT / math.sqrt(max(len(pieces), 1))
    return (_hashed("=" + word, weight), *(_hashed(piece, weight * share) for piece in pieces))


def _hashed(feature: str, weight: float) -> tuple[int, float]:
    number = crc32(feature.encode("utf-8", "replace"))
    return number % DIM, weight if number >> 31 else -weight
