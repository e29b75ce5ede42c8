"""What Azure writes when it refuses, and what to do then, shown from the tables: no request is sent."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from helpers.errors import CourseError
from helpers.evidence import documented, measured, published, show_evidence
from helpers.explanations import Explanation
from helpers.lines import fold
from helpers.tables import read_rows

__all__ = ["show_card", "show_refusal"]


def show_refusal(error: str) -> None:
    """Print status, code and message of a row of errors.csv, and its evidence; of several pairs the innermost. Raises
    CourseError for an unknown row, and for one whose body has no such pair."""
    row = _find_row("errors", "error", error)
    pairs = list(_list_pairs(_read_body(row["body"])))
    if not pairs:
        raise CourseError(f"{error} has no code with a message", next="show its body: load_table('errors')")
    code, message = pairs[-1]
    print(fold(f"{row['status']}{f' {code}' * (code != row['status'])}: {message}"))
    if row["evidence"].startswith("quoted"):
        show_evidence(published("quoted in issues", row["as_of"]))
    elif row["evidence"] == "recorded":
        show_evidence(measured(row["source"], row["as_of"]))
    else:
        show_evidence(documented("Microsoft's pages", row["as_of"]))


def show_card(explanation: str, **names: str) -> None:
    """Print a row of explanations.csv as explain() would. names: what its sentences leave open, such as host.

    Raises CourseError for an unknown row, and where a name is missing.
    """
    row = _find_row("explanations", "explanation", explanation)
    try:
        what, why, then = (row[column].format_map(names) for column in ("what", "why", "next"))
    except KeyError as missing:
        raise CourseError(f"this card also needs {missing.args[0]}", next=f"{missing.args[0]}=...") from None
    print(Explanation(explanation, what, why, then))


def _read_body(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:  # some are quoted in part
        return None


def _list_pairs(value: Any) -> Iterator[tuple[str, str]]:
    """(code, message) of all that holds both, what lies deeper after what holds it."""
    if isinstance(value, dict):
        code, message = value.get("code"), value.get("message")
        if isinstance(code, str) and isinstance(message, str) and code and message:
            yield code, message
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _list_pairs(inner)


def _find_row(table: str, column: str, name: str) -> dict[str, str]:
    rows = {row[column]: row for row in read_rows(table)}
    if name not in rows:
        nearest = get_close_matches(name, rows, n=1, cutoff=0.3)
        raise CourseError(f"{table}.csv has no {name!r}", nearest=nearest or "none", next="that name")
    return rows[name]
