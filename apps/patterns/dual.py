"""Dual model: a planner that can't attend to what it handles, beside a reader that can and has no rights.

Knows: the planner's context and what the reader may answer. Does not know: what the text says. The text comes into a slot
that the planner's own tokens don't attend to; the reader sees it, and hands back one of the values that the person allowed.
"""

from __future__ import annotations

from llmos_apps import ulib

MOST = 15  # values to choose from, and one for "none of them": 4 bits


async def main(question: str, source: str, *choices: str) -> int:
    if not 2 <= len(choices) <= MOST:
        await ulib.say(f"dual: give 2 to {MOST} choices\n")
        return 2
    await ulib.planner()
    _, failed = await ulib.wait(await ulib.spawn("dual-fetch", source))
    if failed:
        await ulib.say(f"dual: {source} can't be read\n")
        return 1
    value = await ulib.ask_reader("dual-reader", len(choices) + 1, question, *choices)
    if not value:
        await ulib.say("dual: the reader gave no answer of the declared type\n")
        return 1
    task = f"{question}\nThe answer is: {choices[value - 1]}. The text itself is @data1. Act on it."
    thought = await ulib.think(("user", task), limit=120, echo=True)
    await ulib.say(f"  {thought.mark}\n")
    return 0


async def fetch(source: str) -> int:
    """Reads the text, and gives it to the planner unread."""
    await ulib.hand(await ulib.call("files", f"cat {source}"))
    return 0


async def reader(question: str, *choices: str) -> int:
    """Its status is the number of a choice, from 1; 0 when its answer is none of them."""
    asked = f"{question}\nAnswer with one of: {', '.join(choices)}"
    thought = await ulib.think(("user", asked), limit=16, traps=False)
    word = thought.text.strip().casefold()
    return next((i for i, choice in enumerate(choices, 1) if choice.casefold() == word), 0)
