"""Search, read, answer with sources: passages enter the window as DATA, each with its place.

Knows: the question and what the search device found. Does not know: how passages are ranked. The reading happens in a
process of its own, so that what it read does not stay in the caller's context.
"""

from __future__ import annotations

import re

from . import ulib

LIMIT = 128  # tokens of the answer


async def main(*words: str) -> int:
    question = " ".join(words)
    if not question.strip():
        await ulib.complain("research: ask it something, as in: research what is a page fault\n")
        return 2
    try:
        found = await ulib.call("search", question[:400])
    except ulib.KernelError as error:
        await ulib.complain(f"research: {error}\n")
        return 1
    places = re.findall(r"^\[(.+?#\d+) of \d+\]", found, re.MULTILINE)
    if not places:
        await ulib.complain("research: nothing found on the disk\n")
        return 1
    await ulib.say(f"reading {', '.join(places)}\n")
    thought = await ulib.think(
        ("system", "Answer from the passages alone, in one or two sentences."),
        ("data", found),
        ("user", question),
        limit=LIMIT,
        echo=True,
        traps=False,
    )
    await ulib.say("\nsources: " + " ".join(f"[disk:{place}]" for place in places) + "\n")
    await ulib.leave(0, (thought.text, tuple(places)))
    return 0
