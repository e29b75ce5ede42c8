"""python -m helpers freshness: which notebooks teach on models that leave, on any day."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest

import helpers.course.freshness as freshness
from helpers.__main__ import main
from helpers.course.asking import read_models
from helpers.course.freshness import ModelState, check_freshness, describe_freshness, split_cells
from helpers.errors import CourseError
from helpers.lines import WIDTH
from helpers.settings import ROOT
from tests import tiny_course as tiny

DAY = date(2026, 11, 21)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def markdown(source: str) -> nbformat.NotebookNode:
    return v4.new_markdown_cell(source)


def ask(model: str) -> nbformat.NotebookNode:
    return tiny.code(f'client.chat.completions.create(model="{model}", messages=[])')


def judge(course: Path, *cells: nbformat.NotebookNode, on: date = DAY) -> dict[str, ModelState]:
    """What is found of a notebook of these cells alone, by model."""
    tiny.write(course, cells)
    return {state.model: state for state in check_freshness(on, course)}


def models(*sources: str) -> set[str]:
    return read_models([v4.new_code_cell(source) for source in sources]) & {"gpt-4o", "gpt-4o-mini", "gpt-5", "o1"}


# --- which models a notebook's code asks


@pytest.mark.parametrize(
    "sources",
    [
        ['client.chat.completions.create(model="gpt-4o")'],
        ['client.chat.completions.with_raw_response.create(model="gpt-4o")'],
        ['name = "gpt-4o"', "client.responses.parse(model=name)"],
        ['first, other = "gpt-4o", "nothing"', "client.responses.create(model=first)"],
        ['if (name := "gpt-4o"):\n    client.responses.create(model=name)'],
        ['for name in ("gpt-4o",):\n    client.embeddings.create(model=name)'],
        ['names = ("gpt-4o",)', "a = {n: client.responses.create(model=n) for n in names}"],
        ['asked = {"gpt-4o": "Hello"}', "for n, text in asked.items():\n    client.responses.create(model=n)"],
        ['def ask(text, model="gpt-4o"):\n    return client.responses.create(model=model)'],
        ["def ask(text, *, model='gpt-4o'):\n    return client.responses.create(model=model)"],
        ["def ask(text, model):\n    return client.responses.create(model=model)", 'ask("Hello", "gpt-4o")'],
        [
            "def ask(model):\n    return client.responses.create(model=model)",
            "def both(d):\n    ask(d)",
            'both("gpt-4o")',
        ],
        ["def ask(**all):\n    return client.responses.create(**all)", 'ask(model="gpt-4o")'],
        [
            "ask = lambda m: client.responses.create(model=m)\nm = 1",
            'model = "gpt-4o"\nclient.responses.create(model=model)',
        ],
        ["def a(m):\n    client.responses.create(model=m)", 'a("gpt-4o")', "def a(m):\n    print(m)"],
        ['answer = await client.responses.create(model="gpt-4o")'],
        ["%matplotlib inline", 'client.responses.create(model="gpt-4o")'],
        ['%matplotlib inline\n!ls\nclient.responses.create(model="gpt-4o")'],
        ['files = !ls\nclient.responses.create(model="gpt-4o")'],
        ['if True:\n    a, b = %time 1\n    client.responses.create(model="gpt-4o")'],
        ['?client\nclient.responses.create?\nclient.responses.create(model="gpt-4o")'],
        ['%time 1\ntext = "a = %s" % client.responses.create(model="gpt-4o")'],
        ['if True:\n    %time 1\n    client.responses.create(model="gpt-4o")'],
        ['client.responses.create(**{"model": "gpt-4o", "input": "Hello"})'],
        ['asked = {"model": "gpt-4o", "input": "o1"}', "client.responses.create(**asked)"],
        ['asked = dict(model="gpt-4o")', "client.responses.create(**(asked | {'input': 'o1'}))"],
        ['name = "gpt-4o"', 'asked = {"model": name}', "client.responses.create(input='o1', **asked)"],
        ["def ask(**all):\n    return client.responses.create(**all)", 'ask(**{"model": "gpt-4o"})'],
        ['with client.realtime.connect(model="gpt-4o") as connection:\n    pass'],
        ['connection.session.update(session={"audio": {"input": {"transcription": {"model": "gpt-4o"}}}})'],
        ['session = {"audio": {"input": {"transcription": {"model": "gpt-4o"}}}}', "c.session.update(session=session)"],
        ['c.send({"type": "session.update", "session": {"input_audio_transcription": {"model": "gpt-4o"}}})'],
    ],
)
def test_a_model_is_read_wherever_it_comes_from(sources):
    assert models(*sources) == {"gpt-4o"}


@pytest.mark.parametrize(
    "sources",
    [
        ['list_price("gpt-4o", "input")'],
        ['for name in ("gpt-4o", "o1"):\n    print(describe_model(name))'],
        ["def price(model):\n    return list_price(model)", 'price("o1")', 'check("00.x", model="gpt-5")'],
        ['"gpt-4o" in "a comment: o1"  # gpt-5'],
        ['settings.update({"model": "gpt-4o"})'],
    ],
)
def test_a_model_that_is_only_spoken_of_is_not_asked(sources):
    assert models(*sources) == set()


def test_a_name_in_one_function_is_not_the_same_name_in_another():
    asks = 'def ask(model="gpt-4o"):\n    return client.responses.create(model=model)'
    looks = 'def look():\n    model = "o1"\n    return model'
    loops = 'shown = [model for model in ("gpt-5", "gpt-4o-mini")]'
    assert models(asks, looks, loops) == {"gpt-4o"}


# --- what becomes of them


def test_the_section_as_it_was_ends_at_the_next_heading_of_its_level():
    cells = [
        markdown("# 02 · Tiny"),
        markdown("```\n## As it was\n```"),
        tiny.code("one"),
        markdown("## 15 As it was: ada\n\nWords."),
        tiny.code("two"),
        markdown("### A part of it"),
        tiny.code("three"),
        markdown("Words.\n\n## Exercises"),
        tiny.code("four"),
    ]
    teaching, history = split_cells(cells)
    assert [cell.source for cell in history if cell.cell_type == "code"] == ["two", "three"]
    assert [cell.source for cell in teaching if cell.cell_type == "code"] == ["one", "four"]
    _, history = split_cells([markdown("## 3 As it was"), markdown("# End"), tiny.code("x")])
    assert [cell.source for cell in history] == ["## 3 As it was"], "a heading above its own ends it too"


def test_a_model_that_no_new_customer_can_deploy_leaves(tmp_path):
    found = judge(tmp_path, ask("gpt-4.1-mini"), ask("gpt-5.4-mini"))
    assert set(found) == {"gpt-4o-mini", "gpt-4.1-mini", "gpt-5.4-mini"}, "the first is what tiny courses ask"
    assert found["gpt-4.1-mini"].why == "deprecated: it answers only those who have it, until 2027-04-14"
    assert found["gpt-4.1-mini"].is_leaving and found["gpt-4o-mini"].is_leaving
    fresh = found["gpt-5.4-mini"]
    assert (fresh.is_leaving, fresh.why, fresh.days_left) == (False, "", 304)


@pytest.mark.parametrize(("on", "days", "is_leaving"), [("2027-03-24", 181, False), ("2027-03-25", 180, True)])
def test_a_model_leaves_from_180_days_before_it_retires(tmp_path, on, days, is_leaving):
    found = judge(tmp_path, ask("gpt-5.4-mini"), on=date.fromisoformat(on))["gpt-5.4-mini"]
    assert (found.days_left, found.is_leaving, found.why) == (days, is_leaving, "")


@pytest.mark.parametrize(("on", "why"), [("2027-09-20", ""), ("2027-09-21", "retired on 2027-09-21")])
def test_from_the_day_it_retires_on_nobody_can_deploy_a_model(tmp_path, on, why):
    assert judge(tmp_path, ask("gpt-5.4-mini"), on=date.fromisoformat(on))["gpt-5.4-mini"].why == why


def test_a_model_of_which_nobody_says_who_can_deploy_it_leaves_and_says_so(tmp_path):
    found = judge(tmp_path, ask("gpt-6-luna"))["gpt-6-luna"]
    assert found.is_leaving and found.why == "no source says that a new customer can deploy it"


def test_models_of_the_past_are_listed_and_never_leave(tmp_path):
    cells = [markdown("## As it was"), ask("gpt-4"), ask("gpt-4o-mini"), markdown("## Exercises"), ask("gpt-5.5")]
    found = judge(tmp_path, *cells)
    assert found["gpt-4"].is_history and not found["gpt-4"].is_leaving
    assert not found["gpt-4o-mini"].is_history, "it is taught on too"
    assert not found["gpt-5.5"].is_history


def test_a_function_of_the_teaching_part_that_the_past_calls_brings_its_model_to_the_past(tmp_path):
    cells = [tiny.code("def go(m):\n    client.responses.create(model=m)"), tiny.code('go("gpt-5.5")')]
    found = judge(tmp_path, *cells, markdown("## As it was"), tiny.code('go("o1")'))
    assert (found["gpt-5.5"].is_history, found["o1"].is_history) == (False, True)


def test_a_solution_and_a_recording_count_as_teaching(tmp_path):
    tiny.write(tmp_path, [ask("gpt-5.1")], "solutions")
    folder = tmp_path / tiny.RECORDINGS / tiny.NAME
    folder.mkdir(parents=True)
    for number, (model, status) in enumerate({"gpt-5": 200, "o1": 404, "my-own": 200}.items()):
        asked = {"method": "POST", "path": "/openai/v1/responses", "query": {}, "json": {"model": model}}
        record = {"request": asked, "answers": [{"status": status, "json": {}}]}
        (folder / f"responses.{model}.{number:012x}.json").write_text(json.dumps(record), encoding="utf-8")
    found = judge(tmp_path, tiny.code("1"))
    assert set(found) == {"gpt-4o-mini", "gpt-5", "gpt-5.1"}, "no error, and no name that is a deployment's alone"
    assert not any(state.is_history for state in found.values())


def test_the_replacement_is_the_one_that_microsoft_names(tmp_path):
    tiny.write(tmp_path, [ask("gpt-35-turbo"), ask("gpt-4o")])
    text = describe_freshness(check_freshness(DAY, tmp_path), DAY)
    text = " ".join(text.split())
    assert (
        "gpt-4o: a new customer can deploy it; retires on 2027-04-14, in 144 days "
        "Microsoft names gpt-5.1 in its place, which itself leaves in 175 days"
    ) in text
    far = describe_freshness(check_freshness(date(2026, 10, 1), tmp_path), date(2026, 10, 1))
    assert "in its place, which itself" not in " ".join(far.split())
    assert "Microsoft names gpt-4o-mini in its place, which has gone too: deprecated" in text


def test_the_report_counts_the_notebooks_and_says_how_to_go_on(tmp_path):
    tiny.write(tmp_path, [ask("gpt-5.4-mini"), markdown("## As it was"), ask("gpt-4")])
    text = describe_freshness(check_freshness(DAY, tmp_path), DAY)
    assert max(map(len, text.splitlines())) <= WIDTH
    text = " ".join(text.split())
    assert text.startswith("Models of the notebooks on 2026-11-21, by data/tables/models.csv of 20")
    assert "stays gpt-5.4-mini: a new customer can deploy it; retires on 2027-09-21, in 304 days" in text
    assert "LEAVES gpt-4o-mini: deprecated: it answers only those who have it, until 2027-04-14 (in 144 days)" in text
    assert " as it was: gpt-4 " in text
    assert text.endswith(
        "1 of 1 notebook teaches on a model that leaves. "
        "Of the course's own models, these stay: gpt-5.4-mini "
        "What moving takes, for a NEW model: python -m helpers migrate 00 gpt-4o-mini NEW"
    )


# --- the command


def write_fresh(course: Path) -> None:
    path = tiny.write(course, [ask("gpt-5.4-mini")])
    path.write_text(path.read_text(encoding="utf-8").replace("gpt-4o-mini", "gpt-5.4-mini"), encoding="utf-8")


def test_the_command_ends_with_1_where_a_notebook_teaches_on_a_model_that_leaves(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(freshness.check_freshness, "__defaults__", (None, tmp_path))
    write_fresh(tmp_path)
    assert main(["freshness", "--on", "2026-11-21"]) == 0
    assert "1 notebook: none teaches on a model that leaves within 180 days." in capsys.readouterr().out
    assert main(["freshness", "--on", "2027-06-01"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "LEAVES gpt-5.4-mini: a new customer can deploy it; retires on 2027-09-21, in 112 days" in told


def test_today_is_the_day_where_none_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(freshness.check_freshness, "__defaults__", (None, tmp_path))
    write_fresh(tmp_path)
    main(["freshness"])
    assert f"on {date.today()}" in capsys.readouterr().out


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_who_has_seen_enough_gets_no_traceback(unbuffered, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = [sys.executable, "-m", "helpers", "freshness"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout and running.stderr
        running.stdout.close()  # as `| head` does
        assert running.stderr.read() == ""
    assert running.returncode == 141


def test_a_day_that_is_none_and_a_course_without_notebooks_are_told(tmp_path, capsys):
    assert main(["freshness", "--on", "2026-02-30"]) == 1
    assert "no such day: 2026-02-30" in capsys.readouterr().err
    with pytest.raises(CourseError, match="no notebooks to look at"):
        check_freshness(DAY, tmp_path)


def test_what_a_reader_may_turn_a_dial_to_is_asked_too():
    source = 'past = "dall-e-3"  # turn me: "dall-e-3", "dall-e-2"\nclient.images.generate(model=past)'
    assert read_models([v4.new_code_cell(source)]) == {"dall-e-3", "dall-e-2"}


# --- the course itself


@pytest.fixture(scope="module")
def states() -> list[ModelState]:
    return check_freshness(DAY)


# Each notebook says this of them itself, in the table that it opens with.
TAUGHT_ALL_THE_SAME = {
    "11_voice_conversations": {
        "gpt-realtime-whisper": "in Microsoft's list of models and in a recorded session of Azure's, in no schedule",
    },
}


@pytest.mark.parametrize("notebook", [path.stem for path in NOTEBOOKS])
def test_a_notebook_teaches_on_models_that_a_new_customer_can_deploy(states, notebook):
    taught = [state for state in states if state.notebook == notebook and not state.is_history]
    assert taught or not (ROOT / "data" / "recordings" / notebook).exists(), "its models were not found"
    left = {state.model: state.why for state in taught if state.why}
    assert left.keys() == TAUGHT_ALL_THE_SAME.get(notebook, {}).keys(), left
