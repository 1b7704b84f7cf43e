"""See it learn to call: right device, right arguments and false calls against the number of examples it was shown.

Knows: what is taught, to which model, how much, and how it is measured. Does not know: how a model is trained. nano, which
can call eight devices already, is taught two it never met, with all of its weights; a larger model (it has no calls at
all) is taught every device with a low-rank adapter, or with all of its weights where that is asked for. All points answer
the same requests, none of which is trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from llmos.errors import UsageError

NEW = {"send": 4, "spawn": 3, "talk": 4}
"""What nano is taught, and in which shares."""
COUNTS = (0, 10, 100, 1000)
ASKED, TIME = 120, 128  # requests to measure with; tokens in a row of training
PASSES, LEAST, MOST = 4, 20, 160  # times each example is seen, and bounds of the steps

Notify = Callable[[str], None]


class Tuning(NamedTuple):
    """What may be set otherwise than usual, to see what it does; None: as usual."""

    steps: int | None = None  # for every number of examples
    rate: float | None = None
    rank: int | None = None  # these two: of an adapter
    first: int | None = None  # its first layer
    whole: bool | None = None  # all weights of a larger model, no adapter


USUAL = Tuning()


class Taught(NamedTuple):
    """A model as the lab sees it: its form, its shares of kinds, and how to teach it so many examples."""

    form: Any
    config: Any
    shares: dict[str, int]
    params: Any
    teach: Callable[[int, int], Any]  # (examples, seed) -> parameters


def run_traps(
    model: str | None = None,
    counts: Sequence[int] = COUNTS,
    asked: int = ASKED,
    seed: int = 0,
    notify: Notify = print,
    tuning: Tuning = USUAL,
) -> dict[str, Any]:
    """{"model", "asked", "tuning", "points": [{"start", "examples", "device", "args", "false"}]}.

    A share is [hits, of, low, high]; "tuning" is what was set otherwise than usual.
    Starts: "base" (the request as a document, no chat form), "instructed" (as it came), "tuned" (on so many examples).
    Raises UsageError for an adapter's shape where all weights are taught.
    """
    from llmos.train import trapdata

    whole = model in (None, "nano") or tuning.whole
    taught = _whole(model, tuning) if whole else _large(str(model), tuning)
    items = trapdata.requests(seed + 1, asked, kept_out=True, shares=taught.shares)
    points = [{"start": "base", "examples": 0, **_as_document(taught, items)}]
    for count in counts:
        notify(f"{count:,} examples")
        params = taught.teach(count, seed) if count else taught.params
        points.append(
            {"start": "tuned" if count else "instructed", "examples": count, **_measured(taught, params, items)}
        )
    set_by_hand = {name: value for name, value in tuning._asdict().items() if value is not None}
    return {"model": model or "nano", "asked": len(items), "tuning": set_by_hand, "points": points}


def _measured(taught: Taught, params: Any, items: Sequence[Any]) -> dict[str, list[float]]:
    """Greedy decoding held against the expected turn, up to the end of its last call."""
    from llmos.train import measure
    from llmos.train.dialogue import Dialogue

    asked = [Dialogue(kind, (exchange,)) for kind, exchange in items]
    fitting = [one for one in asked if len(taught.form.dialogue(one).tokens) <= 2 * TIME]
    verdicts = measure.word_for_word(taught.config, params, taught.form, fitting, 2 * TIME)
    needing = [v for one, v in zip(fitting, verdicts, strict=True) if one.kind != "talk"]
    needless = [v for one, v in zip(fitting, verdicts, strict=True) if one.kind == "talk"]
    return _shares([v.device for v in needing], [v.args for v in needing], [not v.device for v in needless])


def _as_document(taught: Taught, items: Sequence[Any]) -> dict[str, list[float]]:
    """A base model is given the words alone, and goes on writing: is the next token a call?"""
    from functools import partial

    import jax
    import jax.numpy as jnp

    from llmos.train import forward
    from llmos.train.chatform import TRAP

    score, calls = jax.jit(partial(forward.logits, taught.config)), []
    for _, exchange in items:
        ids = [*taught.form.encode(exchange.request + "\n")][:TIME]
        row = jnp.asarray([ids + [0] * (TIME - len(ids))], "int32")
        scores = score(taught.params, row, jnp.ones_like(row))[0, len(ids) - 1]
        calls.append(int(scores.argmax()) == taught.form.ids[TRAP])
    needing = [call for call, (kind, _) in zip(calls, items, strict=True) if kind != "talk"]
    return _shares(needing, needing, [call for call, (kind, _) in zip(calls, items, strict=True) if kind == "talk"])


def _shares(device: list[bool], args: list[bool], wrong: list[bool]) -> dict[str, list[float]]:
    from llmos.train.measure import wilson

    named = {"device": device, "args": args, "false": wrong}
    return {name: [sum(flags), len(flags), *wilson(sum(flags), len(flags))] for name, flags in named.items()}


def _whole(name: str | None, tuning: Tuning) -> Taught:
    """All weights: nano's, for devices that are new to it, or a larger model's, for every device."""
    if tuning.rank or tuning.first is not None:
        raise UsageError(
            "all weights are taught (of nano always): rank and first layer are an adapter's, of a larger --model"
        )
    from llmos import store
    from llmos.cpu.loaders import load
    from llmos.train import errands, trapdata
    from llmos.train.chatform import ChatForm
    from llmos.train.packing import pack
    from llmos.train.training import Run
    from llmos.train.traps import TextToIds, form_of

    small = name in (None, "nano")
    model = load(store.resolve(name or "nano"))
    form = ChatForm(TextToIds(model)) if small else form_of(model)
    shares, batch, rate = (NEW, 8, 1e-3) if small else (errands.SHARES, 4, 1e-4)
    params = _arrays(model.params)

    def teach(count: int, seed: int) -> Any:
        made = trapdata.requests(seed, count, shares=shares)
        rows = pack((trapdata.example(form, *one) for one in made), TIME)
        run = Run(model.config, rows, _settings(len(rows.tokens), batch, rate, seed, tuning), None, params)
        run.run(lambda line: None)
        return run.state.params

    return Taught(form, model.config, shares, params, teach)


def _large(name: str, tuning: Tuning) -> Taught:
    """A model with special ids to spare, and an adapter from nothing."""
    from dataclasses import replace

    from llmos import store
    from llmos.cpu.adapters import merged
    from llmos.cpu.loaders import load
    from llmos.train import errands, traps

    model = load(store.resolve(name))

    def teach(count: int, seed: int) -> Any:
        usual = traps.Recipe(examples=count, seed=seed)
        rows = max(4, count // 2)  # about two examples a row
        recipe = replace(
            usual,
            rank=tuning.rank or usual.rank,
            first=usual.first if tuning.first is None else tuning.first,
            settings=_settings(rows, 4, usual.settings.rate, seed, tuning),
        )
        return _arrays(merged(model.params, traps.train(model, recipe, None, lambda line: None)))

    return Taught(traps.form_of(model), model.config, errands.SHARES, _arrays(model.params), teach)


def _arrays(params: Any) -> Any:
    """Parameters as they come from a file, for training: JAX arrays in float32."""
    import jax
    import jax.numpy as jnp

    return jax.tree.map(lambda a: jnp.asarray(a, jnp.float32), params)


def _settings(rows: int, most: int, rate: float, seed: int, tuning: Tuning) -> Any:
    """Each example is seen `PASSES` times, within bounds that keep a point to minutes; `most` rows at once."""
    from llmos.train.training import Settings

    batch = min(most, rows)
    steps = tuning.steps or max(LEAST, min(MOST, PASSES * rows // batch))
    return Settings(steps, batch=batch, rate=tuning.rate or rate, warmup=5, decay=0.0, seed=seed, dtype="float32")


def example_text(seed: int = 0) -> str:
    """One request as it is trained on, for a person."""
    from llmos.train import pairs

    made = pairs.make(Random(seed), "send")
    return f"{made.request} => " + ", ".join(f"TRAP {call.text} GO" for call in made.calls)


def table_text(result: dict[str, Any]) -> str:
    set_by_hand = ", ".join(
        f"{name} {value:g}" if value is not True else name for name, value in result["tuning"].items()
    )
    name = result["model"] + (f" ({set_by_hand})" if set_by_hand else "")
    lines = [f"{name}: {result['asked']} requests it was not trained on, such as {example_text()!r}"]
    lines.append(f"{'start':<11}{'examples':>9}  {'right device':<24}{'right arguments':<24}called for nothing")
    for point in result["points"]:
        shares = "".join(f"{_share(point[name]):<24}" for name in ("device", "args", "false")).rstrip()
        lines.append(f"{point['start']:<11}{point['examples']:>9,}  {shares}")
    return "\n".join(lines)


def _share(share: list[float]) -> str:
    hits, of, low, high = share
    return f"{100 * hits / max(of, 1):5.1f} % ({100 * low:.0f} to {100 * high:.0f})"
