"""Calls that wait for the person, as a screen may know them.

Knows: the guard's open questions. Does not know: how they are drawn, who answers.
"""

from __future__ import annotations

from llmos_kernel import guard, rights
from llmos_kernel.effects import effect_of
from llmos_kernel.kernel import Kernel
from llmos_kernel.labels import Ring

from .callsteps import label
from .status import Question


def questions(kernel: Kernel) -> tuple[Question, ...]:
    """What the kernel asks, oldest first."""
    return tuple(_question(kernel, held) for held in kernel.guard.questions.values())


def _question(kernel: Kernel, held: guard.Question) -> Question:
    process, act = kernel.processes[held.pid], held.act
    effect = effect_of(act.device, act.args, rights.specs(process.rights))
    return Question(
        held.number,
        held.pid,
        process.program,
        act.by,
        act.device,
        str(act.args),
        effect.kind,
        (*effect.to, *("/".join(path) for path, _ in effect.touches)),
        Ring(act.label.ring).name,
        label(act.label),
        held.decision.rule,
        held.decision.why,
    )
