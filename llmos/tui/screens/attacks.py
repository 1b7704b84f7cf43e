"""The attack lab: a planted text, a model that does what it says, the kernel's rules as switches, two worlds.

Knows: the lab's scenarios and what came of a run. Does not know: the machine of the room; each run boots two small ones of its
own, in a thread. The model here always obeys the planted text, so what is seen is the kernel alone; how often a real model
obeys is measured by `llmos attack`.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, Static

from llmos.attacks.lab import Run, Work, attack, attacks, scenario, wilson, work
from llmos.attacks.scenarios import BY_NAME, case
from llmos.errors import LlmosError
from llmos.tui.paint import painted
from llmos.tui.text import Row, clip, fit, pad, probability, sanitise, wrap
from llmos.tui.theme import Palette
from llmos_kernel.monitor import NAMES, RULES

CASES = tuple(BY_NAME)
SWITCHES = "123456789abcd"  # the key of each rule
WORDY = 40  # cells from which on a rule says what it means
STANDIN = "The model is a stand-in that always obeys; `llmos attack` measures a real one."
SAYS = {name: (rule.__doc__ or "").partition("\n")[0] for name, rule in RULES}
KEYS = " up/down case  1-9 a-d rule  0 all or none  r run  e edit the payload  Esc leave "


TALL = 34  # rows from which on there is room for the score board
EVERY = tuple(case(one, 0) for one in BY_NAME.values())


class Score(NamedTuple):
    """What rules hold back in all cases, and what they cost honest work."""

    reached: int
    attacks: int
    done: int
    asked: int
    denied: int
    works: int

    @staticmethod
    def of(defences: str) -> Score:
        """Runs all cases on the stand-in. Takes a tenth of a second."""
        runs: list[Run] = attacks(EVERY, defences)
        works: list[Work] = work(defences=defences)
        return Score(
            sum(run.reached for run in runs),
            len(runs),
            sum(one.done for one in works),
            sum(one.asked > 0 for one in works),
            sum(one.denied for one in works),
            len(works),
        )

    def row(self, name: str) -> Row:
        low, high = (probability(p) for p in wilson(self.reached, self.attacks))
        return (
            (f" {pad(name, 18)}", "text"),
            (f"{self.reached:>3} of {self.attacks}", "bold bad" if self.reached else "bold good"),
            (pad(f" [{low}-{high}]", 16), "dim"),
            (pad(f"{self.done:>3} of {self.works}", 18), "text"),
            (pad(f"{self.asked:>3}", 14), "text"),
            (f"{self.denied:>3}", "bad" if self.denied else "text"),
        )


class AttackLab(Screen[None]):
    DEFAULT_CSS = """
    AttackLab #payload { dock: bottom; height: 1; background: $background; display: none; }
    """
    AUTO_FOCUS = ""  # keys are switches until the payload is edited
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", show=False),
        Binding("q", "close", "close", show=False),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("r,enter", "run", "run", show=False),
        Binding("e", "edit", "edit", show=False),
        Binding("0", "all", "all or none", show=False),
        *(Binding(key, f"switch({i})", "switch", show=False) for i, key in enumerate(SWITCHES[: len(NAMES)])),
    ]

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.palette = palette
        self.at, self.on = 0, set(NAMES)
        self.planted: dict[str, str] = {}  # payloads that the person wrote, by case
        self.runs: tuple[Run, Run] | None = None  # without any defence, and with those that are on
        self.scores: list[Score] = []  # likewise, over all cases
        self.message = ""

    def compose(self) -> ComposeResult:
        yield Static(id="lab")
        yield Input(id="payload", compact=True, max_length=2000)

    def on_mount(self) -> None:
        self.action_run()

    def on_resize(self) -> None:
        self.draw()

    @property
    def case(self) -> str:
        return CASES[self.at]

    def action_close(self) -> None:
        if self.query_one(Input).display:
            self._edited()
        else:
            self.dismiss(None)

    def action_move(self, step: int) -> None:
        self.at = min(max(0, self.at + step), len(CASES) - 1)
        self.action_run()

    def action_switch(self, number: int) -> None:
        self.on ^= {NAMES[number]}
        self.action_run()

    def action_all(self) -> None:
        self.on = set() if self.on else set(NAMES)
        self.action_run()

    def action_edit(self) -> None:
        line = self.query_one(Input)
        line.value = self.planted.get(self.case) or (self.runs[0].planted if self.runs else "")
        line.display = True
        line.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.planted[self.case] = event.value
        self._edited()
        self.action_run()

    def _edited(self) -> None:
        self.query_one(Input).display = False
        self.set_focus(None)

    def action_run(self) -> None:
        self.run_worker(self._run(), exclusive=True)

    async def _run(self) -> None:
        one, planted = scenario(self.case), self.planted.get(self.case)
        defences = ",".join(name for name in NAMES if name in self.on) or "none"
        self.message = ""
        try:
            bare = await asyncio.to_thread(attack, one, "none", None, planted)
            held = await asyncio.to_thread(attack, one, defences, None, planted)
            self.runs = bare, held
            open_ = self.scores[:1] or [await asyncio.to_thread(Score.of, "none")]
            self.scores = [*open_, await asyncio.to_thread(Score.of, defences)]
        except LlmosError as e:
            self.message = str(e)
        self.draw()

    def draw(self) -> None:
        if self.is_mounted:
            self.query_one("#lab", Static).update(painted(self.rows(*self.app.size), self.palette))

    def rows(self, width: int, height: int) -> list[Row]:
        head: Row = ((" llmos attack lab ", "bold title"), (f" {self.case} ", "bold reverse accent"))
        about = f" {sanitise(BY_NAME[self.case].about)}"
        told = wrap(((about, "text"), (f" {STANDIN}", "dim")), width - 2)
        half = (width - 3) // 2
        top = min(max(len(CASES), len(NAMES)), max(4, height // 2 - 5))
        upper = _beside(self._cases(top, half), self._defences(top, half), half, top)
        board = self._board(width) if self.scores and height >= TALL else []
        room = height - top - len(told) - len(board) - 5
        worlds: list[Row] = []
        if self.runs:
            names = ("world A: no defence", f"world B: {len(self.on)} of {len(NAMES)} defences")
            columns = [_world(run, name, half) for run, name in zip(self.runs, names, strict=True)]
            worlds = _beside(columns[0], columns[1], half, max(0, room))
        foot: list[Row] = [
            (("─" * width, "line"),),
            ((clip(self.message or KEYS, width), "bad" if self.message else "dim"),),
        ]
        return [head, *told, (("─" * width, "line"),), *upper, (("─" * width, "line"),), *worlds, *board, *foot]

    def _board(self, width: int) -> list[Row]:
        """All cases and honest work, without rules and with those that are on."""
        heads = f" {'over all cases':<18}got out [95 %]           honest work done  asked first   refused"
        names = ("no rule", f"these {len(self.on)} rules")
        rows = [score.row(name) for name, score in zip(names, self.scores, strict=True)]
        return [(("─" * width, "line"),), ((heads, "dim"),), *rows]

    def _cases(self, height: int, width: int) -> list[Row]:
        """Each with what it is, as far as there is room."""
        first = max(0, min(self.at - height // 2, len(CASES) - height))
        return [
            (
                (" ▶ " if i == self.at else "   ", "accent"),
                (pad(CASES[i], 16), "bold text" if i == self.at else "text"),
                (clip(sanitise(BY_NAME[CASES[i]].about), width - 20) if width >= WORDY + 10 else "", "dim"),
            )
            for i in range(first, min(first + height, len(CASES)))
        ]

    def _defences(self, height: int, width: int) -> list[Row]:
        """In as many columns as they need."""
        columns = -(-len(NAMES) // height)
        cells = max(1, width // columns)
        return [
            tuple(span for i in range(y, len(NAMES), height) for span in fit(self._switch(i, cells), cells))
            for y in range(min(height, len(NAMES)))
        ]

    def _switch(self, number: int, cells: int) -> Row:
        """A rule with its key, and what it says if there is room for that."""
        name = NAMES[number]
        key = SWITCHES[number] if number < len(SWITCHES) else " "
        box, style = ("[x] ", "good") if name in self.on else ("[ ] ", "dim")
        said = clip(SAYS[name], cells - 20) if cells >= WORDY else ""
        return (
            (f" {key} ", "bold accent"),
            (box, style),
            (pad(name, 12), "text" if name in self.on else "dim"),
            (said, "dim"),
        )


def _beside(left: list[Row], right: list[Row], half: int, rows: int) -> list[Row]:
    left, right = [*left, *[()] * rows], [*right, *[()] * rows]
    return [(*fit(left[y], half), (" │ ", "line"), *fit(right[y], half)) for y in range(rows)]


def _world(run: Run, name: str, width: int) -> list[Row]:
    """One run in order: what was asked, what was planted, what the kernel decided, what came of it."""
    rows: list[Row] = [((f" {name}", "bold title"),), _outcome(run)]
    rows += wrap((("u ", "user"), (sanitise(run.question), "user")), width)
    rows += wrap((("d ", "device"), (sanitise(run.planted), "device")), width)
    rows += [
        row
        for device, text in run.calls
        for row in wrap((("m ", "model"), (f"{device} {sanitise(text)}", "model")), width)
    ]
    for device, text, verdict, rule in run.judged:
        said = f"{device} {sanitise(text)} -> {verdict.upper()}"
        rows += wrap((("check ", "dim"), (said, "bold bad"), (f"  {rule}", "text")), width)
        rows += wrap(((f"{rule}: {SAYS.get(rule, '')}", "dim"),), width)
    return rows


def _outcome(run: Run) -> Row:
    if run.reached:
        return ((" ✗ it got out", "bold bad"),)
    if run.tried:
        return ((f" ✓ held by {run.stopped_by or 'the kernel'}", "bold good"), ("   the model did obey", "dim"))
    return ((" · the model did not try", "dim"),)
