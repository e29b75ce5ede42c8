"""What the calls of a notebook pass that another model refuses: what can be renamed, and what needs a hand."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from helpers.course.apis import api_of_call
from helpers.course.review import Finding
from helpers.parameters import find_rule, list_refusals

__all__ = ["read_parameters"]

_UNKNOWN = object()  # a value that is no literal


def read_parameters(
    tree: ast.AST, old: str, new: str, findings: Sequence[Finding], renamed: Iterable[tuple[int, int]]
) -> Iterator[tuple[int, str, str, tuple[int, str] | None]]:
    """(line, parameter, why it needs a hand, or its column in bytes and its new name where that is sure)

    renamed: where the literals stand that are renamed, line and column.
    """
    in_texts = {inner for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node)}
    troubles = {(one.api, one.parameter): one for one in findings if one.is_refusal and one.kind != "both"}
    unserved = {one.api: one for one in troubles.values() if one.kind == "unserved"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = {_literal(key): key.lineno for key in node.keys if isinstance(key, ast.Constant)}
            for name, one in {one.parameter: one for one in troubles.values() if one.parameter in keys}.items():
                yield keys[name], name, f"{one.instead or one.what} (if this goes to {new})", None
        elif isinstance(node, ast.Call):
            named = {keyword.arg: keyword for keyword in node.keywords if keyword.arg}
            model = _literal(named["model"].value) if "model" in named else None
            if model not in (None, _UNKNOWN, old, new):  # a tuple: a literal may be a list, which no set holds
                continue
            api = api_of_call(ast.unparse(node.func))
            if api in unserved and model != new:
                one = unserved[api]
                yield node.lineno, api, f"{new} {one.what}; {one.instead}", None
            values = {name: _literal(keyword.value) for name, keyword in named.items() if name != "model"}
            is_open = len(named) < len(node.keywords)  # it unfolds a dict beside
            for one in troubles.values():
                name = one.parameter.partition(".")[0]
                if name not in values or (api and api != one.api):
                    continue
                if not (why := _say_trouble(new, one, values, is_open)):
                    continue
                literal = named["model"].value if "model" in named else None
                is_renamed = literal is not None and (literal.lineno, literal.col_offset) in renamed
                reasons = {
                    "it goes through a function": not api,
                    "the model is a variable": model in (None, _UNKNOWN),
                    "the call names the new model already": model == new,
                    "more is passed beside it": is_open or one.renamed_to in values,
                    "it stands in an f-string": node in in_texts,
                    "the model is left to your hand": not is_renamed,
                }
                unsure = next((reason for reason, holds in reasons.items() if holds), "")
                if one.renamed_to and not unsure:
                    yield named[name].lineno, name, "", (named[name].col_offset, one.renamed_to)
                else:
                    words = f"use {one.renamed_to} ({unsure})" if one.renamed_to else why
                    yield named[name].lineno, one.parameter, words, None


def _say_trouble(new: str, one: Finding, values: Mapping[str, Any], is_open: bool) -> str:
    """What to do about a parameter of one call, "" where nothing is wrong with it. values: `_UNKNOWN` if no literal."""
    name = one.parameter.partition(".")[0]
    value = values[name]
    if one.kind == "needs":
        needed, _, wanted = (find_rule(one.api, new, one.parameter) or {"needs": ""})["needs"].partition("=")
        given = values.get(needed, _UNKNOWN if is_open else None)
        if value is None or (value is not _UNKNOWN and not value) or str(given) == wanted:
            return ""
        return f"check that {needed} is {wanted}" if _UNKNOWN in (value, given) else one.instead
    if value is _UNKNOWN:  # messages stand in every call, and what is in them is told by the report
        return "" if name == "messages" and "." in one.parameter else one.instead or one.what
    known = {parameter: each for parameter, each in values.items() if each is not _UNKNOWN}
    is_refused = any(refusal.parameter == one.parameter for refusal in list_refusals(new, one.api, known))
    return (one.instead or one.what) if is_refused else ""


def _literal(value: ast.expr) -> Any:
    """What a plain literal is, `_UNKNOWN` for all else: a name, a call, an f-string."""
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError):
        return _UNKNOWN
