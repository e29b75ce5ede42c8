"""data/tables: what stands in them is whole, sourced, and what was found out."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import openai
import pandas as pd
import pytest

from helpers import tables
from helpers.errors import TableError

FACTS = Path(os.environ.get("AZURE_OPENAI_SPECS", "not-set")) / "facts"
WIRE = FACTS.parent / "wire" / "azure"
needs_facts = pytest.mark.skipif(not FACTS.is_dir(), reason="AZURE_OPENAI_SPECS names no folder with facts/")
needs_wire = pytest.mark.skipif(not WIRE.is_dir(), reason="AZURE_OPENAI_SPECS names no folder with wire/")

EXPECTED = ["models", "lifecycle", "prices", "media_tokens", "parameters", "measured_on_azure", "errors"]


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
            assert "sources disagree" in row["note"], f"{name}: unknown without a reason"
            assert row["deployable_by_new_customers"] == "", name


def test_a_replacement_is_a_model_of_the_table():
    models = tables.load_table("models")
    assert set(models.replacement) - {""} <= set(models.model)


def test_deployable_models_leave_out_the_deprecated_and_the_doubtful():
    language = tables.deployable_models("language")
    names = set(language.model + "-" + language.version)
    assert {"gpt-4o-2024-11-20", "gpt-4.1-2025-04-14", "gpt-5.5-2026-04-24"} <= names
    assert not names & {"gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "gpt-4-0613", "gpt-6-sol-2026-09-22"}
    assert language.retirement_date.is_monotonic_decreasing
    everything = set(tables.deployable_models().model)
    assert {"whisper", "gpt-image-2", "text-embedding-3-small", "gpt-audio"} <= everything
    assert not everything & {"o3-pro", "gpt-realtime-2", "o1-preview", "dall-e-3", "gpt-image-1"}


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
    with pytest.raises(TableError, match=r"(?s)no model gpt-4oo.*nearest +gpt-4o\b"):
        tables.describe_model("gpt-4oo")


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


def test_no_measured_answer_reasons_more_than_it_writes():
    measured = tables.load_table("measured_on_azure")
    parts = measured[["completion_tokens", "reasoning_tokens"]].dropna()
    assert len(parts) > 10 and (parts.reasoning_tokens <= parts.completion_tokens).all()


def test_every_error_holds_a_body_that_the_sdk_raises_as_named():
    for row in tables.load_table("errors").itertuples():
        body = json.loads(row.body)
        assert isinstance(body, str) or "error" in body, row.error
        kind = getattr(openai, row.exception)
        assert issubclass(kind, openai.APIStatusError)
        assert getattr(kind, "status_code", row.status) == row.status, row.error
        assert row.retried_by_sdk == (row.status in (408, 409, 429) or row.status >= 500)
        assert ("…" in row.body) <= (row.evidence == "quoted in part"), row.error


# --- against what was found out


@needs_facts
def test_every_model_that_was_found_out_is_in_the_table():
    table = tables.load_table("models")
    said = {(row["model"], row["version"]): row for row in tables.read_rows("models")}
    for fact in read_facts("models.csv"):
        if fact["id"] == "gpt-chat-latest":  # four versions in one line there, one line each here
            assert sum(model == "gpt-chat-latest" for model, _ in said) == fact["version"].count("/") + 1
            continue
        version = fact["version"].split(" (")[0]
        assert (fact["id"], version) in said
        row = table[(table.model == fact["id"]) & (table.version == version)].iloc[0]
        if found := re.match(r"\d{4}-\d\d-\d\d", fact["azure_retirement_date"]):
            assert str(row.retirement_date.date()) == found[0], fact["id"]
        if re.fullmatch(r"\d+", fact["max_input"]):
            assert row.max_input_tokens == int(fact["max_input"])
        if re.fullmatch(r"\d+", fact["max_output"]):
            assert row.max_output_tokens == int(fact["max_output"])
        assert row.training_cutoff_month == fact["training_cutoff"][:7]
        status = fact["status_on_2026_11_20"]
        answers = {"live": "yes", "retired": "no"}.get(status.split(" (")[0], "")
        assert said[fact["id"], version]["answers_today"] == answers, fact["id"]


@needs_facts
def test_every_price_is_the_one_that_was_found_out():
    names = {"tts-1": "tts", "tts-1-hd": "tts-hd", "whisper-1": "whisper"}
    words = {"cached_input": "cached text input", "batch_input": "text input (batch)"}
    words |= {"batch_output": "text output (batch)", "priority_input": "text input (priority)"}
    words |= {"priority_output": "text output (priority)", "input": "text input", "output": "text output"}
    prices = tables.load_table("prices")
    facts = [row for row in read_facts("prices.csv") if re.match(r"per (1M|image|minute)", row["unit"])]
    assert len(prices) == len(facts) == 358
    for row, fact in zip(prices.itertuples(), facts, strict=True):
        assert names.get(fact["model"], fact["model"]) in (row.model, f"{row.model}-{row.version}")
        assert row.usd == float(fact["price_usd"]), row
        unit = fact["unit"].replace(" (output only)", "").lower().replace(" ", "_")
        assert row.unit == f"usd_{unit}", row
        assert row.platform == ("azure" if fact["platform"].startswith("Azure") else "openai"), row
        item = f"{row.quality} {row.size}".strip() if row.item == "image" else words.get(row.item, row.item)
        assert item.replace("_", " ") == fact["item"], row


@needs_facts
def test_every_count_of_media_tokens_is_the_one_that_was_found_out():
    facts = [row for row in read_facts("prices.csv") if not re.match(r"per (1M|image|minute)", row["unit"])]
    table = tables.load_table("media_tokens")
    assert sorted(set(table.value)) == sorted({float(row["price_usd"]) for row in facts})
    assert table.set_index(["model", "quality", "size"]).value["gpt-image-1", "high", "1024x1536"] == 6240


@needs_facts
def test_every_published_embedding_score_is_the_one_that_was_found_out():
    facts = {
        (row["subject"], row["metric"].removesuffix(" average")): float(row["value"])
        for row in read_facts("published_comparisons.csv")
        if row["table"] == "embeddings"
    }
    scores = tables.load_table("embedding_scores")
    whole = scores[scores.note == "full length"]
    assert dict(zip(zip(whole.model, whole.benchmark, strict=True), whole.score_percent, strict=True)) == facts


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
