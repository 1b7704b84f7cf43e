"""`llmos bench WHAT`: which measurement it is, and its result as lines.

Knows: what each measurement needs of the options. Does not know: how anything is measured (`bench_*.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import boot as booting
from .boot import Options
from .errors import UsageError

NAMES = ("accuracy", "cpu", "kernel", "masks", "memory", "rights", "sched", "screen", "waiting")


def sched(
    workload: Path | None, model: str | None, mode: str, quantum: int, policy: str | None, quiet: bool
) -> dict[str, Any]:
    from . import bench_sched as bake_off

    if workload is None:
        raise UsageError("llmos bench sched needs --workload FILE; a line is ARRIVAL PROMPT LENGTH [PRIORITY]")
    result = bake_off.bench_sched(workload, model, mode, quantum, policy)
    if not quiet:
        print("\n".join(bake_off.lines(result)))
    return result


def run(
    what: str,
    model: str | None,
    modes: tuple[str, ...],
    quiet: bool,
    cases: int = 10,
    seconds: float = 120.0,
    record: Path | None = None,
) -> dict[str, Any]:
    if what == "kernel":
        from .bench_kernel import bench_kernel

        result: dict[str, Any] = bench_kernel()
    elif what == "screen":
        from .bench_screen import bench_screen

        result = bench_screen(model)
    elif what == "cpu":
        from . import store
        from .bench_cpu import bench_cpu

        result = bench_cpu(store.resolve(model) if model else store.default(), modes)
    elif what == "accuracy":
        from . import store
        from .bench_accuracy import bench_accuracy

        result = bench_accuracy(store.resolve(model) if model else store.default(), modes, 2_000)
    elif what == "memory":
        from .bench_memory import bench_memory

        options = Options(model=model, mode=modes[0], frames=73, lanes=1, max_pages=72, chunk=64, devices=())
        cpu, codec = booting.processor(options)
        result = bench_memory(cpu, codec, cases, record, seconds)
    elif what == "waiting":
        from .bench_waiting import bench_waiting

        result = bench_waiting()
    elif what == "masks":
        from . import store
        from .bench_masks import bench_masks

        result = bench_masks(store.resolve(model) if model else store.default(), modes[0])
    elif what == "rights":
        from .bench_rights import bench_rights

        result = bench_rights()
    else:
        raise UsageError(f"no bench {what!r}; there are {', '.join(NAMES)}")
    if not quiet:
        _print_table(result)
    return result


def _print_table(value: Any, indent: int = 0) -> None:
    for key, item in value.items():
        if isinstance(item, dict):
            print(" " * indent + str(key))
            _print_table(item, indent + 2)
        else:
            print(" " * indent + f"{key:<36} {item}")
