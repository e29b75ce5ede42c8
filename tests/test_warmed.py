"""The process that runs notebooks without a kernel prints what a kernel prints, and fails where a kernel fails."""

import nbformat
import pytest

from helpers.course.notebooks import NotebookFailed, compare_outputs, run_notebook
from helpers.settings import ROOT
from tests.forks import no_forks
from tests.warmed import can_fork, run_turned, run_warmed

pytestmark = pytest.mark.skipif(not can_fork, reason="this system cannot fork")

CELLS = [
    ("import sys; print('one'); print('two'); print('three', file=sys.stderr); 1 + 1", []),
    ("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>')); print('after'); HTML('<i>y</i>')", []),
    ("1 / 0", ["raises-exception"]),
    ("await __import__('asyncio').sleep(0, 'awaited')", []),
    ("import pandas as pd; pd.DataFrame({'a': [1, 2]})", []),
    ("x = 7;", []),
    ("%run -m this", []),
    ("x", []),
]


def _notebook(cells):
    made = [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in cells]
    return nbformat.v4.new_notebook(cells=made)


def test_it_prints_what_a_kernel_prints_and_so_does_a_forked_kernel():
    notebook = _notebook(CELLS)
    others = [run(notebook, ROOT / "notebooks") for run in (run_notebook, run_warmed)]
    with no_forks():
        kernel = run_notebook(notebook, ROOT / "notebooks")
    for ran in others:
        assert compare_outputs(kernel, ran) == []
        for one, other in zip(kernel.cells, ran.cells, strict=True):
            assert [output.output_type for output in one.outputs] == [output.output_type for output in other.outputs]
            assert one.execution_count == other.execution_count


def test_a_failure_stops_it_with_the_same_words():
    notebook = _notebook([("one = 1", []), ("print('before')\nnowhere", []), ("never = 1", [])])
    told = []
    for run in (run_notebook, run_warmed):
        with pytest.raises(NotebookFailed) as failed:
            run(notebook, ROOT / "notebooks")
        told.append((str(failed.value), failed.value.error_name))
    assert told[0] == told[1]


def test_each_run_begins_empty():
    run_warmed(_notebook([("left_over = 1", [])]), ROOT / "notebooks")
    with pytest.raises(NotebookFailed, match="left_over"):
        run_warmed(_notebook([("left_over", [])]), ROOT / "notebooks")


def test_a_run_without_end_is_ended():
    with pytest.raises(pytest.fail.Exception, match="no end after 1 s"):
        run_warmed(_notebook([("while True: pass", [])]), ROOT / "notebooks", timeout=1)
    assert run_warmed(_notebook([("1", [])]), ROOT / "notebooks").cells[0].outputs


TURNED = [("before = 1", []), ("dial = 1", []), ("1 / (2 - dial)", []), ("other = 1", []), ("before / other", [])]


def _turn(cell: int, source: str):
    return _notebook([(source, []) if index == cell else each for index, each in enumerate(TURNED)])


def test_notebooks_that_differ_in_a_cell_fail_where_they_would_alone():
    turned = {
        "well": _turn(1, "dial = 0"),
        "by the dial": _turn(1, "dial = 2"),
        "by another": _turn(3, "other = 0"),
        "alone": _turn(3, "other = 2; dial = 2"),
    }
    failures = run_turned(_notebook(TURNED), turned, ROOT / "notebooks", timeout=60)
    alone = {}
    for title, notebook in turned.items():
        try:
            run_warmed(notebook, ROOT / "notebooks")
        except NotebookFailed as failed:
            alone[title] = str(failed)
    assert {title: str(failed) for title, failed in failures.items()} == alone
    assert list(failures) == ["by the dial", "by another"]


def test_what_fails_before_the_cell_that_differs_is_a_failure_of_each():
    cells = [("nowhere", []), ("dial = 1", [])]
    turned = {str(value): _notebook([cells[0], (f"dial = {value}", [])]) for value in (2, 3)}
    failures = run_turned(_notebook(cells), turned, ROOT / "notebooks", timeout=60)
    assert list(failures) == ["2", "3"] and "nowhere" in str(failures["3"])
