"""One line that says what just happened, or answers the person's last command.

Knows: the last line of the log and the kinds of stop. Does not know: the machine.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.status import Line, MachineView
from llmos.tui.asked import asks
from llmos.tui.desk import Desk
from llmos.tui.pane import Pane
from llmos.tui.text import Row, Span, clip, sanitise

MEANINGS = {
    "spawn": "a process is a prompt with an address space and rights of its own",
    "exit": "its frames go back to the free list, or stay cached for the next one with the same beginning",
    "think": "the prompt is read in chunks before the first token is chosen",
    "done": "the model emitted its end token, or its allowance was used up",
    "share": "equal beginnings are kept once: these tokens need not be read again",
    "copy": "copy-on-write: whoever writes first pays for the copy",
    "evict": "RAM was full; its tokens are kept and will be read again",
    "trap": "the CPU stopped there; what follows is for the kernel",
    "call": "the kernel checks the call and runs the device while the process waits",
    "result": "the kernel put it into the window; the model did not write it",
    "illegal": "the call could not be understood; the process is told so",
    "refused": "the kernel said no",
    "deny": "the kernel said no, and the process is told so",
    "ask": "the kernel does not decide this alone",
    "asked": "the process waits, the others go on",
    "answer": "the person's word is a record in the journal",
    "interrupt": "the console's program was stopped from the keyboard",
}
STOPS = {
    "QUANTUM": "its time slice is over, or one token was asked for",
    "WAKE": "the last token is one the kernel waits for",
    "FULL": "its context has no room left",
    "FAULT": "a page that matters is absent",
    "MACHINE_CHECK": "the numbers were not finite; nothing was sampled",
}


class LastStop(Pane):
    key = "laststop"
    framed = False

    def pick(self, view: MachineView, desk: Desk) -> object:
        return (
            view.notice,
            view.working,
            view.problem,
            view.mode == "BOOT" and view.boot,
            view.log[-1:],
            _stopped(view),
            (desk.message, desk.refused),
            desk.commanding,
            view.questions,
        )

    def rows(self, width: int, height: int) -> Sequence[Row]:
        view = self.view
        if self.desk.commanding:
            return [((" :", "bold accent"),)]
        if said := self.desk.message or view.working or view.notice:
            refused = self.desk.refused if self.desk.message else view.refused and not view.working
            mark: Span = (" ! ", "bad") if refused else (" · ", "accent")
            return [(mark, (clip(sanitise(said), width - 4), "bold text"))]
        if view.problem:
            return [((" ✗ ", "bad"), (clip(sanitise(view.problem), width - 4), "bold bad"))]
        if view.questions:
            said = f"{asks(view.questions[0])}: it waits for your word"
            return [((" ? ", "bad"), (clip(said, width - 4), "bold text"))]
        text = explain(view)
        return [((" ▸ ", "accent"), (clip(text, width - 4), "text"))]


def explain(view: MachineView) -> str:
    """What happened last, and what it means."""
    if view.log:
        return _tell(view.log[-1])
    lane, stop = _stopped(view)
    if stop:
        return f"lane {lane} stopped: {STOPS.get(stop, stop.lower())}"
    return _starting(view) if view.mode == "BOOT" else "nothing has happened yet"


def _starting(view: MachineView) -> str:
    """The part of the self-test that is at work: the panel with all of it may be folded away."""
    busy = [test for test in view.boot if test.state == "busy"]
    what = f" ({busy[-1].part}: {' '.join(sanitise(busy[-1].text).split())})" if busy else ""
    return f"starting{what}; what you type is kept"


def _tell(line: Line) -> str:
    text = " ".join(sanitise(line.text).split())
    meaning = MEANINGS.get(text.partition(" ")[0], "")
    return f"{line.tick}  {text}" + (f": {meaning}" if meaning else "")


def _stopped(view: MachineView) -> tuple[int, str]:
    return next(((lane.lane, lane.stop) for lane in view.snapshot.lanes if lane.pid and lane.stop), (0, ""))
