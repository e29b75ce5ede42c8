"""Another model's name in a notebook's code: what can be changed for sure, and what needs a hand."""

import ast
import copy
import io
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.course.asking import blank_magics
from helpers.course.calls import read_parameters
from helpers.course.freshness import split_cells
from helpers.course.naming import UNSERVED, Naming, find_literals, names_model
from helpers.course.notebooks import dump_notebook, normalise_notebook, read_notebook, write_whole
from helpers.course.review import Finding
from helpers.lines import fold

__all__ = ["Renaming", "rename_model"]

_Edit = tuple[int, int, int, str]  # line from 1, first and last column, what takes their place


@dataclass(frozen=True)
class _Place:
    """One line of a cell. cell: as JupyterLab counts it, "3 of 95". kind: "changed", "by hand", or "text" (Markdown,
    and what "As it was" keeps)."""

    file: str
    cell: str
    line: int
    kind: str
    what: str

    def __str__(self) -> str:
        return fold(f"  cell {self.cell}, line {self.line}: {self.what}", "      ")


@dataclass(frozen=True)
class Renaming:
    """What renaming did, or would do. notebooks: the files that are written."""

    old: str
    new: str
    places: Sequence[_Place]
    is_written: bool
    notebooks: Mapping[Path, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        titles = {
            "changed": "Changed" if self.is_written else "To change (nothing is written without --write)",
            "by hand": "By hand",
            "text": f"Texts that name {self.old}, left as they are",
        }
        lines: list[str] = []
        for kind, title in titles.items():
            for file in dict.fromkeys(place.file for place in self.places if place.kind == kind):
                places = [place for place in self.places if (place.kind, place.file) == (kind, file)]
                lines += [f"{title}: {file}", *map(str, places), ""]
        changed, by_hand = (len({(p.file, p.cell) for p in self.places if p.kind == k}) for k in ("changed", "by hand"))
        verb = "changed" if self.is_written else "would change"
        return "\n".join([*lines, f"{changed} cell{'s' if changed != 1 else ''} {verb}; {by_hand} to look at by hand."])


def rename_model(path: Path, old: str, new: str, findings: Sequence[Finding], write: bool = False) -> Renaming:
    """Rename `old` to `new` in the code cells of a notebook and of its solution; write: save them.

    Changed are plain string literals: the `model=` of a call of the SDK, and what is assigned to a variable that only
    goes there; those of the course's helpers for prices and models where nothing else names `old`. With them, names of
    parameters that moved, where a call says all its parameters. Nothing where `new` stands in the same cell, or a dial
    in the same line. All else is listed for a hand. Dicts and lists of models, functions that pass a model on, and what
    lies inside of `messages` are not followed.

    findings: of `review_requests`. "As it was" stays. Raises CourseError where a notebook cannot be read or written.
    """
    places: list[_Place] = []
    written = {}
    for file in (path, path.parent / "solutions" / path.name):
        if file.exists():
            before = read_notebook(file)
            after, found = _rename_in(before, old, new, findings)
            shown = file.relative_to(path.parent).as_posix()
            count = len(before.cells)
            places += [_Place(shown, f"{index + 1} of {count}", *rest) for index, *rest in found]
            if any(kind == "changed" for _, _, kind, _ in found):
                written[file] = after
    for file, notebook in written.items() if write else ():
        write_whole(file, dump_notebook(notebook))
    return Renaming(old, new, places, write, written)


def _rename_in(notebook: Any, old: str, new: str, findings: Sequence[Finding]) -> tuple[Any, list[Any]]:
    """(the notebook with its new cells, [cell's index, line, kind, what])"""
    renamed = copy.deepcopy(notebook)
    past = {id(cell) for cell in split_cells(renamed.cells)[1]}
    code = [(tree, id(cell) in past) for cell in renamed.cells if cell.cell_type == "code" and (tree := _parse(cell))]
    teaching, history = ([tree for tree, is_past in code if is_past == which] for which in (False, True))
    naming = Naming(teaching, history, old, {one.api for one in findings if one.kind == "unserved"})
    found: list[Any] = []
    for index, cell in enumerate(renamed.cells):
        if cell.cell_type != "code" or id(cell) in past:
            lines = enumerate(cell.source.splitlines(), 1)
            found += [(index, number, "text", _clip(line)) for number, line in lines if names_model(old, line)]
            continue
        edits, places = _read_cell(cell.source, naming, old, new, findings)
        before, cell.source = cell.source, _apply(cell.source, edits)
        if edits and _parse(cell) is None:
            cell.source, places = before, [(line, "by hand", what) for line, _, what in places]
        found += [(index, *place) for place in sorted(set(places))]
    return normalise_notebook(renamed), found


def _parse(cell: Any) -> ast.Module | None:
    """None for a cell that is no Python, but for the lines that are IPython's own."""
    try:
        return ast.parse(blank_magics(cell.source))
    except SyntaxError:
        return None


def _read_cell(
    source: str, naming: Naming, old: str, new: str, findings: Sequence[Finding]
) -> tuple[list[_Edit], list[tuple[int, str, str]]]:
    plain = blank_magics(source)
    blanked = [
        (number, "by hand", f"no plain Python: {_clip(line)}")
        for number, (line, kept) in enumerate(zip(source.split("\n"), plain.split("\n"), strict=True), 1)
        if line != kept and names_model(old, line)
    ]
    try:
        tree, tokens = ast.parse(plain), list(tokenize.generate_tokens(io.StringIO(plain).readline))
    except (SyntaxError, tokenize.TokenError):
        lines = enumerate(source.splitlines(), 1)
        return [], [(n, "by hand", f"no plain Python: {_clip(line)}") for n, line in lines if names_model(old, line)]
    lines_of = plain.split("\n")
    strings = {token.start: token for token in tokens if token.type == tokenize.STRING}
    dials = {token.start[0] for token in tokens if token.type == tokenize.COMMENT and "turn me" in token.string}
    edits: list[_Edit] = []
    places: list[tuple[int, str, str]] = blanked
    judged = set()
    renamed = set()
    for node, reason in find_literals(tree, naming):
        start = (node.lineno, _column(lines_of, node.lineno, node.col_offset))
        token = strings.get(start)
        judged.add(start)
        end = (node.end_lineno, _column(lines_of, node.end_lineno or 0, node.end_col_offset or 0))
        is_plain = token is not None and token.end == end and token.string in (f'"{old}"', f"'{old}'")
        reasons = {
            "it is not written plainly": not is_plain,
            f"{new} stands in this cell too": names_model(new, plain),
            "a dial is in its line": node.lineno in dials,
            reason: True,
        }
        why = next(words for words, holds in reasons.items() if holds)
        if why == UNSERVED:
            continue  # its call is listed
        if token is None or why:
            places.append((node.lineno, "by hand", f"{why}: {_clip(lines_of[node.lineno - 1])}"))
            continue
        edits.append((*start, token.end[1], token.string.replace(old, new)))
        places.append((node.lineno, "changed", f"{token.string} -> {edits[-1][3]}"))
        renamed.add((node.lineno, node.col_offset))
    for token in tokens:
        kind = tokenize.tok_name[token.type]
        if (
            kind in {"STRING", "COMMENT", "FSTRING_MIDDLE"}
            and token.start not in judged
            and names_model(old, token.string)
        ):
            why = "a comment names it" if kind == "COMMENT" else "it is part of a longer text"
            places.append((token.start[0], "by hand", f"{why}: {_clip(token.string)}"))
    for number, name, why, moved in read_parameters(tree, old, new, findings, renamed):
        if moved:
            column = _column(lines_of, number, moved[0])
            edits.append((number, column, column + len(name), moved[1]))
            places.append((number, "changed", f"{name}= -> {moved[1]}="))
        else:
            places.append((number, "by hand", f"{name}: {why}"))
    return edits, places


def _column(lines: Sequence[str], line: int, offset: int) -> int:
    """In letters, of an offset in bytes."""
    return len(lines[line - 1].encode()[:offset].decode())


def _clip(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) <= 70 else f"{line[:67]}..."


def _apply(source: str, edits: Sequence[_Edit]) -> str:
    lines = source.split("\n")
    for number, start, end, text in sorted(edits, reverse=True):
        line = lines[number - 1]
        lines[number - 1] = line[:start] + text + line[end:]
    return "\n".join(lines)
