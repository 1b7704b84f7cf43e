"""A conversation in one growing context; an empty line or the end of input leaves it.

Knows: the turns so far are in its own address space. Does not know: how they are kept.
"""

from __future__ import annotations

from . import ulib


async def main(system: str = "", limit: int = 256) -> int:
    spans: tuple[ulib.Span, ...] = (("system", system),) if system else ()
    await ulib.say("chat: an empty line leaves\n")
    while line := await _line():
        try:
            thought = await ulib.think(*spans, ("user", line), limit=limit, echo=True)
        except ulib.Interrupted:
            await ulib.say(" (interrupted)\n")
            continue
        finally:
            spans = ()
        await ulib.say(f"  {thought.mark}\n")
        if thought.stop == "full":
            await ulib.say("chat: the context is full; start again for a new one\n")
            return 1
    return 0


async def _line() -> str:
    await ulib.say("> ")
    try:
        return (await ulib.hear()).strip()
    except (ulib.EndOfInput, ulib.Interrupted):
        return ""
