"""The verbs of the command line behind `:`, in one table: parsing, palette and help are made from it.

Knows: names and arguments. Does not know: how a verb is done; each becomes one command through the door.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    usage: str  # "kill PID": capitals are arguments, square brackets what may be left out
    about: str

    @property
    def name(self) -> str:
        return self.usage.split()[0]

    @property
    def takes(self) -> list[str]:
        return self.usage.split()[1:]


VERBS: tuple[Verb, ...] = (
    Verb("run [PROGRAM] [ARGS…]", "Run the machine, or start a program in it."),
    Verb("pause", "Freeze the machine where it is."),
    Verb("step [UNIT]", "One step: of a phase, token, call or quantum."),
    Verb("back", "One step back in time."),
    Verb("goto TICK", "The machine as it was in that tick."),
    Verb("now", "Leave the past."),
    Verb("branch", "A second world from this tick on."),
    Verb("world [NAME]", "Go over to the other world, or to one by name."),
    Verb("worlds", "Both worlds side by side."),
    Verb("unit UNIT", "What a step is from now on."),
    Verb("speed TOKENS", "Tokens a second; 0 is as fast as it can."),
    Verb(
        "break [WHAT…]",
        "Stop on trap, call, fault, evict, deny, exit, token TEXT, label RING, tick N; clear; alone, list.",
    ),
    Verb("watch [WHAT…]", "Stop when a value changes: state, frames, page or quota of a process; alone, list."),
    Verb("bookmark [TEXT…]", "Mark this tick."),
    Verb("ask TEXT…", "Ask the model, as on the console."),
    Verb("ps", "Go to the process table."),
    Verb("select PID", "Whose page table and attention are shown."),
    Verb("follow [ON]", "Select whoever runs: on or off."),
    Verb("kill PID", "End a process."),
    Verb("stop PID", "Stop a process; its pages stay."),
    Verb("cont PID", "Let a stopped process go on."),
    Verb("nice PID PRIORITY", "Another priority."),
    Verb("fork PID [TEXT…]", "A copy of a context goes on by itself, with a text of yours or as it stands."),
    Verb("attach PID", "Let the console speak with a process that waits for a line."),
    Verb("adapter PID NAME", "The weights that a process runs with; none is the model as it was loaded."),
    Verb("interrupt", "Stop the console's program, as ctrl+c does."),
    Verb("policy NAME", "Another scheduling policy from the next tick on."),
    Verb("victims NAME", "Who loses its frames when they are short: lru, largest, cheapest, lowest, youngest."),
    Verb("plug DEVICE", "Plug a device in."),
    Verb("unplug DEVICE", "Unplug a device."),
    Verb("window PID FRAMES", "Fewer frames than pages for a process; 0 gives it all of them again."),
    Verb("frames FRAMES", "The same for the selected process: `frames 4`, and 0 for all of them."),
    Verb("swapout PID", "All pages of a process to the page file; they return at its next turn."),
    Verb("park PID", "Stop a process and write its pages to the page file, until it is called back."),
    Verb("unpark PID", "Call a parked process back."),
    Verb("compact PID", "Move the middle of a context to the retrieval disk."),
    Verb("undo PID", "Bring back what was moved to the disk last."),
    Verb("answer NUMBER WORD", "Your word on a call that waits for it: once, process, no or never; F9 shows it."),
    Verb("mem PID", "Look inside a process: spans, labels, pages, account."),
    Verb("strace PID", "Its calls and what came back."),
    Verb("token [PID] [BACK]", "A token, the newest or one before: what else was likely, and where it looked."),
    Verb("call PID", "Its last call, from trap to result."),
    Verb("why", "Why does who runs run now?"),
    Verb("filter [TEXT…]", "Only processes and log lines with this in them."),
    Verb("sort COLUMN", "Order processes by active, pid, tokens, pages, wait, program or state."),
    Verb("layout NAME", "Panels: room, memory, calls or scheduler."),
    Verb("theme NAME", "Colours: night, day, contrast or clear."),
    Verb(
        "export [WHAT] [FILE]", "Write picture, transcript, cast, trace, journal, or redact: a recording without words."
    ),
    Verb("help", "All keys and verbs."),
    Verb("attacks", "The attack lab."),
    Verb("lessons", "The lessons, and how to play them."),
    Verb("tour", "The guided tour."),
    Verb("detach", "Leave, and let the machine run on."),
    Verb("quit", "Leave. The session stays recorded."),
)
HERE = (
    "worlds", "ps", "filter", "sort", "layout", "theme", "export", "frames", "help", "attacks", "lessons", "tour", "detach",
    "quit",
)  # fmt: skip
"""Verbs of the screen itself; all others are the machine's."""
LOOKS = {
    "mem": ("inspect", "process"),
    "token": ("inspect", "token"),
    "call": ("inspect", "call"),
    "why": ("inspect", "choice"),
    "strace": ("inspect", "trace"),
}
"""Verbs that only look; a plain run has them too."""
OTHER_NAMES = {"renice": "nice", "top": "ps", "say": "ask", "exit": "quit"}
"""What a verb is called on the keys, in the console's shell and elsewhere."""
ALIASES = {**LOOKS, "ask": ("say",)}


def parse(line: str) -> tuple[str, ...]:
    """The command for the door; () for an empty line. Raises ValueError with one line for the person."""
    text = line.strip().removeprefix(":").strip()
    if not text:
        return ()
    name, _, rest = text.partition(" ")
    name = OTHER_NAMES.get(name, name)
    verb = next((v for v in VERBS if v.name == name), None)
    if verb is None:
        raise ValueError(f"no verb {name!r}; ? lists them, and what the shell knows is typed on the console (i)")
    words = _words(verb, rest)
    least = sum(not word.startswith("[") for word in verb.takes)
    most = 99 if any("…" in word for word in verb.takes) else len(verb.takes)
    if not least <= len(words) <= most:
        raise ValueError(f"usage: {verb.usage}")
    if name == "run" and words:
        return ("spawn", *words)
    return (*ALIASES.get(name, (name,)), *words)


def known(line: str) -> bool:
    """Does a line begin with the name of a verb?"""
    name = line.strip().removeprefix(":").strip().partition(" ")[0]
    return any(v.name == OTHER_NAMES.get(name, name) for v in VERBS)


def _words(verb: Verb, rest: str) -> list[str]:
    if verb.takes[-1:] in (["TEXT…"], ["[TEXT…]"]):
        return rest.strip().split(None, len(verb.takes) - 1)  # the text is kept as it was typed
    try:
        return shlex.split(rest)
    except ValueError:
        raise ValueError(f"a quotation mark stands alone; usage: {verb.usage}") from None
