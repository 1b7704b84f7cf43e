"""A lesson's words as rows: what was said so far, the question, what was revealed, the line on top.

Knows: scenes, cells. Does not know: widgets, keys. All that a model or a file may have written is made inert here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from llmos.lessons.answers import labels
from llmos.lessons.collected import Tally
from llmos.lessons.lesson import Lesson, Predict
from llmos.lessons.session import Scene, Told, Verdict
from llmos.tui.text import Row, Span, bar, clip, pad, sanitise, width, wrap

MARKED = re.compile(r"(?<![\w*`])(?:\*(?P<strong>[^\s*](?:[^*\n]*[^\s*])?)\*|`(?P<code>[^`\n]+)`)(?![\w*`])")
KEPT = ("    ", "|", "- ")  # paragraphs that begin so keep their lines


class Story(NamedTuple):
    """All that was said so far, and the row where each step begins."""

    rows: list[Row]
    starts: list[int]


class Spot(NamedTuple):
    """Where an option of the question stands: its row, the cells from `first` to `last` of it, what to type for it."""

    row: int
    first: int
    last: int
    label: str


def head(scene: Scene | None, state: str, place: str, cells: int) -> Row:
    """The line on top. `place`: which lesson of a class, "" = one alone."""
    if scene is None:
        return ((" lesson ", "bold title"), (" BOOT ", "bold reverse busy"), (f"  {place}", "text"))
    style = "busy" if state in ("RUNNING", "END") else "device" if state.startswith("REPLAY") else "accent"
    name: Row = ((f" lesson {scene.lesson.name} ", "bold title"), (f" {state} ", f"bold reverse {style}"))
    parts = [place, f"step {scene.step}/{scene.steps}", f"score {scene.score:g}", origin(scene)]
    parts += [scene.student, f"locked: {', '.join(scene.locked)}" if scene.locked else ""]
    tail = "  " + "  ".join(sanitise(part) for part in parts if part)
    return (*name, (clip(tail, max(0, cells - width(name))), "text"))


def origin(scene: Scene) -> str:
    """Where the answers come from."""
    return "RECORDING" if scene.source == "record" else f"{scene.model}, seed {scene.seed}"


def story(scene: Scene, cells: int, revealed: bool = False) -> Story:
    """From the title to this step's text; the question itself stands elsewhere. `revealed`: with all that was shown."""
    one = scene.lesson
    rows: list[Row] = [((sanitise(one.title), "bold title"), (f"   ({one.minutes} min)", "dim"))]
    rows += [*wrap((("OS   ", "dim"), (sanitise(one.os), "text")), cells)]
    rows += [*wrap((("LLM  ", "dim"), (sanitise(one.llm), "text")), cells), ()]
    starts: list[int] = [0]
    for step, told in enumerate(scene.told, 1):
        rows += [*paragraphs(told.text, cells), *_asked(told, step, cells)]
        rows += [*_shown(told.shown, cells), ()] if revealed else [()]
        starts.append(len(rows))
    rows += paragraphs(scene.text, cells)
    if scene.question is None:
        rows += wrap((("Where the analogy stops: ", "dim"), *inline(one.analogy)), cells)
    return Story(rows, starts)


def _asked(told: Told, step: int, cells: int) -> list[Row]:
    """A question that is over, in short."""
    said, machine = told.verdict.answer or "-", told.verdict.machine
    return [
        *wrap(((f"Q{step}  ", "bold busy"), *inline(told.question.question, "bold text")), cells),
        *wrap((("    you ", "dim"), (sanitise(said), "user"), *_verdict(told.verdict)), cells),
        *wrap((("    machine ", "dim"), (sanitise(machine), "bold model")), cells),
    ]


def _verdict(v: Verdict) -> Row:
    if not v.answer:
        return ()
    return (("  ✓ right", "bold good"),) if v.right else (("  ✗ not what happened", "bold bad"),)


def paragraphs(text: str, cells: int) -> list[Row]:
    """Wrapped, but for lists and what stands indented; a blank row after each."""
    rows: list[Row] = []
    for paragraph in filter(str.strip, text.split("\n\n")):
        if paragraph.startswith(KEPT):
            rows += [row for line in paragraph.splitlines() for row in hanging(line, cells)]
        else:
            rows += wrap(inline(" ".join(paragraph.split())), cells)
        rows.append(())
    return rows


def hanging(line: str, cells: int) -> list[Row]:
    """A line that keeps its place: what does not fit goes on under its beginning."""
    bare = line.lstrip(" ")
    margin = " " * min(len(line) - len(bare), max(0, cells - 10))
    return [((margin, "text"), *row) for row in wrap(((sanitise(bare), "text"),), max(1, cells - len(margin)))]


def inline(text: str, style: str = "text") -> Row:
    """`*words*` stand out, and so does code; the marks themselves go."""
    spans: list[Span] = []
    at = 0
    for found in MARKED.finditer(text):
        spans.append((sanitise(text[at : found.start()]), style))
        strong = found["strong"]
        spans.append((sanitise(strong), "bold title") if strong else (sanitise(found["code"]), "accent"))
        at = found.end()
    return (*spans, (sanitise(text[at:]), style))


def question(asked: Predict, hinted: bool, message: str, cells: int) -> tuple[list[Row], list[Spot]]:
    """The question with its options, where each of them stands, the hint if it was asked for."""
    rows = wrap((("PREDICT  ", "bold busy"), *inline(asked.question, "bold text")), cells)
    options, spots = _options(asked.choices, cells, len(rows))
    rows += options
    if hinted:
        rows += wrap((("hint: ", "busy"), *inline(asked.hint)), cells)
    return [*rows, *(wrap(((sanitise(message), "bold busy"),), cells) if message else [])], spots


