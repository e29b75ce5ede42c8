"""data/tables as DataFrames, checked against data/tables/schema.toml when they are loaded."""

import csv
import difflib
import io
import re
import tomllib
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.errors import TableError
from helpers.settings import ROOT

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TABLES",
    "deployable_models",
    "describe_model",
    "list_tables",
    "list_versions",
    "load_table",
    "read_rows",
]

TABLES = ROOT / "data" / "tables"

# kind of column: what a cell may hold, that in words, and the pandas dtype it becomes
_KINDS = {
    "text": (r".*", "text", "str"),
    "integer": (r"\d+", "a whole number", "Int64"),
    "number": (r"-?\d+(\.\d+)?", "a number with a decimal point", "Float64"),
    "date": (r"\d{4}-\d\d-\d\d", "a date like 2026-11-20", "datetime64[s]"),
    "month": (r"\d{4}-(0[1-9]|1[0-2])", "a month like 2026-11", "str"),
    "yes/no": (r"yes|no", "yes or no", "boolean"),
}


def list_tables(folder: Path = TABLES) -> list[str]:
    """Names that `load_table` knows, in the schema's order."""
    return list(_read_schema(folder))


def load_table(name: str, folder: Path = TABLES) -> "pd.DataFrame":
    """One table of data/tables, a copy that is yours to change.

    Units stand in the column names or in the column `unit`. Dates become datetime64, yes/no becomes boolean
    (missing: nobody knows), whole numbers Int64; missing text is "". Each row has `source` and `as_of`.
    Raises TableError, naming file, line and column, where the file is not what schema.toml asks for.
    """
    import pandas as pd  # late: it takes longer to load than everything else here

    rows = read_rows(name, folder)
    columns = _read_schema(folder)[name]["columns"]
    frame = pd.DataFrame(rows, columns=list(columns), dtype="str")
    for column, kind in columns.items():
        dtype = _KINDS[kind.rstrip("!")][2] if isinstance(kind, str) else "str"
        if dtype == "boolean":
            frame[column] = frame[column].map({"yes": True, "no": False}).astype(dtype)
        elif dtype != "str":
            frame[column] = frame[column].replace("", None).astype(dtype)
    return frame


def describe_model(model: str) -> "pd.Series":
    """What models.csv says of "gpt-4o" (its newest version, see `list_versions`) or of "gpt-4o-2024-08-06".

    Raises TableError for a model that it does not name.
    """
    frame = load_table("models")
    if not (versions := list_versions(model)):
        near = difflib.get_close_matches(model, [*frame.model, *(frame.model + "-" + frame.version)], n=1)
        raise TableError(
            f"no model {model} in data/tables/models.csv",
            **({"nearest": near[0]} if near else {}),
            next='sorted(set(load_table("models").model))',
        )
    return frame[(frame.model == versions[0]["model"]) & (frame.version == versions[0]["version"])].iloc[0]


def list_versions(model: str) -> list[dict[str, str]]:
    """The rows of models.csv that a name means, the newest first; none for a name that is in no row.

    "gpt-4o" means all versions of it, "gpt-4o-2024-08-06" that one, "gpt-4-turbo" every version that starts with turbo.
    Of two versions the newer is the one that a new customer can deploy; else the one that answers those who have it;
    else the one that has no name of its own, for "gpt-4" is not GPT-4 Turbo, which Azure keeps among its versions and
    prices apart; else the one that is no preview; else the one with the later date.
    """
    rows = read_rows("models")
    meant = [row for row in rows if model in (row["model"], f"{row['model']}-{row['version']}")]
    meant = meant or [row for row in rows if (own := _own_name(row)) and model == f"{row['model']}-{own}"]
    return sorted(meant, key=_newness, reverse=True)


def _newness(row: dict[str, str]) -> tuple[int, int, bool, bool, str]:
    known = ["no", "", "yes"]
    is_preview = row["stage"] == "Preview" or "preview" in row["version"].lower()
    return (
        known.index(row["deployable_by_new_customers"]),
        known.index(row["answers_today"]),
        not _own_name(row),
        not is_preview,
        _date_version(row["version"]),
    )


def _own_name(row: dict[str, str]) -> str:
    """ "turbo" of turbo-2024-04-09, "vision" of vision-preview."""
    found = re.match(r"[a-z]+(?=-)", row["version"])
    return found[0] if found else ""


