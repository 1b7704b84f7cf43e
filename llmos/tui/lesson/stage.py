"""What stands on the screen of a lesson: words at the left, above them never the question; panels and REVEAL at the right.

Knows: scenes, views, widgets, where they are. Does not know: sessions, threads, what keys do (`room.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.filter import LineFilter
from textual.message import Message
from textual.widgets import Input, Static

from llmos.lessons.programme import Programme
from llmos.lessons.session import Scene
from llmos.status import BLANK, MachineView
from llmos.tui.desk import Desk
from llmos.tui.keys import Key, mapped, name
from llmos.tui.paint import filters, painted
from llmos.tui.pane import Pane
from llmos.tui.text import Row, sanitise, wrap
from llmos.tui.theme import Palette, night

from . import keys, panels, words

EMPTY: Mapping[str, str] = {}
ROOMY = 12  # rows of REVEAL before which panels give way


class Touched(Static):
    """Says where it was clicked."""

    class At(Message):
        def __init__(self, what: str, x: int, y: int) -> None:
            super().__init__()
            self.what, self.x, self.y = what, x, y

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.At(self.id or "", event.x, event.y))


class Box(VerticalScroll):
    """Of what it is as large as, something is drawn to fit."""

    def on_resize(self) -> None:
        self.app.relaid()  # type: ignore[attr-defined]


class Side(Vertical):
    """As a `Box` that does not scroll."""

    def on_resize(self) -> None:
        self.app.relaid()  # type: ignore[attr-defined]


class LessonStage(App[None]):
    """Draws `scene` and `machine`. What keys do is in `LessonRoom`."""

    CSS = """
    Screen { layout: vertical; }
    #head, #keys { height: 1; }
    #body { height: 1fr; }
    #left { width: 54%; }
    #side { width: 46%; }
    #words { height: 1fr; min-height: 3; border: round $foreground 40%; padding: 0 1; scrollbar-size-vertical: 1; }
    #ask { height: 3; border: round $accent; padding: 0 1; scrollbar-size-vertical: 1; }
    #reveal { height: 3; border: heavy $accent; padding: 0 1; scrollbar-size-vertical: 1; }
    #side Pane { height: 1fr; width: 100%; }
    #answer { height: 1; background: $background; }
    .big #body { layout: vertical; }
    .big #left, .big #side { width: 100%; }
    .big #left { height: 1fr; }
    .big #words, .big #ask { padding: 0 4; }
    .big #side { height: auto; }
    .big #side Pane { display: none; }
    """
    AUTO_FOCUS = None  # who left the answer's line is not put back into it when a sheet closes
    film: Sequence[MachineView] = ()  # the ticks of what was run last

    def __init__(
        self,
        programme: Programme,
        palette: Palette | None = None,
        big: bool = False,
        still: bool = False,
        keymap: Mapping[str, str] = EMPTY,
    ) -> None:
        super().__init__()
        self.keymap, self.keys = dict(keymap), mapped(keymap, keys.KEYS)
        self.programme, self.palette = programme, palette or night()
        self.big, self.still = big, still
        self.animation_level = "none"
        self.scene: Scene | None = None
        self.machine: MachineView | None = None  # as it stands before the question
        self.fresh: MachineView | None = None  # as it runs
        self.page = 0  # the step whose words are looked at
        self.tick = 0  # ticks back from the machine as it stands
        self.turned = 0  # of the panels that have no room at once
        self.ordered: Sequence[str] = ()  # the panels that are seen
        self.spots: list[words.Spot] = []
        self.drawn_for: list[int] = []  # the sizes of places
        self.busy, self.hinted, self.changing, self.message = True, False, False, ""

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                with Box(id="words", can_focus=False):
                    yield Static(id="text")
                with Box(id="ask", can_focus=False):
                    yield Touched(id="question")
            with Side(id="side"):
                yield from panels.panes(self.palette)
                with Box(id="reveal", can_focus=False):
                    yield Static(id="revealed")
        yield Input(id="answer", compact=True, max_length=400)
        yield Touched(id="keys")

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *filters(self.palette)]

    def dress(self) -> None:
        """Colours, and the keys to the answer's line."""
        self.set_keymap(self.keymap)
        self.paint(self.palette)
        self.set_class(self.big, "big")
        for pane in self.query(Pane):
            pane.can_focus = pane.display = False
        self.line.cursor_blink = not self.still
        self.line.focus()

    def paint(self, palette: Palette) -> None:
        """Other colours for everything that is drawn from now on."""
        self.palette = palette
        theme = palette.theme()
        self.register_theme(theme)
        self.theme = theme.name
        for pane in self.query_panes():
            pane.palette = palette
            pane.forget()

    @property
    def held(self) -> bool:
        """Does a machine that runs stand still because somebody wants it to?"""
        return False

    @property
    def line(self) -> Input:
        return self.screen_stack[0].query_one("#answer", Input)

    # -- drawing ----------------------------------------------------------------------------------------------------

    @property
    def typing(self) -> bool:
        return self.screen_stack[0].focused is self.line

    def on_descendant_focus(self) -> None:
        self.draw()

    def on_descendant_blur(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._redraw)

    def _redraw(self) -> None:
        self.draw()
        self.call_after_refresh(self._turn_to_page)

    def relaid(self) -> None:
        """A place has another size than was drawn for."""
        if self.screen_stack and self._sizes() != self.drawn_for:
            self._redraw()

    def _sizes(self) -> list[int]:
        """What is drawn depends on these."""
        return [*map(self._cells, ("#words", "#ask", "#reveal")), self._side()]

    def _side(self) -> int:
        """Rows for panels, beside REVEAL."""
        return int(self.query_base("#side").size.height - min(ROOMY, self.query_base("#reveal").outer_size.height))

    def draw(self) -> None:
        if not self.screen_stack:  # closing
            return
        self.drawn_for = self._sizes()
        scene = self.scene
        place = ""
        if self.programme.whole_class:
            place = f"{self.programme.at + 1}/{len(self.programme.names)}, {self.programme.minutes} min"
        self._show("#head", [words.head(scene, self._state(), place, self.size.width)])
        self._show("#keys", [tuple(span for _, row in self.footer() for span in row)])
        booting: list[Row] = [(("The machine comes up.", "text"),)]
        self._show("#text", words.story(scene, self._cells("#words")).rows if scene else booting)
        self._box("#ask", "#question", self._question(self._cells("#ask")), 0.75)
        before = scene.told[min(self.page, len(scene.told) - 1)] if scene and scene.told else None
        self._box("#reveal", "#revealed", words.reveal(before, self._cells("#reveal")), 0.35 if self.big else 0.55)
        asked = f" Q{min(self.page, len(scene.told) - 1) + 1}" if scene and before else ""
        self.query_base("#reveal").border_title = f"REVEAL{asked}"
        self.line.placeholder = self._placeholder()
        self._panels()

    def footer(self) -> list[tuple[Key, Row]]:
        return keys.footer(self.keys, self.typing, self.size.width, self.scene.locked if self.scene else ())

    def _state(self) -> str:
        if self.busy and not self.tick:
            return f"FROZEN tick {self.film[-1].snapshot.tick}" if self.held and self.film else "RUNNING"
        if self.tick:
            return f"REPLAY tick {self.film[-1 - self.tick].snapshot.tick}"
        return f"FROZEN before {self.scene.stop}" if self.scene and self.scene.question else "END"

    def _placeholder(self) -> str:
        if self.changing:
            own = self.scene.lesson.own if self.scene else ""
            return f"another seed (a number){f' or a file of yours ({own})' if own else ''}; Esc leaves it as it is"
        if self.busy:
            step, go = self._key("step_while_typing"), self._key("run_pause_while_typing")
            held = f"the machine is held: {step} steps, {go} lets it go on"
            runs = held if self.held else "the machine runs; you can type already"
            return runs if self.scene else "the machine comes up …"
        if self.scene and self.scene.question:
            return "your answer" if self.typing else f"{self._key('answer')} or Enter: your answer"
        return "Enter leaves" if self.programme.last else f"Enter: {self.programme.names[self.programme.at + 1]}"

    def _key(self, row: str) -> str:
        """How the key of a row is written now."""
        return next(key.shown for key in self.keys if name(key, keys.KEYS) == row)

    def _question(self, cells: int) -> Sequence[Row]:
        scene, self.spots = self.scene, []
        if scene is None:
            return [(("…", "dim"),)]
        if scene.question is None:
            over = f"The lesson is over: score {scene.score:g} of {scene.steps}."
            said = wrap(((sanitise(self.message), "bold busy"),), cells) if self.message else []
            return [*wrap(((over, "bold title"),), cells), *said]
        rows, self.spots = words.question(scene.question, self.hinted, self.message, cells)
        return rows

    def _panels(self) -> None:
        scene, view = self.scene, self.machine
        if self.tick:
            view = self.film[-1 - self.tick]
        elif self.busy:
            view = self.fresh or self.machine
        layout = scene.lesson.layout if scene else ()
        wanted = panels.chosen(layout, self.turned, self._side()) if scene and view else ["board"] if scene else []
        self._order(wanted)
        for pane in self.query_panes():
            pane.display = pane.key in wanted and not self.big
            if isinstance(pane, panels.Board):
                pane.scene = scene
            if pane.display:
                pane.show(view or BLANK, Desk(folded=True))

    def _order(self, wanted: Sequence[str]) -> None:
        """The panels stand in the order in which the lesson names them."""
        if self.ordered != wanted:
            self.ordered = wanted
            for key in wanted:
                self.query_base("#side").move_child(self.query_base(f"#{key}"), before=self.query_base("#reveal"))

    def query_panes(self) -> list[Pane]:
        return list(self.screen_stack[0].query(Pane))

    def query_base(self, name: str) -> Any:
        """A widget of the lesson itself, also under a sheet."""
        return self.screen_stack[0].query_one(name)

    def _cells(self, name: str) -> int:
        """Of a line in a box, with or without a scroll bar."""
        box = self.query_base(name)
        return max(12, int(box.outer_size.width - box.gutter.width) - 1)

    def _box(self, box: str, inside: str, rows: Sequence[Row], most: float) -> None:
        """Rows in a box that is as high as they are, up to a share of the screen."""
        self.query_base(box).styles.height = min(len(rows) + 2, max(3, int((self.size.height - 3) * most)))
        self._show(inside, rows)

    def _show(self, name: str, rows: Sequence[Row]) -> None:
        self.query_base(name).update(painted(rows, self.palette))

    def _turn_to_page(self) -> None:
        if self.scene and self.screen_stack:
            starts = words.story(self.scene, self._cells("#words")).starts
            self.query_base("#words").scroll_to(y=starts[self.page] if self.page else 0, animate=False)
            for name in ("#ask", "#reveal"):
                self.query_base(name).scroll_home(animate=False)
