"""The scorer against cases that a person would decide at a glance."""

from __future__ import annotations

import pytest

from llmos.evals.scoring import Called, judge, same_value, shares

CALC = Called("calc", "37*48", "1776")


@pytest.mark.parametrize(
    ("result", "wanted", "same"),
    [
        ("1776", "1776", True),
        ("1,776", "1776", True),
        ("≈0.3333333", "0.33333333", True),
        ("4.828032 km", "4.828032", True),
        ("1777", "1776", False),
        ("17760", "1776", False),
        ("error: no", "5", False),
        ("Friday", "Friday", True),
        ("0.5", ".5", True),
        ("-3", "+3", False),
        ("1e3", "1000.0", True),
        ("0", "0.0", True),
    ],
)
def test_values_are_compared_as_numbers(result: str, wanted: str, same: bool) -> None:
    assert same_value(result, wanted) is same


def test_a_matching_pattern_with_the_wrong_value_is_not_a_right_value() -> None:
    expect = {"device": "calc", "args_regex": "37", "result": "1776", "answer_regex": "1776"}
    verdict = judge(expect, [CALC, Called("calc", "37*49", "1813")], "It is 1813.")
    assert (verdict.device, verdict.args, verdict.value, verdict.answer) == (True, True, False, False)


def test_patterns_see_all_arguments_of_the_device_joined_by_newlines() -> None:
    calls = [Called("files", "ls", "a.txt"), Called("calc", "1+1", "2"), Called("files", "cat a.txt", "x")]
    assert judge({"device": "files", "args_regex": r"(?s)ls\ncat"}, calls, "").args
    assert not judge({"device": "files", "args_regex": r"1\+1"}, calls, "").args


def test_steps_must_come_in_turn() -> None:
    steps = [{"device": "files", "args_regex": "cat"}, {"device": "calc", "args_regex": "7", "result": "14"}]
    read, reckon = Called("files", "cat a.txt", "7"), Called("calc", "7*2", "14")
    right = judge({"steps": steps}, [read, reckon], "")
    wrong = judge({"steps": steps}, [reckon, read], "")
    assert (right.device, right.args, right.value) == (True, True, True)
    assert (wrong.device, wrong.args, wrong.value) == (False, False, True)


def test_a_result_beside_steps_is_the_last_calls() -> None:
    expect = {"steps": [{"device": "files"}, {"device": "calc"}], "result": 14}
    read, reckon = Called("files", "cat a.txt", "7"), Called("calc", "7*2", "14")
    assert judge(expect, [read, reckon], "").value is True
    assert judge(expect, [reckon, read], "").value is False
    assert judge(expect, [], "").value is False


def test_where_no_device_is_needed_any_call_is_a_false_trap() -> None:
    assert judge({"device": None}, [CALC], "").false_trap is True
    assert judge({"device": None}, [], "").false_trap is False
    assert judge({"device": None}, [Called("", "", "error: no device")], "").false_trap is True


def test_shares_count_only_what_was_expected() -> None:
    sums = judge({"device": "calc", "result": "1776"}, [CALC, Called("", "", "error")], "")
    talk = judge({"device": None, "answer_regex": "hello"}, [], "Hello!")
    found = shares([sums, talk])
    assert found == {"device": 1.0, "args": 0.0, "values": 1.0, "answer": 1.0, "false_traps": 0.0, "malformed": 0.5}
