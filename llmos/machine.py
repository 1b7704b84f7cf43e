"""A machine as a library: a kernel with its ports, stepped by whoever holds it.

Knows: how to step, run, look and listen. Does not know: how its parts were made (`boot.py`), threads, screens.

    from llmos import Machine
    m = Machine.boot(model="nano")
    m.type("what is 37*48?")
    m.run(); print(m.snapshot().processes)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from llmos_kernel.journal import Recorder
from llmos_kernel.kernel import Kernel
from llmos_kernel.look import snapshot
from llmos_kernel.ports import Event
from llmos_kernel.view import Snapshot

from .attention import Prober, prober
from .journal import Writer
from .world import HostWorld

if TYPE_CHECKING:
    from .audit import AuditFile
    from .labels import LabelStore
    from .past import Past
    from .stopwatch import Stopwatch


class Machine:
    """One booted machine. Not thread-safe, except `type` and `command`."""

    def __init__(
        self,
        kernel: Kernel,
        world: HostWorld,
        recorder: Recorder | None = None,
        writer: Writer | None = None,
        past: Past | None = None,
        watch: Stopwatch | None = None,
        labels: LabelStore | None = None,
    ) -> None:
        self.kernel, self.world = kernel, world
        self._recorder, self._writer = recorder, writer
        self.watch = watch  # times for people, beside the journal
        self.prober: Prober | None = prober(watch.cpu if watch else None)  # tells where a token looked
        self.stepped: Callable[[Machine], None] | None = None  # called after every tick by `step`: somebody looks on
        self.audit: AuditFile | None = None  # where decisions are written down
        self.labels = labels  # where labels of files outlive the machine
        self.past = past  # None: nothing was kept, one can't go back
        if past is not None:
            kernel.diary = past.rewind.diary

    @staticmethod
    def boot(**options: Any) -> Machine:
        """Load a model, compile, mount devices; see `options.Options` for the names. Blocks for seconds."""
        from .boot import boot
        from .options import Options

        return boot(Options(**options))

    def step(self) -> list[Event]:
        """One tick; its events."""
        self.kernel.step()
        if self.audit is not None and self.kernel.guard.chain.fresh:
            self.audit.append(line[65:] for line in self.kernel.guard.chain.take())
        if self.labels is not None:
            self.labels.keep(self.kernel.guard.disk)
        if self.stepped is not None:
            self.stepped(self)
        return self.kernel.take_events()

    def events(self, until: Callable[[], bool] = lambda: False) -> Iterator[list[Event]]:
        """Step as fast as it goes, a list of events per tick, until it halts or `until` is true; waits for the world."""
        while not self.kernel.halted and not until():
            events = self.step()
            if events:
                yield events
            elif self.kernel.idle:
                self.world.wait(1.0)

    def run(self) -> list[Event]:
        """All events until the machine halts or waits for a person."""
        return [e for events in self.events(self.waits) for e in events]

    def waits(self) -> bool:
        """Idle, and no device is at work: only a person can make it go on."""
        return self.kernel.idle and not self.kernel.requests.table and self.world.quiet

    def snapshot(self, selected: int = 0) -> Snapshot:
        return snapshot(self.kernel, selected)

    def type(self, line: str) -> None:
        self.world.type(line)

    def command(self, verb: str, *args: Any) -> None:
        self.world.command(verb, *args)

    @property
    def journal(self) -> str:
        return str(self._writer.path) if self._writer else ""

    def flush(self) -> None:
        if self._writer:
            self._writer.flush()

    def close(self) -> None:
        """End the journal; devices still at work are told to stop."""
        self.world.close()
        if self._recorder and self._writer:
            self._recorder.close()
            self._writer.close()
