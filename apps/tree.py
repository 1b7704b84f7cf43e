"""Slow thinking: a search over thoughts. Fork a few next steps, let the model score each, go deeper, keep the best.

Knows: forking, mailboxes. Does not know: what a good step is (the model says). To contrast with one fast pass.
A branch is a process that keeps its context; once it has reported it ends and gives its frames back. After Yao et al., 2023.
"""

from __future__ import annotations

from . import ulib
from .vote import final

STEP = "{question}\nSolve it in short steps. End with: The answer is X."


async def main(question: str, width: int | str = 3, depth: int | str = 2, limit: int | str = 48) -> int:
    await ulib.think(("user", STEP.format(question=question)), limit=0)
    me = await ulib.me()
    branches = [await ulib.fork("branch", me, n, int(width), int(depth), int(limit)) for n in range(int(width))]
    best = (-1, "")
    for _ in branches:
        _, (score, text) = await ulib.recv()
        best = max(best, (score, text), key=lambda pair: pair[0])
    for _ in branches:
        await ulib.wait()
    await ulib.say(f"{final(best[1])}  (score {best[0]}, {len(branches)} branches, depth {depth})\n")
    await ulib.leave(0, (final(best[1]), best[0]))
    return 0


async def branch(parent: int, number: int, width: int, depth: int, limit: int) -> int:
    """One thought; below it, if there is depth left, the better of two ways on. Reports (score, text) to its parent."""
    me = await ulib.me()
    thought = await ulib.think(limit=limit, temperature=700, min_p=50, seed=me * 31 + number, chat=False, traps=False)
    score, text = await _score(me), thought.text
    if depth > 1 and thought.stop == "length":
        children = [await ulib.fork("branch", me, n, width, depth - 1, limit) for n in range(2)]
        below = [(await ulib.recv())[1] for _ in children]
        for _ in children:
            await ulib.wait()
        deeper = max(below, key=lambda pair: pair[0])
        score, text = deeper[0], text + deeper[1]
    await ulib.send(parent, (score, text))
    return 0


async def _score(me: int) -> int:
    """What a fork of this thought says of it, 0 to 9; the thought itself stays as it is."""
    child = await ulib.fork("judge", me)
    _, score = await ulib.recv()
    await ulib.wait(child)
    return int(score)


async def judge(parent: int) -> int:
    said = await ulib.think(("user", "How likely is that right, from 0 to 9? One digit."), limit=4, traps=False)
    await ulib.send(parent, next((int(c) for c in said.text if c.isdigit()), 5))
    return 0
