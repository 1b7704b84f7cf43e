"""Instructions: what happens from the moment a model opens a call until its answer is in the stream.

Knows: captured calls, the devices that are mounted, what an illegal instruction is. Does not know: how a call is written
(`dialects.py`), how tokens become text (`thinking.py`), what devices do. Only sampled tokens ever come here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import channels, guard, lanes, planner, thinking
from .dialects import Heard, Opened
from .labels import Label, Ring, data
from .limits import COMPACT_AT, MAX_CALL_TOKENS, MAX_CALLS_A_THOUGHT, MAX_RESULT_CHARS, RESULT_SHARE
from .process import Process, State, Thought

if TYPE_CHECKING:
    from .kernel import Kernel


def open_call(kernel: Kernel, process: Process, thought: Thought, opened: Opened) -> None:
    """From here on tokens are captured. What was said before is shown now."""
    del thought.said[opened.keep :]
    thought.opened = thought.capture = len(process.space.tokens)
    thought.lead = thought.written = opened.lead
    thinking.show(kernel, process, thought, 0)
    kernel.emit("trap", process.pid)


def capture(kernel: Kernel, process: Process, thought: Thought, token: int) -> None:
    """One more token of a call. An end token or too many tokens make it an illegal instruction."""
    thought.written += kernel.words[token][0]
    length = len(process.space.tokens) - thought.capture
    heard = kernel.dialect.closes(thought.written, token)
    if heard is None and token in kernel.ends:
        heard = Heard(wrong="the turn ended in the middle of a call")
    if heard is None and length > MAX_CALL_TOKENS:
        heard = Heard(wrong=f"a call has at most {MAX_CALL_TOKENS} tokens")
    if heard is None:
        kernel.emit("forming", process.pid, thought.written.decode("utf-8", "replace"))
        return
    thought.capture, thought.written = -1, b""
    _dispatch(kernel, process, thought, heard)


def _dispatch(kernel: Kernel, process: Process, thought: Thought, heard: Heard) -> None:
    """The model's own system call: the same devices, the same request table as for programs."""
    if len(thought.calls) >= MAX_CALLS_A_THOUGHT:
        thinking.finish(kernel, process, "calls")
    elif heard.wrong:
        illegal(kernel, process, thought, heard.wrong)
    elif heard.device not in kernel.devices:
        mounted = ", ".join(kernel.devices) or "none"
        illegal(kernel, process, thought, f"no device {heard.device[:40]!r}; mounted: {mounted}")
    else:
        process.account.calls += 1
        lanes.leave(kernel, process)
        process.move(State.BLOCKED, heard.device)
        guard.model_call(kernel, process, heard.device, heard.args)


def illegal(kernel: Kernel, process: Process, thought: Thought, why: str) -> None:
    """Illegal instruction: the process is told in its own stream and may recover."""
    kernel.emit("illegal", process.pid, why)
    thought.calls.append(("", "", f"error: {why}", "KERNEL:kernel"))
    _inject(kernel, process, f"error: {why}", data("kernel"))


def resume(kernel: Kernel, process: Process, device: str, text: str, result: str, ok: bool, label: Label) -> None:
    """A device finished: its result enters the stream and the process wants a lane again."""
    thought = process.thought
    if thought is None:
        return
    if not ok:
        result = f"error: {result}"
    if len(result) > MAX_RESULT_CHARS:
        result = result[:MAX_RESULT_CHARS] + f" [cut: {len(result):,} characters in all]"
    if planner.outside(process.space, label):
        result, label = planner.answer(kernel, process.space, result, label), data("kernel")
    else:
        _inject(kernel, process, result, label)
    thought.calls.append((device, thought.asked if process.space.slot else text, result, written(label)))
    if thought.echo:
        channels.say(kernel, process, "d", f"[{device}→ {result}]")
    lanes.ready(kernel, process)


def written(label: Label) -> str:
    """A label as one word: "DATA:calc"."""
    return f"{Ring(label.ring).name}:{'+'.join(label.origin)}"


def _inject(kernel: Kernel, process: Process, text: str, label: Label) -> None:
    ids = kernel.dialect.answer(kernel.codec, text)
    room = _room(kernel, process)
    if len(ids) > room:  # larger than its share of the window: cut with notice
        notice = f" [cut: the window holds {kernel.capacity} tokens, this result has {len(ids)}]"
        keep = len(text) * room // len(ids)
        while len(ids) > room and keep:
            keep = keep * 9 // 10
            ids = kernel.dialect.answer(kernel.codec, text[:keep] + notice)
    plain = (int(label.ring), label.readers, label.origin)
    kernel.emit("injected", process.pid, len(process.space.tokens), len(ids), plain)
    kernel.append(process.space, ids, label, "d")


def _room(kernel: Kernel, process: Process) -> int:
    """Tokens that a result may fill: a share of the window. Where nothing is moved out it also leaves room for what is said
    about it, a quarter of the window, or half of what is left when that is taken already."""
    most, used = kernel.capacity, len(process.space.tokens)
    share = most // RESULT_SHARE
    if kernel.config.compact:
        return share
    left = most * COMPACT_AT // 100 - used
    return min(share, left if left >= most // 8 else (most - used) // 2)
