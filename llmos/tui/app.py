"""The machine room: one screen of panels over posted views, and the actions of the key table.

Knows: the door `status.Panel`, the panels, where they are. Does not know: the machine. The machine's thread posts views;
at most one waits to be drawn, so that a slow terminal sees fewer pictures and never old ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from llmos.status import MachineView, Panel

from . import keys, verbs
from .desk import Desk
from .finder import Finder
from .layout import ORDER, TABS, arrange, is_small
from .pane import BLANK, Pane
from .panels import PANES
from .panels.console import Console, Entry
from .panels.transport import UNITS
from .theme import Palette, night

SPEEDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 0.0)
CSS = """
Screen { layers: base; overflow: hidden; }
Pane { position: absolute; width: 0; height: 0; }
Entry { position: absolute; height: 1; }
Entry, Entry:focus, #command, #command:focus { background: $background; background-tint: transparent; }
#command { position: absolute; height: 1; display: none; }
"""


class CommandLine(Input):
    """The line behind `:`."""

    def __init__(self) -> None:
        super().__init__(id="command", compact=True, max_length=500)


class MachineRoom(App[str]):
    """The screen of one machine. `run()` returns when it is closed; the farewell line is printed then."""

    TITLE = "llmos"
    CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings()]
    COMMANDS: ClassVar[set[Any]] = {Finder}
    ENABLE_COMMAND_PALETTE = True

    class Posted(Message):
        """The machine has shown itself; `fresh` holds the view."""

    def __init__(self, panel: Panel, palette: Palette | None = None, plain: bool = False) -> None:
        super().__init__()
        self.panel = panel
        self.palette = palette or night()
        self.plain = plain
        self.desk = Desk()
        self.view = BLANK
        self.fresh: MachineView | None = None
        self.last: Pane | None = None  # the panel that had the keys last
        self.farewell = ""

    # -- what is on the screen --------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        for pane in PANES:
            yield pane(self.palette, self.plain)
        yield CommandLine()

    def on_mount(self) -> None:
        theme = self.palette.theme()
        self.register_theme(theme)
        self.theme = theme.name
        self.query_one(Entry).focus()
        self.call_after_refresh(self.panel.start, self.post)

    def post(self, view: MachineView) -> None:
        """Called from the machine's thread."""
        waiting, self.fresh = self.fresh, view
        if waiting is None:
            self.post_message(self.Posted())

    def on_machine_room_posted(self) -> None:
        view, self.fresh = self.fresh, None
        if view is None or self.desk.held:
            return
        self.view = view
        if view.boot and not self.desk.booted:
            self.change(booted=True)
        elif self.desk.testing and view.console and any(run.who == "u" for run in view.console):
            self.change(folded=True)
        else:
            self.draw()

    def change(self, **desk: Any) -> None:
        """Something about the screen itself changed: place and draw everything again."""
        self.desk = replace(self.desk, **desk)
        self.place()
        self.draw()

    def draw(self) -> None:
        for pane in self.panes():
            if pane.display:
                pane.show(self.view, self.desk)

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

    def panes(self) -> Iterator[Pane]:
        yield from self.screen_stack[0].query(Pane)

    def pane(self, key: str) -> Pane:
        return self.screen_stack[0].query_one(f"#{key}", Pane)

    @property
    def chosen(self) -> Pane:
        """The panel that has the keys, or had them last."""
        for pane in self.panes():
            if pane.has_focus_within:
                return pane
        return self.last or self.pane("cpu")

    # -- events -----------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.change)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        typing = isinstance(event.widget, Input)
        self.last = self.chosen if not isinstance(event.widget, CommandLine) else self.last
        if typing != self.desk.typing:
            self.change(typing=typing)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        if self.desk.typing and not isinstance(self.focused, Input):
            self.change(typing=False)

    def on_console_said(self, event: Console.Said) -> None:
        self.panel.say(event.line)
        self.change(folded=True, message="")

    def on_pane_chosen(self, event: Pane.Chosen) -> None:
        self.panel.command(*event.command)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The command line's; the console keeps its own."""
        line, event.input.value = event.input.value, ""
        self.action_leave()
        self.obey(line)

    def obey(self, line: str) -> None:
        """One line of the command line: the screen's verbs are done here, the machine's go through the door."""
        try:
            command = verbs.parse(line)
        except ValueError as e:
            self.change(message=str(e))
            return
        self.change(message="")
        if command:
            self.panel.command(*command)

    # -- actions: the machine ---------------------------------------------------------------------------------------

    def action_run_or_pause(self) -> None:
        self.panel.command("pause" if self.view.mode == "LIVE" else "run")

    def action_step(self) -> None:
        self.panel.command("step")

    def action_unit(self) -> None:
        self.panel.command("unit", UNITS[(UNITS.index(self.view.unit) + 1) % len(UNITS)])

    def action_speed(self, step: int) -> None:
        now = self.view.speed
        at = SPEEDS.index(now) if now in SPEEDS else sum(1 for s in SPEEDS if 0 < s < now)
        self.panel.command("speed", f"{SPEEDS[min(max(0, at + step), len(SPEEDS) - 1)]:g}")

    def action_hold(self) -> None:
        self.change(held=not self.desk.held)

    def action_interrupt(self) -> None:
        self.panel.command("interrupt")

    # -- actions: panels --------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        if self.desk.testing:
            self.change(folded=True)
        else:
            self.chosen.open()

    def action_maximise(self) -> None:
        self.change(zoom="" if self.desk.zoom else self.chosen.key)

    def action_leave(self) -> None:
        if self.desk.commanding:
            self.query_one(CommandLine).value = ""
            self.change(commanding=False)
            (self.last or self.pane("cpu")).focus()
        elif isinstance(self.focused, Entry) and (self.focused.value or self.focused.placeholder):
            self.focused.value = self.focused.placeholder = ""
            self.pane("console").redraw()
        elif isinstance(self.focused, Entry):
            self.pane("processes" if self.pane("processes").display else "cpu").focus()
        elif self.desk.zoom:
            self.change(zoom="")

    def action_move(self, step: int) -> None:
        self.chosen.move(step)

    def action_panel(self, number: int) -> None:
        key = TABS[number - 1]
        if key == "boot":
            self.change(folded=not self.desk.folded, zoom="")
        else:
            self.change(tab=key, zoom="", folded=True)
        self.pane(key).focus()

    # -- actions: asking --------------------------------------------------------------------------------------------

    def action_console(self) -> None:
        if self.desk.zoom:
            self.change(zoom="")
        self.query_one(Entry).focus()

    def action_command(self) -> None:
        self.change(commanding=True, message="")
        self.query_one(CommandLine).focus()

    def begin(self, text: str) -> None:
        """Open the command line with `text` typed."""
        self.action_command()
        self.query_one(CommandLine).value = text
        self.query_one(CommandLine).cursor_position = len(text)

    def action_keys(self) -> None:
        from .screens.help import KeyList

        self.push_screen(KeyList())

    def action_help(self) -> None:
        from .screens.help import HelpPage

        self.push_screen(HelpPage(self.chosen.key))

    async def action_quit(self) -> None:
        self.exit()

    def run(self, *args: Any, **kwargs: Any) -> str | None:
        """Run until closed, then print the farewell line."""
        try:
            return super().run(*args, **kwargs)
        finally:
            self.farewell = self.panel.close()
            if self.farewell:
                print(self.farewell)


__all__ = ["ORDER", "MachineRoom"]
