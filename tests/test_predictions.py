"""A guess is asked for, kept, and told beside what came out; with nobody there, nothing moves."""

import re
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest

from helpers import memory, predict, predicted
from helpers.course.notebooks import compare_outputs, read_notebook, run_notebook
from helpers.errors import CourseError
from helpers.lines import WIDTH
from helpers.settings import ROOT
from tests.forks import no_forks

NAME, QUESTION, OPTIONS = "06.tokens", "Which costs more tokens?", ["German", "English"]
ASKED = "Which costs more tokens? German or English?\n"
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def book(tmp_path, monkeypatch) -> Path:
    """An empty workbook/, not stood in, and a kernel that remembers nothing."""
    monkeypatch.setattr(memory, "ROOT", tmp_path)
    monkeypatch.setattr(memory, "_here", {"passed": {}, "guesses": {}, "outcomes": {}})
    (tmp_path / "workbook").mkdir()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path / "workbook"


def test_without_a_reader_the_question_is_printed_and_the_result_alone(book, capsys):
    predict(NAME, QUESTION, OPTIONS)
    predicted(NAME, "English")
    assert capsys.readouterr().out == ASKED + "it was English\n"
    assert list(book.iterdir()) == []


@pytest.mark.parametrize(
    ("guess", "told"), [("German", "you said German; it was English\n"), ("English", "you said English, and it was\n")]
)
def test_a_written_guess_stands_beside_what_came_out(guess, told, capsys):
    predict(NAME, QUESTION, OPTIONS, guess=guess)
    assert capsys.readouterr().out == f"{ASKED}kept: {guess}\n"
    predicted(NAME, "English")
    assert capsys.readouterr().out == told


def test_options_may_be_numbers_and_many(capsys):
    predict("00.calls", "How many calls?", [1, 2, "more"], guess=2)
    predicted("00.calls", 1)
    assert capsys.readouterr().out == "How many calls? 1, 2 or more?\nkept: 2\nyou said 2; it was 1\n"


@pytest.mark.parametrize("untouched", [None, ...])
def test_a_guess_that_is_not_written_yet_is_none(untouched, capsys):
    predict(NAME, QUESTION, OPTIONS, guess=untouched)
    assert capsys.readouterr().out == ASKED


def test_a_guess_that_is_no_option_names_the_nearest():
    with pytest.raises(CourseError, match="none of the options") as error:
        predict(NAME, QUESTION, OPTIONS, guess="Germn")
    assert error.value.details == {"nearest": "German"}
    assert error.value.next == "guess='German' or guess='English'"


def test_a_guess_is_taken_whatever_its_capitals(capsys):
    predict(NAME, QUESTION, OPTIONS, guess="english ")
    assert "kept: English" in capsys.readouterr().out


@pytest.mark.parametrize("case", [("tokens", OPTIONS), (NAME, ["one"]), (NAME, ["one", "one"])])
def test_a_prediction_has_its_notebooks_number_and_different_options(case):
    with pytest.raises(CourseError, match="is no prediction"):
        predict(case[0], QUESTION, case[1])


def test_in_the_workbook_a_guess_outlives_the_kernel(book, monkeypatch, capsys):
    monkeypatch.chdir(book)
    predict(NAME, QUESTION, OPTIONS, guess="German")
    monkeypatch.setattr(memory, "_here", {"passed": {}, "guesses": {}, "outcomes": {}})  # as a new kernel has it
    predicted(NAME, "English")
    assert "you said German; it was English" in capsys.readouterr().out


CELLS = [
    "import helpers.memory; from pathlib import Path; helpers.memory.ROOT = Path.cwd().parent\n"
    "from helpers import predict, predicted",
    f"predict({NAME!r}, {QUESTION!r}, {OPTIONS!r})",
    "from helpers.predictions import _shown\n_shown[next(iter(_shown))][1][-1].click() if _shown else None",
    f"predicted({NAME!r}, 'English')",
]


def run_in(folder: Path, *cells: str) -> nbformat.NotebookNode:
    return run_notebook(v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells]), folder)


def printed(cell) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_in_a_kernel_of_the_workbook_a_button_keeps_the_guess(book):
    ran = run_in(book, *CELLS)
    assert printed(ran.cells[1]) == ASKED
    assert printed(ran.cells[3]) == "you said English, and it was\n"
    assert '"06.tokens": "English"' in (book / ".progress.json").read_text()


def test_once_the_result_is_known_no_widget_is_left_in_the_notebook(book):
    unanswered = run_in(book, *CELLS[:2])
    [view] = [output.data for output in unanswered.cells[1].outputs if output.output_type == "display_data"]
    assert VIEW in view and "guess='German'" in view["text/plain"], "pages without widgets show how to write a guess"
    answered = run_in(book, *CELLS)
    [plain] = [output.data for output in answered.cells[1].outputs if output.output_type == "display_data"]
    assert plain == {"text/plain": "kept: English"}
    book.joinpath(".progress.json").unlink()
    passed_over = run_in(book, *CELLS[:2], CELLS[3])
    assert [output.get("data") for output in passed_over.cells[1].outputs] == [None, {"text/plain": ""}]


def test_with_a_reader_and_without_an_untouched_notebook_prints_the_same(book):
    """So the workbook can be compared with what is saved, and nbval sees no widget."""
    cells = [*CELLS[:2], CELLS[3]]
    with_reader, without = run_in(book, *cells), run_in(book.parent / "notebooks", *cells)
    assert compare_outputs(with_reader, without) == []
    assert compare_outputs(run_in(book, *CELLS[:2]), run_in(book.parent / "notebooks", *CELLS[:2])) == []
    assert all(VIEW not in output.get("data", {}) for cell in without.cells for output in cell.outputs)
    assert printed(without.cells[2]) == "it was English\n"


def test_a_guess_that_was_kept_before_is_marked(book):
    marks = "print([button.icon for button in _shown['06.tokens'][1][3:]])"
    shown = "from helpers.predictions import _shown"
    ran = run_in(book, *CELLS[:3], CELLS[1], f"{shown}; {marks}")
    assert printed(ran.cells[4]) == "['', 'check']\n"


def test_asking_loads_no_widgets_where_none_can_be_shown():
    with no_forks():  # those have everything loaded
        ran = run_in(ROOT / "notebooks", *CELLS[:2], "import sys; print('ipywidgets' in sys.modules)")
    assert printed(ran.cells[2]) == "False\n"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_prediction_of_a_notebook_is_its_own_and_has_its_result_after_it(path):
    cells = [cell.source for cell in read_notebook(path).cells if cell.cell_type == "code"]
    asked = [(name, n) for n, text in enumerate(cells) for name in re.findall(r'\bpredict\(\s*"([^"]+)"', text)]
    told = [(name, n) for n, text in enumerate(cells) for name in re.findall(r'\bpredicted\(\s*"([^"]+)"', text)]
    assert sorted(dict(asked)) == sorted(name for name, _ in asked), "a name is asked twice"
    assert sorted(dict(told)) == sorted(dict(asked))
    assert all(name.startswith(f"{path.stem[:2]}.") and dict(asked)[name] < n for name, n in told)


def test_the_lines_fit_a_notebooks_width(capsys):
    predict(NAME, "word " * 30 + "?", ["a long answer", "another one"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= WIDTH
