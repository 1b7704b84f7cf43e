"""Many questions, a few at a time, each in a process of its own with an empty context: the program behind `llmos eval`.

Knows: questions and how many may be asked at once. Does not know: what is done with the answers (exit values carry them).
"""

from __future__ import annotations

from . import ulib


async def main(width: int, limit: int, system: str, *questions: str) -> int:
    waiting = list(questions)
    running = 0
    while waiting or running:
        while waiting and running < width:
            await ulib.spawn("answer", waiting.pop(0), system, limit)
            running += 1
        await ulib.wait()
        running -= 1
    return 0


async def answer(question: str, system: str = "", limit: int = 256) -> int:
    """One question, silently."""
    spans: list[ulib.Span] = [("system", system)] if system else []
    thought = await ulib.think(*spans, ("user", question), limit=limit)
    await ulib.leave(0, (thought.text, len(thought.ids), tuple(tuple(c) for c in thought.calls), thought.stop))
    return 0
