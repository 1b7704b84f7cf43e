"""Many questions, a few at a time, each in a process of its own with an empty context: the program behind `llmos eval`.

Knows: questions and how many may be asked at once. Does not know: what is done with the answers (exit values carry them).
"""

from __future__ import annotations

from . import crowd, ulib


async def main(width: int, limit: int, temperature: int, system: str, *questions: str) -> int:
    return await crowd.main(width, *(("answer", question, system, limit, temperature) for question in questions))


async def answer(question: str, system: str = "", limit: int = 256, temperature: int = 0) -> int:
    """One question, silently."""
    spans: list[ulib.Span] = [("system", system)] if system else []
    thought = await ulib.think(*spans, ("user", question), limit=limit, temperature=temperature)
    await ulib.leave(0, (thought.text, len(thought.ids), tuple(tuple(c) for c in thought.calls), thought.stop))
    return 0
