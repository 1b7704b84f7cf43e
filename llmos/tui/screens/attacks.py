"""The attack lab: a planted text, a model that does what it says, the kernel's rules as switches; foretell, run, compare.

Knows: what is chosen, foretold and shown. Does not know: the machine of the room; each run boots small ones of its own, in a
thread (`attacks/trial.py`). The model here always obeys the planted text, so what is seen is the kernel alone; how often a real
model obeys is measured by `llmos attack`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, Static

from llmos.attacks.lab import suffixes
from llmos.attacks.trial import QUESTIONS, report, score, trial
from llmos.errors import LlmosError
from llmos.exports import fresh
from llmos.tui import attacklab
from llmos.tui.attacklab import CASES, FOOT, SWITCHES, Bench
from llmos.tui.paint import painted
from llmos.tui.text import probability, width
from llmos.tui.theme import Palette
from llmos_kernel.monitor import NAMES

LONGEST = 2000  # characters of a payload
TRIES = 200  # of the search
KEYS = {"*": "asterisk", "Esc": "escape,q", "r": "r,enter"}


class AttackLab(Screen[None]):
    DEFAULT_CSS = """
    AttackLab #payload { dock: bottom; height: 1; background: $background; display: none; }
    """
    help_page = "attacks"
    AUTO_FOCUS = ""  # keys are switches until a text is typed
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("f1", "app.help", "help", show=False),
        *(Binding(KEYS.get(key, key), action, words, show=False) for key, words, action in FOOT),
        *(Binding(key, f"switch({i})", "switch", show=False) for i, key in enumerate(SWITCHES[: len(NAMES)])),
    ]

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.palette, self.lab = palette, Bench()
        self.typed: Callable[[str], None] = self._plant  # what the line at the bottom is for

    def compose(self) -> ComposeResult:
        yield Static(id="lab")
        yield Input(id="payload", compact=True, max_length=LONGEST, select_on_focus=False)

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def draw(self) -> None:
        if self.is_mounted:
            drawn = attacklab.rows(self.lab, *self.app.size)
            self.query_one("#lab", Static).update(painted(drawn, self.palette))

    def tell(self, message: str) -> None:
        """Say something in the last line."""
        self.lab.message = message
        self.draw()

    # -- choosing ---------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        self.choose(self.lab.at + step)

    def choose(self, number: int) -> None:
        """Another case: it was not run yet."""
        self.lab.at = min(max(0, number), len(CASES) - 1)
        self.again()

    def action_switch(self, number: int) -> None:
        self.lab.on ^= {NAMES[number]}
        self.again()

    def action_all(self) -> None:
        self.lab.on = set() if self.lab.on else set(NAMES)
        self.again()

    def again(self) -> None:
        """What was foretold and run was something else."""
        self.lab.trial, self.lab.guesses = None, []
        self.lab.shown = "" if self.lab.shown == "twin" else self.lab.shown
        self.tell("")

    def action_show(self, what: str) -> None:
        self.lab.shown = "" if self.lab.shown == what else what
        self.tell("" if self.lab.trial else "r runs it first")

    def on_click(self, event: events.Click) -> None:
        """A case, a rule or a key of the last line."""
        wide, high = self.app.size
        y = event.y - len(attacklab.about(self.lab, wide)) - 2
        half, top = attacklab.halved(wide), attacklab.upper(high)
        if event.y == high - 1:
            self._click_key(event.x)
        elif 0 <= y < top and event.x < half:
            self.choose(attacklab.first(self.lab.at, top) + y)
        elif 0 <= y < top and event.x >= half + 3:
            columns = -(-len(NAMES) // top)
            number = y + top * ((event.x - half - 3) // max(1, half // columns))
            if number < len(NAMES):
                self.action_switch(number)

    def _click_key(self, x: int) -> None:
        for item, action in attacklab.foot():
            x -= width(item)
            if x < 0:
                self.app.call_later(self.run_action, action)
                return

    # -- foretelling and running ------------------------------------------------------------------------------------

    def action_foretell(self, yes: bool) -> None:
        if self.lab.trial is None and len(self.lab.guesses) < len(QUESTIONS):
            self.lab.guesses.append(yes)
            self.draw()

    def action_run(self) -> None:
        self.run_worker(self._run(), exclusive=True)

    async def _run(self) -> None:
        lab, one, defences = self.lab, self.lab.case, self.lab.defences
        made = await asyncio.to_thread(trial, one, defences)
        bare = lab.scores[0][1] if lab.scores else await asyncio.to_thread(score, "none")
        held = await asyncio.to_thread(score, defences)
        if (one, defences) != (lab.case, lab.defences):
            return  # something else was chosen meanwhile
        if lab.trial is None:  # run again, it is not foretold
            lab.foretold += len(lab.guesses)
            lab.right += sum(a == b for a, b in zip(lab.guesses, made.came, strict=False))
        lab.trial, lab.scores = made, (("no rule", bare), (f"these {len(lab.on)} rules", held))
        self.tell("")

    def action_search(self) -> None:
        self.tell(f"trying {TRIES} endings of the planted text ...")
        self.run_worker(self._search(), exclusive=True)

    async def _search(self) -> None:
        found = await asyncio.to_thread(suffixes, self.lab.case, TRIES, 0, None, 16, self.lab.defences)
        low, high = (probability(p) for p in found["interval"])
        self.tell(
            f"{found['tries']} random endings: the model obeyed {found['tried']}, "
            f"{found['reached']} got through these rules [{low}-{high}]"
        )

    # -- texts ------------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        self.ask(self._plant, self.lab.case.planted, "the text that is planted")

    def action_load(self) -> None:
        self.ask(self._load, "", "a text file to plant")

    def action_report(self) -> None:
        if self.lab.trial is None:
            self.tell("r runs it first; then x writes the report")
        else:
            self.ask(self._report, f"attack-{self.lab.case.name}.md", "a file for the report")

    def ask(self, use: Callable[[str], None], value: str, what: str) -> None:
        line = self.query_one(Input)
        self.typed, line.value, line.placeholder, line.display = use, value, what, True
        line.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._put_away()
        self.typed(event.value)

    def _put_away(self) -> None:
        self.query_one(Input).display = False
        self.set_focus(None)

    def action_close(self) -> None:
        if self.query_one(Input).display:
            self._put_away()
        else:
            self.dismiss(None)

    def _plant(self, text: str) -> None:
        self.lab.planted[self.lab.case.name] = text
        self.again()

    def _load(self, name: str) -> None:
        try:
            with Path(name).expanduser().open(encoding="utf-8", errors="replace") as file:
                self._plant(file.read(LONGEST))
        except (OSError, ValueError) as e:
            self.tell(f"can't read {name}: {getattr(e, 'strerror', None) or e}")

    def _report(self, name: str) -> None:
        assert self.lab.trial
        try:
            text = report(self.lab.trial, self.lab.scores, self.lab.guesses)
            self.tell(f"wrote {fresh(Path(name).expanduser(), text)}")
        except (LlmosError, OSError, ValueError) as e:
            self.tell(str(e))
