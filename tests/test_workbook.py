"""The reader's copy: fresh at first, theirs once edited, never lost."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import nbformat
import nbformat.v4 as v4
import pytest

from helpers.__main__ import main
from helpers.course.notebooks import read_notebook
from helpers.course.workbook import fill_workbook, lab_command, reset_notebook
from helpers.errors import CourseError
from tests.forks import run_python


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course of two notebooks that were executed, with the state that an editor leaves in them."""
    for name in ("00_start_here", "01_another"):
        ran = v4.new_code_cell("print(1)", execution_count=3, metadata={"execution": {"x": "y"}, "tags": ["kept"]})
        ran.outputs = [v4.new_output("stream", text="1\n")]
        cells = [v4.new_markdown_cell("# Title\n![a picture](../data/media/x.svg)"), ran]
        write(tmp_path / "notebooks" / f"{name}.ipynb", cells, {"widgets": {"state": {}}})
    return tmp_path


def write(path: Path, cells: list, metadata: dict | None = None) -> None:
    path.parent.mkdir(exist_ok=True)
    nbformat.write(v4.new_notebook(cells=cells, metadata=metadata or {}), path)


def edit(path: Path, source: str) -> None:
    notebook = read_notebook(path)
    notebook.cells[1].source = source
    path.write_text(nbformat.writes(notebook))


def copy_of(course: Path, name: str = "00_start_here") -> Path:
    return course / "workbook" / f"{name}.ipynb"


def source_of(course: Path, name: str = "00_start_here") -> Path:
    return course / "notebooks" / f"{name}.ipynb"


def second_cell(path: Path) -> str:
    return read_notebook(path).cells[1].source


def test_the_first_copy_has_the_cells_and_no_outputs(course):
    assert fill_workbook(course) == []
    copy = read_notebook(copy_of(course))
    code = copy.cells[1]
    assert (code.outputs, code.execution_count, code.metadata) == ([], None, {"tags": ["kept"]})
    assert "widgets" not in copy.metadata
    assert [cell.source for cell in copy.cells] == [cell.source for cell in read_notebook(source_of(course)).cells]
    nbformat.validate(copy)


def test_links_lead_to_the_same_files_from_both_folders(course):
    fill_workbook(course)
    target = "../data/media/x.svg"
    assert (copy_of(course).parent / target).resolve() == (source_of(course).parent / target).resolve()


def test_an_unedited_copy_follows_the_course(course):
    fill_workbook(course)
    edit(source_of(course), "print(2)")
    assert fill_workbook(course) == []
    assert second_cell(copy_of(course)) == "print(2)"


def test_an_edited_copy_is_kept_and_the_reader_is_told_how_to_get_the_courses(course):
    fill_workbook(course)
    edit(copy_of(course), "mine = 1")
    assert fill_workbook(course) == []  # the course's is the one it was made from: nothing to say
    edit(source_of(course), "print(2)")
    [message] = fill_workbook(course)
    assert "00_start_here" in message and "python -m helpers reset 00" in message
    assert second_cell(copy_of(course)) == "mine = 1"
    assert fill_workbook(course) == [message]  # and again, until it is reset


def test_outputs_that_jupyterlab_saves_are_no_edit(course):
    fill_workbook(course)
    ran = read_notebook(copy_of(course))
    ran.cells[1].outputs = [v4.new_output("stream", text="1\n")]
    ran.cells[1].execution_count = 1
    ran.metadata["widgets"] = {"state": {}}
    ran.cells.append(v4.new_code_cell(""))  # what Shift+Enter on the last cell leaves
    copy_of(course).write_text(nbformat.writes(ran))
    fill_workbook(course)
    assert read_notebook(copy_of(course)).cells[1].outputs, "outputs that the reader made stay until the course changes"
    edit(source_of(course), "print(2)")
    assert fill_workbook(course) == []
    assert second_cell(copy_of(course)) == "print(2)"


def test_an_edit_that_equals_the_courses_change_is_the_courses_again(course):
    fill_workbook(course)
    edit(copy_of(course), "print(2)")
    edit(source_of(course), "print(2)")
    assert fill_workbook(course) == []
    edit(source_of(course), "print(3)")
    assert fill_workbook(course) == []
    assert second_cell(copy_of(course)) == "print(3)"


@pytest.mark.parametrize("manifest", [None, "", "[]", "{"])
def test_without_a_readable_manifest_nothing_of_the_readers_is_overwritten(course, manifest):
    fill_workbook(course)
    edit(copy_of(course), "mine = 1")
    path = course / "workbook" / ".copied.json"
    path.unlink() if manifest is None else path.write_text(manifest)
    [message] = fill_workbook(course)
    assert "00_start_here" in message
    assert second_cell(copy_of(course)) == "mine = 1"


def test_a_copy_that_is_no_notebook_any_more_is_kept(course):
    fill_workbook(course)
    copy_of(course).write_text("{ broken")
    edit(source_of(course), "print(2)")
    assert len(fill_workbook(course)) == 1
    assert copy_of(course).read_text() == "{ broken"


def test_a_deleted_copy_comes_back(course):
    fill_workbook(course)
    copy_of(course).unlink()
    fill_workbook(course)
    assert second_cell(copy_of(course)) == "print(1)"


