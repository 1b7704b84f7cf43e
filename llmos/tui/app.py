"""The machine room: what every key and verb does.

Knows: the stage with its panels, and the door to the machine. Does not know: the machine. Each action is a row of `keys.py`,
each verb a row of `verbs.py`; the footer, the palette and the help are made from the same tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from textual.widgets import Input

from . import theme, verbs
from .layout import LAYOUTS, ROOMY, TABS
from .pane import Pane
from .panels.console import Console, Entry
from .panels.processes import SORTS, Processes
from .panels.transport import UNITS
from .stage import CommandLine, Stage

SPEEDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 0.0)
PRIORITIES = 3
ONE = "there is one world only: B branches a second one from this tick"
WAITS = ("BLOCKED", "keyboard")
"""State and reason of a process that waits for a typed line."""


def _finder() -> type[Any]:
    """The palette, loaded when it is opened."""
    from .finder import Finder

    return Finder


class MachineRoom(Stage):
    """The screen of one machine. `run()` returns when it is closed; the farewell line is printed then."""

    COMMANDS: ClassVar[set[Any]] = {_finder}
    ENABLE_COMMAND_PALETTE = True
    farewell = ""
    leaving = False  # the machine goes on without this screen
    following = False

    def on_console_said(self, event: Console.Said) -> None:
        """A line for the program that listens; one that is `:` and a verb is for the command line, wherever it was typed."""
        self.change(folded=True, message="")
        if event.line.startswith(":") and verbs.known(event.line):
            self.obey(event.line)
        else:
            self.panel.say(event.line)

    def on_pane_chosen(self, event: Pane.Chosen) -> None:
        self.ask(*event.command)

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
            self.refuse(str(e))
            return
        self.change(message="")
        if command and command[0] in verbs.HERE:
            self._here(*command)
        elif command:
            self.ask(*command)

    def _here(self, verb: str, *args: str) -> None:
        try:
            getattr(self, f"verb_{verb}")(*args)
        except (ValueError, OSError) as e:
            self.refuse(f"{verb}: {e}")

    # -- the screen's own verbs -------------------------------------------------------------------------------------

    def verb_ps(self) -> None:
        self.action_panel(1)

    def verb_filter(self, text: str = "") -> None:
        self.change(filter=text)

    def verb_sort(self, column: str) -> None:
        if column not in SORTS:
            raise ValueError(f"by {', '.join(SORTS)}")
        self.processes.resort()
        self.change(sort=column)

    def verb_layout(self, name: str) -> None:
        if name not in LAYOUTS:
            raise ValueError(f"one of {', '.join(LAYOUTS)}")
        seen = "" if not self.desk.small else "; it is seen from {}x{} on, here the digits show panels".format(*ROOMY)
        self.change(layout=name, zoom="", folded=True, message=f"layout {name}{seen}")

    def verb_theme(self, name: str) -> None:
        self.paint(theme.palette(name, self.palette.plain))

    def verb_export(self, what: str = "picture", file: str = "") -> None:
        from .export import JOURNALLED, export

        path = Path(file) if file else None
        if what in JOURNALLED:
            self.change(message=f"the {what} is being written")
            self.run_worker(lambda: self._export(what, path), thread=True)
        else:
            self.change(message=f"written: {export(self, what, path).resolve()}")

    def _export(self, what: str, path: Path | None) -> None:
        """On a thread of its own: a long session is replayed for it."""
        from .export import export

        try:
            written = export(self, what, path)
        except (ValueError, OSError) as e:
            self.call_from_thread(self.refuse, f"export: {e}")
        else:
            self.call_from_thread(self.change, message=f"written: {written}")

    def verb_frames(self, frames: str) -> None:
        if not self.view.snapshot.selected:
            raise ValueError("no process is selected: `select PID`, or Enter on its row")
        self.panel.command("window", str(self.view.snapshot.selected), frames)

    def verb_help(self) -> None:
        self.action_keys()

    def verb_worlds(self) -> None:
        self.action_worlds()

    def verb_attacks(self) -> None:
        self.action_attacks()

    def verb_lessons(self) -> None:
        self.action_lessons()

    def verb_tour(self) -> None:
        self.action_tour()

    def verb_detach(self) -> None:
        self.action_detach()

    def verb_quit(self) -> None:
        self.exit()

    @property
    def processes(self) -> Processes:
        return self.query_one(Processes)

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

    def action_step_back(self) -> None:
        self.panel.command("back")

    def action_mark(self, step: int) -> None:
        self.panel.command("mark", str(step))

    def action_bookmark(self) -> None:
        self.panel.command("bookmark")

    def action_branch(self) -> None:
        self.panel.command("branch")

    def action_now(self) -> None:
        self.panel.command("now")

    def action_worlds(self) -> None:
        from .screens.worlds import Worlds

        if self.view.other is None:
            recorded = self.panel.first_mode == "REPLAY"
            why = "a recording is one world: it has no CPU for a second" if recorded else ONE
            self.refuse(why)
        else:
            self.change(visited="worlds")
            self.push_screen(Worlds(self.view, self.palette))

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
        elif isinstance(self.focused, Entry) and (self.focused.value or self.focused.placeholder):
            self.focused.value = self.focused.placeholder = ""
            self.pane("console").redraw()
        elif isinstance(self.focused, Entry):
            self.give(self.pane("processes" if self.pane("processes").display else "cpu"))
        elif self.desk.zoom:
            self.change(zoom="")

    def action_move(self, step: int) -> None:
        self.chosen.move(step)

    def action_aside(self, step: int) -> None:
        self.chosen.aside(step)

    # -- actions: processes -----------------------------------------------------------------------------------------

    def action_sort(self) -> None:
        self.verb_sort(SORTS[(SORTS.index(self.desk.sort) + 1) % len(SORTS)])

    def action_tree(self) -> None:
        self.change(tree=not self.desk.tree)

    def action_layout(self) -> None:
        names = tuple(LAYOUTS)
        self.verb_layout(names[(names.index(self.desk.layout) + 1) % len(names)])

    def action_follow(self) -> None:
        self.following = not self.following
        self.panel.command("follow", "on" if self.following else "off")

    def action_on_row(self, verb: str) -> None:
        if self.processes.row_pid:
            self.panel.command(verb, str(self.processes.row_pid))

    def action_on_selected(self, verb: str) -> None:
        if self.view.snapshot.selected:
            self.ask(*verb.split(), str(self.view.snapshot.selected))

    def action_stop_or_continue(self) -> None:
        states = {p.pid: p.state for p in self.view.snapshot.processes}
        self.action_on_row("cont" if states.get(self.processes.row_pid) == "STOPPED" else "stop")

    def action_fork(self) -> None:
        """The command line asks what the copy is told; nothing lets it go on as it stands."""
        if self.processes.row_pid:
            self.action_begin(f"fork {self.processes.row_pid} ")

    def action_attach(self) -> None:
        """The keys go along only where the machine will do it; what it says else stays to be read."""
        pid = self.processes.row_pid
        if not pid:
            return
        self.panel.command("attach", str(pid))
        waits = any(p.pid == pid and (p.state, p.why) == WAITS for p in self.view.snapshot.processes)
        if waits and self.view.mode != "REPLAY" and not self.view.role:
            self.action_console()

    def action_renice(self) -> None:
        pid = self.processes.row_pid
        now = {p.pid: p.priority for p in self.view.snapshot.processes}
        if pid in now:
            self.panel.command("nice", str(pid), str(now[pid] % PRIORITIES + 1))

    # -- actions: panels, by number ---------------------------------------------------------------------------------

    def action_panel(self, number: int) -> None:
        key = TABS[number - 1]
        if key == "boot":
            if not self.view.boot:
                self.refuse("there is no self-test: no machine was started for this")
                return
            self.change(folded=False, zoom="")
        else:
            self.change(tab=key, zoom="", folded=True)
            if not self.pane(key).display:  # not in this layout
                self.change(zoom=key)
        self.give(self.pane(key))

    # -- actions: asking --------------------------------------------------------------------------------------------

    def action_consent(self) -> None:
        if self.view.questions:
            self.consent(ready=True)
        else:
            self.refuse("no call waits for your word")

    def action_console(self) -> None:
        if self.desk.zoom:
            self.change(zoom="")
        self.give(self.query_one(Entry))

    def action_command(self) -> None:
        self.change(commanding=True, message="")
        self.give(self.query_one(CommandLine))

    def action_begin(self, text: str) -> None:
        """Open the command line with `text` typed."""
        self.action_command()
        self.query_one(CommandLine).value = text
        self.query_one(CommandLine).cursor_position = len(text)

    def action_verb(self, name: str) -> None:
        """Do it, or open the command line with it typed if it takes something."""
        verb = next(v for v in verbs.VERBS if v.name == name)
        self.action_begin(f"{name} ") if verb.takes else self.obey(name)

    def action_keys(self) -> None:
        from .screens.help import KeyList

        self.push_screen(KeyList(self.keys))

    def action_help(self) -> None:
        """Of the screen that is open, or of the panel that has the keys."""
        from .screens.help import HelpPage

        self.push_screen(HelpPage(getattr(self.screen, "help_page", self.chosen.key)))

    def action_attacks(self) -> None:
        from .screens.attacks import AttackLab

        self.change(visited="attacks")
        self.push_screen(AttackLab(self.palette))

    def action_lessons(self) -> None:
        from .screens.lessons import LessonList

        self.push_screen(LessonList(self.palette))

    def action_tour(self) -> None:
        """Begin the tour, or put it away."""
        from .screens.tour import Tour

        if cards := self.screen_stack[0].query(Tour):
            cards.remove()
        else:
            self.screen_stack[0].mount(Tour(self.palette))
            self.call_after_refresh(self.draw)

    def action_skip(self) -> None:
        from .screens.tour import Tour

        for card in self.screen_stack[0].query(Tour):
            card.skip()
            self.draw()
            return
        self.refuse("there is no tour: F2 begins it")

    def action_theme(self) -> None:
        names = theme.THEMES
        now = self.palette.name.removeprefix("llmos-")
        self.verb_theme(names[(names.index(now) + 1) % len(names)])

    def action_export(self) -> None:
        self._here("export")

    async def action_quit(self) -> None:
        self.exit()

    async def action_quit_now(self) -> None:
        self.exit()

    def action_detach(self) -> None:
        self.leaving = True
        self.exit()

    def run(self, *args: Any, **kwargs: Any) -> str | None:
        """Run until closed, then print the farewell line."""
        try:
            return super().run(*args, **kwargs)
        finally:
            self.farewell = self.panel.close(self.leaving or bool(self.return_code))  # a crash of the screen is no end
            if self.farewell:
                print(self.farewell)


__all__ = ["MachineRoom"]
