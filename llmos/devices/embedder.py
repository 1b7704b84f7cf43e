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
from collections.abc import Iterable, Set
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

if TYPE_CHECKING:
    import numpy as np

DIM = 384  # int8 each: what a passage costs on the disk
PIECES = (3, 4, 5)  # letters
PIECES_WEIGHT = 1.5  # of all pieces of a word together, beside 1 for the word itself
LONG_WORD = 6  # letters from which a word counts fully: short words say little
PART = 5  # letters from which a word may be part of another, or misspelled: shorter ones are near to too many
LONGEST = 40  # letters of a word that is compared by letters
UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")  # of scripts without blanks between words
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


def any_occurs(asked: Iterable[str], text: str) -> bool:
    """Does `text` have one of these words, as it is, in a longer one, as two, or with one letter wrong?

    What a small vector says of one word in a long passage is mostly chance; this is not.
    """
    found = frozenset(words(text))
    return any(_occurs(word, found) for word in asked)


def _occurs(word: str, text: Set[str]) -> bool:
    if word in text or len(word) > LONGEST:
        return word in text
    if any(word[:i] in text and word[i:] in text for i in range(3, len(word) - 2)):
        return True
    if len(word) < PART and not UNSPACED.search(word):
        return False
    return any(word in other or _one_letter_off(word, other) for other in text)


def _one_letter_off(word: str, other: str) -> bool:
    """One letter too many, too few, another, or two in each other's place; never the first."""
    near = word[0] == other[0] and abs(len(word) - len(other)) <= 1 and min(len(word), len(other)) >= PART
    return near and not _blurred(word).isdisjoint(_blurred(other))


@lru_cache(maxsize=1 << 16)
def _blurred(word: str) -> frozenset[str]:
    """`word`, and `word` without each of its letters but the first."""
    return frozenset([word, *(word[:i] + word[i + 1 :] for i in range(1, len(word)))])


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
