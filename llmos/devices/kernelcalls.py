"""The kernel's own calls as a model may make them: spawn, send, shell, sleep and exit.

Knows: how they are written, what a model is told of them, and where messages for people are kept. Does not know:
processes. In a machine the kernel serves shell, sleep, exit, and send to a process itself (`kernel/served.py`); only a
message to a name that no process has comes here, into the mailbox of that name. `spawn` is refused by the monitor: programs
are started by a shell's line. In an evaluation nothing of this happens: the call is recorded and succeeds.
"""

from __future__ import annotations

from pathlib import Path

from llmos_kernel.forms import RECIPIENT

from .base import Context, DeviceError, Result
from .mailbox import MAX_MESSAGE, NAME, Mailboxes

SERVED = ("shell", "send", "sleep", "exit")
"""Names that the kernel serves itself, if they are mounted."""


class _KernelCall:
    """`pretend`: answer as if it had happened."""

    outside = True
    pretended: Result

    def __init__(self, pretend: bool = False) -> None:
        self.pretend = pretend

    def call(self, text: str, ctx: Context) -> Result:
        self._refuse()
        return self.pretended

    def _refuse(self) -> None:
        if not self.pretend:
            raise DeviceError("the kernel serves this itself; programs use ulib")


class Spawn(_KernelCall):
    name = "spawn"
    help = "starts a program, such as spawn chat or spawn research tides"
    usage = ("PROGRAM [WORDS]",)
    grammar = 'start: PROGRAM (" " WORDS)?\nPROGRAM: /[a-z][a-z0-9_-]{0,20}/\nWORDS: /[^\\n]{1,200}/\n'

    def call(self, text: str, ctx: Context) -> Result:
        self._refuse()
        name = text.split(" ", 1)[0]
        if not NAME.fullmatch(name):
            raise DeviceError("write it as: PROGRAM WORDS")
        return Result(f"started {name}", "kernel")


class Send(_KernelCall):
    """`folder` holds the mailboxes of people; None = there are none."""

    name = "send"
    help = "leaves a message for a person or a process, such as send anna Dinner is ready"
    usage = ("NAME TEXT",)
    grammar = 'start: NAME " " TEXT\nNAME: /[A-Za-z0-9][A-Za-z0-9_.@-]{0,30}/\nTEXT: /[^\\n]{1,400}/\n'

    def __init__(self, pretend: bool = False, folder: Path | None = None) -> None:
        super().__init__(pretend)
        self.folder = folder

    def call(self, text: str, ctx: Context) -> Result:
        match = RECIPIENT(text.strip())
        name, message = (match[1], (match[2] or "").strip()) if match else ("", "")
        if not NAME.fullmatch(name) or not message:
            raise DeviceError("write it as: NAME TEXT")
        if len(message) > MAX_MESSAGE:
            raise DeviceError(f"a message has at most {MAX_MESSAGE} characters")
        if self.pretend:
            return Result(f"sent to {name}", "kernel")
        if self.folder is None:
            raise DeviceError(f"no process {name}, and this machine has no mailboxes")
        Mailboxes(self.folder).leave(name, message, ctx.now(), ctx.caller)
        return Result(f"left in the mailbox of {name}", "kernel")


class Shell(_KernelCall):
    name = "shell"
    help = "runs a line of this machine's own shell, such as shell cat notes.txt | grep milk"
    usage = ("LINE", "help")
    grammar = "start: /[^ \\n][^\\n]{0,399}/\n"
    pretended = Result("done", "shell")


class Sleep(_KernelCall):
    name = "sleep"
    help = "waits for a number of ticks, such as sleep 20"
    usage = ("TICKS",)
    grammar = "start: /[1-9][0-9]{0,3}/\n"
    outside = False
    pretended = Result("slept", "kernel")


class Exit(_KernelCall):
    name = "exit"
    help = "ends this process at once, such as exit 0"
    usage = ("[STATUS]",)
    grammar = "start: /[0-9]{1,2}/\n"
    outside = False
    pretended = Result("ended", "kernel")