def _date_version(version: str) -> str:
    """To sort by: the date in a version; 0301 to 1106 are of 2023 and 0125 is of 2024; 1, 2 and 001 are numbers."""
    if date_in_it := re.search(r"\d{4}-\d\d-\d\d", version):
        return date_in_it[0]
    if day := re.match(r"(\d\d)(\d\d)(?!\d)", version):
        return f"{2023 if day[1] >= '03' else 2024}-{day[1]}-{day[2]}"
    return version.zfill(10) if version[:1].isdigit() else ""


def deployable_models(category: str | None = None) -> "pd.DataFrame":
    """Versions that a new customer can deploy on the day in `as_of`, those that live longest first.

    category: a category of models.csv, or what a model serves for beside its own ("language" finds gpt-4.1).
    Where sources disagree, or none names the stage, a model is left out. Raises TableError for an unknown category.
    """
    frame = load_table("models")
    serves = (frame.category + ";" + frame.also).str.split(";")
    if category is not None and not (known := serves.map(lambda names: category in names)).any():
        raise TableError(
            f"no category {category!r} in data/tables/models.csv",
            known=", ".join(sorted({name for names in serves for name in names if name})),
        )
    wanted = frame.deployable_by_new_customers.fillna(False)
    if category is not None:
        wanted &= known
    columns = ["model", "version", "category", "stage", "retirement_date", "as_of"]
    return frame.loc[wanted, columns].sort_values("retirement_date", ascending=False).reset_index(drop=True)


def read_rows(name: str, folder: Path = TABLES) -> list[dict[str, str]]:
    """The same rows as plain text, checked as strictly and without pandas. Do not change them: they are shared."""
    schema = _read_schema(folder)
    if name not in schema:
        near = difflib.get_close_matches(name, schema, n=1)
        raise TableError(f"no table {name!r}", **({"nearest": near[0]} if near else {}), known=", ".join(schema))
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise TableError(f"data/tables/{path.name} is missing", next=f"git checkout data/tables/{path.name}")
    # The time of change is part of the key, so that an edited table is read anew in a running notebook.
    return _checked_rows(path, path.stat().st_mtime_ns)


@lru_cache
def _checked_rows(path: Path, _changed: int) -> list[dict[str, str]]:
    table = _read_schema(path.parent)[path.stem]
    columns: dict[str, str | list[str]] = table["columns"]
    (_, header), *lines = _read_lines(path)
    if header != list(columns):
        odd = sorted(set(header) ^ set(columns)) or header
        raise _broken(path, 1, ", ".join(odd), "these columns differ", "the columns of schema.toml, in order")
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for line, cells in lines:
        if len(cells) != len(header):
            raise _broken(path, line, "all", f"{len(cells)} cells", f"{len(header)}; quote cells with commas")
        row = dict(zip(header, cells, strict=True))
        for column, cell in row.items():
            if not _is_right(cell, columns[column]):
                raise _broken(path, line, column, repr(cell) if cell else "nothing", _say(columns[column]))
        if rows.setdefault(tuple(row[column] for column in table["key"]), row) is not row:
            raise _broken(path, line, ", ".join(table["key"]), "the same as in an earlier line", "each row once")
    if not rows:
        raise _broken(path, 1, "all", "no rows", "at least one")
    return list(rows.values())


def _read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Line number and cells, the header first."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # a spreadsheet may have put a mark before the first letter
    except UnicodeDecodeError as error:
        raise _broken(path, 1, "all", f"byte {error.start} is not UTF-8", "a file saved as UTF-8") from None
    reader = csv.reader(io.StringIO(text))
    return [(reader.line_num, cells) for cells in reader] or [(1, [])]


def _is_right(cell: str, kind: str | list[str]) -> bool:
    if isinstance(kind, list):
        return cell in kind
    if not cell.strip():
        return not (cell or kind.endswith("!"))
    if not re.fullmatch(_KINDS[kind.rstrip("!")][0], cell):
        return False
    try:
        return not kind.startswith("date") or bool(date.fromisoformat(cell))
    except ValueError:  # the 31st of February
        return False


def _say(kind: str | list[str]) -> str:
    return "one of " + ", ".join(map(repr, kind)) if isinstance(kind, list) else _KINDS[kind.rstrip("!")][1]


@lru_cache
def _read_schema(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "schema.toml").read_text(encoding="utf-8"))


def _broken(path: Path, line: int, column: str, found: str, expected: str) -> TableError:
    where = f"line {line}, column {column}"
    return TableError(f"data/tables/{path.name} cannot be used", where=where, found=found, expected=expected)
