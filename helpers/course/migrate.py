"""What moving to another model takes: recorded requests held against its rules, and priced."""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from helpers.course.lifecycle import SOON, describe_life, say_why
from helpers.course.recorded import Requests, find_requests
from helpers.course.renaming import rename_model
from helpers.course.repricing import describe_prices
from helpers.course.review import Finding, api_of, body_of, review_requests
from helpers.errors import CourseError
from helpers.lines import fold
from helpers.parameters import find_rule
from helpers.settings import ROOT
from helpers.tables import list_versions, read_rows

__all__ = ["describe_migration", "migrate"]


def migrate(folder: str, old: str, new: str, write: bool = False, root: Path = ROOT) -> Iterator[str]:
    """The command, part by part: what moving takes, then what it changes in the notebook; write: and change it.

    Raises what `find_requests`, `describe_migration` and `rename_model` raise; CourseError for write where the folder
    is no notebook's.
    """
    requests = find_requests(folder, old, root)
    yield describe_migration(requests, old, new)
    if requests.notebook is None:
        if write:
            raise CourseError(
                f"{requests.place} belongs to no notebook of the course, so there is nothing to write to",
                next=[
                    "in your own code, change what stands above",
                    "a notebook of the course: its number in place of the folder",
                ],
            )
        return
    renaming = rename_model(requests.notebook, old, new, review_requests(requests.records, new), write)
    yield f"\n{renaming}"
    number = requests.notebook.stem.partition("_")[0]
    if renaming.notebooks and write:
        yield f"Now record it anew: python -m helpers record {number}"
    elif renaming.notebooks:
        yield f"To change them: python -m helpers migrate {number} {old} {new} --write"


def describe_migration(requests: Requests, old: str, new: str, on: date | None = None) -> str:
    """What `new` refuses of these requests and does otherwise, and what the same prompts cost, in words.

    on: the day that retirement is counted from, today if None. Raises CourseError for a model that models.csv does not
    know, or where both are one.
    """
    _check_names(old, new)
    apis = Counter(api_of(record["request"]) for _, record in requests.records)
    counts = ", ".join(f"{count} {api or 'other'}" for api, count in apis.most_common())
    total = len(requests.records)
    lines = [fold(f"{old} -> {new}: {_count(total, 'request')} in {requests.place} ({counts})", "    ")]
    lines += [fold(f"  {name}: {_describe_life(name)}", "    ") for name in (old, new)]
    lines += [fold(f"  WARNING: {why}", "    ") for why in _warn_of(new, on or date.today())]
    silent = [api for api in apis if find_rule(api, new, "model") is None]
    for api in silent:
        why = f"has no rules of {new} for {api}" if api else "knows no API that the other requests go to"
        lines.append(f"  WARNING: parameters.csv {why}: nothing was checked")
    findings = review_requests(requests.records, new)
    for title, wanted in _TITLES.items():
        if chosen := [one for one in findings if wanted(one)]:
            lines += ["", title.format(new=new), *(line for one in chosen for line in _describe_finding(one, apis))]
    if not any(one.is_refusal for one in findings) and len(silent) < len(apis):
        lines += ["", f"By the table, {new} refuses none of these requests. The service has the last word."]
    unchecked = {*silent, *(one.api for one in findings if one.kind == "unserved")}
    taken = [record["request"] for _, record in requests.records if api_of(record["request"]) not in unchecked]
    lines += _list_unchanged(taken, findings)
    return "\n".join([*lines, "", *describe_prices(requests.records, old, new)])


_TITLES: dict[str, Callable[[Finding], bool]] = {
    "What {new} refuses, by data/tables/parameters.csv (the service has the last word)": lambda one: (
        one.is_refusal and one.kind != "both"
    ),
    "Taken, and not as before": lambda one: one.kind == "differs",
    "Refused before, and refused by {new} too": lambda one: one.kind == "both",
}


def _check_names(old: str, new: str) -> None:
    if old == new:
        raise CourseError(
            f"{old} is both the old model and the new one", next="python -m helpers migrate FOLDER OLD NEW"
        )
    if not list_versions(new):
        near = difflib.get_close_matches(new, {row["model"] for row in read_rows("models")}, n=3)
        raise CourseError(
            f"no model {new} in data/tables/models.csv",
            **({"nearest": ", ".join(near)} if near else {}),
            next="the model's own name, not that of a deployment",
        )


def _warn_of(new: str, day: date) -> Iterator[str]:
    row = list_versions(new)[0]
    if why := say_why(row):
        yield f"before you move to {new}: {why}"
    if row["retirement_date"] and (left := (date.fromisoformat(row["retirement_date"]) - day).days) <= SOON:
        yield f"{new} retires on {row['retirement_date']}, " + (f"in {left} days" if left > 0 else "which is past")


def _describe_life(name: str) -> str:
    row = next(iter(list_versions(name)), None)
    return describe_life(row) if row else "not in data/tables/models.csv: the name of a deployment, perhaps"


def _describe_finding(one: Finding, apis: Counter[str]) -> list[str]:
    values = sorted(
        one.values, key=lambda value: (not _is_number(value), float(value) if _is_number(value) else 0, value)
    )
    more = ", ..." if len(values) > 8 else ""
    asked = f" (asked: {', '.join(values[:8])}{more})" if values else ""
    count = f"{len(one.files)} of {apis[one.api]} {one.api} request{'s' if apis[one.api] != 1 else ''}"
    facts = {"": f"{one.what}{asked}", "write": one.instead, "example": one.files[0]}
    lines = [f"  {one.parameter}: {count}"]
    for label, text in facts.items():
        if text:
            lines.append(fold(f"    {label:<9}{text}", " " * 13))
    return lines


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _list_unchanged(requests: Iterable[dict[str, Any]], findings: Sequence[Finding]) -> list[str]:
    named = Counter(name for request in requests for name in body_of(request) if name != "stream")
    touched = {one.parameter.partition(".")[0] for one in findings}
    same = [f"{name} ({count})" for name, count in named.most_common() if name not in touched]
    return ["", fold(f"Nothing to change for: {', '.join(same)}", "  ")] if same else []


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"
