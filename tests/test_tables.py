"""data/tables: what stands in them is whole, sourced, and what was found out."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import openai
import pandas as pd
import pytest

from helpers import costs, tables
from helpers.course import deployments, doctor
from helpers.errors import TableError
from helpers.parameters import find_rule
from helpers.picture_tokens import shown_picture_tokens
from tests.facts.comparing import compare_tables

FACTS = Path(os.environ.get("AZURE_OPENAI_SPECS", "not-set")) / "facts"
WIRE = FACTS.parent / "wire" / "azure"
needs_facts = pytest.mark.skipif(not FACTS.is_dir(), reason="AZURE_OPENAI_SPECS names no folder with facts/")
needs_wire = pytest.mark.skipif(not WIRE.is_dir(), reason="AZURE_OPENAI_SPECS names no folder with wire/")

EXPECTED = ["models", "lifecycle", "prices", "media_tokens", "parameters", "measured_on_azure", "errors"]
EXPECTED += ["reasoning_scores", "picture_prompts", "vision_scores"]
EXPECTED += ["image_tokens", "vision_tokens", "realtime_events", "service_facts", "published_comparisons", "claims"]


def read_facts(name: str) -> list[dict[str, str]]:
    with (FACTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of data/tables that may be broken."""
    return shutil.copytree(tables.TABLES, tmp_path / "tables")


def replace_once(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- loading


def test_every_table_in_the_folder_has_a_schema_and_loads():
    assert set(EXPECTED) <= set(tables.list_tables())
    assert sorted(tables.list_tables()) == sorted(path.stem for path in tables.TABLES.glob("*.csv"))
    for name in tables.list_tables():
        frame = tables.load_table(name)
        assert len(frame) > 0
        assert frame.source.ne("").all() and frame.as_of.notna().all(), name
        assert frame.as_of.max() <= pd.Timestamp.now(), f"{name} knows the future"


def test_columns_come_in_their_own_types():
    models = tables.load_table("models")
    assert str(models.max_input_tokens.dtype) == "Int64"
    assert str(models.answers_today.dtype) == "boolean"
    assert str(models.retirement_date.dtype).startswith("datetime64")
    assert models.version.tolist()[0] == "0301", "a version is a name, not a number"
    assert tables.load_table("prices").usd.dtype.kind == "f"
    assert models.note.isna().sum() == 0, "missing text is empty, not missing"


def test_two_readers_do_not_share_a_table():
    mine = tables.load_table("models")
    mine["model"] = "spoiled"
    assert "gpt-4o" in set(tables.load_table("models").model)


def test_an_edited_table_is_read_anew(folder):
    assert float(tables.load_table("lifecycle", folder).shape[0]) == 5
    path = folder / "lifecycle.csv"
    path.write_text(path.read_text() + "Sunset,no,no,,somebody,2026-11-20\n")
    assert tables.load_table("lifecycle", folder).shape[0] == 6


def test_importing_the_table_helpers_leaves_pandas_alone():
    code = (
        "import sys, helpers.tables, helpers.costs, helpers.parameters;"
        "helpers.costs.expected_cost(1, 1, 'gpt-4o');"
        "helpers.parameters.check_parameters('gpt-4o', temperature=1);"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tables.TABLES.parents[1])
    assert done.stdout.strip() == "False", done.stderr


GOOD = "gpt-35-turbo,,azure,global/eastus standard,input,,,usd_per_1m_tokens,0.5,"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("model,version,platform", "model,platform,version", ["line 1", "model"]),
        (",usd,note", ",dollars,note", ["line 1", "dollars, usd"]),
        (GOOD, GOOD.replace("0.5", "0,5"), ["line 2", "13 cells"]),
        (GOOD, GOOD.replace("0.5", "half"), ["line 2", "column usd", "'half'", "a number"]),
        (GOOD, GOOD.replace("0.5", "nan"), ["line 2", "column usd", "'nan'"]),
        (GOOD, GOOD.replace("0.5", ""), ["line 2", "column usd", "nothing"]),
        (GOOD, GOOD.replace("usd_per_1m_tokens", "usd_per_1k_tokens"), ["column unit", "'usd_per_1m_tokens'"]),
        (GOOD, GOOD.replace(",,azure", ", ,azure"), ["line 2", "column version", "' '"]),
        (GOOD, GOOD.replace("azure", "Azure"), ["line 2", "column platform", "'Azure'"]),
        ("gpt-35-turbo\",2026-11-20", "gpt-35-turbo\",20.11.2026", ["line 2", "column as_of", "2026-11-20"]),
        ("gpt-35-turbo\",2026-11-20", "gpt-35-turbo\",2026-13-01", ["line 2", "column as_of"]),
        ("gpt-35-turbo\",2026-11-20", "gpt-35-turbo\",2026-02-31", ["line 2", "column as_of", "2026-02-31"]),
        ("gpt-35-turbo\",2026-11-20", "gpt-35-turbo\",", ["line 2", "column as_of", "nothing"]),
        (GOOD[:48].replace("input", "output"), GOOD[:48], ["line 3", "model, version", "the same as"]),
    ],
)  # fmt: skip
def test_a_broken_cell_is_named_with_file_line_and_column(folder, old, new, named):
    replace_once(folder / "prices.csv", old, new)
    with pytest.raises(TableError) as caught:
        tables.load_table("prices", folder)
    for words in ["data/tables/prices.csv", *named]:
        assert words in str(caught.value)


