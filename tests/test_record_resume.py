"""Recording that was cut off: nothing is asked twice, and the old recordings stand until the new ones are whole."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.course.notebooks import NotebookFailed
from helpers.course.upkeep import drop_refusals, drop_unused, list_answers, read_records
from helpers.recordings.exchange import Asked, request_key
from helpers.settings import ROOT
from tests.forks import start_python
from tests.standin import serve
from tests.tiny_course import (
    BROKEN,
    NAME,
    ONE,
    RECORDINGS,
    TWO,
    code,
    questions,
    read,
    record,
    settings_for,
    snapshot,
    write,
)


@pytest.fixture(scope="module")
def running_standin():
    with serve("nonsense") as standin:
        yield standin


@pytest.fixture
def standin(running_standin, tmp_path):
    with settings_for(running_standin, tmp_path):
        yield running_standin


@pytest.mark.standin
def test_a_cell_that_fails_unplanned_stops_and_the_next_run_goes_on_from_there(takes_its_time, tmp_path, standin):
    old = tmp_path / RECORDINGS / NAME
    old.mkdir(parents=True)
    (old / "old.json").write_text(
        '{"request": {"method": "GET", "path": "/"}, "answers": [{"status": 200, "text": ""}]}'
    )
    write(tmp_path, [ONE, BROKEN, TWO])
    before = snapshot(tmp_path)
    with pytest.raises(NotebookFailed, match="cell 2 failed") as caught:
        record(tmp_path)
    assert "ZeroDivisionError" in str(caught.value) and "1 answers" in str(caught.value)
    assert snapshot(tmp_path) == before
    assert questions(standin) == ["one"]

    write(tmp_path, [ONE, TWO])
    report = record(tmp_path)
    assert questions(standin) == ["one", "two"]
    assert (report.asked, report.reused) == (1, 1)
    assert not (old / "old.json").exists()


def test_a_run_that_was_killed_goes_on_without_asking_again(tmp_path, standin):
    """SIGKILL to the command and to its kernel at once, in the middle of their questions, twice."""
    asked = [f"question {number}" for number in range(40)]
    write(tmp_path, [code("\n".join(f'ask("{text}")' for text in asked))])
    command = ["-c", f"import pathlib, tests.tiny_course as t; t.record(pathlib.Path({str(tmp_path)!r}), kernels=True)"]
    for wanted in (3, 20):
        process = start_python(command, cwd=ROOT)
        deadline = time.monotonic() + 60
        while len(standin.requests) < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        for line in _children(process.pid):  # none where kernels are forks: those end with who asked for them
            os.kill(line, signal.SIGKILL)
        process.kill()
        process.wait()
        time.sleep(0.2)  # what the stand-in was asked last is counted before the next run starts
    kept = len(list_answers(tmp_path / RECORDINGS / ".new" / NAME))
    assert 0 < kept < len(asked), "the kills came too early or too late to show anything"

    before = len(questions(standin))
    report = record(tmp_path)
    assert questions(standin)[before:] == asked[kept:]
    assert (report.asked, report.reused, report.dropped) == (len(asked) - kept, kept, 0)


def _children(process: int) -> list[int]:
    """Ids of the kernels that the command started: they lead process groups of their own."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


@pytest.mark.standin
def test_answers_that_nothing_uses_any_more_are_dropped(takes_its_time, tmp_path, standin):
    write(tmp_path, [ONE, ONE, code('ask("given up")'), BROKEN])
    with pytest.raises(NotebookFailed):
        record(tmp_path)
    write(tmp_path, [ONE])
    report = record(tmp_path)
    assert (report.asked, report.reused, report.dropped) == (0, 1, 2)
    [(_, kept)] = read_records(tmp_path / RECORDINGS / NAME)
    assert kept["request"]["json"]["messages"][0]["content"] == "one"
    assert len(kept["answers"]) == 1


