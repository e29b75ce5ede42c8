"""Which models a notebook's code asks: read from its calls, and from where the names in them come."""

import ast
import re
from collections.abc import Iterable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from helpers.course.apis import METHODS
from helpers.course.notebooks import find_dials
from helpers.errors import CourseError

__all__ = ["blank_magics", "read_models"]

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_TELLING = {"update", "send"}  # a realtime session, by an event
_LISTS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

_MAGIC = re.compile(r"(?m)^([ \t]*)(?:[%!?].*|[A-Za-z_][\w., \t]*=[ \t]*[%!].*|[\w.*]+\?{1,2}[ \t]*)$")

_Scope = tuple[int, ...]  # () is the notebook; a function in it (1,), a comprehension in that one (1, 2)


def read_models(cells: Iterable[Any]) -> set[str]:
    """Every text that may be the model of a request in these cells: written in the call, or reaching it by a variable,
    a loop, a parameter of a function of the notebook, by a dict that a call unfolds with **, or by the settings that a
    realtime session is told.

    More than the models may be among them. Not seen are names that are made at run time (joined, formatted, from a file
    or a table), what stands in a line of IPython's own (%time, !ls), in a cell that is no Python, or is stored in a
    dict, a list or an attribute after it was made, the functions of an imported module, and calls of the SDK under
    another name (ask = client.responses.create).
    """
    reader = _Reader()
    for cell in cells:
        with suppress(SyntaxError):  # a magic, or a cell that is meant to fail
            reader.visit(ast.parse(blank_magics(cell.source) if cell.cell_type == "code" else ""))
        with suppress(CourseError):  # a dial that cannot be read
            for dial in find_dials(SimpleNamespace(cells=[cell])):  # what a reader may turn it to, too
                reader.visit(ast.parse("\n".join(f"{dial.name} = {value}" for value in dial.values)))
    return reader.find_models()


