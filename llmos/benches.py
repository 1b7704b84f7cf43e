"""`llmos bench WHAT`: which measurement it is, and its result as lines.

Knows: what each measurement needs of the options. Does not know: how anything is measured (`bench_*.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from . import processor, store
from .errors import UsageError
from .options import Options


class Given(NamedTuple):
    """What the options say; each measurement reads what is of its kind."""

    model: str | None
    modes: tuple[str, ...]
    cases: int = 10
    seconds: float = 120.0
    record: Path | None = None
    pages: int = 62  # of a text for memory, the last 64 tokens of which are scored: there are 101 of 62

    @property
    def path(self) -> Path:
        return store.resolve(self.model) if self.model else store.default()


def _accuracy(given: Given) -> dict[str, Any]:
    from .bench_accuracy import bench_accuracy

    return bench_accuracy(given.path, given.modes, 2_000)


def _cpu(given: Given) -> dict[str, Any]:
    from .bench_cpu import bench_cpu

    return bench_cpu(given.path, given.modes)


def _kernel(given: Given) -> dict[str, Any]:
    from .bench_kernel import bench_kernel

    return bench_kernel()


def _masks(given: Given) -> dict[str, Any]:
    from .bench_masks import bench_masks

    return bench_masks(given.path, given.modes[0])


def _memory(given: Given) -> dict[str, Any]:
    from .bench_memory import LENGTHS, bench_memory

    most = max(given.pages, *LENGTHS) + 12
    options = Options(
        model=given.model, mode=given.modes[0], frames=most + 1, lanes=1, max_pages=most, chunk=64, devices=()
    )
    cpu, codec = processor.build(options)
    return bench_memory(cpu, codec, given.pages, given.cases, given.record, given.seconds)


def _rights(given: Given) -> dict[str, Any]:
    from .bench_rights import bench_rights

    return bench_rights()


def _screen(given: Given) -> dict[str, Any]:
    from .bench_screen import bench_screen

    return bench_screen(given.model)


def _waiting(given: Given) -> dict[str, Any]:
    from .bench_waiting import bench_waiting

    return bench_waiting()


BENCHES: dict[str, Callable[[Given], dict[str, Any]]] = {
    "accuracy": _accuracy,
    "cpu": _cpu,
    "kernel": _kernel,
    "masks": _masks,
    "memory": _memory,
    "rights": _rights,
    "screen": _screen,
    "waiting": _waiting,
}
NAMES = (*BENCHES, "sched")


def run(what: str, given: Given, quiet: bool) -> dict[str, Any]:
    """The result of one measurement, printed as lines unless `quiet`. Raises UsageError."""
    if what not in BENCHES:
        raise UsageError(f"no bench {what!r}; there are {', '.join(sorted(NAMES))}")
    result = BENCHES[what](given)
    if not quiet:
        _print_table(result)
    return result


def sched(
    workload: Path | None, model: str | None, mode: str, quantum: int, policy: str | None, quiet: bool
) -> dict[str, Any]:
    """The bake-off has options and a table of its own. Raises UsageError."""
    from . import bench_sched as bake_off

    if workload is None:
        raise UsageError("llmos bench sched needs --workload FILE; a line is ARRIVAL PROMPT LENGTH [PRIORITY]")
    result = bake_off.bench_sched(workload, model, mode, quantum, policy)
    if not quiet:
        print("\n".join(bake_off.lines(result)))
    return result


def _print_table(value: Any, indent: int = 0) -> None:
    for key, item in value.items():
        if isinstance(item, dict):
            print(" " * indent + str(key))
            _print_table(item, indent + 2)
        else:
            print(" " * indent + f"{key:<36} {item}")
