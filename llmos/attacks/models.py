"""Which CPU an attack is run on: the obeying one, or a real model.

Knows: names. Does not know: scenarios.
"""

from __future__ import annotations

from llmos_kernel.cpu import Cpu
from llmos_kernel.ports import Codec

from .lab import Machine, obeying


def machine_of(name: str) -> Machine:
    """A model is loaded and compiled once and used for every run. Raises LlmosError."""
    if name == "obeying":
        return obeying
    from llmos.boot import Options, build_engine, codec_of, load_model

    model = load_model(name)
    engine = build_engine(model, Options(model=name, lanes=1, frames=65))
    codec = codec_of(model)

    def machine(call: str) -> tuple[Cpu, Codec]:
        return engine, codec

    return machine
