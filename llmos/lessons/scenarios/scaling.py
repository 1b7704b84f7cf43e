"""Nine small models on one text: the loss of a hidden one, what doubling is worth, and one of them trained again, now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmos.errors import LlmosError
from llmos.labs import measured, scaling
from llmos.lessons.lab import Lab

CLOSE, FAR = 2.0, 10.0  # percent


def play(lab: Lab) -> Iterator[str]:
    found = scaling.run_scaling(scaling.default_text()) if lab.live else measured.shipped("scaling")["result"]
    runs: list[dict[str, Any]] = found["runs"]
    hidden = lab.rng.choice([run for run in runs if run is not runs[0]])
    known = [run for run in runs if run is not hidden]
    lab.facts |= {
        "table": _drawn(runs, hidden),
        "parameters": f"{hidden['parameters']:,}",
        "tokens": f"{hidden['tokens']:,}",
    }
    yield "hidden"
    fit = scaling.fitted(known)
    guess = scaling.predicted(fit, hidden)
    lab.measured["hidden"] = hidden["loss"]
    lab.say(f"the line through the other eight says {guess:.2f}, the model has {hidden['loss']:.2f}")
    yield "better"
    whole = scaling.fitted(runs)
    lab.measured["better"] = "twice the text" if whole["tokens"] > whole["parameters"] else "twice the parameters"
    text, size = _gain(whole["tokens"]), _gain(whole["parameters"])
    lab.say(f"twice the text takes {text:.0f} % off the loss, twice the parameters {size:.0f} %")
    yield "doubled"
    lab.measured["doubled"] = _gain(whole["tokens"])
    lab.say(f"2, 4, 8 times the text leave {', '.join(_left(whole, doublings) for doublings in (1, 2, 3))} of the loss")
    lab.facts["smallest"] = f"{runs[0]['loss']:.2f}"
    yield "again"
    loss = _again(lab)
    off = 100 * abs(loss / runs[0]["loss"] - 1)
    lab.measured["again"] = "less than 2 %" if off < CLOSE else "2 to 10 %" if off < FAR else "more than 10 %"
    lab.say(f"trained just now: {loss:.3f}, which is {off:.1f} % off")


def _again(lab: Lab) -> float:
    try:
        point = scaling.run_scaling(scaling.default_text(), scaling.WIDTHS[:1], scaling.STEPS[:1], 1 + lab.seed % 1000)
    except ImportError:
        raise LlmosError('this lesson trains a model: pip install "llmos[train]", or play it with --recorded') from None
    return float(point["runs"][0]["loss"])


def _gain(slope: float) -> float:
    """Percent of the loss that a doubling takes away."""
    return float(100 * (1 - 2**-slope))


def _left(fit: dict[str, float], doublings: int) -> str:
    return f"{100 * 2 ** (-fit['tokens'] * doublings):.0f} %"


def _drawn(runs: list[dict[str, Any]], hidden: dict[str, Any]) -> str:
    """A row a size, a column an amount of text."""
    sizes = sorted({run["parameters"] for run in runs})
    amounts = sorted({run["tokens"] for run in runs})
    loss = {(run["parameters"], run["tokens"]): "   ?" if run is hidden else f"{run['loss']:.2f}" for run in runs}
    head = f"{'parameters':>12}" + "".join(f"{amount:>12,} tokens" for amount in amounts)
    rows = [f"{size:>12,}" + "".join(f"{loss[size, amount]:>19}" for amount in amounts) for size in sizes]
    return "\n    ".join([head, *rows])
