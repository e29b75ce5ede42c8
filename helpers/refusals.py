"""What Azure writes when it refuses, and what to do then, shown from the tables: no request is sent."""

import json
from difflib import get_close_matches
from typing import Any

from helpers.errors import CourseError
from helpers.evidence import documented, measured, published, show_evidence
from helpers.explanations import Explanation
from helpers.lines import fold
from helpers.tables import read_rows

__all__ = ["show_card", "show_refusal"]


def show_refusal(error: str) -> None:
    """Print status, code and message of a row of errors.csv, and its evidence. Raises CourseError for an unknown row,
    and for one whose body has no message."""
    row = _find_row("errors", "error", error)
    code, message = _find_told(_read_body(row["body"]))
    if not message:
        raise CourseError(f"{error} has no message", next="show its body: load_table('errors')")
    told = " ".join(message.split())
    print(fold(f"{row['status']}{f' {code}' * (code not in ('', row['status']))}: {told}"))
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


def _find_told(body: Any) -> tuple[str, str]:
    """(code, message) of the innermost object that has both; else a message alone; "" where there is none."""
    told = ("", "")
    for part in body.values() if isinstance(body, dict) else body if isinstance(body, list) else []:
        found = _find_told(part)
        if found[1] and (found[0] or not told[1]):
            told = found
    if not told[0] and isinstance(body, dict) and isinstance(body.get("message"), str):
        code = body.get("code")
        return (code, body["message"]) if isinstance(code, str) else (told if told[1] else ("", body["message"]))
    return told


def _find_row(table: str, column: str, name: str) -> dict[str, str]:
    rows = {row[column]: row for row in read_rows(table)}
    if name not in rows:
        nearest = get_close_matches(name, rows, n=1, cutoff=0.3)
        raise CourseError(f"{table}.csv has no {name!r}", nearest=nearest or "none", next="that name")
    return rows[name]
