"""The kernel: a deterministic state machine. `step()` is one tick: six phases, in the order of the book.

Knows: the state of the whole machine. Does not know: JAX, text encodings, clocks, files; these come through the ports
`cpu`, `codec` and `world` as plain values, so that a journal of them replays the machine exactly. Nothing here reads a
clock, draws a random number or iterates over a set. Each phase is a file: `panel.py`, `lanes.py`, `residency.py`,
`retire.py` with `thinking.py`, `drive.py` with `calls.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop
from typing import Any

from . import deadlock, dialects, drive, guard, integrity, lanes, life, panel, residency, retire
from .channels import Console, Requests
from .config import Config
from .cpu import Burst, Cpu, Retired
from .labels import Label, Ring
from .limits import DEADLOCK_EVERY, KEEP_TIMELINE
from .mail import Box
from .memory import AddressSpace, Memory
from .pipes import Pipe
from .ports import Codec, Event, Grammar, NoStore, PageStore, World
from .process import Process
from .sched import Choose, Policy
from .segments import Segment
from .swap import Costs

Program = Callable[..., Coroutine[Any, Any, Any]]
PHASES = ("deliver", "schedule", "resident", "run", "retire", "traps")


@dataclass(slots=True)
class Work:
    """What the phases of one tick hand to each other: the lanes' processes and their bursts."""

    processes: list[Process] = field(default_factory=list)
    bursts: list[Burst] = field(default_factory=list)
    copies: list[tuple[int, int]] = field(default_factory=list)
    retired: Sequence[Retired] = ()

    def clear(self) -> None:
        self.processes, self.bursts, self.copies, self.retired = [], [], [], ()


