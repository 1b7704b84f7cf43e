"""The guided tour: the first five minutes, step by step. Each step waits for the real thing to be done.

Knows: what each step asks for, and how a view shows that it happened. Does not know: how to do it for you. It never takes
the focus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual.geometry import Region
from textual.widgets import Static

from llmos.status import MachineView
from llmos.tui.desk import Desk
from llmos.tui.paint import painted
from llmos.tui.text import Row, wrap
from llmos.tui.theme import Palette

WIDTH, HEIGHT = 66, 9
RECORDED = "A recording: what needs a machine is shown as it was then."
STARTING = "It waits for the machine, which is starting; keys are kept."
Seen = Callable[[MachineView, Desk, MachineView], bool]
"""(view now, desk now, view when the step began) -> done"""


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    text: str
    done: Seen
    looks: tuple[str, ...] = ()  # panels that it speaks of: the card does not lie on them
    lives: bool = False  # it needs a machine that runs


LEAVE = Step(
    "Leave the console",
    "Press Esc until INPUT is gone from the top line: then keys act on the machine.",
    lambda v, d, o: not d.typing,
    ("console", "banner"),
)
BACK = Step(
    "Go back in time",
    "Press , (comma) for one token back, or [ from mark to mark, until TRAP is the last token or not there yet. The "
    "clock runs back and the answer un-prints itself.",
    lambda v, d, o: v.mode == "REPLAY" and v.snapshot.tick <= _trapped(v),
    ("cpu", "console"),
)
READ = Step(
    "Read the program",
    "Press Tab until the CPU has the thick frame, then m: the forward pass, beside the lanes. Esc comes back.",
    lambda v, d, o: d.zoom == "cpu",
    ("cpu",),
)
LOOK = Step(
    "Look inside",
    "Press 1, Enter on a process to select it, Enter again to open it. Esc closes.",
    lambda v, d, o: v.inspection is not None and v.inspection != o.inspection,
    ("processes",),
)
ATTACK = Step(
    "The attack lab",
    "Press a. A planted text gives the model an order, and it obeys. y and n foretell what comes, r runs it, 0 and the "
    "digits switch the kernel's rules; Esc comes back.",
    lambda v, d, o: d.visited == "attacks",
)
STEPS: tuple[Step, ...] = (
    Step(
        "Ask something",
        "Type a question on the console, or press Enter to send the suggested one (i goes to the console).",
        lambda v, d, o: _asked(v) > _asked(o),
        ("console",),
        lives=True,
    ),
    Step(
        "Watch the stop",
        "Tokens come one a tick. When the model emits TRAP its lane stops, the kernel runs the device and writes the "
        "result into a page, marked d. Wait for `result` in the log.",
        lambda v, d, o: any(m.letter == "r" for m in v.marks),
        ("cpu", "ram", "log"),
        lives=True,
    ),
    LEAVE,
    BACK,
    Step(
        "Make a second world",
        "Press B. From this tick on there are two machines.",
        lambda v, d, o: v.other is not None,
        lives=True,
    ),
    Step(
        "Unplug the calculator",
        "Press 4 for the devices, Enter on calc, and space to run both worlds. Only this one loses it.",
        lambda v, d, o: any(s == "o" for _, s, _ in v.devices),
        ("devices",),
        lives=True,
    ),
    Step(
        "Compare",
        "Press w. In one world the number came from calc; in the other the model does without: it dreams one, says that it "
        "has none, or calls what is left. The mark behind each answer tells which. Esc comes back.",
        lambda v, d, o: d.visited == "worlds",
        lives=True,
    ),
    READ,
    Step(
        "Run four at once",
        "Press : and type `run demo`, Enter. Watch the scheduler's rows fill with turns.",
        lambda v, d, o: sum(p.program == "teller" for p in v.snapshot.processes) >= 3,
        ("timeline",),
        lives=True,
    ),
    LOOK,
    ATTACK,
)
REPLAYED: tuple[Step, ...] = (
    LEAVE,
    Step(
        "To the beginning",
        "Press g, then 0 and Enter: the machine before its first tick. (On the scheduler panel Home does it, too.)",
        lambda v, d, o: v.snapshot.tick == 0,
        ("timeline", "laststop"),
    ),
    Step(
        "Play what was typed",
        "Press space: it goes on as it did then, at the speed of + and -; space again holds it. Play on until somebody has "
        "typed something on the console.",
        lambda v, d, o: _asked(v) > _asked(o),
        ("console",),
    ),
    Step(
        "Watch the stop",
        "Play on, or press ] from mark to mark. Where the model emitted TRAP its lane stopped, the kernel ran the device and "
        "wrote the result into a page, marked d. Go on behind the first `result` of the log.",
        lambda v, d, o: v.snapshot.tick > _first(v, "r"),
        ("cpu", "ram", "log"),
    ),
    BACK,
    Step(
        "Why did it run?",
        "Press 3: who had which lane in each tick. Left and right go from tick to tick; Enter says why who runs was chosen.",
        lambda v, d, o: v.inspection is not None and v.inspection.kind == "choice" and v.inspection != o.inspection,
        ("timeline",),
    ),
    LOOK,
    READ,
    Step(
        "One world",
        "On a machine that runs, B makes a second world from any tick, where a device can be unplugged, and w shows both side "
        "by side. Press w: a recording says why it has but one. The next step has two.",
        lambda v, d, o: "one world" in d.message,
        ("laststop",),
    ),
    ATTACK,
)
"""The same of a session that is over: what was typed and run then is played again."""
LAST = Step(
    "That was the tour",
    "Next, in a shell: `llmos lesson two-files`, and `llmos attack` on a real model. F2 puts this away.",
    lambda v, d, o: False,
)


def _trapped(view: MachineView) -> int:
    """The tick after that of the newest TRAP; any tick when there was none."""
    return max((mark.tick + 1 for mark in view.marks if mark.letter == "t"), default=view.now - 1)


def _reads(view: MachineView) -> bool:
    """Is a recording still being read, on the way to its end?"""
    return view.mode == "BOOT" or any(test.part == "log" and test.state == "busy" for test in view.boot)


def _first(view: MachineView, letter: str) -> int:
    """The tick of the first mark of a kind; of what never happened, the last one there is."""
    return min((mark.tick for mark in view.marks if mark.letter == letter), default=view.now - 1)


def _asked(view: MachineView) -> int:
    return sum(r.text.count("\n") for r in view.console if r.who == "u")


def corner(width: int, height: int, looked: Sequence[Region]) -> tuple[int, int]:
    """The place for the card that hides least of what is looked at: right or left, from the top down."""
    places = [(x, y) for x in (max(0, width - WIDTH - 1), 0) for y in range(1, max(2, height - HEIGHT - 2))]
    return min(places, key=lambda at: sum(Region(at[0], at[1], WIDTH, HEIGHT).intersection(one).area for one in looked))


class Tour(Static):
    """A card where it hides least; it goes on by itself when a step was done."""

    DEFAULT_CSS = f"""
    Tour {{ layer: above; position: absolute; width: {WIDTH}; height: {HEIGHT}; border: heavy $accent;
        background: $background; padding: 0 1; }}
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__(classes="tour")
        self.palette = palette
        self.at = 0
        self.began: MachineView | None = None
        self.steps = STEPS
        self.booting = False

    def on_mount(self) -> None:
        self.border_subtitle = "F4 skips this step   F2 ends the tour"
        if self.app.panel.first_mode == "REPLAY":  # type: ignore[attr-defined]
            self.steps = REPLAYED

    def skip(self) -> None:
        """The next step, whether this one was done or not."""
        self.at, self.began = min(self.at + 1, len(self.steps)), None

    @property
    def step(self) -> Step:
        return self.steps[self.at] if self.at < len(self.steps) else LAST

    def show_view(self, view: MachineView, desk: Desk, places: Mapping[str, Region]) -> None:
        """Go on if the step was done; draw. `places`: where the panels are."""
        if self.began is None:
            self.began = view
        self.booting = view.mode == "BOOT"
        if self.steps is REPLAYED and _reads(view):
            self.began = None
        elif self.step.done(view, desk, self.began):
            self.at, self.began = self.at + 1, view
        self.styles.offset = corner(*self.app.size, [places[key] for key in self.step.looks if key in places])
        self.border_title = f"tour {min(self.at + 1, len(self.steps))}/{len(self.steps)}  {self.step.title}"
        self.update(painted(self.rows(), self.palette))

    def rows(self) -> list[Row]:
        note = RECORDED if self.steps is REPLAYED else STARTING if self.booting and self.step.lives else ""
        rows: list[Row] = [((note, "busy"),), *wrap(((self.step.text, "text"),), WIDTH - 6)]
        done = "●" * self.at + "○" * (len(self.steps) - self.at)
        return [*rows, *[()] * (HEIGHT - 3 - len(rows)), ((done, "accent"),)]
