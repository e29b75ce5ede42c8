"""Where a notebook writes a model's name, and whether that text goes to the model of a request and nowhere else."""

import ast
import re
from collections.abc import Iterator, Sequence, Set

from helpers.course.apis import api_of_call

__all__ = ["UNSERVED", "Naming", "find_literals", "names_model"]

UNSERVED = "the new model is not served there"
_IN_TEXT = "it stands in an f-string"
_HELPERS = {"describe_model", "expected_cost", "list_price", "request_cost"}  # of the course: they take a model's name
_Parents = dict[ast.AST, ast.AST]


class Naming:
    """How the code of one notebook uses the name `old`.

    teaching, history: trees of its cells; those of the history stay as they are, and only the uses of variables in them
    count. unserved: APIs that do not take the new model.
    """

    def __init__(
        self, teaching: Sequence[ast.Module], history: Sequence[ast.Module], old: str, unserved: Set[str]
    ) -> None:
        self.old = old
        self._unserved = unserved
        self._uses: dict[str, set[str]] = {}  # of a variable: where it goes
        for tree in (*teaching, *history):
            above = _find_parents(tree)
            for node in ast.walk(tree):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    self._uses.setdefault(node.id, set()).add(self._judge_place(node, above))
        kinds = set()
        for tree in teaching:
            above = _find_parents(tree)
            kinds |= {self.judge(node, above) for node in _list_literals(tree, old)}
            if any(_is_longer(node, old) for node in ast.walk(tree)):
                kinds.add("a longer text")
        self.helpers_are_all = kinds <= {"call", "helper"}  # beside the calls, nothing but helpers names it

    def judge(self, node: ast.expr, parents: _Parents) -> str:
        """ "call" (the model of a call), "helper", or why it is neither."""
        parent = parents[node]
        if not (isinstance(parent, ast.Assign) and parent.value is node and len(parent.targets) == 1):
            return self._judge_place(node, parents)
        [target] = parent.targets
        uses = self._uses.get(target.id, set()) if isinstance(target, ast.Name) else set()
        if uses and uses <= {"call", "helper"}:
            return "call" if uses == {"call"} else "helper"
        return "it is assigned, and not only to the model of a request"

    def _judge_place(self, node: ast.expr, parents: _Parents) -> str:
        above, parent = node, parents[node]
        while above in parents:
            above = parents[above]  # type: ignore[assignment]
            if isinstance(above, ast.JoinedStr):
                return _IN_TEXT
        call = parents[parent] if isinstance(parent, ast.keyword) else parent
        if not isinstance(call, ast.Call) or node is call.func:
            return "it is not plainly the model of a request"
        function = ast.unparse(call.func)
        is_model = isinstance(parent, ast.keyword) and parent.arg == "model"
        if is_model and (api := api_of_call(function)):
            return UNSERVED if api in self._unserved else "call"
        if (is_model and function == "check") or (function in _HELPERS and (is_model or parent is call)):
            return "helper"
        return "it is not plainly the model of a request"


def find_literals(tree: ast.Module, naming: Naming) -> Iterator[tuple[ast.Constant, str]]:
    """Every text that equals the old name, but for those in f-strings, and why it is left to a hand, "" where not."""
    parents = _find_parents(tree)
    for node in _list_literals(tree, naming.old):
        kind = naming.judge(node, parents)
        if kind == _IN_TEXT or isinstance(parents[node], ast.JoinedStr):
            continue  # listed as part of a longer text
        if kind == "helper":
            kind = "call" if naming.helpers_are_all else "other code names it too"
        yield node, "" if kind == "call" else kind


def names_model(model: str, text: str) -> bool:
    """Whether a text names this model: gpt-4o is not in gpt-4o-mini, and gpt-4 not in gpt-4.1."""
    return re.search(rf"(?<![\w.-]){re.escape(model)}(?![\w-]|\.\w)", text) is not None


def _is_longer(node: ast.AST, old: str) -> bool:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != old
    return is_text and names_model(old, node.value)  # type: ignore[attr-defined]


def _list_literals(tree: ast.Module, old: str) -> list[ast.Constant]:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == old]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _find_parents(tree: ast.Module) -> _Parents:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
