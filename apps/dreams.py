"""The same question closed-book and open-book, side by side: what the weights dream, and what the disk says.

Knows: one question. Does not know: which answer is right.
"""

from __future__ import annotations

from . import ulib

LIMIT = 64  # tokens of each answer


async def main(*words: str) -> int:
    question = " ".join(words)
    if not question.strip():
        await ulib.complain("dreams: ask it something, as in: dreams what is thrashing\n")
        return 2
    try:
        passages = await ulib.call("search", question[:400])
        lacking = "" if "#" in passages else "nothing found on the disk"
    except ulib.Interrupted:
        raise
    except ulib.KernelError as error:
        passages, lacking = "", str(error)
    children = [await ulib.spawn("dreamer", "closed book [dreamed]", question, "", LIMIT)]
    if not lacking:
        children.append(await ulib.spawn("dreamer", "open book [disk]", question, passages, LIMIT))
    statuses = [(await ulib.wait(child))[1] for child in children]
    if lacking:
        await ulib.complain(f"dreams: no open book: {lacking}\n")
    return max(*statuses, 1 if lacking else 0)


async def dreamer(title: str, question: str, passages: str, limit: int) -> int:
    """Answers once, with the passages in its window or with nothing, and prints the whole under a title."""
    spans: tuple[ulib.Span, ...] = (("data", passages), ("user", question)) if passages else (("user", question),)
    thought = await ulib.think(("system", "Answer in one sentence."), *spans, limit=limit, traps=False)
    await ulib.say(f"{title}\n  {' '.join(thought.text.split())}\n")
    return 0
