"""The lesson on the screen: what its keys do, and the thread that steps its machine.

Knows: a programme of sessions, what stands on the screen. Does not know: what a question means, how anything is drawn. The
machine runs in a thread of its own, since that may take seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input

from llmos.errors import LlmosError, UsageError
from llmos.exports import fresh
from llmos.lessons.answers import checked, sure
from llmos.lessons.collected import collected
from llmos.lessons.programme import Programme, told
from llmos.lessons.session import Scene, Session
from llmos.lessons.transcript import markdown
from llmos.lessons.watching import Left, Watching
from llmos.status import MachineView
from llmos.tui.text import width
from llmos.tui.theme import Palette

from . import keys
from .sheets import ClassSheet, HelpSheet, StorySheet
from .stage import EMPTY, LessonStage, Touched
from .thread import Worker

PATIENCE = 3.0  # seconds that a machine has to come to the end of its tick when the screen is left
PAGE = 8  # rows that PgUp and PgDn move the words


def _finder() -> type[Any]:
    return keys.LessonFinder


class LessonRoom(LessonStage):
    """Plays a programme. `big`: to be read from afar, fewer panels; `speed`: tokens a second, 0 = as fast as it can."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings()]
    COMMANDS: ClassVar[set[Any]] = {_finder}

    class Stepped(Message):
        """The machine went on."""

    def __init__(
        self,
        programme: Programme,
        palette: Palette | None = None,
        big: bool = False,
        speed: float = 0.0,
        still: bool = False,
        keymap: Mapping[str, str] = EMPTY,
    ) -> None:
        super().__init__(programme, palette, big, still, keymap)
        self.watching = Watching(self.look_on, speed)
        self.film = self.watching.film
        self.worker = Worker()
        self.session: Session | None = None
        self.failed: LlmosError | None = None  # why it could not begin

    def on_mount(self) -> None:
        self.dress()
        self.run_worker(self._work(self._open))
        self.draw()

    # -- the machine's thread ---------------------------------------------------------------------------------------

    async def _work(self, do: Callable[[], str | None]) -> None:
        """Do something with the session in the thread; then show what there is to see. `do` may give a line to show."""
        self.busy, self.message, self.tick = True, "", 0
        self.watching.begin()
        self.draw()
        try:
            said = await self.worker.do(do)
            scene, machine = await self.worker.do(self._look)
        except Left:
            return
        except LlmosError as e:
            if self.scene is None:
                self.failed = e
                self.exit()
                return
            self.message = str(e)
        else:
            self.scene, self.machine, self.message = scene, machine, said or ""
            self.hinted, self.page = False, len(scene.told)
        self.busy = False
        self._redraw()

    def _look(self) -> tuple[Scene, MachineView | None]:
        assert self.session is not None
        scene = self.session.scene()
        return scene, self.watching.now(self.session.lab.running)

    def _open(self, **changed: Any) -> None:
        self.session = None
        self.session = self.programme.open(**changed)
        self.session.lab.watch = self.watching

    def _lock(self, answer: str, confidence: int, hint: bool) -> str | None:
        assert self.session is not None
        self.session.lock(answer, confidence, hint)
        return self._keep()

    def _keep(self) -> str | None:
        """Answers that can't be written are no reason to stop."""
        try:
            if self.session is not None:
                self.programme.keep(self.session)
        except LlmosError as e:
            return str(e)
        return None

    def _leave_session(self) -> None:
        if self.session is not None:
            self.programme.close(self.session)
            self.session = None

    def _next(self) -> None:
        self._leave_session()
        self.programme.at += 1
        self._open()

    def _again(self, changed: dict[str, Any]) -> None:
        """The same lesson from its beginning, changed."""
        self._leave_session()
        self._open(**changed)

    def look_on(self, view: MachineView) -> None:
        """Called from the session's thread."""
        self.fresh = view
        self.post_message(self.Stepped())

    def on_lesson_room_stepped(self) -> None:
        if self.busy and self.scene and self.screen_stack:
            (self.draw if self.held else self._panels)()

    def close(self) -> tuple[list[str], bool]:
        """When the screen is gone: what came of it, as lines, and whether the machine has come to its end."""
        self.watching.leave()
        ended = self.worker.ended(PATIENCE)
        problem = self._keep() if ended else None
        self._leave_session()
        return [*map(told, self.programme.records), *self.programme.ending(), *([problem] if problem else [])], ended

    # -- answering --------------------------------------------------------------------------------------------------

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_answer()

    def action_answer(self) -> None:
        """Take the typed line; while the machine runs it stays where it is."""
        if self.busy or self.scene is None:
            self._say("the machine runs; what you typed stays")
            return
        line, self.line.value = self.line.value, ""
        if self.changing:
            self._change(line.strip())
        elif self.scene.question is None:
            self._go_on()
        else:
            self._answer(line)

    def _answer(self, line: str) -> None:
        assert self.scene
        assert self.scene.question
        answer, confidence = sure(line)
        try:
            checked(self.scene.question, answer)
        except UsageError as e:
            self._say(f"{e}; again")
            return
        self.run_worker(self._work(partial(self._lock, answer, confidence, self.hinted)))

    def _go_on(self) -> None:
        if self.programme.last:
            self.exit()
        else:
            self.run_worker(self._work(self._next))

    def _change(self, line: str) -> None:
        """A number is another seed, anything else a file."""
        self.changing = False
        if not line:
            self._say("")
        elif line.isdecimal():
            self.run_worker(self._work(partial(self._again, {"seed": int(line)})))
        elif not Path(line).expanduser().is_file():
            self._say(f"no file {line}")
        else:
            self.run_worker(self._work(partial(self._again, {"own": Path(line).expanduser()})))

    def _say(self, message: str) -> None:
        self.message = message
        self.draw()

    # -- keys -------------------------------------------------------------------------------------------------------

    def action_hint(self) -> None:
        if not (self.session and self.scene and self.scene.question) or self.busy:
            return
        allowed = self.session.allows("hint")
        self.hinted = allowed and bool(self.scene.question.hint)
        self._say(
            "" if self.hinted else "there is no hint for this one" if allowed else "the teacher has locked the hints"
        )

    def action_big(self) -> None:
        self.big = not self.big
        self.set_class(self.big, "big")
        self.call_after_refresh(self._redraw)

    def action_read(self, step: int) -> None:
        self.query_one("#words", VerticalScroll).scroll_relative(y=step * PAGE, animate=False)

    def action_page(self, step: int) -> None:
        if self.scene:
            self.page = min(max(0, self.page + step), len(self.scene.told))
            self.draw()
            self._turn_to_page()

    @property
    def held(self) -> bool:
        return self.watching.held

    def action_run_or_pause(self) -> None:
        """Hold the machine while it runs, or let it go on; one that stands is waiting for an answer."""
        if not self.busy:
            self._say("the machine stands before the question: it runs on when an answer is locked")
            return
        self.tick = 0
        self.watching.hold(not self.held)
        self._say("")

    def action_tick(self, step: int) -> None:
        """Through the ticks of what was run last; past the last of them a machine that is held makes one more."""
        if self.session is None:
            return
        if self.busy and step > 0 and not self.tick:
            self.watching.step()
            self._say("")
        elif self.busy and not self.held:
            self._say("the machine runs: hold it first")
        elif not self.session.allows("back"):
            self._say("the teacher has locked stepping back")
        elif not self.film:
            self._say("no machine ran in this step: there is nothing to step through")
        else:
            self.tick = min(max(0, self.tick - step), len(self.film) - 1)
            self._say("")

    def action_panels(self) -> None:
        self.turned += 1
        self.draw()

    def action_story(self) -> None:
        if self.scene:
            self.push_screen(StorySheet(self.scene, self.palette))

    def action_teacher(self) -> None:
        """Only of questions that are over: nobody's answer is given away."""
        if self.scene:
            folder = self.programme.folder
            tallies = {tally.id: tally for tally in collected(folder, self.scene.lesson.name)}
            self.push_screen(ClassSheet(self.scene, tallies, folder, self.palette))

    def action_help(self) -> None:
        if self.scene:
            self.push_screen(HelpSheet(self.scene.lesson, self.keys))

    def action_change(self) -> None:
        if self.session is None or self.scene is None or self.busy:
            return
        if not self.session.allows("change"):
            self._say("the teacher has locked changes")
        elif self.scene.source == "record":
            self._say(f"a recording is as it was; live: llmos lesson {self.scene.lesson.name}")
        else:
            self.changing = True
            self.action_line()

    def action_transcript(self) -> None:
        if self.scene:
            self._write(f"llmos-{self.scene.lesson.name}.md", markdown(self.scene))

    def action_picture(self) -> None:
        if self.scene:
            self._write(f"llmos-{self.scene.lesson.name}.svg", self.export_screenshot(title="llmos lesson"))

    def _write(self, name: str, text: str) -> None:
        try:
            self._say(f"written: {fresh(Path(name), text)}")
        except UsageError as e:
            self._say(str(e))

    def action_leave_line(self) -> None:
        self.changing = False
        self.set_focus(None)
        self._say("")

    def action_line(self) -> None:
        """To the answer's line; at the end, with Enter, on."""
        self.line.focus()
        self.draw()

    async def action_quit(self) -> None:
        self.watching.leave()
        self.exit()

    def on_touched_at(self, event: Touched.At) -> None:
        """A click on an option types it, and Enter locks; a click on a key is that key."""
        if event.what == "question":
            self._pick(event.x, event.y)
        else:
            self._press(event.x)

    def _pick(self, x: int, y: int) -> None:
        for spot in self.spots:
            if spot.row == y and spot.first <= x < spot.last:
                self.line.value = spot.label
                self.line.cursor_position = len(spot.label)
                self.action_line()

    def _press(self, at: int) -> None:
        """The key at this cell of the bottom line."""
        x = 0
        for key, row in self.footer():
            x += width(row)
            if at < x:
                self.call_later(self.run_action, f"app.{key.action}")
                return
