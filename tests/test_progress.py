"""What a reader did stays in workbook/, whole whatever happens, and nothing is written from anywhere else."""

import json
from pathlib import Path

import pytest

from helpers import check, memory, progress, show_progress
from helpers.memory import recall, remember
from helpers.settings import ROOT
from tests.forks import start_python

EMPTY = {"passed": {}, "guesses": {}, "outcomes": {}}


def forget(monkeypatch) -> None:
    """As after a restart of the kernel."""
    monkeypatch.setattr(memory, "_here", json.loads(json.dumps(EMPTY)))


@pytest.fixture
def book(tmp_path, monkeypatch) -> Path:
    """A workbook that the test stands in, beside a course of three notebooks."""
    monkeypatch.setattr(memory, "ROOT", tmp_path)
    monkeypatch.setattr(progress, "ROOT", tmp_path)
    forget(monkeypatch)
    for name in ("00_start_here", "04_reasoning_models", "06_embeddings"):
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text((ROOT / "notebooks" / path.name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "workbook").mkdir()
    monkeypatch.chdir(tmp_path / "workbook")
    return tmp_path / "workbook"


def test_what_is_remembered_outlives_the_kernel(book, monkeypatch):
    remember("guesses", "06.tokens", "Grüße")
    remember("passed", "06.index", "2026-11-20")
    forget(monkeypatch)
    assert (recall("guesses"), recall("passed")) == ({"06.tokens": "Grüße"}, {"06.index": "2026-11-20"})
    assert [path.name for path in book.iterdir() if path.suffix not in {".json", ".lock"}] == []


@pytest.mark.parametrize("folder", ["notebooks", ".", "notebooks/solutions"])
def test_outside_the_workbook_nothing_is_written_and_nothing_read(book, monkeypatch, folder):
    remember("guesses", "06.tokens", "German")
    before = {path: path.read_bytes() for path in book.rglob("*")}
    forget(monkeypatch)
    (book.parent / folder).mkdir(exist_ok=True)
    monkeypatch.chdir(book.parent / folder)
    assert recall("guesses") == {}
    remember("guesses", "06.tokens", "English")
    assert recall("guesses") == {"06.tokens": "English"}, "as long as the kernel lives"
    assert {path: path.read_bytes() for path in book.rglob("*")} == before


@pytest.mark.parametrize("broken", ["", "{", "[]", "null", '{"guesses": 3}', '{"guesses": {"06.a": 1}}', "[" * 100_000])
def test_a_broken_file_is_as_good_as_none(book, monkeypatch, broken):
    (book / ".progress.json").write_text(broken)
    assert recall("guesses") == {}
    remember("guesses", "06.tokens", "German")
    forget(monkeypatch)
    assert recall("guesses") == {"06.tokens": "German"}


def test_a_file_that_cannot_be_written_stops_no_lesson(book):
    (book / ".progress.json").mkdir()  # rights do not stop root, this does
    remember("guesses", "06.tokens", "German")
    assert recall("guesses") == {"06.tokens": "German"}
    assert not [path for path in book.iterdir() if path.name.startswith(".progress.json.")], "no draft is left"


def test_a_deleted_workbook_stops_no_lesson(book, capsys):
    (book).rmdir()
    remember("guesses", "06.tokens", "German")
    assert recall("guesses") == {"06.tokens": "German"}


def test_kernels_at_the_same_time_lose_nothing_of_one_another(book):
    code = (
        "import sys; from pathlib import Path; from helpers import memory\n"
        "memory.ROOT = Path.cwd().parent\n"
        "for n in range(25): memory.remember('guesses', f'06.{sys.argv[1]}_{n}', 'x')"
    )
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    kernels = [start_python(["-c", code, str(k)], cwd=book, env=environment) for k in range(4)]
    assert [kernel.wait(timeout=120) for kernel in kernels] == [0, 0, 0, 0]
    assert len(recall("guesses")) == 100


def test_a_right_exercise_is_remembered_and_a_wrong_one_is_not(book):
    usage = {"usage": type("Usage", (), {"prompt_tokens": 20, "completion_tokens": 60, "total_tokens": 80})}
    check("00.share", 0.5, **usage)
    assert recall("passed") == {}
    check("00.share", 0.75, **usage)
    assert list(recall("passed")) == ["00.share"]
    check("00.share", 0.5, **usage)
    assert list(recall("passed")) == ["00.share"], "once right, it stays"


@pytest.mark.parametrize("number", ["04", "4", 4])
def test_progress_says_what_was_done_what_is_open_and_what_comes_next(book, capsys, number):
    for name, guess, outcome in (("04.a", "one", "one"), ("04.b", "one", "two"), ("06.c", "one", "one")):
        remember("guesses", name, guess)
        remember("outcomes", name, outcome)
    remember("passed", "04.needs_room", "2026-11-20")
    show_progress(number)
    assert capsys.readouterr().out.splitlines() == [
        "exercises right  1 of 3 · open: 04.request, 04.bill",
        "guesses kept     2 · came true: 1",
        "next: 06 · Embeddings (06_embeddings.ipynb)",
    ]


def test_without_a_workbook_progress_says_what_comes_next_alone(book, monkeypatch, capsys):
    remember("passed", "00.share", "2026-11-20")
    monkeypatch.chdir(book.parent / "notebooks")
    show_progress("00")
    assert capsys.readouterr().out == "next: 04 · Reasoning models (04_reasoning_models.ipynb)\n"
    show_progress("06")
    assert capsys.readouterr().out == "next: nothing, this is the last notebook so far\n"
