"""Another model's name in a notebook's code: what can be changed for sure, and what needs a hand."""

import ast
import copy
import io
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.course.freshness import split_cells
from helpers.course.notebooks import dump_notebook, normalise_notebook, read_notebook, write_whole
from helpers.course.review import Finding
from helpers.lines import fold
from helpers.parameters import list_refusals

__all__ = ["Place", "Renaming", "rename_model"]

_APIS = {"chat.completions": "chat", "responses": "responses"}
_Edit = tuple[int, int, int, str]  # line from 1, first and last column, what takes their place


@dataclass(frozen=True)
class Place:
    """One line of a cell. kind: "changed", "by hand", or "text" (Markdown, and what "As it was" keeps)."""

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
    places: Sequence[Place]
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

    Changed are string literals that equal `old`, and names of parameters that moved, where a call names the model
    itself and says all its parameters. findings: of `review_requests`. "As it was" stays. Raises CourseError where a
    notebook cannot be read or written.
    """
    places: list[Place] = []
    written = {}
    for file in (path, path.parent / "solutions" / path.name):
        if file.exists():
            before = read_notebook(file)
            after, found = _rename_in(before, old, new, findings)
            shown = file.relative_to(path.parent).as_posix()
            ids = (after if write else before).cells
            places += [Place(shown, ids[index].id, *rest) for index, *rest in found]
            if any(kind == "changed" for _, _, kind, _ in found):
                written[file] = after
    for file, notebook in written.items() if write else ():
        write_whole(file, dump_notebook(notebook))
    return Renaming(old, new, places, write, written)


def _rename_in(notebook: Any, old: str, new: str, findings: Sequence[Finding]) -> tuple[Any, list[Any]]:
    """(the notebook with its new cells, [cell's index, line, kind, what])"""
    renamed = copy.deepcopy(notebook)
    past = {id(cell) for cell in split_cells(renamed.cells)[1]}
    found: list[Any] = []
    for index, cell in enumerate(renamed.cells):
        if cell.cell_type != "code" or id(cell) in past:
            lines = enumerate(cell.source.splitlines(), 1)
            found += [(index, number, "text", _clip(line)) for number, line in lines if _names(old, line)]
            continue
        edits, places = _read_cell(cell.source, old, new, findings)
        found += [(index, *place) for place in sorted(places)]
        cell.source = _apply(cell.source, edits)
    return normalise_notebook(renamed), found


def _read_cell(
    source: str, old: str, new: str, findings: Sequence[Finding]
) -> tuple[list[_Edit], list[tuple[int, str, str]]]:
    try:
        tree, tokens = ast.parse(source), list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, tokenize.TokenError):
        lines = enumerate(source.splitlines(), 1)
        return [], [(n, "by hand", f"no plain Python: {_clip(line)}") for n, line in lines if _names(old, line)]
    edits: list[_Edit] = []
    places: list[tuple[int, str, str]] = []
    depth = 0  # inside an f-string, which is tokens of its own from Python 3.12 on
    for token in tokens:
        kind = tokenize.tok_name[token.type]
        depth += (kind == "FSTRING_START") - (kind == "FSTRING_END")
        if kind == "STRING" and not depth and _literal(token.string) == old:
            edits.append((token.start[0], token.start[1], token.end[1], token.string.replace(old, new)))
            places.append((token.start[0], "changed", f"{token.string} -> {edits[-1][3]}"))
        elif kind in {"STRING", "COMMENT", "FSTRING_MIDDLE"} and _names(old, token.string):
            why = "a comment names it" if kind == "COMMENT" else "it is part of a longer text"
            places.append((token.start[0], "by hand", f"{why}: {_clip(token.string)}"))
    for line, name, why, moved in _read_parameters(tree, old, new, findings):
        if moved:
            column = len(source.split("\n")[line - 1].encode()[: moved[0]].decode())
            edits.append((line, column, column + len(name), moved[1]))
            places.append((line, "changed", f"{name}= -> {moved[1]}="))
        else:
            places.append((line, "by hand", f"{name}: {why}"))
    return edits, places


def _read_parameters(
    tree: ast.AST, old: str, new: str, findings: Sequence[Finding]
) -> Iterator[tuple[int, str, str, tuple[int, str] | None]]:
    """(line, parameter, why it needs a hand, or its column in bytes and its new name where that is sure)"""
    in_texts = {inner for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node)}
    troubles = {(one.api, one.parameter): one for one in findings if one.is_refusal}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = {_literal(key): key.lineno for key in node.keys if isinstance(key, ast.Constant)}
            for name, one in {one.parameter: one for one in troubles.values() if one.parameter in keys}.items():
                yield keys[name], name, f"{one.instead or one.what} (if this goes to {new})", None
        elif isinstance(node, ast.Call):
            named = {keyword.arg: keyword for keyword in node.keywords}
            model = _literal(named["model"].value) if "model" in named else None
            api = next((api for words, api in _APIS.items() if f".{words}." in f".{ast.unparse(node.func)}"), "")
            fitting = {one.parameter: one for one in troubles.values() if api in {"", one.api}}
            literals = {name: _literal(one.value) for name, one in named.items() if name and name != "model"}
            for name in fitting.keys() & literals.keys() if model in {None, old, new} else ():  # new: renamed before
                one, keyword = fitting[name], named[name]
                target = (re.match(r"use (\w+)", one.instead) or ["", ""])[1]
                if literals[name] is not None and not _is_refused(new, one, literals):
                    continue
                reasons = {
                    "it goes through a function": not api,
                    "the model is a variable": not model,
                    "the call names the new model already": model == new,
                    "more is passed beside it": {None, target} & named.keys(),
                    "it stands in an f-string": node in in_texts,
                }
                unsure = next((reason for reason, holds in reasons.items() if holds), "")
                why = f"use {target} ({unsure})" if one.kind == "moved" else one.instead or one.what
                is_sure = one.kind == "moved" and not unsure
                yield keyword.lineno, name, why, (keyword.col_offset, target) if is_sure else None


def _is_refused(new: str, one: Finding, literals: Mapping[str, Any]) -> bool:
    return any(refusal.parameter == one.parameter for refusal in list_refusals(new, one.api, literals))


def _literal(value: str | ast.expr) -> Any:
    """What a plain literal is, None for all else: a name, a call, an f-string."""
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return None


def _names(model: str, text: str) -> bool:
    """Whether a text names this model: gpt-4o is not in gpt-4o-mini, and gpt-4 not in gpt-4.1."""
    return re.search(rf"(?<![\w.-]){re.escape(model)}(?![\w-]|\.\w)", text) is not None


def _clip(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) <= 70 else f"{line[:67]}..."


def _apply(source: str, edits: Sequence[_Edit]) -> str:
    lines = source.split("\n")
    for number, start, end, text in sorted(edits, reverse=True):
        line = lines[number - 1]
        lines[number - 1] = line[:start] + text + line[end:]
    return "\n".join(lines)
