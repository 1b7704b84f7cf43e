"""The shape of one Llama-family model, and where its tensors go.

Knows: sizes and the canonical names of parameters. Does not know: file formats (`loaders`), arithmetic (`model.py`,
`exact8.py`) or the KV pool. No JAX here, so that `llmos models` and `llmos doctor` stay quick.

Canonical parameters, all NumPy arrays until an engine places them, matrices as [out, in]:

    embed [vocab, dim]   norm [dim]   head [vocab, dim] (absent when tied to embed)
    layers: a list of dicts
        attn_norm [dim]  q [heads*head_dim, dim]  k, v [kv_heads*head_dim, dim]  o [dim, heads*head_dim]
        mlp_norm [dim]   gate, up [hidden, dim]   down [dim, hidden]
        q_bias, k_bias, v_bias (Qwen2)   q_norm, k_norm [head_dim] (Qwen3)

Rotary embedding is the half-split form everywhere (element i is rotated with element i + head_dim/2); a loader whose
file interleaves pairs (GGUF "llama", llama2.c) permutes the rows of q and k once, when it loads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

Params = dict[str, Any]


class Tokenizer(Protocol):
    """Text to ids and back. `encode` never emits a control id, whatever the text says."""

    vocab: int
    bos: int | None
    adds_bos: bool  # does a raw document start with BOS?
    ends: tuple[int, ...]  # ids that end a turn or document
    control: dict[str, int]  # every special token: its written form -> id
    chat_template: str | None  # Jinja source from the model file
    leading_space: bool  # sentencepiece dummy prefix: the decoded document begins with a space to be dropped

    def encode(self, text: str) -> list[int]: ...

    def piece(self, token: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class ModelConfig:
    arch: str  # "llama" | "qwen2" | "qwen3"
    vocab: int
    dim: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    context: int  # longest context the model was trained for, in tokens
    rope_theta: float = 10_000.0
    norm_eps: float = 1e-5
    tied: bool = True  # output matrix is the embedding
    rope_scaling: tuple[tuple[str, float], ...] = ()  # llama3-style factors, sorted by name; () = none

    def __post_init__(self) -> None:
        sizes = (self.vocab, self.dim, self.layers, self.heads, self.kv_heads, self.head_dim, self.hidden, self.context)
        if min(sizes) < 1 or self.heads % self.kv_heads or self.head_dim % 2:
            raise ValueError(f"impossible model shape: {self}")


@dataclass(frozen=True)
class Model:
    """A loaded model: two files in one value. `sha256` is of the weights file (or of the files' hashes).

    A loader gives a function in place of the parameters. It is called when somebody first asks for `params`; an engine whose
    own form of them is kept on disk never does.
    """

    name: str
    config: ModelConfig
    parameters: Params | Callable[[], Params]
    tokenizer: Tokenizer
    sha256: str
    source: str  # path
    note: str = ""  # one honest line for people, such as "no tokenizer.bin beside it: bytes only"

    @cached_property
    def params(self) -> Params:
        """The canonical parameters. Blocks for seconds the first time; ModelFileError when the file turns out to be bad."""
        return self.parameters() if callable(self.parameters) else self.parameters
