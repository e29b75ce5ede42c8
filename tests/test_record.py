"""Recording a notebook over real sockets, and what is saved of it."""

import json
import os
from pathlib import Path

import pytest

from helpers.__main__ import main
from helpers.costs import expected_cost
from helpers.course.notebooks import compare_outputs, normalise_notebook, read_notebook, run_notebook
from helpers.course.record import estimate_price, plan_runs
from helpers.course.upkeep import list_answers, read_records, undo_half_swap
from helpers.endpoints import parse_endpoint
from helpers.errors import CourseError, RecordingNotKept, SettingError
from helpers.settings import ROOT, Settings
from tests.standin import serve
from tests.tiny_course import (
    NAME,
    ONE,
    RECORDINGS,
    code,
    questions,
    read,
    record,
    settings_for,
    snapshot,
    write,
)

DIAL = code('temperature = 0.0   # turn me: 0.0, 0.7\nask("two", temperature=temperature)')
STREAM = code(
    'messages = [dict(role="user", content="three")]\n'
    'with client.chat.completions.create(model="gpt-4o-mini", stream=True, messages=messages) as stream:\n'
    "    for chunk in stream:\n"
    '        print("".join(choice.delta.content or "" for choice in chunk.choices), end="|")'
)
FAILURE = code('print("before the fall")\nask("four", model="no-such-model")', "raises-exception")
CLOCK = code("import time; print(time.time())", "nbval-ignore-output")
ASKED = ["one", "two", "three", "four", "two", "the solution"]  # "two" again for the dial's other setting


@pytest.fixture(scope="module")
def running_standin():
    with serve("nonsense") as standin:
        yield standin


@pytest.fixture
def standin(running_standin, tmp_path):
    with settings_for(running_standin, tmp_path):
        yield running_standin


@pytest.fixture(scope="module")
def recorded(running_standin, tmp_path_factory):
    """(course, report, questions) of one whole recording, which the tests that take it leave as it is."""
    course = tmp_path_factory.mktemp("course")
    write(course, [ONE, DIAL, STREAM, FAILURE, CLOCK])
    write(course, [code('ask("the solution")')], "solutions")
    with settings_for(running_standin, course):
        report = record(course)
        return course, report, questions(running_standin)


def test_every_question_is_asked_once_dials_and_solution_included(recorded):
    course, report, asked = recorded
    assert sorted(asked) == sorted(ASKED)
    assert (report.asked, report.reused, report.dropped) == (len(ASKED), 0, 0)
    assert len(list_answers(course / RECORDINGS / NAME)) == len(ASKED)


def test_the_report_says_how_many_how_large_and_from_whom(recorded):
    said = str(recorded[1])
    assert f"{len(ASKED)} answers asked, 0 on disk already" in said and " MB" in said
    assert f"{len(ASKED) - 1} answers from stand-in, Nonsense (no model)" in said
    assert "1 answers from stand-in, front" in said  # the refusal, which no engine gave


def test_nothing_is_left_but_the_recordings(recorded):
    folder = recorded[0] / RECORDINGS
    assert not (folder / ".new" / NAME).exists()
    assert {path.suffix for path in (folder / NAME).iterdir()} == {".json"}


def test_every_setting_of_a_dial_and_the_solution_are_run(recorded):
    titles = [title for title, _, _ in plan_runs(recorded[0] / "notebooks" / f"{NAME}.ipynb")]
    assert titles == [NAME, "temperature = 0.7", "solutions"]


def test_what_is_saved_is_what_a_replay_prints(recorded):
    course = recorded[0]
    saved = read(course)
    assert [cell.execution_count for cell in saved.cells] == [1, 2, 3, 4, 5, 6]
    assert "before the fall" in str(saved.cells[4].outputs) and "NotFoundError" in str(saved.cells[4].outputs)
    environment = {"AZURE_OPENAI_RECORDINGS": str(course / RECORDINGS), "AZURE_OPENAI_USED": ""}
    replayed = run_notebook(saved, course / "notebooks", environment)
    assert compare_outputs(saved, replayed) == []
    assert read(course, "solutions").cells[1].outputs


def test_saved_notebooks_hold_nothing_of_one_run(recorded):
    for folder in ("", "solutions"):
        saved = read(recorded[0], folder)
        assert normalise_notebook(saved) == saved
        assert str(ROOT) not in str(saved)


