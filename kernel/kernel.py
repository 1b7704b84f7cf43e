"""The kernel: a deterministic state machine. `step()` is one tick: six phases, in the order of the book.

Knows: processes, lanes, frames, calls. Does not know: JAX, text encodings, clocks, files; these come through the ports
`cpu`, `codec` and `world` as plain values, so that a journal of them replays the machine exactly. Nothing here reads a
clock, draws a random number or iterates over a set. Read next: `thinking.py` (what tokens mean), `calls.py`, `memory.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from . import thinking
from .calls import LATER, serve
from .channels import Console, Requests
from .cpu import Burst, Cause, Cpu, Retired
from .errors import BadCall, Interrupted, KernelError, LimitReached, NoSuchProgram, OutOfMemory
from .labels import Label, Ring
from .limits import KEEP_TIMELINE, MAX_CALLS_A_TICK, MAX_PROCESSES, QUANTUM
from .memory import AddressSpace, Memory, NoFrames
from .ports import Codec, Delivery, Event, World
from .process import Process, State, Thought
from .sched import Job, Policy, by_name
from .syscall import Call

Program = Callable[..., Coroutine[Any, Any, Any]]
PHASES = ("deliver", "schedule", "resident", "run", "retire", "traps")


@dataclass(frozen=True, slots=True)
class Config:
    """What a machine is booted with; part of the journal's header."""

    init: str = "init"
    args: tuple[Any, ...] = ()
    seed: int = 0
    quantum: int = QUANTUM
    policy: str = "rr"  # a name in `sched.POLICIES`
    devices: tuple[str, ...] = ()  # names mounted, in order


