"""Grading a folder of records: each answer is judged again from what the student said and what the machine did.

Knows: the records that `llmos lesson` writes. Does not know: lessons. A record whose digest does not fit was edited.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from llmos.errors import UsageError

from .answers import is_right
from .session import HINT_COST, digest, variant

FIELDS = ("student", "lesson", "seed", "score", "of", "answered", "confidence", "source", "locks", "state", "file")


def grade(folder: Path) -> list[dict[str, Any]]:
    """A row a record, by student and lesson. Raises UsageError when there is no folder or nothing in it."""
    if folder.is_file():
        raise UsageError(f"{folder} is a file; name the folder that the records are in")
    files = sorted(folder.glob("*.json"))
    if not files:
        raise UsageError(
            f"{folder}: no records (*.json) here; `llmos lesson NAME --student YOU --out FOLDER` makes one"
        )
    return sorted((_row(path) for path in files), key=lambda r: (r["student"], r["lesson"], r["file"]))


def doubted(rows: list[dict[str, Any]]) -> list[str]:
    """The records that are not what a playing of this student wrote, each with what is wrong with it."""
    return [f"{row['file']} ({row['state']})" for row in rows if row["state"] not in ("ok", "unfinished")]


def _row(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_bytes())
        body = {k: v for k, v in record.items() if k != "digest"}
        answers = record["answers"]
        points = [_points(a) for a in answers]
        sure = [a["confidence"] for a in answers if a["confidence"]]
        return {
            "student": record["student"],
            "lesson": record["lesson"],
            "seed": record["seed"],
            "score": sum(points),
            "of": record["of"],
            "answered": sum(bool(a["answer"]) for a in answers),
            "confidence": round(sum(sure) / len(sure), 2) if sure else "",
            "source": record["source"],
            "locks": " ".join(record["locks"]),
            "state": _state(record, body),
            "file": path.name,
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {**dict.fromkeys(FIELDS, ""), "state": "not a record", "file": path.name}


def honest(path: Path) -> dict[str, Any] | None:
    """The record in a file; None if it is none, or was edited."""
    row = _row(path)
    return json.loads(path.read_bytes()) if row["state"] in ("ok", "unfinished") else None


def _state(record: dict[str, Any], body: dict[str, Any]) -> str:
    """A record of a run belongs to one student: the name and the class's seed make the variant."""
    if digest(body) != record["digest"]:
        return "edited"
    if not record.get("finished", True):
        return "unfinished"
    own = record["source"] == "record" or record["variant"] == variant(record["seed"], record["student"])
    return "ok" if own else "another student's variant"


def _points(answer: dict[str, Any]) -> float:
    right = is_right(answer["kind"], answer["answer"], answer["machine"], answer["tolerance"])
    return (1.0 - HINT_COST * bool(answer["hint"])) if right else 0.0


def as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
