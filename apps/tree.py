"""Slow thinking: a search over thoughts. Fork a few next steps, let the model score each, kill all but the best, go deeper.

Knows: forking, mailboxes, killing. Does not know: what a good step is (the model says). To contrast with one fast pass.
A branch is a process: its context is the thoughts so far. Pruned, it is killed, and its frames are free at once. A branch
that may go on forks the next steps from where it stands, so that what they share is in RAM once. After Yao et al., 2023.
"""

from __future__ import annotations

from typing import NamedTuple

from . import ulib
from .vote import PROMPT, final


class Report(NamedTuple):
    """What a branch tells of itself."""

    pid: int
    score: int  # 0 to 9
    text: str  # all thoughts so far
    over: bool  # its last thought came to an end by itself


async def main(question: str, width: int | str = 3, depth: int | str = 2, limit: int | str = 48) -> int:
    """`width` ways on at each of `depth` levels, `limit` tokens each."""
    width, depth = int(width), int(depth)
    await ulib.think(("user", PROMPT.format(question=question)), limit=0)
    me = await ulib.me()
    for number in range(width):
        await ulib.fork("branch", me, number, int(limit))
    killed = 0
    for level in range(1, depth + 1):
        best, pruned = await _judged(width)
        killed += pruned
        if best.over or level == depth:
            break
        await ulib.send(best.pid, width)
    await ulib.send(best.pid, 0)
    for _ in range(width):
        await ulib.wait()
    answer = final(best.text)
    await ulib.say(f"{answer}  (score {best.score}, {level} of {depth} levels, {killed} branches killed)\n")
    await ulib.leave(0, (answer, best.score))
    return 0


async def _judged(width: int) -> tuple[Report, int]:
    """The best of the branches of one level; the others are killed."""
    reports = [Report(pid, *told) for pid, told in [await ulib.recv() for _ in range(width)]]
    best = max(reports, key=lambda report: (report.score, -report.pid))
    for report in reports:
        if report is not best:
            await ulib.kill(report.pid, "KILL")
    return best, width - 1


async def branch(root: int, number: int, limit: int, before: str = "") -> int:
    """One thought. Then it waits to be killed, to be told how many ways to go on from here, or to be let go with 0."""
    thought = await ulib.think(limit=limit, temperature=700, min_p=50, seed=number, chat=False, traps=False)
    text = before + thought.text
    await ulib.send(root, (await _score(), text, thought.stop != "length"))
    _, ways = await ulib.recv()
    for way in range(ways):
        await ulib.fork("branch", root, (number + 1) * 100 + way, limit, text)
    for _ in range(ways):
        await ulib.wait()
    return 0


async def _score() -> int:
    """What a fork of this thought says of it, 0 to 9; the thought itself stays as it is."""
    child = await ulib.fork("judge", await ulib.me())
    _, score = await ulib.recv()
    await ulib.wait(child)
    return int(score)


async def judge(parent: int) -> int:
    said = await ulib.think(("user", "How likely is that right, from 0 to 9? One digit."), limit=4, traps=False)
    await ulib.send(parent, next((int(c) for c in said.text if c.isdigit()), 5))
    return 0
