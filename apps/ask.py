"""One question, one answer, marked with where it comes from.

Knows: a question and, if given, a system text. Does not know: which devices are mounted (the system text may say).
"""

from __future__ import annotations

from . import ulib


async def main(question: str, system: str = "", limit: int = 256, temperature: int = 0, seed: int | None = None) -> int:
    spans: list[ulib.Span] = [("system", system)] if system else []
    thought = await ulib.think(
        *spans, ("user", question), limit=limit, temperature=temperature, min_p=50, seed=seed, echo=True
    )
    await ulib.say(f"  {thought.mark}\n" if thought.stop == "end" else f" …{thought.mark} (stopped: {thought.stop})\n")
    await ulib.leave(0, (thought.text, len(thought.ids), tuple(tuple(c) for c in thought.calls), thought.mark))
    return 0
