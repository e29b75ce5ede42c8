"""python -m tests.facts FOLDER: where data/tables and the facts they were distilled from disagree.

The facts are no part of the course, so this is for those who have them: after a change of either.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from helpers.errors import CourseError
from helpers.parameters import find_rule
from helpers.tables import TABLES, read_rows
from tests.facts.distilled import read_facts

__all__ = ["Difference", "compare_tables", "main"]


class Difference(NamedTuple):
    """A cell that a fact contradicts; or, with column "", a fact that no row holds. where: the fact's file and line."""

    table: str
    row: str
    column: str
    found: str
    expected: str
    where: str

    def __str__(self) -> str:
        if not self.column:
            return f"{self.table}  {self.row}: no row holds {self.expected} ({self.where})"
        return f"{self.table}  {self.row}: {self.column} is {self.found!r}, not {self.expected!r} ({self.where})"


def compare_tables(facts: Path, tables: Path = TABLES) -> Iterator[Difference]:
    """Every fact of a folder that the tables contradict or do not hold. Of two facts about one cell the newer counts.

    Raises CourseError where the folder holds no facts, TableError where a table is broken.
    """
    expected: dict[tuple[str, frozenset[tuple[str, str]]], tuple[dict[str, str], dict[str, tuple[str, str]]]] = {}
    for fact in read_facts(facts):
        _, cells = expected.setdefault((fact.table, frozenset(fact.key.items())), (fact.key, {}))
        cells |= {column: (value, fact.where) for column, value in fact.cells.items()}
    if not expected:
        raise CourseError(
            f"no facts in {facts.name}/", next="the folder that holds models.csv, prices.csv and the others"
        )
    for (table, _), (key, cells) in expected.items():
        name = " ".join(filter(None, key.values()))
        found = _find_rows(table, key, tables)
        wrong = [_list_wrong(row, cells) for row in found]
        if not found:
            values, (_, where) = {column: value for column, (value, _) in cells.items() if value}, [*cells.values()][-1]
            yield Difference(table, name, "", "", ", ".join(f"{c} {v}" for c, v in values.items()) or "it", where)
        elif all(wrong):  # of several rows that fit, one has to be right in all
            for column in min(wrong, key=len):
                row = found[wrong.index(min(wrong, key=len))]
                yield Difference(table, name, column, row[column], *cells[column])


def _find_rows(table: str, key: Mapping[str, str], folder: Path) -> list[dict[str, str]]:
    if table == "parameters":
        rule = find_rule(key["api"], key["model"], key["parameter"], folder)
        return [rule] if rule else []
    named = dict(key)
    versioned = named.pop("versioned", None)
    rows = [row for row in read_rows(table, folder) if all(row[column] == value for column, value in named.items())]
    return [row for row in rows if versioned in (None, row.get("model"), f"{row.get('model')}-{row.get('version')}")]


def _list_wrong(row: Mapping[str, str], cells: Mapping[str, tuple[str, str]]) -> list[str]:
    return [column for column, (value, _) in cells.items() if _number(row[column]) != _number(value)]


def _number(text: str) -> float | str:
    """The number, so that 0.20 and 0.2 are the same; anything else as it stands."""
    try:
        return float(text)
    except ValueError:
        return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every difference, one a line. Returns 0 where there is none, 1 where something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.facts", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="of the facts; left out: facts/ in $AZURE_OPENAI_SPECS")
    folder = parser.parse_args(arguments).folder or Path(os.environ.get("AZURE_OPENAI_SPECS", "")) / "facts"
    try:
        differences = list(compare_tables(folder))
    except CourseError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    for difference in differences:
        print(difference)
    print(f"{len(differences)} differences" if differences else "the tables hold every fact, and contradict none")
    return int(bool(differences))
