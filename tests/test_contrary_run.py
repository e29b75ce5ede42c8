"""The contrary run: every notebook recorded from an engine that answers nonsense. What it says must still be true."""

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from helpers.course.notebooks import find_dials, read_notebook, run_notebook
from helpers.course.record import record_notebook
from helpers.course.upkeep import list_answers, read_records
from helpers.settings import ROOT
from tests.standin import serve
from tests.test_notebooks import EVERY, NOTEBOOKS, code_cells, every_notebook, outputs_of
from tests.warmed import can_fork, run_warmed


@every_notebook
def test_recorded_from_an_engine_that_answers_nonsense_it_still_runs_and_replays(path, tmp_path, monkeypatch):
    """Over real sockets, the solution included, the dials as they stand; what the two runs print must agree."""
    course = tmp_path / "course"
    shutil.copytree(path.parent, course / "notebooks", ignore=shutil.ignore_patterns(".*"))
    for copy in (course / "notebooks").rglob("*.ipynb"):
        copy.write_text(copy.read_text(encoding="utf-8").replace("# turn me:", "# leave me:"), encoding="utf-8")
    assert not find_dials(read_notebook(course / "notebooks" / path.name))
    record_from_nonsense(path, tmp_path / "new", course, monkeypatch)


@pytest.mark.standin
@every_notebook
def test_with_every_setting_of_its_dials_too(takes_its_time, path, tmp_path, monkeypatch):
    record_from_nonsense(path, tmp_path / "new", ROOT, monkeypatch)


def record_from_nonsense(path: Path, into: Path, course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {other: other.read_bytes() for other in EVERY}
    if can_fork:
        monkeypatch.setattr("helpers.course.record.run_notebook", run_warmed)
    with serve("nonsense") as standin:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", standin.endpoint)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", standin.key)
        report = record_notebook(path.stem, into=into, say=lambda line: None, root=course)
        asked = list(standin.requests)
    assert report.asked == len(list_answers(into / path.stem)) > 0
    assert len(asked) >= report.asked
    kinds = {answer["source"]["kind"] for _, record in read_records(into / path.stem) for answer in record["answers"]}
    assert kinds == {"stand-in"}
    assert {other: other.read_bytes() for other in EVERY} == before
    saved = read_notebook(into / path.name)
    assert [cell.source.replace("# leave me:", "# turn me:") for cell in saved.cells] == [
        cell.source for cell in read_notebook(path).cells
    ]
    solution = read_notebook(into / "solutions" / path.name)
    exercises = set(re.findall(r'check\(\s*"([^"]+)"', "\n".join(cell.source for cell in code_cells(solution))))
    assert exercises and all(f"{name}: right." in outputs_of(solution) for name in exercises), outputs_of(solution)


@pytest.mark.skipif(os.name == "nt", reason="the tool to sign in with is a shell script here")
def test_notebook_01_runs_for_one_who_signs_in_and_has_no_key(tmp_path, monkeypatch):
    """Its subject: with no key the client holds no credential before its first request, and a cell hands it on."""
    path = next(path for path in NOTEBOOKS if path.stem.startswith("01_"))
    with serve("nonsense") as standin:
        tools = write_sign_in_tool(tmp_path, standin.key)
        environment = {"AZURE_OPENAI_MODE": "live", "AZURE_OPENAI_ENDPOINT": standin.endpoint}
        environment |= {"AZURE_OPENAI_API_KEY": "", "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        ran = run_notebook(read_notebook(path), path.parent, environment)
    assert "2 requests by token, 2 calls" in outputs_of(ran)


@pytest.mark.skipif(os.name == "nt", reason="the tool to sign in with is a shell script here")
def test_notebook_01_can_be_recorded_by_one_who_signs_in_and_has_no_key(tmp_path, monkeypatch):
    """What its cells print must not depend on the credential: replay, which has another one, is compared with it."""
    path = next(path for path in NOTEBOOKS if path.stem.startswith("01_"))
    course = tmp_path / "course"
    shutil.copytree(path.parent, course / "notebooks", ignore=shutil.ignore_patterns(".*"))
    for copy in (course / "notebooks").rglob("*.ipynb"):
        copy.write_text(copy.read_text(encoding="utf-8").replace("# turn me:", "# leave me:"), encoding="utf-8")
    with serve("nonsense") as standin:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", standin.endpoint)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "")
        monkeypatch.setenv("PATH", f"{write_sign_in_tool(tmp_path, standin.key)}{os.pathsep}{os.environ['PATH']}")
        report = record_notebook(path.stem, into=tmp_path / "new", say=lambda line: None, root=course)
    assert report.asked == len(list_answers(tmp_path / "new" / path.stem)) > 0


def write_sign_in_tool(folder: Path, token: str) -> Path:
    """An `az` that hands out this token, as the folder that PATH must name."""
    said = {"accessToken": token, "expires_on": int(time.time()) + 3600, "tokenType": "Bearer"}
    tool = folder / "az"
    tool.write_text(f"#!/bin/sh\necho '{json.dumps(said)}'\n")
    tool.chmod(0o755)
    return folder