def test_a_row_without_its_source_is_refused(folder):
    path = folder / "lifecycle.csv"
    rows = list(csv.reader(path.open(newline="")))
    rows[3][4] = "  "
    csv.writer(path.open("w", newline="")).writerows(rows)
    with pytest.raises(TableError, match=r"(?s)line 4, column source"):
        tables.load_table("lifecycle", folder)


def test_a_table_saved_by_a_spreadsheet_is_read_or_named(folder):
    path = folder / "lifecycle.csv"
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_text("\ufeff" + text, encoding="utf-8", newline="")
    assert tables.load_table("lifecycle", folder).stage[0] == "Preview"
    path.write_bytes((text + "Sünde,no,no,,somebody,2026-11-20").encode("latin-1"))
    with pytest.raises(TableError, match=r"(?s)lifecycle\.csv.*not UTF-8"):
        tables.load_table("lifecycle", folder)


def test_a_table_that_is_empty_or_missing_or_unknown_says_so(folder):
    path = folder / "errors.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(TableError, match="no rows"):
        tables.load_table("errors", folder)
    path.unlink()
    with pytest.raises(TableError, match=r"errors\.csv is missing"):
        tables.load_table("errors", folder)
    with pytest.raises(TableError, match=r"(?s)no table 'pricess'.*nearest +prices"):
        tables.load_table("pricess")


# --- what stands in them


def test_no_table_names_a_package_host_or_a_machine():
    hosts = ["py" + "pi", "np" + "mjs", "anaconda." + "org", "wheel", "/" + "work/", "/" + "root/", "stored copy"]
    for path in tables.TABLES.iterdir():
        text = path.read_text(encoding="utf-8").lower()
        assert not [host for host in hosts if host in text], path.name


def test_what_answers_today_agrees_with_stage_and_date():
    stages = {row["stage"]: row["deployable_by_new_customers"] for row in tables.read_rows("lifecycle")}
    for row in tables.read_rows("models"):
        name = f"{row['model']} {row['version']}"
        passed = "" < row["retirement_date"] <= row["as_of"]
        if row["answers_today"] == "yes":
            assert not passed and row["stage"] != "Retired", f"{name} is past its date"
            assert row["deployable_by_new_customers"] == stages.get(row["stage"], ""), name
        elif row["answers_today"] == "no":
            gone = passed or row["stage"] == "Retired" or re.search("taken as retired|gone from", row["note"])
            assert gone, f"{name}: retired without a reason"
            assert row["deployable_by_new_customers"] == "no", name
        else:
            assert re.search("sources disagree|not known", row["note"]), f"{name}: unknown without a reason"
            assert row["deployable_by_new_customers"] == "", name