def test_pictures_and_sound_go_with_the_answers_that_named_them(tmp_path):
    def answer(file: str) -> dict:
        return {"status": 200, "file": {"file": file, "bytes": 1, "sha256": "0"}}

    request = {
        "method": "POST",
        "path": "/openai/v1/images/generations",
        "query": {},
        "json": {"image": {"file": "no"}},
    }
    for name, files in {"kept": ["a.png", "b.png"], "gone": ["c.png"]}.items():
        record = {"request": request, "answers": [answer(file) for file in files]}
        (tmp_path / f"{name}.json").write_text(json.dumps(record))
    for file in ("a.png", "b.png", "c.png"):
        (tmp_path / file).write_bytes(b"x")
    assert drop_unused(tmp_path, {"kept.json#0"}) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"kept.json", "a.png"}


@pytest.mark.standin
def test_where_a_deployment_is_missing_its_old_recordings_stay(takes_its_time, tmp_path, standin):
    """The old answer is put there by hand: the stand-in has never had that deployment."""
    write(tmp_path, [code('ask("old", model="no-such-model")'), ONE])
    request = {
        "method": "POST",
        "path": "/openai/v1/chat/completions",
        "query": {},
        "json": {"messages": [{"role": "user", "content": "old"}], "model": "no-such-model"},
    }
    choice = {"index": 0, "message": {"role": "assistant", "content": "as it was"}, "finish_reason": "stop"}
    answer = {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "json": {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]},
        "elapsed_ms": 1,
        "recorded_on": "2026-11-20",
        "source": {"kind": "stand-in", "engine": "an old one"},
    }
    old = tmp_path / RECORDINGS / NAME / Asked(request, request_key(request)).name
    old.parent.mkdir(parents=True)
    old.write_text(json.dumps({"request": request, "answers": [answer]}))
    before = old.read_bytes()

    report = record(tmp_path)
    assert dict(report.stayed) == {"no-such-model": 1}
    assert "no-such-model is not deployed there: its 1 old answers stay" in str(report)
    assert old.read_bytes() == before
    assert report.asked == 1
    assert "as it was" in str(read(tmp_path).cells[1].outputs)


def test_a_refusal_that_stopped_a_run_is_asked_about_again(tmp_path, standin, monkeypatch):
    """A missing deployment, a spent quota, a wrong key: once mended, the next run must not be given the old refusal."""
    write(tmp_path, [ONE, code('ask("two", model="no-such-model")')])
    with pytest.raises(NotebookFailed, match="cell 2 failed") as caught:
        record(tmp_path)
    assert "a deployment of no-such-model" in str(caught.value)
    assert len(list_answers(tmp_path / RECORDINGS / ".new" / NAME)) == 1
    before = len(questions(standin))
    with pytest.raises(NotebookFailed):
        record(tmp_path)
    assert questions(standin)[before:] == ["two"]


def test_an_error_that_a_retry_got_over_stays_recorded(tmp_path):
    request = {"method": "POST", "path": "/openai/v1/chat/completions", "query": {}, "json": {"model": "m"}}
    for name, statuses in {"over": [429, 200], "ended": [200, 429, 500], "only": [404]}.items():
        answers = [{"status": status, "text": ""} for status in statuses]
        (tmp_path / f"{name}.json").write_text(json.dumps({"request": request, "answers": answers}))
    drop_refusals(tmp_path)
    left = {name: [answer["status"] for answer in record["answers"]] for name, record in read_records(tmp_path)}
    assert left == {"over.json": [429, 200], "ended.json": [200]}


@pytest.mark.skipif(not list((ROOT / "notebooks").glob("*.ipynb")), reason="the course has no notebook yet")
def test_ctrl_c_ends_the_command_in_its_own_words_and_keeps_what_was_answered(tmp_path, standin):
    first = min((ROOT / "notebooks").glob("*.ipynb")).stem
    command = [sys.executable, "-m", "helpers", "record", first, "--yes", "--into", str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 60
    while len(questions(standin)) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    kernels = _children(process.pid)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.startswith("\nstopped;") and "Traceback" not in said
    assert len(list_answers(tmp_path / ".new" / first)) >= 1
    assert kernels and not any(Path(f"/proc/{kernel}").exists() for kernel in kernels)
