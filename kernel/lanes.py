"""The lanes: which process has which core, who waits for one, and when it has to give it back.

Knows: lanes, the policy, the states READY and RUNNING. Does not know: what a process runs there. Everything here is told
to the policy (`sched/policy.py`), and every decision is the policy's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .process import Process, State, Thought
from .sched import Job, Own, Policy, by_name

if TYPE_CHECKING:
    from .kernel import Kernel


def schedule(kernel: Kernel) -> None:
    """Take lanes from those whose turn is over, and give the free ones out."""
    policy = kernel.policy
    policy.advance(kernel.tick)
    for lane, process in enumerate(kernel.lanes):
        if process is not None:
            if not policy.yields(process.pid):
                continue
            if not policy.waiting():  # nobody wants the lane: its next turn begins
                policy.requeue(process.pid)
                policy.pick()
                continue
            preempt(kernel, process)
        pid = policy.pick()
        if pid:
            _dispatch(kernel, lane, kernel.processes[pid])


def _dispatch(kernel: Kernel, lane: int, process: Process) -> None:
    process.move(State.RUNNING)
    process.lane = lane
    process.account.waited += kernel.tick - process.account.since
    if process.account.first < 0:
        process.account.first = kernel.tick
    kernel.lanes[lane] = process
    kernel.switches += 1
    kernel.emit("switch", process.pid, lane)


def ready(kernel: Kernel, process: Process, stopped: bool = True) -> None:
    """New or woken: it wants a lane. One that is stopped wants it when it is continued (`stopped` False)."""
    if stopped and process.state is State.STOPPED:
        process.then = State.READY
        return
    process.move(State.READY)
    process.account.since = kernel.tick
    kernel.policy.add(_job(process))


def preempt(kernel: Kernel, process: Process) -> None:
    """Its lane is taken; it still wants one."""
    leave(kernel, process)
    process.move(State.READY)
    process.account.since = kernel.tick
    kernel.policy.requeue(process.pid)


def leave(kernel: Kernel, process: Process) -> None:
    """Off its lane, if it has one."""
    if process.lane >= 0:
        kernel.lanes[process.lane] = None
        process.lane = -1


def renice(kernel: Kernel, process: Process, priority: int) -> None:
    """Its share and rank from now on."""
    process.priority = priority
    if process.state is State.READY:
        kernel.policy.remove(process.pid)
        kernel.policy.add(_job(process))
    elif process.state is State.RUNNING:
        kernel.policy.change(_job(process))


def policy_by_name(kernel: Kernel, name: str) -> Policy:
    """A fresh policy; "own" is the person's, if they brought one. Raises ValueError."""
    if name == "own" and kernel.choose is not None:
        return Own(kernel.config.quantum, kernel.choose)
    return by_name(name, kernel.config.quantum)


def change_policy(kernel: Kernel, policy: Policy) -> None:
    """From now on `policy` decides. It gets the running processes on their lanes, then the waiting by number."""
    kernel.policy = policy
    policy.advance(kernel.tick)
    for process in kernel.lanes:
        if process is not None:
            policy.add(_job(process))
            policy.pick()
    for process in kernel.processes.values():
        if process.state is State.READY:
            policy.add(_job(process))


def _job(process: Process) -> Job:
    """What the policy may know: how many tokens it may still sample, and its priority, which is also its share."""
    thought: Thought = process.thought  # type: ignore[assignment]  # whoever wants a lane thinks
    left = thought.limit - (process.account.decoded - thought.began)
    return Job(process.pid, left, process.priority, 100 * process.priority)
