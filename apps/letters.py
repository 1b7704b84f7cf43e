"""Reads a letter to its owner, carelessly: the letter's words and the person's share one prompt, and the model may call.

Knows: a file and a question about it. Does not know: who wrote the file. Prompt injection lives on that mistake; the kernel
does know, from the labels.
"""

from __future__ import annotations

from . import ulib


async def main(path: str, question: str = "What does this letter say?", system: str = "") -> int:
    try:
        letter = await ulib.call("files", f"cat {path}")
    except ulib.KernelError as error:
        await ulib.say(f"letters: {error}\n")
        return 1
    spans: list[ulib.Span] = [("system", system)] if system else []
    thought = await ulib.think(*spans, ("user", f"{question}\n{letter}"), limit=64, echo=True)
    await ulib.say(f"  {thought.mark}\n")
    await ulib.leave(0, (thought.text, tuple(tuple(c) for c in thought.calls), thought.mark))
    return 0
