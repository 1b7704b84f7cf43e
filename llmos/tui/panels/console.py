"""The console: what was said, by whom, and the line to type the next thing on.

Knows: runs of text with authors, the typed line and its history. Does not know: who answers. Text from outside enters here
as inert cells, whatever it contains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input

from llmos.status import DREAMED, MachineView, Run
from llmos.tui.desk import Desk
from llmos.tui.text import Row, Span, clip, sanitise, wrap
from llmos.tui.theme import author

from .scroll import Tail

SUGGESTION = "what is 37*48?"
HINT = f"{SUGGESTION}     (suggested: Enter sends, Esc clears)"
HISTORY = 100  # typed lines that Up brings back
FROM = "◂"  # stands behind words that rest on a result, before where it is from
SOURCE = 24  # cells of that
STYLES = {"K": "title"}


class Entry(Input):
    """The typed line. Empty and with a suggestion, Enter sends the suggestion."""

    def __init__(self) -> None:
        super().__init__(id="entry", compact=True, placeholder=HINT, max_length=2000, select_on_focus=False)
        self.past: list[str] = []
        self.at = 0

    def take(self) -> str:
        """The line that Enter sends; the entry is empty afterwards."""
        line = self.value or (SUGGESTION if self.placeholder else "")
        if line:
            self.past = [*self.past, line][-HISTORY:]
        self.at = len(self.past)
        self.value, self.placeholder = "", ""
        return line

    def on_key(self, event: events.Key) -> None:
        if (
            event.key == "enter"
        ):  # here and not as a binding, which comes after what is typed already: that is the next line
            self.post_message(self.Submitted(self, self.take()))
            event.stop()
        elif event.key in ("up", "down") and self.past:
            self.at = min(max(0, self.at + (1 if event.key == "down" else -1)), len(self.past))
            self.value = self.past[self.at] if self.at < len(self.past) else ""
            self.cursor_position = len(self.value)
            event.stop()


class Printed(Tail):
    """What was said, without a line to type the next thing on."""

    key = "console"

    def pick(self, view: MachineView, desk: Desk) -> object:
        return view.console, view.waiting, view.foreground, desk.typing

    def heading(self) -> tuple[Row, Row]:
        who = sanitise(self.view.foreground)
        right: Row = ((f"{self.back} rows back, PgDn returns", "busy"),) if self.back else self._legend()
        return (("console", "title"), (f"  {who}" if who else "", "dim")), right

    def _legend(self) -> Row:
        """What the marks mean, once there are some."""
        if not any(run.rests for run in self.view.console):
            return ()
        return ((FROM, "device"), (" from a device  ", "dim"), (DREAMED, "busy"), (" dreamed", "dim"))

    def lines(self, width: int, least: int) -> Sequence[Row]:
        rows: list[Row] = []
        for line in _from_the_end(self.view.console):
            rows[:0] = wrap(line, width)
            if len(rows) >= least:
                break
        if rows and _is_prompt(rows[-1]):
            rows.pop()
        return [*rows, *(row for line in self.view.waiting for row in wrap(_kept(line), width))]


class Console(Printed):
    """With the line."""

    class Said(Message):
        """A line was typed and sent."""

        def __init__(self, line: str) -> None:
            self.line = line
            super().__init__()

    def compose(self) -> ComposeResult:
        yield Entry()

    def on_mount(self) -> None:
        self.can_focus = False  # its entry has the focus

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        styles = self.entry.styles
        styles.offset, styles.width = (4, max(1, event.size.height - 2)), max(1, event.size.width - 7)

    def point(self, row: int) -> None:
        """A click anywhere in the console goes to its line."""
        self.entry.focus()

    @property
    def entry(self) -> Entry:
        return self.query_one(Entry)

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """The transcript, and on the last row the prompt; the entry covers the rest of that row."""
        said = super().rows(width, height - 1)
        filler: list[Row] = [()] * (height - 1 - len(said))
        prompt: Span = ("> ", "bold user" if self.desk.typing else "dim")
        return [*said, *filler, (prompt,)]

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.back = 0
        self.redraw()
        if event.value:
            self.post_message(self.Said(event.value))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.redraw()


def _kept(line: str) -> Row:
    """A line that was sent and that nobody has read so far."""
    return (("> ", "dim"), (sanitise(line), "user"), ("  waits to be read", "dim"))


def _is_prompt(row: Row) -> bool:
    """A shell's prompt with nothing after it: the entry stands there instead."""
    return "".join(text for text, _ in row).strip() == ">"


def _from_the_end(runs: Sequence[Run]) -> Iterator[Row]:
    """Lines as styled spans, newest first."""
    line: list[Span] = []
    for i in range(len(runs) - 1, -1, -1):
        run = runs[i]
        style = "device" if run.rests not in ("", DREAMED) else STYLES.get(run.who) or author(run.who)
        last, *others = run.text.split("\n")[::-1]
        line[:0] = [*_before(run, runs[i - 1] if i else None, not others), (sanitise(last), style), *_behind(run)]
        for n, part in enumerate(others, 1):
            yield tuple(line)
            line = [*_before(run, None, n == len(others)), (sanitise(part), style)]
    yield tuple(line)


def _before(run: Run, left: Run | None, begins: bool) -> list[Span]:
    """Where a run begins: the mark of what was dreamed, and a blank after what a device said."""
    gap = begins and left is not None and left.who == "d" and run.who == "m" and run.text[:1].isalnum()
    return [(" ", "text")] * gap + [(DREAMED, "busy")] * (begins and run.rests == DREAMED)


def _behind(run: Run) -> list[Span]:
    """The source that a run rests on."""
    return [(FROM + clip(sanitise(run.rests), SOURCE), "dim")] if run.rests not in ("", DREAMED) else []
