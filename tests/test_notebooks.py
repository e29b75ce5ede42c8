"""Every notebook of the course: its form, its dials, and that nothing in it depends on who answered.

That its cells print what is saved is nbval's part: `make test` hands it every notebook and every solution.
"""

import itertools
import re
import statistics
from pathlib import Path

import nbformat.v4 as v4
import pytest

from helpers.course.notebooks import dump_notebook, normalise_notebook, read_notebook
from helpers.course.record import plan_runs
from helpers.settings import ROOT
from tests.warmed import run_turned

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
EVERY = [*NOTEBOOKS, *SOLUTIONS]
TURNED = {path: [run for run in plan_runs(path)[1:] if run[0] != "solutions"] for path in NOTEBOOKS}
LONGEST_CELL = 15  # lines
MEDIAN_CELL = 6
WORDS = (900, 1_900)  # of Markdown
OPENING = (
    r"# (?P<number>\d\d) · \S.*",
    r"\*\*You will\*\* \S.*",
    r"\*\*Needs\*\* \S.*\*\*Time\*\* (?P<minutes>\d+) min.*\*\*Models\*\* \S.*",
)
# Cells whose output may differ from machine to machine, and why; every other cell that prints is compared.
NOT_COMPARED = {
    "version(": "tells what is installed on this machine",
}
NBVAL_WORDS = re.compile(r"NBVAL_|PYTEST_VALIDATE|nbval-(?!ignore-output$)")
MACHINE = re.compile(r"/(?:home|root|tmp|Users|workspaces?)/|[A-Z]:\\|127\.0\.0\.1|localhost|site-packages")
AZURE_HOST = re.compile(r"(?<!YOUR-RESOURCE)(?<!contoso)\.(?:openai|services\.ai|cognitiveservices)\.azure\.com")
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_notebook_and_solution = pytest.mark.parametrize(
    "path", EVERY, ids=lambda path: str(path.relative_to(ROOT / "notebooks").with_suffix(""))
)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags_of(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def markdown_of(notebook) -> str:
    """The prose, without what stands in code fences."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)


def outputs_of(notebook) -> str:
    texts = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            texts += [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
            texts += [data for kind, data in output.get("data", {}).items() if not kind.startswith("image/")]
    return "\n".join(map(str, texts))


def count_minutes(notebook) -> float:
    """words / 200 + 45 seconds per code cell + 4 minutes per exercise."""
    words = len(markdown_of(notebook).split())
    exercises = set(re.findall(r'check\(\s*"([^"]+)"', "\n".join(cell.source for cell in code_cells(notebook))))
    return words / 200 + 0.75 * len(code_cells(notebook)) + 4 * len(exercises)


HELP = (
    'Replace `None` by your answer. Stuck? `check("{name}", show_solution=True)`, or '
    "[the solutions](../notebooks/solutions/{file})."
)


@every_notebook
def test_every_notebook_offers_the_same_help_with_its_exercises_and_says_it_above_the_first(path):
    cells = read_notebook(path).cells
    asked = [(place, cell.source) for place, cell in enumerate(cells) if re.search(r"\bcheck\(", cell.source)]
    exercises = [(place, source) for place, source in asked if cells[place].cell_type == "code"]
    first, name = exercises[0][0], re.search(r'check\(\s*"([^"]+)"', exercises[0][1])[1]
    above = next(cell.source for cell in reversed(cells[:first]) if cell.cell_type == "markdown")
    assert HELP.format(name=name, file=path.name) in above.splitlines()
    assert sum("show_solution" in source for _, source in asked) == 1, "it is said once"
    for _, source in exercises:
        answer = re.search(r'check\(\s*"[^"]+",\s*(\w+)', source)[1]
        assert re.search(rf"^{answer} = None\b", source, re.M), source
    assert not any("solution(" in cell.source for cell in cells), "no other way"


def test_every_notebook_has_its_solutions():
    assert [path.name for path in SOLUTIONS] == [path.name for path in NOTEBOOKS]


@every_notebook
def test_it_opens_with_its_title_its_promise_and_its_needs(path):
    first = read_notebook(path).cells[0]
    assert first.cell_type == "markdown"
    assert re.search(r"(  |\\)$", first.source.splitlines()[1]), (
        "Markdown runs lines together that do not end in two spaces"
    )
    lines = [line.rstrip(" \\") for line in first.source.splitlines()]
    for line, pattern in zip(lines, OPENING, strict=False):
        assert re.fullmatch(pattern, line), line
    assert len(lines) == len(OPENING) or lines[len(OPENING)] == ""  # what is said besides stands apart
    assert lines[0].startswith(f"# {path.stem[:2]} ")


@every_notebook
def test_the_stated_time_is_within_a_fifth_of_the_formulas(path):
    notebook = read_notebook(path)
    stated = int(re.search(r"\*\*Time\*\* (\d+) min", notebook.cells[0].source)[1])
    minutes = count_minutes(notebook)
    assert abs(stated - minutes) <= 0.2 * minutes, f"{minutes:.1f} minutes by the formula"


@every_notebook_and_solution
def test_no_cell_is_longer_than_a_screen(path):
    long = [cell.source for cell in code_cells(read_notebook(path)) if len(cell.source.splitlines()) > LONGEST_CELL]
    assert long == []


def find_median_lines(notebook) -> float:
    return statistics.median(len(cell.source.splitlines()) for cell in code_cells(notebook))


@every_notebook
def test_half_of_the_cells_have_at_most_six_lines(path):
    assert find_median_lines(read_notebook(path)) <= MEDIAN_CELL


@every_notebook
def test_the_prose_is_neither_thin_nor_a_book(path):
    least, most = WORDS
    assert least <= len(markdown_of(read_notebook(path)).split()) <= most


def test_long_cells_and_words_are_counted():
    cells = [v4.new_code_cell("\n".join(["x"] * lines)) for lines in (1, 7, 20)]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# 00 · Two\n```\nnot these\n```\nthree"), *cells])
    assert find_median_lines(notebook) == 7
    assert markdown_of(notebook).split() == ["#", "00", "·", "Two", "three"]


@every_notebook_and_solution
def test_it_was_executed_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in code_cells(read_notebook(path))]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook_and_solution
def test_no_cell_failed_but_those_that_are_meant_to(path):
    for cell in code_cells(read_notebook(path)):
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in tags_of(cell)), cell.source


@every_notebook_and_solution
def test_every_cell_that_prints_is_compared(path):
    """nbval compares what it is not told to leave out, and what was executed."""
    for cell in code_cells(read_notebook(path)):
        assert not NBVAL_WORDS.search(cell.source), cell.source
        assert not any(NBVAL_WORDS.search(tag) for tag in tags_of(cell)), tags_of(cell)
        if "nbval-ignore-output" in tags_of(cell):
            assert any(word in cell.source for word in NOT_COMPARED), cell.source


@every_notebook_and_solution
def test_a_cell_that_shows_a_picture_or_sound_also_prints_what_can_be_compared(path):
    for cell in code_cells(read_notebook(path)):
        kinds = [kind for output in cell.outputs for kind in output.get("data", {})]
        if any(kind.startswith(("image/", "audio/")) for kind in kinds):
            printed = [output for output in cell.outputs if output.output_type == "stream"]
            assert printed or "text/html" in kinds, cell.source


@every_notebook_and_solution
def test_every_picture_has_a_text_for_those_who_do_not_see_it(path):
    notebook = read_notebook(path)
    prose = markdown_of(notebook)
    assert not re.findall(r"!\[\s*\]\(", prose)
    for tag in re.findall(r"<img\b[^>]*>", prose + outputs_of(notebook)):
        assert re.search(r'\balt="[^"]+"', tag), tag
    for cell in code_cells(notebook):
        for output in cell.outputs:
            pictures = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
            assert all('"alt"' in str(output.metadata).replace("'", '"') for _ in pictures), cell.source


@every_notebook_and_solution
def test_headings_nest(path):
    levels = [len(marks) for marks in re.findall(r"^(#+) ", markdown_of(read_notebook(path)), re.M)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels)), levels


@every_notebook
def test_its_sections_are_numbered_without_a_gap(path):
    numbers = [int(number) for number in re.findall(r"^## (\d+) ", markdown_of(read_notebook(path)), re.M)]
    assert numbers == list(range(1, len(numbers) + 1))


@every_notebook_and_solution
def test_the_file_holds_content_alone(path):
    """No widget state, no timings, no random ids: what helpers.course.record saves."""
    notebook = read_notebook(path)
    assert path.read_text(encoding="utf-8") == dump_notebook(normalise_notebook(notebook))


@every_notebook_and_solution
def test_outputs_tell_nothing_of_the_machine_they_were_made_on(path):
    printed = outputs_of(read_notebook(path))
    assert str(ROOT) not in printed
    assert not MACHINE.findall(printed)
    assert not AZURE_HOST.findall(printed)


@every_notebook
def test_links_lead_somewhere_from_the_course_and_from_the_workbook(path):
    for link in LINK.findall(markdown_of(read_notebook(path))):
        for folder in ("notebooks", "workbook"):
            target = Path(ROOT, folder, link)
            in_course = ROOT / "notebooks" / target.name  # what the workbook's copies are made of
            found = target.resolve().exists() or (target.parent == ROOT / "workbook" and in_course.exists())
            assert found, f"{link} leads nowhere from {folder}/"


@every_notebook
def test_every_setting_of_a_dial_is_recorded_and_runs(path):
    turned = {title: notebook for title, _, notebook in TURNED[path]}
    failures = run_turned(read_notebook(path), turned, path.parent, timeout=240)
    assert not failures, "\n".join(f"{title}: {failed}" for title, failed in failures.items())


def test_the_readme_lists_every_notebook_with_its_minutes():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[.*?\]\(notebooks/(.+?)\) \| .+? \| (\d+) \|", readme, re.M))
    stated = {path.name: re.search(r"\*\*Time\*\* (\d+) min", markdown_of(read_notebook(path))) for path in NOTEBOOKS}
    assert rows == {name: found and found[1] for name, found in stated.items()}
