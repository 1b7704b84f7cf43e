"""A scripted CPU that answers: it plays a small part token by token, so that the whole machine can be watched without a model.

Knows: a few patterns of questions and which device each wants. Does not know: language. Whatever it says that no device
gave is made up, as with any model; only its words are from a script. Contexts that are no dialogue get letters out of a hash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from llmos_kernel.cpu import Burst, Retired

from .scripted import DONE, END, GO, RESULT, START, TRAP, VOCAB, ScriptedCpu, mix

SUM = re.compile(r"\d[\d.]*(?:\s*[-+*/]\s*\d[\d.]*)+")
TURN = [*b"assistant\n"]
TELL = (
    "I am a script in the place of a model. Every token you see went through the scheduler and into a page frame",
    "A lighthouse keeper counted ships all night, and in the morning there was one more than had come",
    "An operating system shares one machine among many programs, and keeps them out of each other's memory",
    "The sea was grey and then it was silver. Nobody had asked it to",
    "The sky is blue because air scatters short waves more than long ones",
)


class Actor(ScriptedCpu):
    """Plays `line` for whatever the last turn said, and shows made-up alternatives for each choice."""

    def _next(self, burst: Burst, table: dict[int, int], pos: int, state: int) -> int:
        context = self._context(table, pos)
        if START not in context:
            return super()._next(burst, table, pos, state)
        begin = len(context) - 1 - context[::-1].index(START)
        said, result, calls = _parted(context[begin + 1 :])
        if said[: len(TURN)] != TURN:
            return super()._next(burst, table, pos, state)
        text = _reply(tuple(context[:begin]), result, state if calls else 0)
        done = len(said) - len(TURN)
        return text[done] if done < len(text) else END

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        return [r._replace(top=tuple(alternatives(i) for i in r.ids)) for r in super().run(bursts)]


@lru_cache(maxsize=256)
def _reply(context: tuple[int, ...], result: str, chance: int) -> list[int]:
    """The whole reply to a context that ends with somebody's turn. It is wanted again for every token of the reply."""
    heard = bytes(t for t in context if t < 256).decode("utf-8", "replace").split("user\n")[-1]
    return compiled(line(heard, result, chance))


def line(heard: str, result: str, chance: int) -> str:
    """What to say: `{calc 1+1}` is a call, and what follows it may depend on its result."""
    device, asked, lead = part(heard)
    if not device:
        return asked
    call = f"{lead}{{{device} {asked}}}"
    if result.startswith("error:"):
        return f"{call}about {chance % 9_000 + 1_000}, I should think."
    return f"{call} The answer is {result}." if device != "search" else f"{call} That is what the disk says."


def part(heard: str) -> tuple[str, str, str]:
    """(device, its arguments, what is said before the call); no device: ("", the whole answer, "")."""
    text = " ".join(heard.split()).strip()
    if found := SUM.search(text):
        return "calc", re.sub(r"\s", "", found[0]), f"{found[0]} is "
    if re.search(r"\b(date|time|day|today)\b", text, re.I):
        return "clock", "now", "It is "
    if re.search(r"\b(file|notes?|list)\b", text, re.I):
        return "files", "list", "I have these: "
    if re.search(r"\b(statement|manual|python|search|find)\b", text, re.I):
        return "search", " ".join(re.findall(r"\w+", text)[-4:]), "Let me look it up. "
    return "", f"{TELL[sum(text.encode()) % len(TELL)]}.", ""


def compiled(text: str) -> list[int]:
    """Bytes, with `{device arguments}` between TRAP and GO."""
    out: list[int] = []
    for i, piece in enumerate(text.replace("}", "{").split("{")):
        out += [TRAP, *piece.encode(), GO] if i % 2 else [*piece.encode()]
    return out


def _parted(ids: list[int]) -> tuple[list[int], str, int]:
    """(what the assistant itself wrote, the newest result, number of results)."""
    if RESULT not in ids:
        return ids, "", 0
    said: list[int] = []
    results: list[list[int]] = []
    inside = False
    for t in ids:
        if t == RESULT:
            inside = True
            results.append([])
        elif t == DONE:
            inside = False
        elif inside:
            results[-1].append(t)
        else:
            said.append(t)
    newest = bytes(t for t in results[-1] if t < 256).decode("utf-8", "replace") if results else ""
    return said, newest, len(results)


@lru_cache(maxsize=VOCAB)
def alternatives(chosen: int) -> tuple[tuple[int, int], ...]:
    """Five candidates with weights that fall off, the chosen one first: a shape to look at, not a distribution."""
    first = 30_000 + mix(chosen, 7) % 30_000
    others = [97 + mix(chosen, n) % 26 for n in range(1, 9)]
    ids = list(dict.fromkeys(t for t in others if t != chosen))[:4]
    return ((chosen, first), *((t, (65_535 - first) >> (n + 1)) for n, t in enumerate(ids)))
