"""A random walk over the whole kernel: processes that fork, pipe, mail, share, exec, think and sleep, and a person who sends
signals, changes policies and priorities. The laws are checked after every single step; STEPS of them are run."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos_kernel.errors import KernelError
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Delivery
from llmos_kernel.process import State
from llmos_kernel.sched import POLICIES
from llmos_kernel.syscall import trap
from llmos_kernel.victims import VICTIMS

from .worlds import Panel  # noqa: TID251

STEPS = 200_000
MOST_ALIVE = 14  # the walk starts no more, so that a step stays cheap
walked = [0]


async def init() -> int:
    while True:
        try:
            await trap("wait")
        except KernelError:
            await trap("sleep", 5)


async def actor(*script: tuple[Any, ...]) -> int:
    """Does what its script says; whatever goes wrong, it goes on."""
    for verb, *args in script:
        try:
            await act(verb, *args)
        except KernelError:
            continue
    return len(script)


async def act(verb: str, *args: Any) -> None:
    if verb == "think":
        await trap("think", (("user", "abc"),), args[0], 900, 0, args[0], 0, 0, 0)
    elif verb == "pipe":
        r, w = await trap("pipe")
        await trap("start", "writer", (args[0],), ((1, w),))
        await trap("close", w)
        while True:
            await trap("read", r)
    elif verb == "mail":
        await trap("send", args[0], "hello")
    elif verb == "recv":
        await trap("recv")
    elif verb == "fork":
        await trap("fork", "actor", ("think", args[0]))
    elif verb == "exec":
        await trap("exec", "actor", ("sleep", args[0]))
    elif verb == "catch":
        await trap("signal", "TERM", ("catch", "ignore", "default")[args[0] % 3])
    elif verb == "wait":
        await trap("wait")
    elif verb in ("share", "attach"):
        await trap(verb, f"segment {args[0] % 3}")
    else:
        await trap("sleep", args[0])


async def writer(lines: int) -> int:
    for n in range(lines):
        await trap("write", 1, "x" * (40 * n) + "\n")
    return 0


PROGRAMS: dict[str, Any] = {"init": init, "actor": actor, "writer": writer}
deeds = st.tuples(
    st.sampled_from(
        ["think", "think", "pipe", "mail", "recv", "fork", "exec", "catch", "wait", "sleep", "share", "attach"]
    ),
    st.integers(1, 40),
)
signals = st.sampled_from(["INT", "TERM", "KILL", "STOP", "CONT", "CONT"])


class Walk(RuleBasedStateMachine):
    @initialize(policy=st.sampled_from(sorted(POLICIES)), frames=st.integers(8, 40), lanes=st.integers(1, 3))
    def boot(self, policy: str, frames: int, lanes: int) -> None:
        self.panel = Panel()
        cpu = ScriptedCpu(frames=frames, lanes=lanes, max_pages=12)
        self.kernel = Kernel(Config(policy=policy, quantum=3), PROGRAMS, cpu, ByteCodec(), self.panel)

    @rule(script=st.lists(deeds, min_size=1, max_size=5))
    def spawn(self, script: list[tuple[Any, ...]]) -> None:
        if len(self.kernel.processes) < MOST_ALIVE:
            self._command("spawn", "actor", *script)
            self._run(9)

    @rule(signal=signals, which=st.integers(0, 40))
    def signal(self, signal: str, which: int) -> None:
        self._command("kill", self._pid(which), signal)
        self._run(7)

    @rule(which=st.integers(0, 40), level=st.integers(1, 20))
    def nice(self, which: int, level: int) -> None:
        self._command("nice", self._pid(which), level)
        self._run(5)

    @rule(policy=st.sampled_from(sorted(POLICIES)))
    def change_policy(self, policy: str) -> None:
        self._command("policy", policy)
        self._run(11)

    @rule(victims=st.sampled_from(sorted(VICTIMS)))
    def change_victims(self, victims: str) -> None:
        self._command("victims", victims)
        self._run(5)

    @rule(steps=st.integers(40, 160))
    def go_on(self, steps: int) -> None:
        self._run(steps)

    def _pid(self, which: int) -> int:
        pids = [pid for pid in self.kernel.processes if pid != 1]
        return pids[which % len(pids)] if pids else 99

    def _command(self, verb: str, *args: Any) -> None:
        self.panel.typed.append(Delivery("command", verb, args))

    def _run(self, steps: int) -> None:
        kernel = self.kernel
        for _ in range(steps):
            kernel.step()
            kernel.check_integrity()
        walked[0] += steps
        kernel.events.clear()

    def teardown(self) -> None:
        """In the end everybody can be got rid of, and nothing is left over."""
        if not hasattr(self, "kernel"):
            return
        for _ in range(40):
            for pid in [p.pid for p in self.kernel.processes.values() if p.pid != 1 and p.state is not State.ZOMBIE]:
                self._command("kill", pid, "KILL")
            self._run(8)
            if len(self.kernel.processes) == 1:
                break
        assert list(self.kernel.processes) == [1]
        assert not self.kernel.pipes
        assert not self.kernel.segments
        assert list(self.kernel.mail) in ([], [1])
        assert self.kernel.memory.available() == self.kernel.memory.total


def test_a_walk_of_many_steps_breaks_no_law() -> None:
    walked[0] = 0
    quiet = settings(
        max_examples=40, stateful_step_count=40, deadline=None, derandomize=False, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    while walked[0] < STEPS:
        run_state_machine_as_test(Walk, settings=quiet)
    assert walked[0] >= STEPS
