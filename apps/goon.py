"""Goes on from the context that it was forked with: a question to a copy, which the original never hears.

Knows: one line, or none. Does not know: whose context it has. What it writes ends with where it comes from, as `ask` does.
"""

from __future__ import annotations

from . import ulib

LIMIT = 256


async def main(text: str = "") -> int:
    spans = (("user", text),) if text else ()
    thought = await ulib.think(*spans, limit=LIMIT, echo=True, chat=bool(text))
    await ulib.say(f"  {thought.mark}\n")
    return 0
