"""A DataFrame as a table that is read by eye and by ear: caption, marked headers, numbers to the right, evidence."""

import datetime
import html
import math
import numbers
import re
from typing import TYPE_CHECKING, Any

from helpers.errors import EvidenceError
from helpers.evidence import Evidence, check_names, evidence_of
from helpers.jupyter import break_between, show
from helpers.lines import fold

if TYPE_CHECKING:
    import pandas

__all__ = ["show_table"]

# A page's column is 700 pixels wide. Long words may break after these marks, so that no cell makes a table wider.
_PAGE = 700
_LONG = 13
_LETTER, _PADDING = 7.7, 14  # pixels, in JupyterLab's font
_MAY_BREAK = re.compile(r"(?<=[-_/.,:@])(?=\w{3})")
_NUMBER = re.compile(r"[-−+]?\$?(?!0\d)\d[\d,.]*\s?%?(?: of \d[\d,]*)?")


def show_table(table: "pandas.DataFrame", *answers: Any, caption: str = "", source: str = "") -> None:
    """Show a DataFrame with its caption and, below it, whose figures they are.

    answers: as in helpers.evidence.evidence_of, documented() and its like among them. source: for a table of
    data/tables, in their place: where its rows come from. caption: what the table shows, in one line. The index becomes
    the rows' header; where it only counts, the first column does. True, False and dates are written out, gaps left
    empty; columns of numbers stand to the right, with as many decimals as their cells need.

    Row labels, column names, the caption and the columns "model" and "deployment" are compared with Azure's model
    names: raises EvidenceError where one stands over a stand-in's answers, or where nobody is named.
    """
    if source and answers:
        raise EvidenceError("answers and a source were given", next="one of them")
    evidence = Evidence("documented", (source,)) if source else evidence_of(*answers)
    labels = [*table.index.astype(str), *table.columns.astype(str), caption]
    labels += [str(cell) for name in ("model", "deployment") if name in table.columns for cell in table[name]]
    check_names(labels, evidence)
    heads, columns = _write_columns(table)
    line = f"source: {source}" if source else f"evidence: {evidence}"
    shown = _as_html(heads, columns, caption) + f'<p style="opacity: 0.75">{break_between(line)}</p>'
    plain = "\n".join([*filter(None, [caption]), *_as_text(heads, columns), fold(line)])
    show(shown, plain, evidence=evidence.kind)


def _write_columns(table: "pandas.DataFrame") -> tuple[list[str], list[list[str]]]:
    """Heads and written columns, the rows' header first."""
    heads = [str(name) for name in table.columns]
    columns = [_write_column(list(table.iloc[:, place])) for place in range(len(heads))]
    counts_rows = table.index.name is None and list(table.index) == list(range(len(table)))
    if counts_rows and len(heads) > 0:
        return heads, columns
    names = [" · ".join(map(str, name)) if isinstance(name, tuple) else str(_write_cell(name)) for name in table.index]
    return [" · ".join(str(name) for name in table.index.names if name is not None), *heads], [names, *columns]


def _write_column(cells: list[Any]) -> list[str]:
    known = [float(cell) for cell in cells if _is_number(cell)]
    places = max((_count_places(value) for value in known), default=0)
    return [f"{float(cell):,.{places}f}".replace("-", "−") if _is_number(cell) else _write_cell(cell) for cell in cells]


def _count_places(value: float) -> int:
    """Decimals that four significant digits of this number need."""
    if not value or abs(value) >= 1000 or math.isinf(value):
        return 0
    digits = f"{value:.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"
    return len(digits.rstrip("0").partition(".")[2])


def _is_number(cell: Any) -> bool:
    is_bool = isinstance(cell, bool) or type(cell).__name__ == "bool_"
    return isinstance(cell, numbers.Real) and not is_bool and not math.isnan(float(cell))


def _write_cell(cell: Any) -> str:
    if cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool) or type(cell).__name__ in ("bool", "bool_"):
        return "yes" if cell else "no"
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return f"{cell:%Y-%m-%d}"
    return str(cell)


def _stands_right(column: list[str]) -> bool:
    return any(column) and all(_NUMBER.fullmatch(cell) for cell in column if cell)


def _as_html(heads: list[str], columns: list[list[str]], caption: str) -> str:
    """Every cell says where it stands itself: JupyterLab drops a style sheet from a notebook that is not trusted."""
    sides = ["left", *("right" if _stands_right(column) else "left" for column in columns[1:])]
    looks = [f"text-align: {side}; vertical-align: top" for side in sides]
    head = [f'<th scope="col" style="{look}">{_escape(name)}</th>' for name, look in zip(heads, looks, strict=True)]
    if not heads[0]:
        head[0] = "<td></td>"  # the corner: no header cell stands empty
    wrapped = _choose_wrapped(heads, columns)
    looks = [look if place in wrapped else f"{look}; white-space: nowrap" for place, look in enumerate(looks)]
    rows = []
    for cells in zip(*columns, strict=True):
        first = f'<th scope="row" style="{looks[0]}">{_escape(cells[0])}</th>' if cells[0] else "<td></td>"
        rest = [f'<td style="{look}">{_escape(cell)}</td>' for cell, look in zip(cells[1:], looks[1:], strict=True)]
        rows.append(f"<tr>{first}{''.join(rest)}</tr>")
    # A table narrower than its caption would squeeze it into a column of words.
    width = f"min({min(_PAGE, round(len(caption) * _LETTER))}px, 80vw)"
    look = f"caption-side: top; text-align: left; min-width: {width}"
    title = f'<caption style="{look}">{html.escape(caption)}</caption>' if caption else ""
    return (
        f'<table style="max-width: {_PAGE}px; margin-left: 0">{title}'
        f"<thead><tr>{''.join(head)}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody></table>"
    )


def _choose_wrapped(heads: list[str], columns: list[list[str]]) -> set[int]:
    """The columns whose cells may take several lines: sentences, the longest first, then names, until all fit."""
    longest = [max(map(len, column), default=0) for column in columns]
    needed = [_longest_piece([head]) for head in heads]
    pieces = [_longest_piece(column) for column in columns]
    wrapped: set[int] = set()

    def add_up() -> float:
        cells = [pieces[place] if place in wrapped else longest[place] for place in range(len(columns))]
        return sum(max(pair) for pair in zip(cells, needed, strict=True)) * _LETTER + _PADDING * len(columns)

    while add_up() > _PAGE:
        left = [place for place, count in enumerate(longest) if place not in wrapped and count > 10]
        if not left:
            break
        wrapped.add(max(left, key=lambda place: (any(" " in cell for cell in columns[place]), longest[place])))
    return wrapped


def _longest_piece(cells: list[str]) -> int:
    """Letters that stand in one line whatever happens."""
    words = [word for cell in cells for word in cell.split()]
    return max((len(piece) for word in words for piece in _cut(word)), default=0)


def _cut(word: str) -> list[str]:
    return _MAY_BREAK.split(word) if len(word) >= _LONG else [word]


def _escape(cell: str) -> str:
    """HTML of a cell; a long word may break where its parts join."""
    return re.sub(r"\S+", lambda word: "<wbr>".join(html.escape(piece) for piece in _cut(word[0])), cell)


def _as_text(heads: list[str], columns: list[list[str]]) -> list[str]:
    """The same cells in columns of letters, for comparison and for a terminal."""
    widths = [max(map(len, [head, *column])) for head, column in zip(heads, columns, strict=True)]
    right = [False, *(_stands_right(column) for column in columns[1:])]
    lines = []
    for cells in [heads, *zip(*columns, strict=True)]:
        padded = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return lines
