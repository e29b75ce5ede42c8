"""Reading dials, running notebooks, comparing what they print."""

import sys

import nbformat.v4 as v4
import pytest

from helpers.course.notebooks import (
    NotebookFailed,
    clear_outputs,
    compare_outputs,
    dump_notebook,
    find_dials,
    normalise_notebook,
    read_notebook,
    run_notebook,
    turn_dial,
)
from helpers.errors import CourseError


def notebook_of(*sources: str):
    return v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])


def test_a_dial_is_its_name_its_value_and_all_it_may_stand_on():
    [dial] = find_dials(notebook_of("x = 1", "import os\ntemperature = 0.0   # turn me: 0.0, 0.7, 1.3"))
    assert (dial.cell, dial.line, dial.name, dial.value) == (1, 1, "temperature", "0.0")
    assert dial.values == ("0.0", "0.7", "1.3")


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ('city = "Rome"   # turn me: "Rome", "Oslo, Norway"', ('"Rome"', '"Oslo, Norway"')),
        ("sizes = [1, 2]  # turn me: [1, 2], [3]", ("[1, 2]", "[3]")),
        ("n = -1  # turn me: -1, None, True", ("-1", "None", "True")),
        ('    text = "a # b"   # turn me: "a # b", "c"', ('"a # b"', '"c"')),
    ],
)
def test_a_dials_values_are_python(line, values):
    assert find_dials(notebook_of(line))[0].values == values


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("t = 0.5  # turn me: 0.0, 0.7", "not on its dial"),
        ("t = 0.5  # turn me: 0.5, warm", "no Python value"),
        ("t = 0.5  # turn me: 0.5, (", "no Python value"),
        ("print(t)  # turn me: 0.5", "cannot be read"),
    ],
)
def test_a_dial_that_cannot_be_turned_is_an_error(line, says):
    with pytest.raises(CourseError, match=says):
        find_dials(notebook_of(line))


def test_turning_a_dial_changes_its_line_alone_and_leaves_the_notebook_as_it_was():
    notebook = notebook_of("a = 1", 'city = "x"   # turn me: "x", "\\\\d"\nprint(city)')
    [dial] = find_dials(notebook)
    turned = turn_dial(notebook, dial, dial.values[1])
    assert turned.cells[1].source == 'city = "\\\\d"   # turn me: "x", "\\\\d"\nprint(city)'
    assert turned.cells[0].source == "a = 1"
    assert notebook.cells[1].source.startswith('city = "x"')


def test_a_notebook_runs_in_this_python_with_the_given_environment_and_folder(tmp_path):
    source = "import os, sys\nprint(sys.executable, os.environ['GIVEN'], os.getcwd(), sep='\\n')"
    ran = run_notebook(notebook_of(source), tmp_path, {"GIVEN": "here"})
    assert ran.cells[0].outputs[0].text == f"{sys.executable}\nhere\n{tmp_path}\n"
    assert ran.cells[0].execution_count == 1


def test_what_a_run_leaves_is_content_alone(tmp_path):
    ran = run_notebook(notebook_of("import ipywidgets\nipywidgets.IntSlider()", "1"), tmp_path)
    assert set(ran.metadata) == {"kernelspec", "language_info"}
    assert [cell.metadata for cell in ran.cells] == [{}, {}]
    assert dump_notebook(run_notebook(notebook_of("print(1)"), tmp_path)) == dump_notebook(
        run_notebook(notebook_of("print(1)"), tmp_path)
    )


def test_a_failure_names_its_cell_and_a_planned_one_is_none(tmp_path):
    notebook = notebook_of("1 / 0", "print('after')", "int('x')", "print('never')")
    notebook.cells[0].metadata["tags"] = ["raises-exception"]
    with pytest.raises(NotebookFailed, match="cell 2 failed") as caught:
        run_notebook(notebook, tmp_path)
    assert caught.value.error_name == "ValueError"
    assert "int('x')" in str(caught.value)


