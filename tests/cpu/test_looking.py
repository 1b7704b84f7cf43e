"""Where a token looked, beside a plain NumPy forward pass of the same weights; and asking leaves no trace."""

from __future__ import annotations

import numpy as np
import pytest

from llmos.cpu.config import Model
from llmos.cpu.engine import Engine
from llmos_kernel.cpu import Burst

from .reference import Forward
from .small import PAGE, Context, engine, tiny

FRAMES = (7, 2, 9, 4)
PROMPT = [7 * i % 290 + 1 for i in range(39)]
NAMES = {"attn_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm"}
NAMES |= {n: f"self_attn.{n}_proj" for n in "qkvo"} | {n: f"self_attn.{n}" for n in ("q_norm", "k_norm")}
NAMES |= {n: f"mlp.{n}_proj" for n in ("gate", "up", "down")}


def plain(model: Model) -> Forward:
    c = model.config
    params = {"model.embed_tokens.weight": model.params["embed"], "model.norm.weight": model.params["norm"]}
    for i, layer in enumerate(model.params["layers"]):
        params |= {f"model.layers.{i}.{NAMES[name]}.weight": array for name, array in layer.items()}
    sizes = {"num_hidden_layers": c.layers, "num_attention_heads": c.heads, "num_key_value_heads": c.kv_heads}
    return Forward(params, {**sizes, "rope_theta": c.rope_theta, "rms_norm_eps": c.norm_eps})


def talked(cpu: Engine) -> Context:
    context = Context(cpu, PROMPT, FRAMES)
    context.prefill()
    context.run(12)
    return context


def asking(context: Context, position: int) -> Burst:
    return Burst(FRAMES, (0, 16, 32, 48), position, (context.ids[position],), 0)


@pytest.fixture(scope="module", params=["float32", "exact8"])
def cpu(request: pytest.FixtureRequest) -> Engine:
    return engine(request.param)


def test_shares_are_those_of_a_plain_forward_pass(cpu: Engine) -> None:
    reference, context = plain(tiny()), talked(cpu)
    for position, token in enumerate(context.ids[: context.fed]):
        reference.feed(token)
        if position in (0, 15, 16, 40, context.fed - 1):
            pages = range(0, position + 1, PAGE)
            wanted = [[[p[i : i + PAGE].sum() for i in pages] for p in heads] for heads in reference.looked]
            found = cpu.attention(asking(context, position))
            assert found.shape == (3, 4, len(FRAMES))
            np.testing.assert_allclose(
                found[..., : len(pages)], wanted, atol=1e-5 if cpu.geometry.mode == "float32" else 0.05
            )
            assert not found[..., len(pages) :].any()


def test_their_mean_is_what_a_burst_tells(cpu: Engine) -> None:
    context = talked(cpu)
    retired = cpu.run([context.burst(1, 1)])[0]
    mean = cpu.attention(asking(context, context.fed)).mean((0, 1)) * 65535
    np.testing.assert_allclose(mean, retired.mass, atol=40)


def test_asking_leaves_every_frame_and_every_later_token_as_it_was(cpu: Engine) -> None:
    context = talked(cpu)
    quiet = Context(cpu, context.ids, (11, 12, 13, 14))
    quiet.prefill()
    before = [cpu.save(frame) for frame in range(1, cpu.geometry.frames)]
    for position in (0, 20, context.fed - 1, context.fed):
        cpu.attention(asking(context, position))
    assert [cpu.save(frame) for frame in range(1, cpu.geometry.frames)] == before
    assert context.run(5) == quiet.run(5)