def test_a_replacement_is_a_model_of_the_table():
    models = tables.load_table("models")
    assert set(models.replacement) - {""} <= set(models.model)


def test_deployable_models_leave_out_the_deprecated_and_the_doubtful():
    language = tables.deployable_models("language")
    names = set(language.model + "-" + language.version)
    assert {"gpt-4o-2024-11-20", "gpt-5.4-mini-2026-03-17", "gpt-5.6-luna-2026-07-09"} <= names
    gone = {"gpt-4.1-2025-04-14", "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "gpt-4-0613", "gpt-6-sol-2026-09-22"}
    assert not names & gone
    assert language.retirement_date.is_monotonic_decreasing
    everything = set(tables.deployable_models().model)
    assert {"whisper", "gpt-image-2.5-flare", "text-embedding-3-small", "gpt-audio", "gpt-realtime-2.1"} <= everything
    assert not everything & {"o3-pro", "gpt-realtime-2", "o1-preview", "dall-e-3", "gpt-image-1", "gpt-4.1-nano"}


def test_a_deprecated_model_answers_those_who_have_it_and_no_new_customer_can_deploy_it():
    for model in ("gpt-4.1", "gpt-4.1-mini", "gpt-4o-mini", "gpt-4o-2024-08-06"):
        row = tables.describe_model(model)
        assert (row.stage, row.answers_today, row.deployable_by_new_customers) == ("Deprecated", True, False), model
    legacy = tables.describe_model("gpt-4o")
    assert (legacy.stage, legacy.answers_today, legacy.deployable_by_new_customers) == ("Legacy", True, True)
    for model in ("o1", "o3", "o4-mini", "gpt-4.1-nano", "gpt-image-1", "gpt-4o-transcribe"):
        row = tables.describe_model(model)
        assert not row.answers_today and not row.deployable_by_new_customers, model


def test_every_category_of_the_course_has_a_model_to_deploy():
    for category in ["language", "reasoning", "multimodal", "embeddings", "images", "speech to text",
                     "text to speech", "voice", "audio chat", "realtime"]:  # fmt: skip
        assert len(tables.deployable_models(category)), category


def test_an_unknown_category_is_refused_with_those_that_exist():
    with pytest.raises(TableError, match=r"(?s)no category 'pictures'.*images"):
        tables.deployable_models("pictures")


def test_describe_model_takes_the_newest_version_or_the_one_named():
    assert tables.describe_model("gpt-4o").version == "2024-11-20"
    assert tables.describe_model("gpt-4o-2024-05-13").max_output_tokens == 4096
    assert tables.describe_model("gpt-4-turbo-2024-04-09").training_cutoff_month == "2023-12"
    assert tables.describe_model("gpt-4-turbo").version == "turbo-2024-04-09"
    with pytest.raises(TableError, match=r"(?s)no model gpt-4oo.*nearest +gpt-4o\b"):
        tables.describe_model("gpt-4oo")


def test_the_newest_version_is_the_one_that_people_mean():
    newest = {
        "gpt-35-turbo": "0125",  # of January 2024; 1106 is of November 2023
        "gpt-4": "0613",  # GPT-4 Turbo is called so, and its previews never were more than that
        "gpt-4-turbo": "turbo-2024-04-09",
        "gpt-4-vision": "vision-preview",
        "gpt-4o": "2024-11-20",
        "gpt-chat-latest": "2026-08-06",
        "text-embedding-ada-002": "2",
        "gpt-4o-mini-tts": "2025-12-15",
        "gpt-audio-mini": "2025-12-15",
        "gpt-realtime-mini": "2025-12-15",
        "gpt-4o-realtime-preview": "2025-06-03",
        "gpt-4o-2024-05-13": "2024-05-13",
    }
    assert {name: tables.list_versions(name)[0]["version"] for name in newest} == newest
    older = [row["version"] for row in tables.list_versions("gpt-4")]
    assert older == ["0613", "0314", "0125-Preview", "1106-Preview", "turbo-2024-04-09", "vision-preview"]
    assert tables.list_versions("gpt") == tables.list_versions("gpt-9") == []
    assert sorted(["10", "2", "001"], key=tables._date_version) == ["001", "2", "10"]


def test_what_can_be_deployed_is_newer_than_what_answers_and_a_preview_is_older(folder, monkeypatch):
    rows = [
        ("yes", "no", "", "2"),
        ("yes", "yes", "Preview", "3"),
        ("yes", "yes", "Legacy", "1"),
        ("no", "no", "", "9"),
    ]
    columns = list(tables.read_rows("models")[0])
    filled = [
        dict.fromkeys(columns, "")
        | {"model": "m", "version": f"2026-01-0{day}", "category": "language", "stage": stage}
        | {"answers_today": answers, "deployable_by_new_customers": deployable, "source": "s", "as_of": "2026-11-20"}
        for answers, deployable, stage, day in rows
    ]
    with (folder / "models.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(filled)
    monkeypatch.setattr(tables.read_rows, "__defaults__", (folder,))
    assert [row["version"][-1] for row in tables.list_versions("m")] == ["1", "3", "2", "9"]


def test_all_who_ask_for_the_newest_version_of_a_model_hear_the_same():
    """The table, the prices, the deployments and the doctor: of every name of the table, and of the variants' names."""
    priced = {(row["model"], row["version"]) for row in tables.read_rows("prices") if row["platform"] == "azure"}
    for name in [*dict.fromkeys(row["model"] for row in tables.read_rows("models")), "gpt-4-turbo", "gpt-4-vision"]:
        newest = tables.describe_model(name)
        finding = doctor._check_life(name, date(2026, 11, 21))
        assert f"{newest.model} {newest.version}".strip() in finding.what
        need = deployments._describe(name, 0, 0, 0)
        assert (need.row["model"], need.row["version"]) == (newest.model, newest.version)
        named = (newest.model, newest.version) in priced
        if named or ((newest.model, "") in priced and name == newest.model):
            rows = costs._rows_of_version(name, "azure")
            assert {(row["model"], row["version"]) for row in rows} == {(newest.model, newest.version if named else "")}


def test_the_real_o1_preview_answer_has_its_figures():
    row = tables.load_table("measured_on_azure").set_index("model").loc["o1-preview-2024-09-12"]
    assert (row.prompt_tokens, row.completion_tokens, row.reasoning_tokens) == (20, 1843, 448)
    assert (row.finish_reason, str(row.as_of.date())) == ("stop", "2024-10-04")


def test_the_real_o3_mini_answer_spent_all_tokens_on_reasoning():
    row = tables.load_table("measured_on_azure").set_index("model").loc["o3-mini-2025-01-31"]
    assert (row.completion_tokens, row.reasoning_tokens, row.finish_reason) == (16, 16, "length")


def test_a_score_belongs_to_a_length_that_the_model_can_give():
    longest = tables.load_table("models").groupby("model").vector_dimensions.max()
    for row in tables.load_table("embedding_scores").itertuples():
        assert row.dimensions <= longest[row.model]
        assert (row.dimensions == longest[row.model]) == (row.note == "full length"), row


def test_a_score_at_an_effort_belongs_to_a_model_that_takes_this_effort():
    scores = tables.load_table("reasoning_scores")
    for row in scores.itertuples():
        assert tables.list_versions(row.model), row
        rule = find_rule("chat", row.model, "reasoning_effort")
        assert rule and (not row.reasoning_effort or row.reasoning_effort in rule["allowed_values"].split("|")), row
    pairs = scores[scores.benchmark != "MMLU"]
    assert set(pairs.groupby(["model", "reasoning_effort"]).benchmark.count()) == {2}


def test_what_a_recorded_prompt_has_beside_its_picture_is_what_its_text_takes_or_the_row_says_why():
    left = {
        row.answer: row.prompt_tokens - shown_picture_tokens(row.model, row.width_px, row.height_px)
        for row in tables.load_table("picture_prompts").itertuples()
    }
    assert (left["pydantic_vision_gpt4o_3008x2000"], left["pydantic_vision_gpt41nano_540x360"]) == (14, 13)
    assert left["pydantic_vision_gpt5mini_597x566"] == left["pydantic_vision_gpt5mini_400x301"]
    notes = tables.load_table("picture_prompts").set_index("answer").note
    assert {name for name, tokens in left.items() if not 0 < tokens < 200} == {
        name for name, note in notes.items() if "explained" in note or "would give it" in note
    }


def test_no_measured_answer_reasons_more_than_it_writes():
    measured = tables.load_table("measured_on_azure")
    parts = measured[["completion_tokens", "reasoning_tokens"]].dropna()
    assert len(parts) > 10 and (parts.reasoning_tokens <= parts.completion_tokens).all()


def test_every_error_holds_a_body_that_the_sdk_raises_as_named():
    masked = re.compile(r"(event|item|resp|org)[_-]…|'\*+|…\.effort")
    for row in tables.load_table("errors").itertuples():
        body = json.loads(row.body)
        told = isinstance(body, str) or {"error", "message", "errors", "data"} & set(body) or row.kind == "management"
        assert told or row.evidence == "documented", row.error
        assert ("…" in masked.sub("", row.body)) <= (row.evidence in ("quoted in part", "documented")), row.error
        if row.kind != "answer":
            assert not row.exception and pd.isna(row.retried_by_sdk), row.error
            assert bool(row.explanation) == (row.kind == "management" or row.error.startswith("200_stream")), row.error
            continue
        kind = getattr(openai, row.exception)
        assert issubclass(kind, openai.APIStatusError)
        assert getattr(kind, "status_code", row.status) == row.status, row.error
        assert row.retried_by_sdk == (row.status in (408, 409, 429) or row.status >= 500)


# --- against what was found out


@needs_facts
def test_the_tables_hold_every_fact_and_contradict_none():
    assert not list(map(str, compare_tables(FACTS)))


@needs_facts
def test_every_date_and_stage_is_the_schedules():
    said = {(row["model"], row["version"]): row for row in tables.read_rows("models")}
    for fact in read_facts("schedule_2026_09_23.csv"):
        row = said[fact["id"], fact["version"]]
        assert row["retirement_date"] == fact["retirement_date"][:10], fact["id"]
        assert row["stage"] == {"GA": "Generally available"}.get(fact["lifecycle"], fact["lifecycle"]), fact["id"]
        assert row["answers_today"] == fact["answers_on_2026_11_21"].removeprefix("unsure"), fact["id"]
        assert row["stage_as_of"] == "2026-09-23"


@needs_facts
def test_every_error_is_the_one_that_was_found_out():
    facts = [json.loads(line) for line in (FACTS / "errors.jsonl").read_text(encoding="utf-8").splitlines()]
    table = tables.load_table("errors").set_index("error")
    assert list(table.index)[: len(facts)] == [fact["id"] for fact in facts]  # what was found since stands after them
    for fact in facts:
        assert json.loads(table.body[fact["id"]]) == fact["body"]
        assert table.status[fact["id"]] == fact["status"]


@needs_wire
def test_measured_figures_stand_in_the_real_answers():
    checked = 0
    for row in tables.load_table("measured_on_azure").itertuples():
        if not re.match(r"azsdk|elastic|openllmetry|microsoft_models_page", row.answer):
            continue  # its recording is not at hand; what was noted of it is held against the facts
        stem = re.sub(r"_\d$", "", row.answer)
        texts = [path.read_text(encoding="utf-8") for path in WIRE.glob(f"{stem}*")]
        if not texts and row.answer.startswith("microsoft_"):
            texts = [path.read_text(encoding="utf-8") for path in (FACTS.parent / "sources").glob("5-*")]
        text = texts[0].replace("\\", "")
        for field in ("prompt_tokens", "completion_tokens", "reasoning_tokens"):
            value = getattr(row, field)
            if pd.notna(value) and field != "reasoning_tokens" and row.operation.startswith("images"):
                field = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}[field]
            if pd.notna(value):
                assert re.search(rf'"{field}":\s*{value}\b', text), (row.answer, field)
                checked += 1
        if row.region:
            assert row.region in text, row.answer
    assert checked > 60
