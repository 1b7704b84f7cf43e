"""The dialog for a guarded call. It takes one answer, and hands it to the machine.

Knows: the questions of a view, the door. Does not know: what is written about them (`asked.py`), what becomes of an answer. A
dialog that came up by itself takes no answer before Enter, so that no key meant for something else is one; neither does the
next question in turn.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from llmos.status import MachineView, Question
from llmos.tui.asked import CHOICES, answers, refused, told
from llmos.tui.paint import painted
from llmos.tui.panels.console import Entry
from llmos.tui.stage import Watching
from llmos.tui.theme import Palette

from .sheet import MARGINS, WIDEST, Sheet


class Consent(Sheet, Watching):
    DEFAULT_CSS = f"""
    Consent > Vertical {{ width: 90%; max-width: {WIDEST}; height: auto; border: heavy $warning; background: $background;
        padding: 0 2; }}
    Consent VerticalScroll {{ height: 1; }}
    Consent #choices {{ height: auto; margin-top: 1; }}
    """
    help_page = "consent"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f9", "close", "later", show=False),
        Binding("enter", "ready", "answer", show=False),
        *(Binding(c.key, f"answer('{c.word}')", c.word, show=False) for c in CHOICES),
        Binding("f1", "app.help", "help", show=False),
        Binding("ctrl+p", "app.command_palette", "palette", show=False),
    ]

    def __init__(self, view: MachineView, palette: Palette, ready: bool) -> None:
        super().__init__()
        self.view, self.palette, self.ready = view, palette, ready
        self.said: set[int] = set()  # questions that were answered here
        self.question: Question | None = view.questions[0]

    def compose(self) -> ComposeResult:
        with Vertical() as frame:
            frame.border_title = "the kernel asks you"
            with VerticalScroll():
                yield Static(id="asked")
            yield Static(id="choices")

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def on_screen_resume(self) -> None:
        self.watch_view(self.view)

    def watch_view(self, view: MachineView) -> None:
        """Another view. A question that is over makes room for the next, which wants an Enter of its own."""
        self.view = view
        open_ = self.waiting
        if self.question not in open_:
            self.question, self.ready = next(iter(open_), None), False
        if self.question is None and self.app.screen is self:
            self.dismiss(None)
        elif self.is_mounted:
            self.draw()

    @property
    def waiting(self) -> list[Question]:
        return [q for q in self.view.questions if q.number not in self.said]

    # -- answering --------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Who types on did not mean the dialog that came up: it goes away, and the letter to where it was meant."""
        entry = self.app.screen_stack[0].focused
        if not self.ready and event.is_printable and event.character and isinstance(entry, Entry):
            event.stop()
            entry.insert_text_at_cursor(event.character)
            self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        widget, region = self.get_widget_at(*event.screen_offset)
        row = event.screen_y - region.y
        if widget.id == "choices" and row < len(CHOICES) and self.ready:
            self.action_answer(CHOICES[row].word)
        elif widget.id == "choices":
            self.action_ready()

    def action_ready(self) -> None:
        self.ready = True
        self.draw()

    def action_answer(self, word: str) -> None:
        if self.question is not None and self.ready and not refused(self.view):
            self.said.add(self.question.number)
            self.app.panel.command("answer", str(self.question.number), word)  # type: ignore[attr-defined]
            self.watch_view(self.view)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        width, height = min(WIDEST, self.app.size.width * 9 // 10) - MARGINS, self.app.size.height
        choices = list(answers(self.view, self.ready, width))
        rows = list(told(self.question, len(self.waiting), width)) if self.question else []
        self.query_one(VerticalScroll).styles.height = max(1, min(len(rows), height - len(choices) - 4))
        self.query_one("#asked", Static).update(painted(rows, self.palette))
        self.query_one("#choices", Static).update(painted(choices, self.palette))