@pytest.mark.parametrize("name", ["00", "0", "00_start_here", "00_start_here.ipynb", "workbook/00_start_here.ipynb"])
def test_reset_moves_the_readers_version_to_backups_and_says_where(course, name):
    fill_workbook(course)
    edit(copy_of(course), "mine = 1")
    said = reset_notebook(name, course)
    [backup] = (course / "workbook" / "backups").iterdir()
    assert str(backup.relative_to(course)) in said
    assert second_cell(backup) == "mine = 1"
    assert second_cell(copy_of(course)) == "print(1)"
    edit(source_of(course), "print(2)")
    assert fill_workbook(course) == []  # it follows the course again
    assert second_cell(copy_of(course)) == "print(2)"


def test_a_copy_that_is_the_courses_already_is_not_kept_twice(course):
    fill_workbook(course)
    assert "nothing to do" in reset_notebook("00", course)
    assert not (course / "workbook" / "backups").exists()
    assert not list((course / "workbook").glob(".*.fresh"))


def test_two_resets_within_a_second_keep_both_versions(course):
    fill_workbook(course)
    for mine in ("mine = 1", "mine = 2"):
        edit(copy_of(course), mine)
        reset_notebook("00", course)
    kept = {second_cell(path) for path in (course / "workbook" / "backups").iterdir()}
    assert kept == {"mine = 1", "mine = 2"}


def test_an_unknown_name_is_answered_with_the_nearest(course):
    for name in ("02", "01_anoter", "start"):
        with pytest.raises(CourseError, match=f"no such notebook: {name}") as caught:
            reset_notebook(name, course)
        assert "0" in str(caught.value.details["nearest"])


@pytest.mark.parametrize("command", [fill_workbook, lambda root: reset_notebook("00", root)])
def test_a_folder_that_cannot_be_made_is_a_clear_error_and_loses_nothing(course, command):
    (course / "workbook").write_text("a file stands where the folder should be")  # rights do not stop root, this does
    with pytest.raises(CourseError, match="cannot write") as caught:
        command(course)
    assert "nothing was lost" in str(caught.value)
    assert (course / "workbook").read_text() == "a file stands where the folder should be"


def test_a_full_disk_in_reset_leaves_the_readers_version_where_it_was(course):
    """In a process that may not write a byte: as on a full disk, the file opens and its content does not fit."""
    fill_workbook(course)
    edit(copy_of(course), "mine = 1")
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from helpers.course.workbook import reset_notebook\n"
        "from helpers.errors import CourseError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "try: reset_notebook('00', Path(sys.argv[1]))\n"
        "except CourseError as error: print(error)"
    )
    pytest.importorskip("resource", reason="only POSIX limits a process's files")
    ended = run_python(["-c", code, str(course)])
    assert "cannot write" in ended.stdout, ended.stderr
    assert second_cell(copy_of(course)) == "mine = 1"
    assert [path.name for path in copy_of(course).parent.glob(".*")] == [".copied.json"]


def test_the_lab_opens_the_first_notebook_in_the_workbook_and_fetches_nothing(course):
    fill_workbook(course)
    command = lab_command(["--no-browser", "--port=8899"], course)
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert {
        f"--ServerApp.root_dir={course}",
        f"--ContentsManager.preferred_dir={course / 'workbook'}",
        "--LabApp.default_url=/lab/tree/workbook/00_start_here.ipynb",
        "--ServerApp.ip=127.0.0.1",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    } < set(command)
    assert command[-2:] == ["--no-browser", "--port=8899"]


def test_the_last_line_is_the_address_of_the_first_notebook_whatever_port_was_free(course, tmp_path):
    code = (
        "import sys; from pathlib import Path; from helpers.course.workbook import start_lab\n"
        "sys.exit(start_lab(sys.argv[2:], Path(sys.argv[1])))"
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-c", code, str(course), "--no-browser", f"--ServerApp.port={port}"]
        environment = {name: value for name, value in os.environ.items() if name != "JUPYTER_TOKEN"}
        for name in ("CONFIG", "RUNTIME", "DATA"):
            environment[f"JUPYTER_{name}_DIR"] = str(tmp_path / name)
        # A group of its own: ending it ends JupyterLab too.
        server = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            assert server.stdout
            said = next(line for line in server.stdout if line.startswith("Open this in your browser: "))
            page = r"lab/tree/workbook/00_start_here\.ipynb"
            found = re.search(rf": (http://127\.0\.0\.1:(\d+)/{page}\?token=\w+)\n", said)
            assert found and int(found[2]) != port, said
            assert httpx2.get(found[1]).status_code == 200
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)


def test_a_course_without_notebooks_cannot_be_opened(tmp_path):
    with pytest.raises(CourseError, match="no notebook"):
        lab_command([], tmp_path)


def test_the_command_line_tells_an_error_in_its_own_words_and_without_a_traceback(capsys):
    assert main(["reset", "77"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("CourseError: no such notebook: 77") and "Traceback" not in said.err


def test_the_manifest_is_small_and_names_every_copy(course):
    fill_workbook(course)
    manifest = json.loads((course / "workbook" / ".copied.json").read_text())
    assert sorted(manifest) == ["00_start_here.ipynb", "01_another.ipynb"]
