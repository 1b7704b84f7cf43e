"""Dual model: a planner that never reads data, beside a reader that has no rights.

Knows: the planner's context, the reader's name. Does not know: what the reader read. The reader is forked before anything
is read, gives up all its devices but the one it reads with, and hands back one of the values that the planner allowed.
"""

from __future__ import annotations

from llmos_apps import ulib

MOST = 16  # values a reader may choose from: 4 bits


async def main(question: str, source: str, *choices: str) -> int:
    if not 2 <= len(choices) <= MOST:
        await ulib.say(f"dual: give 2 to {MOST} choices\n")
        return 2
    child = await ulib.fork("dual-reader", question, source, *choices)
    _, status = await ulib.wait(child)
    index = status - 1
    if not 0 <= index < len(choices):
        await ulib.say("dual: the reader gave no answer of the declared type\n")
        return 1
    thought = await ulib.think(
        ("user", f"{question}\nThe answer is: {choices[index]}. Act on it."), limit=120, echo=True
    )
    await ulib.say(f"  {thought.mark}\n")
    return 0


async def reader(question: str, source: str, *choices: str) -> int:
    """Its status is the number of a choice, from 1; 0 when its answer is none of them."""
    await ulib.pledge("files")
    text = await ulib.call("files", f"cat {source}")
    spans: tuple[ulib.Span, ...] = (("data", text), ("user", f"{question}\nAnswer with one of: {', '.join(choices)}"))
    thought = await ulib.think(*spans, limit=16, traps=False)
    word = thought.text.strip().casefold()
    return next((i for i, choice in enumerate(choices, 1) if choice.casefold() == word), 0)
