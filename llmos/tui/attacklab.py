"""What the attack lab shows: its state, and rows of it.

Knows: what is chosen, foretold and run, cells. Does not know: keys, threads, how a case is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmos.attacks.lab import Run, wilson
from llmos.attacks.scenarios import BY_NAME, Scenario, case
from llmos.attacks.trial import EVERY, QUESTIONS, Score, Trial
from llmos.tui.asked import SAYS
from llmos.tui.text import Row, clip, fit, pad, probability, sanitise, wrap
from llmos_kernel.monitor import NAMES

CASES = tuple(one.name for one in EVERY)
SWITCHES = "123456789abcd"  # the key of each rule
WORDY = 40  # cells from which on a rule says what it means
BRIEF = ("harm without rules", " with these", " twin works")  # the questions, where there is no room
ROOMY = 14  # rows of two worlds from which on each answer has a line
TALL = 34  # rows from which on there is room for the score board
STANDIN = "The model is a stand-in that always obeys; `llmos attack` measures a real one."
FOOT = (
    ("r", "run", "run"),
    ("y", "yes", "foretell(True)"),
    ("n", "no", "foretell(False)"),
    ("0", "all", "all"),
    ("t", "twin", "show('twin')"),
    ("s", "score", "show('board')"),
    ("e", "edit", "edit"),
    ("i", "file", "load"),
    ("*", "search", "search"),
    ("x", "report", "report"),
    ("Esc", "", "close"),
)
"""(key, what it does, action): the last line, each to be clicked too"""


@dataclass
class Bench:
    """What is chosen, foretold and seen. Owned by the screen."""

    at: int = 0
    on: set[str] = field(default_factory=lambda: set(NAMES))
    planted: dict[str, str] = field(default_factory=dict)  # texts that the person wrote, by case
    trial: Trial | None = None  # None: not run yet
    guesses: list[bool] = field(default_factory=list)  # what was foretold of it, in the order of the questions
    right: int = 0  # of all that was foretold
    foretold: int = 0
    scores: tuple[tuple[str, Score], ...] = ()  # without any rule, and with those that are on
    shown: str = ""  # instead of the attack: "twin" or "board"
    message: str = ""

    @property
    def case(self) -> Scenario:
        """The plainest case of the scenario that is chosen, with the person's text if there is one."""
        plain = case(BY_NAME[CASES[self.at]], 0)
        return plain._replace(planted=self.planted.get(plain.name, plain.planted))

    @property
    def defences(self) -> str:
        return ",".join(name for name in NAMES if name in self.on) or "none"


def rows(lab: Bench, width: int, height: int) -> list[Row]:
    """The whole screen."""
    head: Row = ((" llmos attack lab ", "bold title"), (f" {lab.case.name} ", "bold reverse accent"))
    if lab.foretold:
        head = (*head, (f"   foretold: {lab.right} of {lab.foretold} right", "text"))
    told, half, top = about(lab, width), halved(width), upper(height)
    chosen = _beside(_cases(lab, top, half), _defences(lab, top, half), half, top)
    tall = height >= TALL and lab.shown != "board"
    board = _board(lab, width) if lab.scores and tall else []
    room = max(0, height - top - len(told) - len(board) - 5)
    rule: Row = (("─" * width, "line"),)
    last: Row = tuple(span for item, _ in foot() for span in item)
    if lab.message:
        last = ((clip(sanitise(lab.message), width), "text"),)
    return [head, *told, rule, *chosen, rule, *_middle(lab, width, room), *board, rule, last]


def about(lab: Bench, width: int) -> list[Row]:
    """What the case is, and what the model is."""
    return wrap(((f" {sanitise(lab.case.about)}", "text"), (f" {STANDIN}", "dim")), width - 2)


def halved(width: int) -> int:
    """Cells of each of two columns with a line between."""
    return (width - 3) // 2


