"""Cutting a text into passages that each fit a corner of somebody's context.

Knows: headings, paragraphs, sentences and a size. Does not know: where texts come from or go (`library.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SIZE = 700  # characters of a passage: about 170 tokens

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def passages(text: str, size: int = SIZE) -> list[str]:
    """Paragraphs packed together in order, each result at most `size` characters; none is empty."""
    packed: list[str] = []
    for piece in _pieces(text, size):
        if packed and len(packed[-1]) + len(piece) + 2 <= size and not piece.startswith("#"):
            packed[-1] += "\n\n" + piece
        else:
            packed.append(piece)
    return packed


def titled(text: str) -> tuple[str, str]:
    """(title, the rest) of a text that opens with a Markdown heading; ("", the text) of any other."""
    match = re.match(r"\s*#{1,3}\s+(.+)\n?", text)
    return (match[1].strip(), text[match.end() :]) if match else ("", text)


def _pieces(text: str, size: int) -> Iterator[str]:
    """Paragraphs, and parts of those that are too long: whole sentences, or plain slices where there are none."""
    for paragraph in re.split(r"\n\s*\n", text):
        part = ""
        for sentence in _SENTENCE_END.split(paragraph.strip()):
            if part and len(part) + len(sentence) + 1 > size:
                yield part
                part = ""
            part = f"{part} {sentence}" if part else sentence
            while len(part) > size:
                yield part[:size]
                part = part[size:]
        if part:
            yield part