def blank_magics(source: str) -> str:
    """The cell as plain Python, line by line: where it is none, its lines in IPython's own language become `pass`:
    %time, !ls, files = !ls, len?"""
    with suppress(SyntaxError):
        ast.parse(source)
        return source
    return _MAGIC.sub(r"\1pass", source)


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self._scope: _Scope = ()
        self._count = 0
        self._bound: dict[_Scope, set[str]] = {(): set()}
        self._flows: dict[tuple[_Scope, str], list[tuple[_Scope, ast.expr]]] = {}
        self._functions: dict[str, list[tuple[_Scope, ast.arguments]]] = {}
        self._calls: list[tuple[_Scope, ast.Call]] = []

    def find_models(self) -> set[str]:
        """After every cell was visited."""
        asked = []
        for scope, call in self._calls:
            named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            functions = self._functions.get(call.func.id, []) if isinstance(call.func, ast.Name) else []
            for function in functions:  # a notebook may give one name to several
                self._bind_arguments(scope, call, *function)
            is_passed_on = any(arguments.kwarg for _, arguments in functions)
            is_operation = isinstance(call.func, ast.Attribute) and call.func.attr in METHODS
            if is_operation or is_passed_on:
                asked += [(scope, named["model"])] if "model" in named else []
                unfolded = [keyword.value for keyword in call.keywords if keyword.arg is None]
                asked += [pair for value in unfolded for pair in self._list_members(scope, value, set())]
            if isinstance(call.func, ast.Attribute) and call.func.attr in _TELLING:  # what writes down the speech
                told = (
                    call.args if call.func.attr == "send" else [named[name] for name in ("session",) if name in named]
                )
                asked += [pair for value in told for pair in self._list_members(scope, value, set())]
        return set().union(*(self._strings(scope, value, set()) for scope, value in asked))

    def visit_FunctionDef(self, node: Any) -> None:
        self._enter(node, node.args)
        self._functions.setdefault(node.name, []).append(((*self._scope, self._count), node.args))
        self._inside(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._enter(node, node.args)
        self._inside(node)

    def visit_ListComp(self, node: Any) -> None:
        self._enter(node, None)
        self._inside(node)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._flow(target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: Any) -> None:
        if node.value:
            self._flow(node.target, node.value)
        self.generic_visit(node)

    visit_NamedExpr = visit_AnnAssign

    def visit_For(self, node: Any) -> None:  # and the `for` of a comprehension
        self._flow(node.target, node.iter)
        self.generic_visit(node)

    visit_comprehension = visit_AsyncFor = visit_For

    def visit_Call(self, node: ast.Call) -> None:
        self._calls.append((self._scope, node))
        self.generic_visit(node)

    def _enter(self, node: ast.AST, arguments: ast.arguments | None) -> None:
        self._count += 1
        self._bound[(*self._scope, self._count)] = _bound_in(node)
        if arguments:
            names = [*arguments.posonlyargs, *arguments.args]
            pairs = [
                *zip(reversed(names), reversed(arguments.defaults), strict=False),
                *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
            ]
            for name, default in pairs:
                if default:
                    self._note((*self._scope, self._count), name.arg, self._scope, default)

    def _inside(self, node: ast.AST) -> None:
        before, self._scope = self._scope, (*self._scope, self._count)
        self.generic_visit(node)
        self._scope = before

    def _flow(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            same = len(values) == len(target.elts)
            for part, one in zip(target.elts, values if same else [value] * len(target.elts), strict=True):
                self._flow(part, one)
        elif isinstance(target, ast.Name):
            self._note(self._home(self._scope, target.id), target.id, self._scope, value)

    def _note(self, home: _Scope, name: str, scope: _Scope, value: Any) -> None:
        self._flows.setdefault((home, name), []).append((scope, value))

    def _bind_arguments(self, scope: _Scope, call: ast.Call, home: _Scope, arguments: ast.arguments) -> None:
        names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
        for name, value in zip(names, call.args, strict=False):
            self._note(home, name, scope, value)
        for keyword in call.keywords:
            if keyword.arg:
                self._note(home, keyword.arg, scope, keyword.value)

    def _home(self, scope: _Scope, name: str) -> _Scope:
        while scope and name not in self._bound[scope]:
            scope = scope[:-1]
        return scope

    def _list_members(
        self, scope: _Scope, value: ast.expr, seen: set[tuple[_Scope, str]]
    ) -> list[tuple[_Scope, ast.expr]]:
        """What stands under "model" in the dicts that a value may be: {"model": ...} or dict(model=...)."""
        found: list[tuple[_Scope, ast.expr]] = []
        for node in ast.walk(value):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found += [(scope, one) for key, one in pairs if isinstance(key, ast.Constant) and key.value == "model"]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
                found += [(scope, keyword.value) for keyword in node.keywords if keyword.arg == "model"]
            elif isinstance(node, ast.Name) and (flow_key := (self._home(scope, node.id), node.id)) not in seen:
                seen.add(flow_key)
                for place, flow in self._flows.get(flow_key, []):
                    found += self._list_members(place, flow, seen)
        return found

    def _strings(self, scope: _Scope, value: ast.expr, seen: set[tuple[_Scope, str]]) -> set[str]:
        found: set[str] = set()
        for node in ast.walk(value):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.Name) and (key := (self._home(scope, node.id), node.id)) not in seen:
                seen.add(key)
                for place, flow in self._flows.get(key, []):
                    found |= self._strings(place, flow, seen)
        return found


def _bound_in(node: ast.AST) -> set[str]:
    """Names that belong to a function, or to a comprehension: its parameters, and what is assigned in it."""
    names: set[str] = set()
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        child = waiting.pop()
        if isinstance(child, ast.arg):
            names.add(child.arg)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            names.add(child.id)
        if not isinstance(child, _FUNCTIONS | _LISTS):
            waiting += ast.iter_child_nodes(child)
    return names
