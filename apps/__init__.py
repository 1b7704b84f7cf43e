"""User programs: coroutines that reach the kernel only through `ulib`.

Knows: the list of installed programs. Does not know: the kernel's insides, the model, the screen.
A program is `async def main(*args)`; what it returns is its exit status (None is 0).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from . import (
    agent,
    ask,
    asks,
    batch,
    bomb,
    browse,
    chat,
    crowd,
    demo,
    dreams,
    goon,
    init,
    letters,
    mmap,
    notebook,
    pipeline,
    research,
    sh,
    starve,
    summarize,
    text,
    top,
    tree,
    tries,
    vote,
)
from .patterns import dual, mapreduce, plan, selector

PROGRAMS: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {
    "init": init.main,
    "sh": sh.main,
    "sh-c": sh.once,
    "ask": ask.main,
    "asks": asks.main,
    "answer": asks.answer,
    "chat": chat.main,
    "crowd": crowd.main,
    "top": top.main,
    "demo": demo.main,
    "teller": demo.teller,
    "goon": goon.main,
    "batch": batch.main,
    "complete": batch.complete,
    "pipeline": pipeline.main,
    "story": pipeline.story,
    "critic": pipeline.critic,
    "translate": pipeline.translate,
    "vote": vote.main,
    "voter": vote.voter,
    "tree": tree.main,
    "branch": tree.branch,
    "judge": tree.judge,
    "tries": tries.main,
    "guess": tries.guess,
    "summarize": summarize.main,
    "mapper": summarize.mapper,
    "starve": starve.main,
    "bomb": bomb.main,
    "agent": agent.main,
    "research": research.main,
    "letters": letters.main,
    "mmap": mmap.main,
    "notebook": notebook.main,
    "dreams": dreams.main,
    "dreamer": dreams.dreamer,
    "browse": browse.main,
    "select": selector.main,
    "plan": plan.main,
    "plan-step": plan.step,
    "map": mapreduce.main,
    "map-reader": mapreduce.reader,
    "dual": dual.main,
    "dual-fetch": dual.fetch,
    "dual-reader": dual.reader,
    **text.PROGRAMS,
}
