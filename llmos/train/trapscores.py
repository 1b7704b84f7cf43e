"""Scores of a model on requests in the format of `llmos eval traps`: devices, arguments, values, answers, false traps.

Knows: how a turn runs (feed, sample, call a device, feed its result) and the shares. Does not know: what counts as right
(`measure.py`), the machine; the engine is `chorus`, devices are called directly. Used while training and by the
labs; `llmos eval traps` is the machine's own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from llmos.devices.base import Context, DeviceError
from llmos.devices.calc import Calculator
from llmos.devices.clock import Clock
from llmos.devices.files import Files
from llmos.devices.library import Library
from llmos.devices.python import Python
from llmos.devices.search import Search

from .chatform import GO, IM_END, TRAP, ChatForm
from .chorus import Chorus
from .dialogue import Call
from .measure import MOST_CALLS, Share, Spoken, judge, scored, share

MOST_TOKENS = 140  # of one reply, results not counted


class Scores(NamedTuple):
    device: Share  # among requests that need one
    args: Share
    values: Share  # of the sums
    answer: Share
    false_traps: Share  # of the requests that need none
    overall: Share  # right device, or none where none is needed


class Desk:
    """The devices of one request, in a home folder of its own."""

    def __init__(self, setup: dict[str, Any], home: Path) -> None:
        for name, text in setup.get("files", {}).items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text if text.endswith("\n") else text + "\n")
        now = datetime.fromisoformat(setup.get("now", "2026-05-20T10:30:00"))
        library = Library()
        for document in setup.get("library", []):
            library.add(document["title"], document["text"])
        self._context = Context(now=lambda: now)
        self._devices: dict[str, Any] = {
            "calc": Calculator(),
            "clock": Clock(),
            "files": Files(home),
            "python": Python(),
        }
        self._devices["search"] = Search(library)

    def call(self, name: str, args: str) -> str:
        if name in ("send", "spawn"):
            return "sent" if name == "send" else "started"
        if name not in self._devices:
            return f"error: no device {name}"
        try:
            return str(self._devices[name].call(args, self._context).text)
        except DeviceError as error:
            return f"error: {error}"


Turn = Generator[int, int, Spoken]


def turn(form: ChatForm, desk: Desk, request: str) -> Turn:
    """A coroutine of one turn: yields each id to feed, is sent the best next id; returns the Spoken."""
    waiting = form.request(request)
    calls: list[Call] = []
    said: list[int] = []
    captured: list[int] | None = None
    for _ in range(MOST_TOKENS):
        best = 0
        for token in waiting:
            best = yield token
        waiting = [best]
        if captured is not None and best == form.ids[GO]:
            name, _, args = form.decode(captured).strip().partition(" ")
            calls.append(Call(name, args.strip(), desk.call(name, args.strip())[:600]))
            waiting, captured = [best, *form.injected(calls[-1].result)], None
        elif captured is not None:
            captured.append(best)
        elif best == form.ids[TRAP] and len(calls) < MOST_CALLS:
            captured = []
        elif best == form.ids[IM_END]:
            return Spoken(tuple(calls), form.decode(said).strip(), True)
        else:
            said.append(best)
    return Spoken(tuple(calls), form.decode(said).strip(), False)


def replies(form: ChatForm, chorus: Chorus, system: str, items: Sequence[dict[str, Any]]) -> list[Spoken]:
    """What the model says to each request, as many side by side as the chorus has lanes."""
    prefix = form.opening(system)
    chorus.begin(prefix)
    done: dict[int, Spoken] = {}
    with tempfile.TemporaryDirectory() as root:
        waiting = iter(range(len(items)))
        lanes: list[tuple[int, Turn] | None] = [None] * chorus.lanes
        fed = [0] * chorus.lanes
        while len(done) < len(items):
            for lane, held in enumerate(lanes):
                if held is None and (number := next(waiting, None)) is not None:
                    (home := Path(root) / str(number)).mkdir()
                    one = turn(form, Desk(items[number]["setup"], home), items[number]["request"])
                    lanes[lane], fed[lane] = (number, one), next(one)
                    chorus.restart(lane, len(prefix))
            best = chorus.feed(fed)
            for lane, held in enumerate(lanes):
                if held is not None:
                    try:
                        fed[lane] = held[1].send(int(best[lane]))
                    except StopIteration as end:
                        done[held[0]], lanes[lane] = end.value, None
    return [done[i] for i in range(len(items))]


def judged(item: dict[str, Any], spoken: Spoken) -> dict[str, bool | None]:
    """device, args, value, answer (None where nothing is asked for), by the scorer of `llmos eval traps`."""
    found, verdict = scored(item["expect"], spoken), judge(item["expect"], spoken)
    args = None if found.device is None else verdict.args
    return {"device": verdict.device, "args": args, "value": found.value, "answer": verdict.answer and verdict.device}


def scores(items: Sequence[dict[str, Any]], spoken: Sequence[Spoken]) -> Scores:
    verdicts = [judged(item, said) for item, said in zip(items, spoken, strict=True)]
    needing = [v for v in verdicts if v["args"] is not None]
    needless = [v for v in verdicts if v["args"] is None]
    return Scores(
        share(bool(v["device"]) for v in needing),
        share(bool(v["args"]) for v in needing),
        share(bool(v["value"]) for v in verdicts if v["value"] is not None),
        share(bool(v["answer"]) for v in verdicts),
        share(not v["device"] for v in needless),
        share(bool(v["device"]) for v in verdicts),
    )
