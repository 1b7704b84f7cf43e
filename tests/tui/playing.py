"""A small lesson with a machine on the scripted CPU, to play on the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from textual.pilot import Pilot

from llmos.boot import boot
from llmos.lessons import lesson
from llmos.lessons.lab import Lab
from llmos.lessons.programme import Programme
from llmos.lessons.session import Session
from llmos.lessons.wanted import Wanted
from llmos.tui.lesson import LessonRoom
from llmos.tui.lesson.stage import EMPTY

from . import drawn, stills

SOURCE = """+++
title = "One sum"
minutes = 1
os = "a system call"
llm = "a tool"
analogy = "There is no wall."
programs = ["ask"]
layout = "console devices log disk"
stops = ["call", "exit", "look"]
own = "calc"
+++
The machine is asked: {question}. It keeps its *pages* in `frames`.

```predict
id = "calls"
kind = "choice"
question = "How many calls does it make?"
choices = ["0", "1", "2"]
hint = "It can't do sums."
```

It made {calls} calls.

```predict
id = "result"
kind = "number"
question = "What comes back?"
```

It was {result}.

```predict
id = "again"
kind = "choice"
question = "Would it call again?"
choices = ["yes", "no"]
```

That was all.
"""


def play(lab: Lab) -> Iterator[str]:
    lab.facts["question"] = f"what is {37 + lab.seed % 2}*48?"
    yield "calls"
    lab.running = boot(replace(stills.options(), init=("ask", lab.facts["question"], ""), keep=False))
    lab.running.stepped = lab.watch
    events = lab.running.run()
    lab.measured["calls"] = sum(e[1] == "call" for e in events)
    lab.say("it was watched")
    lab.table([("call", "times"), ("calc", 1)])
    yield "result"
    lab.measured["result"] = next(e[4] for e in events if e[1] == "result")
    yield "again"
    lab.measured["again"] = True


class Played(Programme):
    """Its lessons are all the small one."""

    def open(self, **changed: Any) -> Session:
        wanted = replace(self.wanted, **changed)
        seed = wanted.seed or 0
        return Session(lesson.parse("sum", SOURCE), Lab(seed), wanted.student, seed, locks=wanted.locks, play=play)


def recorded(name: str, **wanted: Any) -> Programme:
    return Programme(Wanted(name, recorded=True, **wanted))


@asynccontextmanager
async def opened(
    programme: Programme, size: tuple[int, int] = (120, 40), big: bool = False, keymap: Mapping[str, str] = EMPTY
) -> AsyncIterator[tuple[Pilot[Any], LessonRoom]]:
    """The screen, when the machine has come up."""
    app = LessonRoom(programme, big=big, still=True, keymap=keymap)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield pilot, app
    app.close()


async def settled(pilot: Pilot[Any]) -> str:
    """What is drawn when the machine stands again."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    await pilot.pause()
    return drawn.text(pilot.app)


async def answer(pilot: Pilot[Any], line: str) -> str:
    pilot.app.screen_stack[0].query_one("#answer").value = line  # type: ignore[attr-defined]
    await pilot.press("enter")
    return await settled(pilot)
