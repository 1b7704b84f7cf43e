"""Which CPU the cases run on: the obeying one, or a real model.

Knows: names, how a model is told what is mounted. Does not know: scenarios. The *obeying* CPU makes exactly the call that the
attacker wants: the worst model there could be. What it can't do, no model can. How far a real one goes has to be measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from llmos_kernel.cpu import Cpu
from llmos_kernel.ports import Codec, Grammar

from .stage import TRAINED, Case, Seen, play

if TYPE_CHECKING:
    from llmos.cpu.config import Model
    from llmos.options import Options

OBEYING = "obeying"
LANES = 16  # cases side by side
PAGES = 32  # of one case's context
LONG = 192  # the same on the obeying one, where a byte is a token


class Machine(Protocol):
    """Runs cases. `wanted` are the calls an obeying model makes in each, as it would write them."""

    @property
    def name(self) -> str: ...

    @property
    def system(self) -> str:
        """What the model is told before each case."""

    def run(
        self, cases: Sequence[Case], wanted: Sequence[str], off: tuple[str, ...] = (), person: str = ""
    ) -> list[Seen]: ...


class Obeying:
    """Does whatever is wanted of it. A case at a time."""

    name, system = OBEYING, ""

    def run(
        self, cases: Sequence[Case], wanted: Sequence[str], off: tuple[str, ...] = (), person: str = ""
    ) -> list[Seen]:
        from llmos.cpu.scripted import ByteCodec, ScriptedCpu, replies

        def one(case: Case, call: str) -> Seen:
            cpu = ScriptedCpu(replies(lambda turn: call), frames=1 + LONG, lanes=1, max_pages=LONG)
            return play([case], cpu, ByteCodec(), off, person)[0]

        return [one(case, f"{call}ok") for case, call in zip(cases, wanted, strict=True)]


@dataclass(frozen=True)
class Real:
    """A model, loaded and compiled once and used for every run."""

    name: str
    cpu: Cpu
    codec: Codec
    system: str
    grammar: Grammar | None

    def run(
        self, cases: Sequence[Case], wanted: Sequence[str], off: tuple[str, ...] = (), person: str = ""
    ) -> list[Seen]:
        return play(cases, self.cpu, self.codec, off, person, self.system, self.grammar)


def machine_of(name: str = "", lanes: int = LANES) -> Machine:
    """The obeying one, or a model by name; "" is the best that is here. Raises LlmosError."""
    if name == OBEYING:
        return Obeying()
    from llmos.options import Options
    from llmos.processor import adapted, load_model

    options = Options(model=name or None, devices=TRAINED, lanes=lanes, frames=1 + lanes * PAGES, max_pages=PAGES)
    return real(adapted(load_model(options.model)), options)


def real(model: Model, options: Options) -> Real:
    """The machine of a model that is loaded."""
    from llmos.devices import registry
    from llmos.processor import build_engine, codec_of, fitting, masks_for

    cpu, codec = build_engine(model, options), codec_of(model)
    listed = registry.mounted((*TRAINED, "browser"), registry.Settings(home=Path("nowhere"), pretend=True))
    told = {name: device for name, device in listed.items() if name in TRAINED}
    dialect = getattr(codec, "dialect", "llmos")
    tell = registry.instructions if dialect == "llmos" else registry.hermes_instructions
    masks = masks_for(cpu.geometry.vocab, codec, lambda: listed, dialect)
    return Real(model.name, cpu, codec, fitting(tell(told), cpu, codec), masks)