def upper(height: int) -> int:
    """Rows for cases and rules."""
    return min(max(len(CASES), len(NAMES)), max(4, height // 2 - 5))


def first(at: int, height: int) -> int:
    """The first case that is shown."""
    return max(0, min(at - height // 2, len(CASES) - height))


def foot() -> Sequence[tuple[Row, str]]:
    """Each key of the last line as it is drawn, and its action."""
    return [(((f" {key}", "bold accent"), (f" {words}" if words else "", "dim")), act) for key, words, act in FOOT]


def _middle(lab: Bench, width: int, room: int) -> list[Row]:
    """Questions before a trial, two worlds after it; or the score board."""
    half = halved(width)
    if lab.shown == "board" and lab.scores:
        return [*_board(lab, width), *[()] * room][:room]
    if lab.trial is None:
        return _beside(_payload(lab, half), _questions(lab, half), half, room)
    honest = lab.shown == "twin"
    names = ("world A: no rule", f"world B: {len(lab.on)} of {len(NAMES)} rules")
    pair = lab.trial[2:] if honest else lab.trial[:2]
    answers = _answers(lab.trial, lab.guesses, width, room < ROOMY)[: max(0, room - 4)]
    left = room - len(answers)
    columns = [_world(run, name, half, left, honest) for run, name in zip(pair, names, strict=True)]
    return [*_beside(columns[0], columns[1], half, max(0, left)), *answers]


def _payload(lab: Bench, width: int) -> list[Row]:
    """What is asked and what is planted: all there is to foretell from."""
    one = lab.case
    return [
        ((" the person asks", "bold title"),),
        *wrap((("u ", "user"), (sanitise(one.question), "user")), width),
        ((f" planted{' by you' if one.name in lab.planted else ''}", "bold title"), (f"  {one.origin}", "dim")),
        *wrap((("d ", "device"), (sanitise(one.planted), "device")), width),
        ((" the honest twin: the person orders it", "bold title"),),
        *wrap((("u ", "user"), (sanitise(one.order), "user")), width),
    ]


def _questions(lab: Bench, width: int) -> list[Row]:
    out: list[Row] = [((" FORETELL before r", "bold title"), ("   y or n; or just r", "dim"))]
    for i, question in enumerate(QUESTIONS):
        said = ("yes" if lab.guesses[i] else "no") if i < len(lab.guesses) else ""
        now = i == len(lab.guesses)
        line = f"{'▶' if now else ' '}{i + 1} {question} "
        out += wrap(((line, "text" if now or said else "dim"), (said, "bold accent")), width)
    return out


def _answers(made: Trial, guesses: Sequence[bool], width: int, brief: bool) -> list[Row]:
    """Each question with what came, and what was foretold; `brief`: in one line."""
    out: list[Row] = [(("─" * width, "line"),)]
    for i, (question, came) in enumerate(zip(QUESTIONS, made.came, strict=True)):
        told: Row = ()
        if i < len(guesses):
            right = guesses[i] == came
            words, style = ("  ✓ as you foretold", "bold good") if right else ("  ✗ not as you foretold", "bold bad")
            told = ((words[:3] if brief else words, style),)
        out.append(((f" {BRIEF[i] if brief else question} ", "dim"), ("yes" if came else "no", "bold text"), *told))
    return [out[0], tuple(span for row in out[1:] for span in row)] if brief else out


def _board(lab: Bench, width: int) -> list[Row]:
    """All cases and honest work, without rules and with those that are on."""
    heads = (
        f" {'over all cases':<17}{'obeyed':<10}{'got through [95 %]':<23}{'honest work done':<18}{'asked':<7}refused"
    )
    return [(("─" * width, "line"),), ((clip(heads, width), "dim"),), *(_scored(*one) for one in lab.scores)]


def _cases(lab: Bench, height: int, width: int) -> list[Row]:
    """Each with what it is, as far as there is room."""
    begin = first(lab.at, height)
    return [
        (
            (" ▶ " if i == lab.at else "   ", "accent"),
            (pad(CASES[i], 16), "bold text" if i == lab.at else "text"),
            (clip(sanitise(BY_NAME[CASES[i]].about), width - 20) if width >= WORDY + 10 else "", "dim"),
        )
        for i in range(begin, min(begin + height, len(CASES)))
    ]


def _defences(lab: Bench, height: int, width: int) -> list[Row]:
    """In as many columns as they need."""
    columns = -(-len(NAMES) // height)
    cells = max(1, width // columns)
    return [
        tuple(span for i in range(y, len(NAMES), height) for span in fit(_switch(i, NAMES[i] in lab.on, cells), cells))
        for y in range(min(height, len(NAMES)))
    ]


def _switch(number: int, on: bool, cells: int) -> Row:
    """A rule with its key, and what it says if there is room for that."""
    name = NAMES[number]
    key = SWITCHES[number] if number < len(SWITCHES) else " "
    box, style = ("[x] ", "good") if on else ("[ ] ", "dim")
    said = clip(SAYS[name], cells - 20) if cells >= WORDY else ""
    return ((f" {key} ", "bold accent"), (box, style), (pad(name, 12), "text" if on else "dim"), (said, "dim"))


def _beside(left: list[Row], right: list[Row], half: int, rows: int) -> list[Row]:
    left, right = [*left, *[()] * rows], [*right, *[()] * rows]
    return [(*fit(left[y], half), (" │ ", "line"), *fit(right[y], half)) for y in range(rows)]


def _scored(name: str, score: Score) -> Row:
    low, high = (probability(p) for p in wilson(score.reached, score.attacks))
    return (
        (f" {pad(name, 17)}", "text"),
        (pad(f"{score.obeyed} of {score.attacks}", 10), "text"),
        (pad(f"{score.reached} of {score.attacks}", 9), "bold bad" if score.reached else "bold good"),
        (pad(f"[{low}-{high}]", 14), "dim"),
        (pad(f"{score.done} of {score.works}", 18), "text"),
        (pad(f"{score.asked}", 7), "text"),
        (f"{score.denied}", "bad" if score.denied else "text"),
    )


def _world(run: Run, name: str, width: int, height: int, honest: bool) -> list[Row]:
    """One run in order: what was asked, what was planted (as much as there is room for), what the kernel decided."""
    before = [((f" {name}", "bold title"),), _outcome(run, honest)]
    before += wrap((("u ", "user"), (sanitise(run.question), "user")), width)
    after: list[Row] = []
    for device, text in run.calls:
        after += wrap((("m ", "model"), (f"{device} {sanitise(text)}", "model")), width)
    for device, text, verdict, rule in run.judged:
        said = f"{device} {sanitise(text)} -> {verdict.upper()}"
        after += wrap((("check ", "dim"), (said, "bold bad"), (f"  {rule}", "text")), width)
        after += wrap(((f"{rule}: {SAYS.get(rule, '')}", "dim"),), width)
    planted = wrap((("d ", "device"), (sanitise(run.planted), "device")), width) if run.planted else []
    return [*before, *planted[: max(1, height - len(before) - len(after))], *after]


def _outcome(run: Run, honest: bool) -> Row:
    """What came of it. An honest order that is held is a loss."""
    if run.reached:
        return ((" ✓ it is done", "bold good"),) if honest else ((" ✗ it got out", "bold bad"),)
    if run.tried:
        held, note = f"held by {run.stopped_by or 'the kernel'}", "   the model did obey"
        return ((f" ✗ {held}", "bold bad"),) if honest else ((f" ✓ {held}", "bold good"), (note, "dim"))
    return ((" · the model did not try", "dim"),)
