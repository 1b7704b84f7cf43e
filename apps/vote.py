"""Self-consistency: several processes think about one question from one shared context, and the majority answers.

Knows: forking, mailboxes, how an answer is found in a text. Does not know: which answer is right.
The prompt is read once; the children share its pages and differ only in their seeds. After Wang et al., 2022.
"""

from __future__ import annotations

from collections import Counter

from . import ulib

PROMPT = "{question}\nThink step by step, then end with: The answer is X."


async def main(question: str, voters: int | str = 5, limit: int | str = 96, temperature: int | str = 800) -> int:
    me = await ulib.me()
    await ulib.think(("user", PROMPT.format(question=question)), limit=0)
    for seed in range(1, int(voters) + 1):
        await ulib.fork("voter", me, seed, int(limit), int(temperature))
    votes = [str((await ulib.recv())[1]) for _ in range(int(voters))]
    for _ in votes:
        await ulib.wait()
    answer, count = Counter(votes).most_common(1)[0]
    await ulib.say(f"{answer}  ({count} of {len(votes)} voters: {', '.join(votes)})\n")
    await ulib.leave(0, (answer, tuple(votes)))
    return 0


async def voter(parent: int, seed: int, limit: int, temperature: int) -> int:
    thought = await ulib.think(limit=limit, temperature=temperature, min_p=50, seed=seed, chat=False, traps=False)
    await ulib.send(parent, final(thought.text))
    return 0


def final(text: str) -> str:
    """The answer of a chain of thought: what follows the last "answer is", else its last number, else its last word."""
    _, found, rest = text.rpartition("answer is")
    named = found and rest.strip()
    words = (rest if named else text).replace("\n", " ").split()
    if named:
        return words[0].strip(".,:;!?*$\"'")
    numbers = [w.strip(".,:;!?*$=") for w in words if any(c.isdigit() for c in w)]
    return numbers[-1] if numbers else (words[-1] if words else "")
