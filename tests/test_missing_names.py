"""A name that is not there: which cell above makes it, and in which kernels that is said."""

import json
import sys

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from helpers.course.kernels import CourseKernels
from helpers.course.missing_names import explain_missing

CELLS = [
    ("a", "markdown", "`prose` = 1"),
    ("b", "code", "from helpers import connect\nimport json as reader\nclient = connect('00_start_here')"),
    ("c", "code", "%matplotlib inline\nwith open('x') as file:\n    pass\ndef ask(inner):\n    local = 1"),
    ("d", "code", "[hidden for hidden in 'ab'] and (walrus := 1)\nfor number in 'ab':\n    number == compared"),
    ("e", "code", "broken ="),
    ("asking", "code", "own = client"),
    ("g", "code", "below = 1"),
]


@pytest.fixture
def notebook(tmp_path):
    path = tmp_path / "any.ipynb"
    cells = [{"id": name, "cell_type": kind, "source": source} for name, kind, source in CELLS]
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


def transform(source: str) -> str:
    return source.replace("%matplotlib inline", "pass")


@pytest.mark.parametrize("name", ["connect", "reader", "client", "file", "ask", "walrus", "number"])
def test_a_name_that_a_cell_above_makes_has_a_card_with_the_way_back(notebook, name):
    card = explain_missing(name, notebook, "asking", transform)
    assert card.splitlines()[0].startswith(f"{name} is made by an earlier cell")
    assert card.splitlines()[1].strip() == "try  Run > Run All Above Selected Cell, then this cell again"


@pytest.mark.parametrize("name", ["prose", "inner", "local", "hidden", "compared", "broken", "own", "below", "clinet"])
def test_a_name_that_no_cell_above_makes_has_none(notebook, name):
    assert explain_missing(name, notebook, "asking", transform) == ""


def test_a_name_that_a_cell_above_made_and_gave_up_has_none(notebook):
    """As an error does after its `except`: to run the cell again would not help."""
    ran = {source for _, _, source in CELLS}
    assert explain_missing("client", notebook, "asking", transform, ran) == ""
    assert explain_missing("client", notebook, "asking", transform, ran - {CELLS[1][2]})


def test_where_the_failing_cell_is_not_saved_yet_every_cell_counts(notebook):
    assert explain_missing("below", notebook, "new").startswith("below is made")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"cells": 3}', '{"cells": [3]}', '{"cells": [{"cell_type": "code"}]}']
)
def test_a_notebook_that_cannot_be_read_gives_no_card_and_no_error(tmp_path, text):
    path = tmp_path / "any.ipynb"
    path.write_text(text, encoding="utf-8")
    assert explain_missing("client", path, None) == explain_missing("client", tmp_path / "none.ipynb", None) == ""


def test_only_this_environments_own_kernel_loads_the_extension(tmp_path):
    for name, python in {"python3": "/elsewhere/bin/python", "other": sys.executable}.items():
        (tmp_path / name).mkdir()
        spec = {"argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": name}
        (tmp_path / name / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    ours, theirs = CourseKernels(kernel_dirs=[]), KernelSpecManager(kernel_dirs=[])
    added = ours.get_kernel_spec("python3").argv
    assert added[:-1] == theirs.get_kernel_spec("python3").argv
    assert added[-1].endswith("helpers.course.missing_names")
    readers = CourseKernels(kernel_dirs=[str(tmp_path)])
    assert all(len(readers.get_kernel_spec(name).argv) == 5 for name in ("python3", "other"))
