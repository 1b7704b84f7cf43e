"""The log of faults in plain words, with times where a machine measured them, and without where it is replayed."""

from __future__ import annotations

from typing import Any

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos.narrate import log_line
from llmos.stopwatch import Stopwatch
from llmos.swap import RamPages
from llmos_kernel.kernel import Config, Kernel

from . import machines
from .machines import Quiet, build, run


def test_every_page_that_came_back_was_timed_and_nothing_else_changed() -> None:
    watch = Stopwatch(ScriptedCpu(frames=80, lanes=2), RamPages(machines.SLOTS))
    config = Config(args=(4, 30), slots=machines.SLOTS, window=8, replacement="attention")
    kernel = Kernel(config, machines.PROGRAMS, watch, ByteCodec(), Quiet(), store=watch)
    events: list[Any] = []
    given = run(kernel, lambda k: events.extend(k.events))
    assert given == run(build(window=8, replacement="attention"))
    faults = [e for e in events if e[1] == "fault"]
    assert faults
    assert kernel.swapped_in == max(e[-1] for e in faults)
    for fault in faults:
        page, program, layer, number = *fault[3:6], fault[-1]
        live, replayed = (line.text for line in (log_line(fault, watch), log_line(fault)) if line)
        assert f"page {page} of {program} (pid {fault[2]}) " in live
        assert ("comes along" in live) == (layer == -1)
        assert watch.back(number) is not None or number == 0
        assert ("brought back from swap, about" in replayed) == (number > 0)
        assert "swap, about" not in live


def test_a_layer_and_its_times_are_named() -> None:
    fault = (9, "fault", 3, 12, "chat", 7, 1_500, 64_000, 1)
    line = log_line(fault)
    assert line is not None
    assert line.text == (
        "fault  page 12 of chat (pid 3) was needed by layer 7: brought back from swap, about 1.5 ms; "
        "recompute would have cost about 64.0 ms"
    )
