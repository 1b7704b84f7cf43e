"""The evaluation of slow thinking: its figures, and a run of it without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos.errors import UsageError
from llmos.evals.thinking import METHODS, evaluate, lines, read, same, wilson
from llmos.options import Options


@pytest.mark.parametrize(
    ("right", "n", "interval"),
    [(0, 10, (0.0, 0.278)), (5, 10, (0.237, 0.763)), (10, 10, (0.722, 1.0)), (1, 1, (0.207, 1))],
)
def test_wilsons_interval(right: int, n: int, interval: tuple[float, float]) -> None:
    assert wilson(right, n) == pytest.approx(interval, abs=0.0006)


@pytest.mark.parametrize(
    ("answer", "right", "equal"),
    [("7", "7", True), ("7.0", "7", True), ("1,200", "1200", True), ("paris", "Paris", True), ("17", "7", False),
     ("", "7", False)],
)  # fmt: skip
def test_answers_are_the_same_number_or_the_same_word(answer: str, right: str, equal: bool) -> None:
    assert same(answer, right) == equal


def test_all_methods_run_on_all_questions_and_their_tokens_are_counted() -> None:
    items = read(Path(__file__).parent / "questions.jsonl")[:2]
    result = evaluate(items, Options(model="scripted"))
    assert result["n"] == 2
    assert [(run["method"], run["question"]) for run in result["runs"]] == [
        (method, question) for method in METHODS for question, _ in items
    ]
    tokens = {name: figures["tokens"] for name, figures in result["methods"].items()}
    assert tokens["vote"] == 5 * tokens["greedy"] > 0, "the script says the same to everybody"
    assert tokens["tree"] > tokens["greedy"]
    assert len(lines(result)) == 1 + len(METHODS)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not json", '{"question": "x", "answer": 7}'])
def test_a_bad_file_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