def _options(choices: Sequence[str], cells: int, first: int) -> tuple[list[Row], list[Spot]]:
    """Short options side by side, long ones a row each."""
    named = [(label, sanitise(choice)) for label, choice in zip(labels(choices), choices, strict=True)]
    cell = max((len(label) + len(choice) + 4 for label, choice in named), default=0)
    columns = max(1, cells // cell) if cell and cell <= cells // 2 else 1
    rows: list[Row] = []
    spots: list[Spot] = []
    for at in range(0, len(named), columns):
        row: list[Span] = []
        for label, choice in named[at : at + columns]:
            begin, body = width(tuple(row)), f"{choice}  "
            row += [(f" {label} ", "bold accent"), (pad(body, cell - len(label) - 2) if columns > 1 else body, "text")]
            spots.append(Spot(first + len(rows), begin, width(tuple(row)), label))
        rows += [tuple(row)] if columns > 1 else wrap(tuple(row), cells)
        if columns == 1:  # a long one takes several rows, and each of them can be clicked
            above = spots.pop()
            spots += [above._replace(row=y, last=cells) for y in range(above.row, first + len(rows))]
    return rows, spots


def reveal(told: Told | None, cells: int) -> list[Row]:
    """An answer beside what the machine did."""
    if told is None:
        return [(("hidden until an answer is locked", "dim"),)]
    v = told.verdict
    rows = wrap((("you      ", "dim"), (sanitise(v.answer) or "-", "user")), cells)
    rows += wrap((("machine  ", "dim"), (sanitise(v.machine), "bold model")), cells)
    rows += [tuple((text.strip(), style) for text, style in _verdict(v))] if v.answer else []
    return [*rows, *_shown(told.shown, cells)]


def _shown(lines: Sequence[str], cells: int) -> list[Row]:
    """Tables keep their columns and are cut, words are wrapped."""
    rows: list[Row] = []
    for line in lines:
        table = "  " in line
        rows += [((clip(sanitise(line), cells), "text"),)] if table else wrap(((sanitise(line), "text"),), cells)
    return rows


def tallied(scene: Scene, tallies: Mapping[str, Tally], folder: Path, cells: int) -> list[Row]:
    """What the class answered to each question that is over: a bar an answer, and how many were right."""
    rows = wrap(((f"answer sheets of {scene.lesson.name} in {sanitise(str(folder))}", "dim"),), cells)
    if not scene.told:
        return [*rows, (), (("Nothing before the first answer is locked: no answer is given away.", "text"),)]
    for step, told in enumerate(scene.told, 1):
        asked = told.question
        rows += [(), *wrap(((f"Q{step} ", "bold busy"), *inline(asked.question, "bold text")), cells)]
        tally = tallies.get(asked.id)
        if tally is None:
            rows.append((("nobody's sheet has an answer", "dim"),))
            continue
        most = max(count for _, count in tally.answers)
        wide = min(24, max(len(answer) for answer, _ in tally.answers))
        for answer, count in tally.answers:
            room = max(1, cells - wide - 8)
            said: Span = (pad(sanitise(answer), wide, True) + " ", "text")
            rows.append((said, (bar(count / most, min(40, room)).rstrip() + " ", "model"), (str(count), "text")))
        rows.append(((f"right: {tally.right} of {tally.answered}", "good"),))
    return rows


def board(scene: Scene, cells: int) -> list[Row]:
    """What stands where no machine runs: what was measured so far, and what it was measured on."""
    rows: list[Row] = []
    if scene.source == "record":
        said = f"A recording of measurements, made on {scene.model} with seed {scene.seed}; no machine runs here."
        rows += wrap(((said, "busy"),), cells)
        rows += [*wrap((("live: ", "dim"), (f"llmos lesson {scene.lesson.name}", "bold accent")), cells), ()]
    for name, value in scene.facts:
        lines = value.splitlines() or [""]
        rows += (
            wrap(((pad(name, 12) + " ", "dim"), (sanitise(lines[0]), "text")), cells)
            if len(lines) == 1
            else [
                ((name, "dim"),),
                *(((clip(sanitise(line), cells), "text"),) for line in lines),
            ]
        )
    for step, told in enumerate(scene.told, 1):
        answer = (sanitise(told.verdict.machine), "bold model")
        rows += [
            (),
            *wrap(((f"Q{step} ", "bold busy"), (sanitise(told.question.question) + "  ", "dim"), answer), cells),
        ]
        rows += _shown(told.shown, cells)
    return rows


def page(one: Lesson, keys: Sequence[str]) -> str:
    """The help of a lesson, as Markdown."""
    return "\n".join(
        [
            f"# {one.title}",
            "",
            f"About {one.minutes} minutes, {len(one.questions)} questions. The machine stops just before something happens.",
            "You say what will happen; only then does it happen, and what counts as right is what this run measures.",
            "",
            "An answer is a number, an option's label, or its words; `!4` behind it says how sure you are, from 1 to 5.",
            "An empty line passes.",
            "",
            "## As an operating system",
            "",
            one.os,
            "",
            "## As a language model",
            "",
            one.llm,
            "",
            "## Where the analogy ends",
            "",
            one.analogy,
            "",
            "## Keys",
            "",
            *keys,
        ]
    )
