"""A picture of the machine room, made by running one: `python -m llmos.picture OUT.svg [--model M] [--ask TEXT]`.

Knows: how to drive the room without a terminal until there is something to see. Does not know: anything about the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from llmos.options import SYSTEM, Options
from llmos.room import Room
from llmos.status import MachineView

from .tui.app import MachineRoom
from .tui.panels.console import Entry

SIZE = (120, 40)
PATIENCE = 300.0  # seconds for booting and answering


async def take(options: Options, question: str, program: str, tokens: int) -> str:
    """Ask, let a program run beside the answer for so many tokens, freeze, and draw: the SVG."""
    app = MachineRoom(Room(options, 0.0))
    async with app.run_test(size=SIZE) as pilot:
        try:
            await _until(app, lambda v: v.mode == "LIVE")
            app.panel.say(question)
            await _until(app, lambda v: _finished(v, "ask"))
            app.panel.command("spawn", *program.split())
            await _until(app, lambda v: v.snapshot.counters.decoded >= tokens + _asked(v) or _finished(v, program))
            app.panel.command("pause")
            await _until(app, lambda v: v.mode == "FROZEN")
            app.query_one(Entry).placeholder = ""
            app.change(folded=True)
            app.pane("cpu").focus()
            await pilot.pause()
            return app.export_screenshot(title="llmos")
        finally:
            app.panel.close()


def _asked(view: MachineView) -> int:
    """Tokens of whoever has ended, so that the count begins with the program."""
    return view.snapshot.counters.decoded - sum(p.decoded for p in view.snapshot.processes)


def _finished(view: MachineView, program: str) -> bool:
    """It was started, and is gone."""
    started = any(line.text.startswith("spawn") and f" {program.split()[0]} " in f"{line.text} " for line in view.log)
    return started and not any(p.program == program.split()[0] for p in view.snapshot.processes)


async def _until(app: MachineRoom, done: Callable[[MachineView], bool]) -> None:
    began = time.monotonic()
    while not done(app.view):
        if app.view.problem:
            raise SystemExit(f"llmos: {app.view.problem}")
        if time.monotonic() - began > PATIENCE:
            raise SystemExit("llmos: the machine took too long to have its picture taken")
        await asyncio.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the machine room as it runs.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default=None, help="a name or a path; the best one that is installed if left out")
    parser.add_argument("--ask", default="what is 37*48?")
    parser.add_argument("--run", default="demo", help="a program that runs when the picture is taken")
    parser.add_argument("--tokens", type=int, default=30, help="how many tokens it has had by then")
    given = parser.parse_args()
    options = Options(model=given.model, init=("sh", SYSTEM))
    given.out.write_text(asyncio.run(take(options, given.ask, given.run, given.tokens)), encoding="utf-8")
    print(given.out)


if __name__ == "__main__":
    main()
