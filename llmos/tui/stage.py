"""What stands on the screen: panels in their places, drawn from posted views.

Knows: the door `status.Panel`, the panels, where they are. Does not know: the machine, or what keys do (`app.py`). The
machine's thread posts views; at most one waits to be drawn, so that a slow terminal sees fewer pictures and never old ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from llmos.status import BLANK, Inspection, MachineView, Panel

from . import keys
from .desk import Desk
from .layout import TABS, arrange, is_cramped, is_small
from .paint import filters
from .pane import Pane
from .panels import PANES
from .panels.console import Entry
from .theme import Palette, night

EMPTY: Mapping[str, str] = {}
CSS = """
Screen { layers: base above; overflow: hidden; }
Pane { position: absolute; width: 0; height: 0; }
Entry { position: absolute; height: 1; }
Entry, Entry:focus, #command, #command:focus { background: $background; background-tint: transparent; }
#command { position: absolute; height: 1; display: none; }
"""


class Watching:
    """A screen above the room that wants every view."""

    def watch_view(self, view: MachineView) -> None:
        raise NotImplementedError


class CommandLine(Input):
    """The line behind `:`."""

    def __init__(self) -> None:
        super().__init__(id="command", compact=True, max_length=500, select_on_focus=False)


class Stage(App[str]):
    """Panels in their places. What keys do is in `MachineRoom`."""

    TITLE = "llmos"
    CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings()]

    class Posted(Message):
        """The machine has shown itself; `fresh` holds the view."""

    def __init__(
        self, panel: Panel, palette: Palette | None = None, keymap: Mapping[str, str] = EMPTY, still: bool = False
    ) -> None:
        super().__init__()
        self.panel = panel
        self.palette = palette or night()
        self.keymap, self.still = dict(keymap), still
        self.keys = keys.mapped(keymap)  # the table as the key map has it
        self.animation_level = "none"
        self.desk = Desk()
        self.view = BLANK
        self.fresh: MachineView | None = None  # posted and not yet drawn; two threads take turns at it
        self.door = Lock()
        self.holder: Widget | None = None  # who has the room's keys, or had them last and gets them back
        self.awake = False
        self.kept: list[events.Key] = []  # typed before the first picture
        self.inspected = 0  # the number of the last inspection that was shown
        self.offered: set[tuple[str, int]] = set()  # world and number of the questions that came up by themselves
        self.played: list[str] = []  # lessons, to their end
        self.standing: Callable[[], object] = lambda: None  # called once, when the first picture stands

    # -- what is on the screen --------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        for pane in PANES:
            yield pane(self.palette)
        yield CommandLine()

    def on_mount(self) -> None:
        self.paint(self.palette)
        self.set_keymap(self.keymap)
        for line in self.query(Input):
            line.cursor_blink = not self.still
        if self.panel.first_mode == "REPLAY":
            self.watch_only()
        else:
            self.give(self.query_one(Entry))
        self.call_after_refresh(self.wake)

    async def on_event(self, event: events.Event) -> None:
        """Keys that come before there is anything to type into are kept, in order."""
        if isinstance(event, events.Key) and event.key == "ctrl+j":  # Enter, as a terminal in line mode sends it
            event = events.Key("enter", "\r")
        if isinstance(event, events.Key) and not self.awake:
            self.kept.append(event)
        elif not (isinstance(event, events.Key) and await self.obeyed(event)):
            await super().on_event(event)

    async def obeyed(self, event: events.Key) -> bool:
        """A key on a panel is done at once. It would otherwise wait in the panel's queue while the next one, typed into what
        this one opens, already goes to the panel, too."""
        if event.is_forwarded or len(self.screen_stack) != 1 or not isinstance(self.focused, Pane):
            return False
        found = self.screen.active_bindings.get(event.key)
        return bool(found and found.enabled and await self.run_action(found.binding.action, found.node))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys act on what is seen: none of the room's where nothing fits, or under a screen that has not bound it too."""
        if action not in keys.ACTIONS:
            return True
        if len(self.screen_stack) > 1:
            return f"app.{action}" in {getattr(binding, "action", "") for binding in self.screen.BINDINGS}
        return action == "quit" or not is_cramped(*self.size)

    async def run_action(self, *args: Any, **kwargs: Any) -> bool:
        """What was said goes with the next action, whatever asks for that."""
        if self.desk.message:
            self.change(message="")
        return await super().run_action(*args, **kwargs)

    async def wake(self) -> None:
        """The first picture is there: the keys that were kept, then the machine."""
        self.awake = True
        self.standing()
        kept, self.kept = self.kept, []
        for event in kept:
            await self.on_event(event)
        self.panel.start(self.post)

    def post(self, view: MachineView) -> None:
        """Called from the machine's thread."""
        with self.door:
            waiting, self.fresh = self.fresh, view
        if waiting is None:
            self.post_message(self.Posted())

    def on_stage_posted(self) -> None:
        with self.door:
            view, self.fresh = self.fresh, None
        if view is None or self.desk.held:
            return
        before, self.view = self.view, view
        if before.mode == "BOOT" and view.mode == "REPLAY":
            self.watch_only()
        booted, spoke = bool(view.boot) > self.desk.booted, _spoken(view) > _spoken(before)
        if booted or spoke:
            self.change(booted=self.desk.booted or booted, folded=self.desk.folded or spoke)
        else:
            self.draw()
        if view.inspection and view.inspection.number != self.inspected:
            self.inspected = view.inspection.number
            self.look_inside(view.inspection)
        elif view.notice.startswith("inspect: "):
            self.forget()
        self.offer()

    def offer(self) -> None:
        """A call waits for the person: it comes up by itself, once, where no other screen and no typed line has the keys."""
        from .asked import refused

        asked = {(self.view.branch, q.number) for q in self.view.questions}
        line = self.screen_stack[0].focused if self.screen_stack else None
        typed = isinstance(line, CommandLine) or (isinstance(line, Input) and line.value != "")
        if (
            asked <= self.offered
            or typed
            or refused(self.view)
            or len(self.screen_stack) != 1
            or is_cramped(*self.size)
        ):
            return
        self.offered |= asked
        self.consent(ready=False)

    def consent(self, ready: bool) -> None:
        """The dialog for what waits; `ready` to take an answer at once."""
        from .screens.consent import Consent

        self.push_screen(Consent(self.view, self.palette, ready))

    def watch_only(self) -> None:
        """It opens on the past: there is nobody to type to, so the keys are the clock's."""
        entry = self.pane("console").query_one(Entry)
        if not entry.value:
            entry.placeholder = ""
            self.give(self.pane("timeline"))

    def ask(self, *command: str) -> None:
        """Through the door. A sheet that is asked for opens at once, and so has the keys while it is computed."""
        self.panel.command(*command)
        if command[0] == "inspect" and self.view.mode != "BOOT" and not (self.view.role or self.view.problem):
            self.look_inside(Inspection(0, command[1], f"{' '.join(command[1:])}: computing ...", ()))

    def look_inside(self, inspection: Inspection) -> None:
        """An answer to `inspect`, or the place for one: a sheet over the room."""
        from .screens.facts import Facts

        self.forget()
        self.push_screen(Facts(inspection, self.palette))

    def forget(self) -> None:
        """The sheet that waits for an answer goes: it is here, or there is none."""
        if getattr(getattr(self.screen, "inspection", None), "number", -1) == 0:
            self.pop_screen()

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *filters(self.palette)]

    def paint(self, palette: Palette) -> None:
        """Other colours for everything."""
        self.palette = palette
        theme = palette.theme()
        self.register_theme(theme)
        self.theme = theme.name
        for pane in self.panes():
            pane.palette = palette
            pane.forget()

    def change(self, **desk: Any) -> None:
        """Something about the screen itself changed: place and draw everything again."""
        if not self.screen_stack:  # closing
            return
        self.desk = replace(self.desk, **({"refused": False} if "message" in desk else {}) | desk)
        self.place()
        self.draw()

    def refuse(self, why: str) -> None:
        """Say why something was not done."""
        self.change(message=why, refused=True)

    def draw(self) -> None:
        """Every panel that is seen takes the view; so does a screen above that wants it."""
        for screen in self.screen_stack[1:]:
            if isinstance(screen, Watching):
                screen.watch_view(self.view)
        for pane in self.panes():
            if pane.display:
                pane.show(self.view, self.desk)
        for tour in self.screen_stack[0].query(".tour"):
            tour.show_view(self.view, self.desk, arrange(*self.size, self.desk))  # type: ignore[attr-defined]

    def place(self) -> None:
        width, height = self.size
        self.desk = replace(self.desk, small=is_small(width, height))
        places = arrange(width, height, self.desk)
        for pane in self.panes():
            region = places.get(pane.key)
            pane.display = region is not None
            if region is not None:
                pane.styles.offset = (region.x, region.y)
                pane.styles.width, pane.styles.height = region.width, region.height
        command = self.query_one(CommandLine)
        command.display = self.desk.commanding and "laststop" in places
        command.styles.offset, command.styles.width = (2, height - 3), max(1, width - 3)
        self.give_back()

    def give(self, widget: Widget) -> None:
        """The keys, at once: `focus()` would come after keys that are typed already."""
        if not isinstance(widget, CommandLine):
            self.holder = widget
        self.screen_stack[0].set_focus(widget)

    def give_back(self) -> None:
        """No keys for what is hidden: they go to who had them last, to a panel that is seen, or to nobody."""
        room = self.screen_stack[0]
        if not _seen(room.focused):
            heirs = (self.query_one(CommandLine), self.holder, *(pane for pane in self.panes() if pane.can_focus))
            room.set_focus(next(filter(_seen, heirs), None))

    def panes(self) -> Iterator[Pane]:
        yield from self.screen_stack[0].query(Pane)

    def pane(self, key: str) -> Pane:
        return self.screen_stack[0].query_one(f"#{key}", Pane)

    @property
    def chosen(self) -> Pane:
        """The panel that has the keys, or had them last."""
        for widget in (self.screen_stack[0].focused, self.holder):
            for node in widget.ancestors_with_self if widget else ():
                if isinstance(node, Pane):
                    return node
        return self.pane("cpu")

    # -- events -----------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.resized)

    def resized(self) -> None:
        """Other places. A panel that has the keys is seen in the small layout too, if it is one of the tabs."""
        if self.screen_stack:
            tab = self.chosen.key if self.chosen.key in TABS and not self.desk.testing else self.desk.tab
            self.change(tab=tab)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.notice_keys()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self.notice_keys()

    def notice_keys(self) -> None:
        """Who has the room's keys; what has those of a screen above it does not matter."""
        if not self.screen_stack:  # closing
            return
        focused = self.screen_stack[0].focused
        if focused and not isinstance(focused, CommandLine):
            self.holder = focused
        if isinstance(focused, Input) != self.desk.typing:
            self.change(typing=isinstance(focused, Input))
            self.offer()


def _spoken(view: MachineView) -> bool:
    """Has the person said something?"""
    return any(run.who == "u" for run in view.console)


def _seen(widget: Widget | None) -> bool:
    """Is it on the screen, and all that it stands in?"""
    return widget is not None and all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget))