@dataclass(slots=True)
class Work:
    """What the phases of one tick hand to each other: the lanes' processes and their bursts."""

    processes: list[Process] = field(default_factory=list)
    bursts: list[Burst] = field(default_factory=list)
    copies: list[tuple[int, int]] = field(default_factory=list)
    retired: Sequence[Retired] = ()


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
    ) -> None:
        self.config, self.programs = config, programs
        self.cpu, self.codec, self.world = cpu, codec, world
        self.geometry = cpu.geometry
        self.policy = policy or by_name(config.policy, config.quantum)
        self.memory = Memory(self.geometry.frames, self.geometry.page)
        self.capacity = self.geometry.page * min(self.geometry.max_pages, self.memory.total)
        self.ends = codec.ends
        self.trap, self.go = codec.marks[:2] if codec.marks else (-1, -1)
        self.wakes = (*codec.ends, *codec.marks[:2])
        self.sampleable = _all_but(codec.never, self.geometry.vocab)

        self.tick = 0
        self.phase = 0
        self.processes: dict[int, Process] = {}
        self.lanes: list[Process | None] = [None] * self.geometry.lanes
        self.woken: deque[Process] = deque()
        self.sleepers: list[tuple[int, int]] = []  # (tick, pid), a heap
        self.console = Console()
        self.requests = Requests()
        self.words: dict[int, tuple[bytes, str]] = {}  # what each id seen so far says: (bytes, name if control)
        self.events: list[Event] = []
        self.timeline: list[deque[int]] = [deque(maxlen=KEEP_TIMELINE) for _ in self.lanes]
        self.work = Work()
        self.next_pid = 1
        self.next_prefill = 0  # the lane that may prefill next
        self.evictions = 0
        self.switches = 0
        self.decoded = 0
        self.prefilled = 0
        self.create(0, config.init, config.args, config.seed, None, Ring.SYSTEM)

    # -- the machine's clock ----------------------------------------------------------------------------------------

    def step(self) -> None:
        """Run to the end of the current tick."""
        while self.phase:
            self.step_phase()
        self._deliver_interrupts()
        self._schedule()
        self._make_resident()
        self._run_cpu()
        self._retire_tokens()
        self._serve_traps()
        self.tick += 1

    def step_phase(self) -> None:
        """Run one of the six phases; the machine can stop between any two."""
        (
            self._deliver_interrupts,
            self._schedule,
            self._make_resident,
            self._run_cpu,
            self._retire_tokens,
            self._serve_traps,
        )[self.phase]()
        self.phase = (self.phase + 1) % len(PHASES)
        if self.phase == 0:
            self.tick += 1

    @property
    def halted(self) -> bool:
        return 1 not in self.processes

    @property
    def idle(self) -> bool:
        """Nothing can happen before something is delivered from outside."""
        return not (self.woken or self.sleepers or self.policy.waiting() or any(self.lanes))

    # -- the six phases ---------------------------------------------------------------------------------------------

    def _deliver_interrupts(self) -> None:
        for delivery in self.world.poll():
            self._deliver(delivery)
        while self.sleepers and self.sleepers[0][0] <= self.tick:
            due, pid = heappop(self.sleepers)
            process = self.processes.get(pid)
            if process and process.state is State.BLOCKED and process.why == f"sleep until {due}":
                self.wake(process, None)

    def _schedule(self) -> None:
        policy = self.policy
        policy.advance(self.tick)
        for lane, process in enumerate(self.lanes):
            if process is not None:
                if not policy.yields(process.pid):
                    continue
                if not policy.waiting():  # nobody wants the lane: its next turn begins
                    policy.requeue(process.pid)
                    policy.pick()
                    continue
                self.preempt(process)
            pid = policy.pick()
            if pid:
                self._dispatch(lane, self.processes[pid])

    def _dispatch(self, lane: int, process: Process) -> None:
        process.move(State.RUNNING)
        process.lane = lane
        process.account.waited += self.tick - process.account.since
        self.lanes[lane] = process
        self.switches += 1
        self.emit("switch", process.pid, lane)

    def _make_resident(self) -> None:
        work = self.work = Work()
        prefilling = self._choose_prefill()
        for lane, process in enumerate(self.lanes):
            if process is None or (process.feed_left > 1 and lane != prefilling):
                continue
            burst = self._burst(process)
            if burst is not None:
                work.processes.append(process)
                work.bursts.append(burst)

    def _choose_prefill(self) -> int:
        """At most one lane prefills in a tick: the lanes take turns, so that a long prompt starves nobody."""
        count = len(self.lanes)
        for i in range(count):
            lane = (self.next_prefill + i) % count
            process = self.lanes[lane]
            if process is not None and process.feed_left > 1:
                if not process.space.frames and (saved := self.memory.adopt(process.space)):
                    self.emit("share", process.pid, saved)
                self.next_prefill = (lane + 1) % count
                return lane
        return -1

    def _burst(self, process: Process) -> Burst | None:
        """This tick's work of a process, with its pages made private and present; None if it has to wait for frames."""
        space = process.space
        if len(space.tokens) > self.capacity:
            thinking.finish(self, process, "full")
            return None
        thought: Thought = process.thought  # type: ignore[assignment]  # a process on a lane thinks
        pos = space.resident
        feed = tuple(space.tokens[pos : pos + self.geometry.chunk])
        while True:
            try:
                copies = self.memory.reserve(space, len(feed))
                break
            except NoFrames as lack:
                if not self._make_room(process, lack.needed):
                    return None
        if copies:
            self.work.copies += copies
            self.emit("cow", process.pid, *copies[0])
        last = pos + len(feed) == len(space.tokens)
        return Burst(
            space.frames,
            space.starts,
            pos,
            feed,
            int(last),
            self.wakes,
            thought.seed,
            thought.temperature,
            thought.min_p,
            self.sampleable if last and thought.traps else None,
        )

    def _make_room(self, process: Process, needed: int) -> bool:
        """Evict whole processes, least recently run first, until `needed` more frames are there. Their tokens stay."""
        victims = [
            p for p in self.processes.values() if p.space.frames and p is not process and p not in self.work.processes
        ]
        if not victims:
            if not self.work.processes:
                thinking.abandon(
                    self, process, OutOfMemory(f"{process.program} needs more than {self.memory.total} frames")
                )
            return False
        victims.sort(key=lambda p: (p.lane >= 0, p.account.last, p.pid))
        for victim in victims:
            if self.memory.available() >= needed:
                break
            if victim.lane >= 0:
                self.preempt(victim)
            self.emit("evict", victim.pid, len(victim.space.frames), process.pid)
            self.memory.drop(victim.space)
            self.evictions += 1
        return True

    def _run_cpu(self) -> None:
        if self.work.copies:
            self.cpu.copy(self.work.copies)
        if self.work.bursts:
            self.work.retired = self.cpu.run(self.work.bursts)

    def _retire_tokens(self) -> None:
        work = self.work
        for process, burst, retired in zip(work.processes, work.bursts, work.retired, strict=True):
            self._retire(process, burst, retired)
        for line, running in zip(self.timeline, self.lanes, strict=True):
            line.append(running.pid if running else 0)

    def _retire(self, process: Process, burst: Burst, retired: Retired) -> None:
        space, account = process.space, process.account
        full = space.resident // self.geometry.page
        space.resident += retired.fed
        account.recomputed += max(0, min(space.resident, process.high) - burst.pos)
        process.high = max(process.high, space.resident)
        fresh = retired.fed if len(burst.feed) > 1 else 0
        account.prefilled += fresh
        self.prefilled += fresh
        self.decoded += len(retired.ids)
        account.ran += 1
        account.last = self.tick
        self.policy.charge(process.pid, len(retired.ids), fresh)
        process.mass, process.stop = retired.mass, Cause(retired.cause).name
        if space.resident // self.geometry.page > full:
            self.memory.publish(space)
        if retired.cause == Cause.MACHINE_CHECK:
            thinking.abandon(self, process, KernelError("machine check: the CPU produced no finite number"))
        thought = process.thought
        if retired.ids and thought is not None:
            account.decoded += len(retired.ids)
            if retired.top:
                process.top = retired.top[-1]
                self.learn(token for token, _ in process.top)
            self.learn(retired.ids)
            self.emit("retire", process.pid, retired.ids)
            for token in retired.ids:
                thinking.retire(self, process, thought, token)

    def _serve_traps(self) -> None:
        for _ in range(len(self.woken)):
            process = self.woken.popleft()
            if process.state is State.WOKEN:
                self._drive(process)

    def _drive(self, process: Process) -> None:
        """Let the program run until it blocks, ends, or has made its share of calls."""
        for _ in range(MAX_CALLS_A_TICK):
            result, error = process.result, process.error
            process.result = process.error = None
            try:
                call = process.coroutine.throw(error) if error else process.coroutine.send(result)
                if not isinstance(call, Call):
                    raise BadCall("a program may only await calls of ulib")
            except StopIteration as stop:
                self.end(process, stop.value if isinstance(stop.value, int) else 0, None)
                return
            except KernelError as e:
                self.end(process, e.status, None, f"{type(e).__name__}: {e}")
                return
            except Exception as e:  # a bug in a program ends that program, never the kernel
                self.end(process, 1, None, f"crashed: {type(e).__name__}: {e}")
                return
            try:
                process.result = serve(self, process, call.name, call.args)
            except KernelError as e:
                process.error = e
            if process.result is LATER:
                process.result = None
                return
        self.woken.append(process)

    # -- what handlers use ------------------------------------------------------------------------------------------

    def emit(self, kind: str, pid: int, *data: Any) -> None:
        self.events.append((self.tick, kind, pid, *data))

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

    def create(
        self, ppid: int, program: str, args: tuple[Any, ...], seed: int, space: AddressSpace | None, ring: Ring
    ) -> Process:
        """A new process; raises NoSuchProgram or LimitReached."""
        if program not in self.programs:
            raise NoSuchProgram(f"no program {program!r}; installed: {', '.join(self.programs)}")
        if len(self.processes) >= MAX_PROCESSES:
            raise LimitReached(f"{MAX_PROCESSES} processes exist already")
        try:
            coroutine = self.programs[program](*args)
        except TypeError as e:
            raise BadCall(str(e)) from None
        pid = self.next_pid
        self.next_pid += 1
        process = Process(pid, ppid, program, args, coroutine, space or AddressSpace(), seed, ring)
        process.account.born = self.tick
        process.high = process.space.resident
        self.processes[pid] = process
        self.emit("spawn", pid, ppid, program, args)
        process.move(State.WOKEN)
        self.woken.append(process)
        return process

    def wake(self, process: Process, result: Any) -> None:
        """The call a process waits for is done; its program goes on in the traps phase."""
        process.result = result
        process.move(State.WOKEN)
        self.woken.append(process)

    def fail(self, process: Process, error: KernelError) -> None:
        process.error = error
        self.wake(process, None)

    def ready(self, process: Process) -> None:
        """New or woken: it wants a lane."""
        process.move(State.READY)
        process.account.since = self.tick
        self.policy.add(self._job(process))

    def _job(self, process: Process) -> Job:
        """What the policy may know: how many tokens it may still sample, and its priority, which is also its share."""
        thought: Thought = process.thought  # type: ignore[assignment]  # whoever wants a lane thinks
        left = thought.limit - (process.account.decoded - thought.began)
        return Job(process.pid, left, process.priority, 100 * process.priority)

    def preempt(self, process: Process) -> None:
        self.leave_lane(process)
        process.move(State.READY)
        process.account.since = self.tick
        self.policy.requeue(process.pid)

    def change_policy(self, policy: Policy) -> None:
        """From now on `policy` decides. It gets the running processes on their lanes, then the waiting by number."""
        self.policy = policy
        policy.advance(self.tick)
        for process in self.lanes:
            if process is not None:
                policy.add(self._job(process))
                policy.pick()
        for process in self.processes.values():
            if process.state is State.READY:
                policy.add(self._job(process))

    def leave_lane(self, process: Process) -> None:
        if process.lane >= 0:
            self.lanes[process.lane] = None
            process.lane = -1

    def sleep(self, process: Process, ticks: int) -> None:
        due = self.tick + ticks
        process.move(State.BLOCKED, f"sleep until {due}")
        heappush(self.sleepers, (due, process.pid))

    def children(self, pid: int) -> list[Process]:
        return [p for p in self.processes.values() if p.ppid == pid]

    def end(self, process: Process, status: int, value: Any, why: str = "") -> None:
        """The process is over: everything it held goes back, its children go to init, its parent may be waiting."""
        if process.state is State.READY:
            self.policy.remove(process.pid)
        self.policy.forget(process.pid)
        self.leave_lane(process)
        self.console.forget(process.pid)
        self.requests.forget_all(process.pid)
        self.memory.drop(process.space)
        process.move(State.ZOMBIE, why or f"exit {status}")
        process.status, process.value, process.thought = status, value, None
        process.account.ended = self.tick
        process.coroutine.close()
        self.emit("exit", process.pid, status, value, why)
        for child in self.children(process.pid):
            child.ppid = 1
        self._tell_parent(process)

    def _tell_parent(self, process: Process) -> None:
        parent = self.processes.get(process.ppid)
        if parent is None or parent.state is State.ZOMBIE:
            if process.ppid in (0, 1):
                self.reap(process)
        elif parent.state is State.BLOCKED and parent.why in ("a child", f"child {process.pid}"):
            self.wake(parent, (process.pid, process.status))
            self.reap(process)

    def reap(self, process: Process) -> None:
        del self.processes[process.pid]

    # -- from outside -----------------------------------------------------------------------------------------------

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.kind == "line":
            self.console.type(self, str(delivery.data))
        elif delivery.kind == "eof":
            self.console.end(self)
        elif delivery.kind == "done":
            self.requests.done(self, int(delivery.target), delivery)
        elif delivery.kind == "command":
            self._command(delivery.target, delivery.data if isinstance(delivery.data, tuple) else ())

    def _command(self, verb: str, args: tuple[Any, ...]) -> None:
        """The person at the panel: spawn PROGRAM ARGS..., kill PID, policy NAME, interrupt."""
        try:
            if verb == "spawn":
                self.create(1, str(args[0]), args[1:], self.config.seed, None, Ring.USER)
            elif verb == "kill":
                self._kill(int(args[0]))
            elif verb == "policy":
                self.change_policy(by_name(str(args[0]), self.config.quantum))
                self.emit("policy", 0, self.policy.name)
            elif verb == "interrupt":
                self._interrupt(self.foreground())
        except (KernelError, ValueError, IndexError) as e:
            self.emit("refused", 0, f"{verb}: {e}")

    def _kill(self, pid: int) -> None:
        process = self.processes.get(pid)
        if process is None or process.state is State.ZOMBIE or pid == 1:
            raise BadCall(f"no process {pid} that can be killed")
        self.end(process, 143, None, "killed from the panel")

    def foreground(self) -> Process | None:
        """Whom the console speaks with: the last reader, or what the shell waits for."""
        if self.console.readers:
            return self.processes.get(self.console.readers[-1])
        process = self.processes.get(1)
        while process is not None:
            child = self._awaited(process)
            if child is None:
                return process
            process = child
        return None

    def _awaited(self, process: Process) -> Process | None:
        if process.state is not State.BLOCKED or not process.why.startswith(("child", "a child")):
            return None
        if process.why == "a child":
            living = [c for c in self.children(process.pid) if c.state is not State.ZOMBIE]
            return living[0] if living else None
        return self.processes.get(int(process.why.split()[1]))

    def _interrupt(self, process: Process | None) -> None:
        """Ctrl-C: the foreground program gets Interrupted at the call it is in; if it doesn't catch it, it ends."""
        if process is None or process.pid == 1 or process.state in (State.WOKEN, State.ZOMBIE):
            return
        self.emit("interrupt", process.pid)
        error = Interrupted("interrupted from the keyboard")
        if process.state is State.READY:
            self.policy.remove(process.pid)
        self.console.forget(process.pid)
        self.requests.forget_all(process.pid)
        process.pending.clear()
        process.thought = None
        self.leave_lane(process)
        self.fail(process, error)

    # -- invariants -------------------------------------------------------------------------------------------------

    def check_integrity(self) -> None:
        """The laws of the machine, between two ticks. AssertionError names the one that is broken."""
        self.memory.check(p.space for p in self.processes.values())
        on_lanes = [p for p in self.lanes if p is not None]
        for lane, process in enumerate(self.lanes):
            assert process is None or (process.lane == lane and process.state is State.RUNNING), "a lane out of step"
        for p in self.processes.values():
            assert (p.state is State.RUNNING) == (p in on_lanes), f"pid {p.pid} is {p.state} off its lane"
            assert (p.state in (State.READY, State.RUNNING)) <= (p.thought is not None), (
                f"pid {p.pid} runs without a thought"
            )
            assert p.state is not State.ZOMBIE or not p.space.frames, f"zombie {p.pid} holds frames"
            assert p.state is not State.WOKEN or p in self.woken, f"pid {p.pid} woken but not queued"
        ready = sum(p.state is State.READY for p in self.processes.values())
        assert ready == self.policy.waiting(), "the ready queue and the states differ"


def _all_but(never: Sequence[int], vocab: int) -> bytes | None:
    """A mask of allowed ids, bit i for id i: RESULT and DONE are the kernel's to write, not the model's."""
    if not never:
        return None
    mask = bytearray(b"\xff" * -(-vocab // 8))
    for token in never:
        mask[token // 8] &= ~(1 << token % 8)
    return bytes(mask)
