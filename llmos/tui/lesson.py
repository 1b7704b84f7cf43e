"""A lesson on the screen: its text and question beside the panels of the machine it speaks of, and what was revealed.

Knows: a lesson's session as scenes, the panels. Does not know: what a question means, or how the machine is stepped; that
happens in a thread, since it may take seconds. Nothing is revealed before an answer is locked: it does not exist yet.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from llmos.errors import LlmosError, UsageError
from llmos.lessons.session import Scene, Session, Verdict
from llmos.lessons.watching import Watching
from llmos.status import BLANK
from llmos_kernel.view import Snapshot

from .desk import Desk
from .paint import painted
from .pane import Pane
from .panels import PANES
from .text import Row, clip, sanitise, wrap
from .theme import Palette, night

NAMES = {"scheduler": "timeline"}  # a lesson's word for a panel -> ours
DRAWN = ("cpu", "ram", "processes", "pages", "timeline", "window")  # panels that a snapshot alone can fill
CONFIDENCE = re.compile(r"\s*!([1-5])$")
KEYS = " Enter locks the answer (!1 to !5 behind it: how sure)   F3 hint   F6 big   PgUp PgDn read   ctrl+q leave "


class LessonRoom(App[None]):
    """Plays one session. `big`: for a class to read from afar, fewer panels and no small print."""

    CSS = """
    Screen { layout: vertical; }
    #head, #keys { height: 1; }
    #words { width: 54%; border: round $foreground 40%; padding: 0 1; }
    #side { width: 46%; }
    #reveal { height: auto; max-height: 60%; min-height: 5; border: heavy $accent; padding: 0 1; }
    #side Pane { height: 1fr; width: 100%; }
    #answer { height: 1; background: $background; }
    .big #side Pane { display: none; }
    .big #words { width: 100%; padding: 2 6; }
    .big #side { width: 60%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f3", "hint", "hint", show=False),
        Binding("f6", "big", "big", show=False),
        Binding("pageup", "read(-1)", "up", show=False),
        Binding("pagedown", "read(1)", "down", show=False),
    ]
    ENABLE_COMMAND_PALETTE = False

    class Stepped(Message):
        """The machine went on; `fresh` holds what there is to see."""

    def __init__(
        self, open_session: Callable[[], Session], palette: Palette | None = None, big: bool = False, speed: float = 0.0
    ) -> None:
        """`speed`: tokens a second at which each run begins, 0 = as fast as it can."""
        super().__init__()
        self.fresh = Snapshot(0, "deliver")
        self.watching = Watching(self.look_on, speed)
        self.open_session, self.palette, self.big = open_session, palette or night(), big
        self.session: Session | None = None
        self.scene: Scene | None = None
        self.busy, self.hinted, self.message = True, False, ""

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Horizontal():
            with VerticalScroll(id="words", can_focus=False):
                yield Static(id="text")
            with Vertical(id="side"):
                for pane in (kind for key in DRAWN for kind in PANES if kind.key == key):
                    yield pane(self.palette)
                yield Static(id="reveal")
        yield Input(id="answer", compact=True, placeholder="the machine comes up …", max_length=400)
        yield Static(id="keys")

    def on_mount(self) -> None:
        theme = self.palette.theme()
        self.register_theme(theme)
        self.theme = theme.name
        self.set_class(self.big, "big")
        for pane in self.query(Pane):
            pane.can_focus = pane.display = False
        self.query_one("#reveal").border_title = "REVEAL"
        self.query_one(Input).focus()
        self.run_worker(self._work(lambda session: None))
        self.draw()

    async def _work(self, do: Callable[[Session], Any]) -> None:
        """Do something with the session in a thread; then show what there is to see."""
        self.busy, self.message = True, ""
        self.watching.begin()
        self.draw()
        try:
            if self.session is None:
                self.session = await asyncio.to_thread(self.open_session)
                self.session.lab.watch = self.watching
            await asyncio.to_thread(do, self.session)
            self.scene = await asyncio.to_thread(self.session.scene)
            self.hinted = False
            self.query_one("#words", VerticalScroll).scroll_home(animate=False)
        except UsageError as e:
            self.message = f"{e}; again"
        except LlmosError as e:
            self.message = str(e)
        self.busy = False
        self.draw()

    def look_on(self, snapshot: Snapshot) -> None:
        """Called from the session's thread."""
        self.fresh = snapshot
        self.post_message(self.Stepped())

    def on_lesson_room_stepped(self) -> None:
        if self.busy and self.scene:
            self._panels(self.scene, self.fresh)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        line, event.input.value = event.input.value, ""
        if self.busy or self.session is None or self.scene is None:
            return
        if self.scene.question is None:
            self.exit()
            return
        sure, hinted = CONFIDENCE.search(line), self.hinted
        answer, confidence = CONFIDENCE.sub("", line), int(sure[1]) if sure else 0
        self.run_worker(self._work(lambda session: session.lock(answer, confidence, hinted)))

    def action_hint(self) -> None:
        if self.session and self.scene and self.scene.question and not self.busy:
            allowed = self.session.allows("hint")
            self.message = "" if allowed else "the teacher has locked the hints"
            self.hinted = allowed and bool(self.scene.question.hint)
            if allowed and not self.scene.question.hint:
                self.message = "there is no hint for this one"
            self.draw()

    def action_big(self) -> None:
        self.big = not self.big
        self.set_class(self.big, "big")
        self.call_after_refresh(self.draw)

    def action_read(self, step: int) -> None:
        self.query_one("#words", VerticalScroll).scroll_relative(y=step * 10, animate=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        if not self.screen_stack:  # closing
            return
        scene = self.scene
        self._show("#head", [head(scene, self.busy, self.size.width)])
        self._show("#keys", [((clip(KEYS, self.size.width), "dim"),)])
        width = max(20, self.query_one("#words").size.width - 3)
        self._show(
            "#text", words(scene, width, self.hinted, self.message) if scene else [(("The machine comes up.", "text"),)]
        )
        self._show("#reveal", revealed(scene, max(20, self.query_one("#reveal").size.width - 3)))
        answer = self.query_one(Input)
        answer.placeholder = (
            "the machine runs …" if self.busy else "your answer" if scene and scene.question else "Enter leaves"
        )
        self._panels(scene, scene.machine if scene else None)

    def _show(self, name: str, rows: Sequence[Row]) -> None:
        self.query_one(name, Static).update(painted(rows, self.palette))

    def _panels(self, scene: Scene | None, machine: Snapshot | None) -> None:
        wanted = {NAMES.get(name, name) for name in scene.layout} if scene else set()
        view = replace(BLANK, mode="FROZEN", snapshot=machine) if machine else None
        for pane in self.query(Pane):
            pane.display = view is not None and pane.key in wanted and not self.big
            if view is not None and pane.display:
                pane.show(view, Desk(folded=True))


def head(scene: Scene | None, busy: bool, width: int) -> Row:
    if scene is None:
        return ((" lesson ", "bold title"), (" BOOT ", "bold reverse busy"))
    state = " RUNNING " if busy else f" FROZEN {scene.stop} " if scene.question else " END "
    source = "from the lesson's record" if scene.source == "record" else "measured in this run"
    tail = f"  step {scene.step}/{scene.steps}   score {scene.score:g}   {source}"
    locked = f"   locked: {', '.join(scene.locked)}" if scene.locked else ""
    name: Row = ((f" lesson {scene.name} ", "bold title"), (state, "bold reverse " + ("busy" if busy else "accent")))
    return (*name, (clip(tail + locked, max(0, width - len(scene.name) - len(state) - 9)), "text"))


def words(scene: Scene, width: int, hinted: bool, message: str) -> list[Row]:
    """Title, the two readings, the text of this step, the question."""
    rows: list[Row] = [((sanitise(scene.title), "bold title"), (f"   ({scene.minutes} min)", "dim"))]
    rows += [*wrap((("OS   ", "dim"), (sanitise(scene.os), "text")), width)]
    rows += [*wrap((("LLM  ", "dim"), (sanitise(scene.llm), "text")), width), ()]
    for paragraph in scene.text.split("\n\n"):
        if paragraph.startswith(("    ", "|", "- ")):
            rows += [((sanitise(line), "text"),) for line in paragraph.splitlines()]
        elif paragraph.strip():
            rows += wrap(((sanitise(" ".join(paragraph.split())), "text"),), width)
        rows.append(())
    if scene.question is None:
        return [*rows, *wrap((("Where the analogy stops: ", "dim"), (sanitise(scene.analogy), "text")), width)]
    rows += wrap((("PREDICT  ", "bold busy"), (sanitise(scene.question.question), "bold text")), width)
    rows += [((f"  {i}  ", "bold accent"), (sanitise(c), "text")) for i, c in enumerate(scene.question.choices, 1)]
    if hinted:
        rows += [(), *wrap((("hint: ", "busy"), (sanitise(scene.question.hint), "text")), width)]
    return [*rows, (), ((sanitise(message), "bold bad"),)] if message else rows


def revealed(scene: Scene | None, width: int) -> list[Row]:
    """The last answer beside what the machine did."""
    if scene is None or scene.verdict is None:
        return [(("hidden until an answer is locked", "dim"),)]
    v: Verdict = scene.verdict
    rows = wrap((("you      ", "dim"), (sanitise(v.answer) or "-", "user")), width)
    rows += wrap((("machine  ", "dim"), (sanitise(v.machine), "bold model")), width)
    if v.answer:
        rows.append((("✓ right", "bold good"),) if v.right else (("✗ not what happened", "bold bad"),))
    for line in scene.shown:
        rows += wrap(((sanitise(line), "text"),), width)
    return rows
