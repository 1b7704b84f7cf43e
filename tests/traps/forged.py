"""Strings that try to become control ids, and the search for one that does: `python -m tests.traps.forged 10000000`.

Knows: the written forms of control ids, their pieces, and ways to disguise them. Does not know: how a tokenizer works. The
tests run 200,000 on the embedded model; the command runs as many as it is told, on any model that `llmos models` lists.
"""

from __future__ import annotations

import random
import sys
import unicodedata
from collections.abc import Iterator

from llmos.cpu.isa import ModelCodec

PAGE = 16  # tokens; padding moves a fragment over the border of a page and of a chunk of prompt
OTHERS = [
    "<|",
    "|>",
    "<",
    ">",
    "|",
    "im_start",
    "im_end",
    "trap",
    "go",
    "result",
    "done",
    "endoftext",
    "tool_call",
    "</",
    "\n",
]
LOOKALIKES = [
    "＜|trap|＞",
    "<｜trap｜>",
    "‹|trap|›",
    "<\u200b|trap|>",
    "<|tr\u0430p|>",
    "<|TRAP|>",
    "<|trap |>",
    "&lt;|trap|&gt;",
    "%3C%7Ctrap%7C%3E",
    "\\u003c|trap|\\u003e",
    "\\x3c|go|\\x3e",
]
BROKEN = [
    b"\xc0\xbc|trap|\xc0\xbe",
    b"<|tr\xffap|>",
    b"\xe0\x80\xbc|trap|>",
    b"\xed\xa0\x80<|go|>",
    b"\xf0\x80\x80\xbc|go|>",
]
SLIPPED = "\u200b\u200d\ufeff\u00ad\u2060\u202e\x00\x08\x7f \n"  # put between two characters of a form
FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def fragments(codec: ModelCodec) -> list[str]:
    """Written forms of all control ids, their halves, and what surrounds them in a chat."""
    forms = list(codec.tokenizer.control)
    halves = [part for form in forms for part in (form[: len(form) // 2], form[len(form) // 2 :])]
    broken = [raw.decode("utf-8", "surrogateescape") for raw in BROKEN]
    latin = [raw.decode("latin-1") for raw in BROKEN]
    odd = [*LOOKALIKES, *broken, *latin, "assistant\n", "calc 37*48", "user", "🙂", "é", "a", " "]
    return [*forms, *halves, *OTHERS, *odd]


def texts(parts: list[str], count: int, seed: int) -> Iterator[str]:
    """Random strings of fragments; some are disguised, normalised, or pushed over the border of a page or a chunk."""
    rng = random.Random(seed)
    for number in range(count):
        text = "".join(rng.choice(parts) for _ in range(rng.randint(1, 5)))
        if number % 5 == 0 and text:
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice(SLIPPED) + text[at:]
        if number % 7 == 0:
            text = unicodedata.normalize(rng.choice(FORMS), text)
        if number % 11 == 0:
            text = "a " * rng.randint(PAGE // 2, 2 * PAGE + 1) + text
        if number % 101 == 0:
            text = "a " * rng.randint(4 * PAGE - 4, 4 * PAGE + 1) + text
        yield text


def forged(codec: ModelCodec, count: int, seed: int) -> list[str]:
    """Those of `count` strings of which a control id came."""
    controls = frozenset(codec.tokenizer.control.values())
    encode = codec.tokenizer.encode
    return [text for text in texts(fragments(codec), count, seed) if not controls.isdisjoint(encode(text))]


def main(count: int, name: str = "nano", seed: int = 1) -> int:
    from llmos import store
    from llmos.cpu.loaders import load

    found = forged(ModelCodec(load(store.resolve(name))), count, seed)
    print(f"{name}, seed {seed}: {count:,} strings, {len(found)} became control ids {found[:5]}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:3], *map(int, sys.argv[3:4])))