def test_a_kernel_that_dies_is_a_failure_too(tmp_path):
    with pytest.raises(NotebookFailed, match="cell 0 failed") as caught:
        run_notebook(notebook_of("import os; os._exit(1)"), tmp_path)
    assert caught.value.error_name == "DeadKernelError"


def test_a_cell_that_takes_too_long_is_a_failure_too(tmp_path):
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(notebook_of("import time; time.sleep(60)"), tmp_path, timeout=1)
    assert caught.value.error_name == "CellTimeoutError"


def with_output(output, tag: str = ""):
    notebook = notebook_of("x")
    notebook.cells[0].outputs = [output]
    notebook.cells[0].metadata = {"tags": [tag]} if tag else {}
    return notebook


def test_different_outputs_are_told_with_their_cell():
    one = with_output(v4.new_output("stream", text="same\none\n"))
    other = with_output(v4.new_output("stream", text="same\nother\n"))
    assert compare_outputs(one, one) == []
    assert compare_outputs(one, other) == ["cell 0: stdout: one  ≠  stdout: other"]


def test_a_missing_output_and_a_longer_one_are_differences():
    one = with_output(v4.new_output("stream", text="one\n"))
    more = with_output(v4.new_output("stream", text="one\ntwo\n"))
    assert len(compare_outputs(one, more)) == len(compare_outputs(more, one)) == 1
    assert len(compare_outputs(one, clear_outputs(one))) == 1


def test_pictures_and_tables_are_compared_by_their_data():
    one = with_output(v4.new_output("display_data", data={"image/png": "AAAA", "text/plain": "<Figure>"}))
    other = with_output(v4.new_output("display_data", data={"image/png": "BBBB", "text/plain": "<Figure>"}))
    assert "image/png: AAAA" in compare_outputs(one, other)[0]


def test_errors_are_compared_by_name_and_message_and_not_by_their_traceback():
    one = with_output(v4.new_output("error", ename="E", evalue="v", traceback=["here"]))
    other = with_output(v4.new_output("error", ename="E", evalue="v", traceback=["there"]))
    third = with_output(v4.new_output("error", ename="E", evalue="w", traceback=["here"]))
    assert compare_outputs(one, other) == []
    assert compare_outputs(one, third) == ["cell 0: E: v  ≠  E: w"]


def test_a_cell_that_is_not_compared_may_differ():
    one = with_output(v4.new_output("stream", text="1"), "nbval-ignore-output")
    other = with_output(v4.new_output("stream", text="2"), "nbval-ignore-output")
    assert compare_outputs(one, other) == []


def test_receipts_may_differ_and_nothing_else_of_their_cells():
    """Asked for anew a receipt holds seconds and dollars, replayed a date."""

    def asked(printed: str, receipt: str):
        notebook = with_output(v4.new_output("stream", text=printed))
        data = {"text/plain": f"receipt: {receipt}"}
        notebook.cells[0].outputs.append(v4.new_output("display_data", data=data, metadata={"receipt": True}))
        return notebook

    assert compare_outputs(asked("1", "3 calls · 0.2 s"), asked("1", "recorded 2026-11-20 · 3 calls")) == []
    assert len(compare_outputs(asked("1", "3 calls"), asked("2", "3 calls"))) == 1


def test_two_cells_that_say_the_same_have_different_ids_that_follow_from_what_they_say():
    first, second = normalise_notebook(notebook_of("x", "x")), normalise_notebook(notebook_of("x", "x"))
    ids = [cell.id for cell in first.cells]
    assert len(set(ids)) == 2
    assert ids == [cell.id for cell in second.cells]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"cells": 3, "nbformat": 4, "nbformat_minor": 5}'])
def test_a_broken_notebook_is_named(tmp_path, text):
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    with pytest.raises(CourseError, match="cannot read the notebook broken"):
        read_notebook(path)