class Kernel:
    """Sole owner of all kernel state. Not thread-safe: one thread steps it."""

    def __init__(
        self,
        config: Config,
        programs: Mapping[str, Program],
        cpu: Cpu,
        codec: Codec,
        world: World,
        policy: Policy | None = None,
        choose: Choose | None = None,
        grammar: Grammar | None = None,
        store: PageStore | None = None,
    ) -> None:
        self.config, self.programs = config, programs
        self.cpu, self.codec, self.world = cpu, codec, world
        self.store: PageStore = store or NoStore()
        self.choose = choose  # the person's own policy, a port like the others: its choices are in the journal
        self.grammar = grammar  # masks for calls; a replay needs none
        self.policy = policy or lanes.policy_by_name(self, config.policy)
        self._settle()
        self._begin_empty()
        life.create(self, 0, config.init, config.args, config.seed, None, Ring.SYSTEM)

    def _settle(self) -> None:
        """What follows from the CPU, the codec and the settings."""
        config, codec, geometry = self.config, self.codec, self.cpu.geometry
        self.geometry = geometry
        self.memory = Memory(geometry.frames, geometry.page, config.slots)
        self.capacity = geometry.page * min(geometry.max_pages, self.memory.total)
        self.costs = Costs(*config.costs)
        self.dialect = dialects.by_name(config.dialect, codec)
        self.ends = codec.ends
        self.trap = codec.marks[0] if codec.marks else -1  # the id that opens a call
        self.wakes = (*codec.ends, *codec.marks[:2])
        self.mute = (*codec.never, *codec.marks[:2])  # ids that who may call no device never samples
        self.never = codec.never if self.dialect.name == "llmos" else self.mute  # ... and who may
        self.guard = guard.build(config.rights, config.disk, config.off)
        self.victims = config.victims  # who loses its frames when they are short: a name in `victims.VICTIMS`
        self.devices = config.devices  # mounted now; those of MCP servers come and go

    def _begin_empty(self) -> None:
        """The tables of a machine on which nothing has happened."""
        self.tick = 0
        self.phase = 0
        self.processes: dict[int, Process] = {}
        self.next_pid = 1
        self.lanes: list[Process | None] = [None] * self.geometry.lanes
        self.woken: deque[Process] = deque()
        self.sleepers: list[tuple[int, int]] = []  # (tick, pid), a heap
        self.console = Console()
        self.requests = Requests()
        self.pipes: dict[int, Pipe] = {}
        self.next_pipe = 0
        self.mail: dict[int, Box] = {}
        self.segments: dict[str, Segment] = {}  # shared memory, by name
        self.groups: dict[int, int] = {}  # job -> its living processes
        self.stuck: tuple[int, ...] = ()  # the last deadlock reported
        self.words: dict[int, tuple[bytes, str]] = {}  # what each id seen so far says: (bytes, name if control)
        self.events: list[Event] = []
        self.timeline: list[deque[int]] = [deque(maxlen=KEEP_TIMELINE) for _ in self.lanes]
        self.work = Work()
        self.next_prefill = 0  # the lane that may prefill next
        self.earned = 0  # by those who decode, towards the next chunk that is read beside them
        self.weight = 0  # of a chunk, in thousandths of a tick without one, as it was measured; 0 = not yet
        self.lives = 0  # of programs, so far
        self.diary: dict[int, list[tuple[Any, Any, int]]] | None = None  # life -> what its program was given, if kept
        self.evictions = self.switches = 0
        self.swapped_out = self.swapped_in = 0  # pages
        self.decoded = self.prefilled = 0  # tokens

    # -- the machine's clock ----------------------------------------------------------------------------------------

    def step(self) -> None:
        """Run to the end of the current tick."""
        if self.phase:
            while self.phase:
                self.step_phase()
            return
        self._deliver_interrupts()
        lanes.schedule(self)
        residency.make_resident(self)
        self._run_cpu()
        retire.retire_tokens(self)
        self._serve_traps()
        self.tick += 1

    def step_phase(self) -> None:
        """Run one of the six phases; the machine can stop between any two."""
        phases: tuple[Callable[[Kernel], None], ...] = (
            Kernel._deliver_interrupts,
            lanes.schedule,
            residency.make_resident,
            Kernel._run_cpu,
            retire.retire_tokens,
            Kernel._serve_traps,
        )
        phases[self.phase](self)
        self.phase = (self.phase + 1) % len(PHASES)
        if self.phase == 0:
            self.tick += 1

    def _deliver_interrupts(self) -> None:
        for delivery in self.world.poll():
            panel.deliver(self, delivery)
        while self.sleepers and self.sleepers[0][0] <= self.tick:
            due, pid = heappop(self.sleepers)
            process = self.processes.get(pid)
            if process is not None:
                life.alarm(self, process, due)

    def _run_cpu(self) -> None:
        work = self.work
        if work.copies:
            self.flush_copies()
        if self.memory.stale:
            self.wipe()
        if work.bursts:
            work.retired = self.cpu.run(work.bursts)

    def _serve_traps(self) -> None:
        if self.woken:
            drive.serve_traps(self)
        if self.tick % DEADLOCK_EVERY == 0 or self.idle:
            deadlock.look(self)
        if self.memory.stale:
            self.wipe()

    # -- looking ----------------------------------------------------------------------------------------------------

    @property
    def halted(self) -> bool:
        return 1 not in self.processes

    @property
    def idle(self) -> bool:
        """Nothing can happen before something is delivered from outside."""
        return not (any(self.lanes) or self.woken or self.sleepers or self.policy.waiting())

    def foreground(self) -> Process | None:
        """Whom the console speaks with."""
        return panel.foreground(self)

    def check_integrity(self) -> None:
        """The laws of the machine, between two ticks. AssertionError names the one that is broken."""
        integrity.check(self)

    # -- what the phases and handlers use ---------------------------------------------------------------------------

    def emit(self, kind: str, pid: int, *data: Any) -> None:
        self.events.append((self.tick, kind, pid, *data))

    def flush_copies(self) -> None:
        """Copy-on-write copies of this tick happen before their frames may be saved, loaded or given away."""
        if self.work.copies:
            self.cpu.copy(self.work.copies)
            self.work.copies = []

    def wipe(self) -> None:
        """What a frame's last owner left is gone before somebody else runs on it, and when the tick is over."""
        self.flush_copies()
        self.cpu.wipe(sorted(self.memory.stale))
        self.memory.stale.clear()

    def take_events(self) -> list[Event]:
        """The events since the last taking."""
        taken, self.events = self.events, []
        return taken

    def learn(self, ids: Iterable[int]) -> None:
        """Ask the codec once what an id says; the screen and the replay read it from here."""
        for token in ids:
            if token not in self.words:
                self.words[token] = (self.codec.piece(token), self.codec.name(token))

    def append(self, space: AddressSpace, ids: Sequence[int], label: Label, who: str) -> None:
        """Fed tokens: control ids are the kernel's own, the others the author's."""
        self.learn(ids)
        before = len(space.tokens)
        space.append(ids, label, who)
        for i, token in enumerate(ids, before):
            if self.words[token][1]:
                space.who[i] = ord("K")


__all__ = ["PHASES", "Config", "Kernel", "Program", "Work"]