def test_the_price_is_azures_for_answers_as_long_as_the_recorded(recorded):
    folder = recorded[0] / RECORDINGS / NAME
    settings = Settings(mode="record", endpoint=parse_endpoint("https://some-name.openai.azure.com"))
    usages = [a["json"]["usage"] for _, r in read_records(folder) for a in r["answers"] if "usage" in a.get("json", {})]
    total = sum(expected_cost(u["prompt_tokens"], u["completion_tokens"], "gpt-4o-mini") for u in usages)
    assert len(usages) == len(ASKED) - 2  # the stream was not asked for its usage, and the refusal has none
    expected = f"about {total:.4f} US dollars for {len(ASKED)} answers as long as the recorded ones"
    assert estimate_price(folder, settings) == expected
    assert "not known" in estimate_price(folder / "nowhere", settings)


def test_looking_up_a_stored_answer_has_no_price_and_no_model_without_one(tmp_path):
    settings = Settings(mode="record", endpoint=parse_endpoint("https://some-name.openai.azure.com"))
    usage = {"input_tokens": 22, "output_tokens": 8, "total_tokens": 30}
    record = {
        "request": {"method": "GET", "path": "/openai/v1/responses/resp_1", "query": {}},
        "answers": [{"status": 200, "json": {"id": "resp_1", "usage": usage}}],
    }
    (tmp_path / "responses.any.000000000000.json").write_text(json.dumps(record))
    priced = "about 0.0000 US dollars for 1 answer as long as the recorded ones"
    assert estimate_price(tmp_path, settings) == priced


def test_a_cell_that_prints_something_else_in_replay_is_named(tmp_path, standin):
    write(tmp_path, [ONE, code("import time; print(time.time())")])
    with pytest.raises(CourseError, match="prints something else") as caught:
        record(tmp_path)
    assert "cell 2: stdout" in str(caught.value)
    assert not (tmp_path / RECORDINGS / NAME).exists()
    assert read(tmp_path).cells[1].outputs == []


def test_into_a_folder_of_ones_own_the_courses_files_stay_as_they_are(tmp_path, standin):
    write(tmp_path, [ONE])
    before, own = snapshot(tmp_path / "notebooks"), tmp_path / "own"
    record(tmp_path, into=own, kernels=True)
    assert snapshot(tmp_path / "notebooks") == before
    assert not (tmp_path / RECORDINGS).exists()
    assert read_notebook(own / f"{NAME}.ipynb").cells[1].outputs

    # Recording again asks anew, and takes the old ones' place.
    files = set(snapshot(own))
    assert record(tmp_path, into=own).asked == 1
    assert questions(standin) == ["one", "one"]
    assert set(snapshot(own)) == files
    assert len(list_answers(own / NAME)) == 1


def test_without_an_endpoint_the_error_says_what_to_do(tmp_path, standin, monkeypatch):
    write(tmp_path, [ONE])
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "")
    with pytest.raises(SettingError, match="no endpoint is set") as caught:
        record(tmp_path)
    assert "AZURE_OPENAI_ENDPOINT" in str(caught.value) and "make standin" in str(caught.value)
    assert os.environ["AZURE_OPENAI_MODE"] == "replay"
    assert not (tmp_path / RECORDINGS).exists()


def test_the_price_is_stated_first_and_no_means_no(tmp_path, standin):
    write(tmp_path, [ONE])
    prices: list[str] = []
    with pytest.raises(CourseError, match="nothing was recorded"):
        record(tmp_path, agree=lambda price: bool(prices.append(price)))
    assert prices == ["free: this machine answers"]
    assert standin.requests == []


def test_the_command_takes_the_end_of_its_input_for_a_no(tmp_path, standin, capsys, monkeypatch):
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    if not notebooks:
        pytest.skip("the course has no notebook yet")
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert main(["record", notebooks[0].stem, "--into", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "free: this machine answers" in said.out and "nothing was recorded" in said.err
    assert standin.requests == []


def test_a_folder_that_cannot_be_written_is_a_clear_error_and_nothing_is_asked(tmp_path, standin):
    write(tmp_path, [ONE])
    (tmp_path / "data").write_text("a file stands where the folder should be")
    with pytest.raises(RecordingNotKept, match="cannot record into"):
        record(tmp_path)
    assert standin.requests == []


def test_a_kill_between_the_two_renames_is_undone(tmp_path):
    old, aside = tmp_path / NAME, tmp_path / ".new" / f"{NAME}.old"
    aside.mkdir(parents=True)
    (aside / "x.json").write_text("{}")
    undo_half_swap(old)
    assert (old / "x.json").exists() and not aside.exists()

    aside.mkdir()  # and one right after them: the new folder stays
    undo_half_swap(old)
    assert (old / "x.json").exists() and not aside.exists()
