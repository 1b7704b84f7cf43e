"""Two of the kernel's own calls that a model may make: `spawn` starts a program, `send` leaves a message.

Knows: how they are written, and what they answer where nothing must really happen. Does not know: processes; in a
machine the kernel serves them itself (`kernel/instructions.py`) and `call` is never reached. In an evaluation a name
that does not exist is as good as any: the call is recorded and succeeds.
"""

from __future__ import annotations

import re

from .base import Context, DeviceError, Result

_NAME = re.compile(r"[\w.@+-]{1,40}")


class _KernelCall:
    """`pretend`: answer as if it had happened."""

    outside = True

    def __init__(self, pretend: bool = False) -> None:
        self.pretend = pretend

    def _refuse(self) -> None:
        if not self.pretend:
            raise DeviceError("only a model calls this; programs use ulib")


class Spawn(_KernelCall):
    name = "spawn"
    help = "starts a program, such as spawn chat or spawn research tides"
    usage = ("PROGRAM [WORDS]",)
    grammar = 'start: PROGRAM (" " WORDS)?\nPROGRAM: /[a-z][a-z0-9_-]{0,20}/\nWORDS: /[^\\n]{1,200}/\n'

    def call(self, text: str, ctx: Context) -> Result:
        self._refuse()
        name = text.split(" ", 1)[0]
        if not _NAME.fullmatch(name):
            raise DeviceError("write it as: PROGRAM WORDS")
        return Result(f"started {name}", "kernel")


class Send(_KernelCall):
    name = "send"
    help = "leaves a message for a person or a process, such as send anna Dinner is ready"
    usage = ("NAME TEXT",)
    grammar = 'start: NAME " " TEXT\nNAME: /[A-Za-z0-9][A-Za-z0-9_.@-]{0,30}/\nTEXT: /[^\\n]{1,400}/\n'

    def call(self, text: str, ctx: Context) -> Result:
        self._refuse()
        name, _, message = text.partition(" ")
        if not _NAME.fullmatch(name) or not message.strip():
            raise DeviceError("write it as: NAME TEXT")
        return Result(f"sent to {name}", "kernel")
