"""Grounded or dreamed: which words of an answer rest on results and passages in the window, and which on weights alone.

Knows: the answer, the question, and the texts that devices brought in. Does not know: the model. How it is reckoned, word
by word: words of the question and common words say nothing and are left out. A word counts as resting on a source when
the source holds the same number, or a word with the same stem, or when it stands in a run of three words that is copied
from it. The score is the share of such words; an answer with no source has 0, whatever it says. Half or more is called
grounded. It measures support, not truth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

ENOUGH = 0.5  # share of words from which on an answer is called grounded
RUN = 3  # words in a row that make a copy
STEM = 6  # letters by which inflected words are told apart

_WORD = re.compile(r"\d[\d.,:/-]*\d|\d|[^\W\d_]+(?:['’][^\W\d_]+)?")
_COMMON_WORDS = (
    "a about above after again all also am an and any are as at be because been before being below between both but by can "
    "could did do does doing down during each few for from further had has have having he her here hers him his how i if in "
    "into is it its itself just made make makes me more most my no nor not now of off on once only or other our out over own "
    "per same she should so some such than that the their them then there these they this those through to too under until "
    "up upon us very was we were what when where which while who whom why will with would you your yes answer result found "
    "according says said called"
)
_COMMON = frozenset(_COMMON_WORDS.split())


class Word(NamedTuple):
    """One word of the answer that says something: where it stands, and the source it rests on ("" = dreamed)."""

    start: int
    end: int
    source: str


class Source(NamedTuple):
    name: str  # an origin such as "calc" or "disk:Paging#2"
    text: str


class Grounding(NamedTuple):
    score: float  # 0 to 1
    words: tuple[Word, ...]

    @property
    def grounded(self) -> bool:
        return self.score >= ENOUGH


def ground(answer: str, sources: Sequence[Source], question: str = "") -> Grounding:
    """Judge every telling word of `answer`."""
    spoken = list(_WORD.finditer(answer))
    forms = [_form(match[0]) for match in spoken]
    asked = {_form(match[0]) for match in _WORD.finditer(question)}
    found = [_found(source.text, forms) for source in sources]
    words: list[Word] = []
    for i, match in enumerate(spoken):
        name = next((s.name for s, at in zip(sources, found, strict=True) if at[i]), "")
        if match[0].lower() not in _COMMON and forms[i] not in asked:
            words.append(Word(match.start(), match.end(), name))
    if not words:  # only the question's own words: they count, there is nothing else
        words = _all_words(spoken, sources, found)
    supported = sum(bool(word.source) for word in words)
    return Grounding(round(supported / len(words), 4) if words and sources else 0.0, tuple(words))


def spans(grounding: Grounding) -> tuple[Word, ...]:
    """The same as stretches of text: telling words in a row that rest on one source are one stretch, gaps included."""
    found: list[Word] = []
    for word in grounding.words:
        if found and found[-1].source == word.source:
            found[-1] = found[-1]._replace(end=word.end)
        else:
            found.append(word)
    return tuple(found)


def _all_words(spoken: list[re.Match[str]], sources: Sequence[Source], found: list[list[bool]]) -> list[Word]:
    return [
        Word(m.start(), m.end(), next((s.name for s, at in zip(sources, found, strict=True) if at[i]), ""))
        for i, m in enumerate(spoken)
        if m[0].lower() not in _COMMON
    ]


def _found(text: str, forms: Sequence[str]) -> list[bool]:
    """Which words of the answer a source supports: by themselves, or in a copied run."""
    theirs = [_form(match[0]) for match in _WORD.finditer(text)]
    known = set(theirs)
    runs = {tuple(theirs[i : i + RUN]) for i in range(len(theirs) - RUN + 1)}
    at = [form in known for form in forms]
    for i in range(len(forms) - RUN + 1):
        if tuple(forms[i : i + RUN]) in runs:
            at[i : i + RUN] = [True] * RUN
    return at


def _form(word: str) -> str:
    """A word without case and ending; a number without separators and trailing zeros."""
    if word[0].isdigit():
        plain = word.replace(",", "")
        return plain.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", plain) else plain
    lower = word.lower().replace("’", "'").removesuffix("'s")
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "est", "ed", "es", "er", "ly", "s", "e", "y"):
        if lower.endswith(ending) and len(lower) - len(ending) >= 3:
            lower = lower[: -len(ending)]
            break
    return lower[:STEM]
