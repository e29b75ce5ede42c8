"""python -m helpers migrate: what another model refuses, what it does otherwise, what it costs, and the new name."""

import copy
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import nbformat.v4 as v4
import pytest
from pandas import isna

import helpers.course.migrate as migrate_module
from helpers.__main__ import main
from helpers.costs import expected_cost, request_cost
from helpers.course.migrate import describe_migration, migrate
from helpers.course.notebooks import normalise_notebook, read_notebook
from helpers.course.recorded import Requests, find_requests
from helpers.course.renaming import rename_model
from helpers.course.repricing import _find_tokenizer, tabulate_requests
from helpers.course.review import Finding, review_requests
from helpers.course.upkeep import read_records
from helpers.errors import CourseError, RecordingUnreadable
from helpers.lines import WIDTH
from helpers.parameters import check_parameters
from helpers.recordings.exchange import model_of
from helpers.settings import ROOT

NAME = "02_tiny"
OLD, NEW = "gpt-4.1-mini", "gpt-5.4-mini"
HELLO = [{"role": "user", "content": "Hello"}]
STANDIN = {"kind": "stand-in", "engine": "Small-1B"}
DAY = date(2026, 11, 21)
PATHS = {
    "chat": "/openai/v1/chat/completions",
    "responses": "/openai/v1/responses",
    "embeddings": "/openai/v1/embeddings",
}


def answer(prompt: int, output: int, status: int = 200, source: Mapping[str, str] = STANDIN) -> dict[str, Any]:
    usage = {"prompt_tokens": prompt, "completion_tokens": output}
    return {"status": status, "headers": {}, "json": {"usage": usage} if status < 400 else {}, "source": dict(source)}


def request(model: str = OLD, api: str = "chat", *answers: dict[str, Any], **body: Any) -> dict[str, Any]:
    asked = {"messages": HELLO} if api == "chat" else {"input": "Hello"}
    described = {"method": "POST", "path": PATHS[api], "query": {}, "json": {"model": model, **asked, **body}}
    return {"request": described, "answers": list(answers) or [answer(10, 5)]}


def review(new: str, *records: dict[str, Any]) -> list[Finding]:
    return review_requests([(f"{number}.json", record) for number, record in enumerate(records)], new)


def find(findings: list[Finding], parameter: str, kind: str) -> Finding:
    [found] = [one for one in findings if (one.parameter, one.kind) == (parameter, kind)]
    return found


def price_request(record: dict[str, Any], new: str) -> Any:
    return tabulate_requests([("0.json", record)], new).iloc[0]


def count(usage: dict[str, Any], source: Mapping[str, str] = STANDIN) -> dict[str, Any]:
    """An answer with this usage."""
    return {"status": 200, "headers": {}, "json": {"usage": usage}, "source": dict(source)}


def put(folder: Path, *records: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, record in enumerate(records):
        name = f"chat.completions.{model_of(record['request'])}.{number:012x}.json"
        (folder / name).write_text(json.dumps(record), encoding="utf-8")
    return folder


def write_notebook(path: Path, *cells: str) -> Path:
    """Code cells; what begins with # is Markdown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [v4.new_markdown_cell(one) if one.startswith("#") else v4.new_code_cell(one) for one in cells]
    path.write_text(nbformat.writes(normalise_notebook(v4.new_notebook(cells=made))), encoding="utf-8")
    return path


def sources(path: Path) -> list[str]:
    return [cell.source for cell in read_notebook(path).cells]


CALL = f'answer = client.chat.completions.create(\n    model="{OLD}", max_tokens=5, temperature=0, messages=[]\n)'
MOVED = CALL.replace(OLD, NEW).replace("max_tokens", "max_completion_tokens")


@pytest.fixture
def course(tmp_path):
    write_notebook(tmp_path / "notebooks" / f"{NAME}.ipynb", "# 02 · Tiny", CALL)
    put(tmp_path / "data" / "recordings" / NAME, request(max_tokens=5, temperature=0), request("gpt-4o", max_tokens=9))
    return tmp_path


# --- what the new model refuses


def test_requests_with_the_same_trouble_are_one_finding_that_counts_them():
    findings = review(NEW, *(request(max_tokens=limit) for limit in range(1, 31)), request())
    found = find(findings, "max_tokens", "moved")
    assert (len(found.files), found.files[0], found.api) == (30, "0.json", "chat")
    assert found.instead.startswith("use max_completion_tokens") and found.is_refusal


@pytest.mark.parametrize(
    ("new", "api", "body", "parameter", "kind", "what", "instead"),
    [
        (NEW, "chat", {"temperature": 0}, "temperature", "only", "takes only 1", "leave it out"),
        (NEW, "chat", {"logprobs": True}, "logprobs", "refused", "refused", "leave it out"),
        (NEW, "responses", {"temperature": 0}, "temperature", "refused", "refused", "leave it out"),
        ("gpt-5.6-luna", "chat", {"tools": [{}]}, "tools", "needs", "unless reasoning_effort is none", "Responses API"),
        ("gpt-5-codex", "chat", {}, "chat", "unserved", "not served", "client.responses.create"),
        (
            "gpt-35-turbo",
            "chat",
            {"response_format": {"type": "json_schema"}},
            "response_format",
            "only",
            "text",
            "text",
        ),
        ("gpt-4o-2024-05-13", "chat", {"n": 200}, "n", "only", "at most 128", ""),
        (NEW, "chat", {"no_such": 1}, "no_such", "unknown", "not known", ""),
        ("gpt-5-mini", "chat", {"stop": ["."]}, "stop", "refused", "refused", "cut the answer yourself"),
        ("o1", "chat", {"parallel_tool_calls": False}, "parallel_tool_calls", "refused", "refused", "leave it out"),
    ],
)
def test_what_is_refused_is_told_with_what_to_write(new, api, body, parameter, kind, what, instead):
    found = find(review(new, request(OLD, api, **body)), parameter, kind)
    assert what in found.what and instead in found.instead


def test_what_is_taken_because_of_another_parameter_says_so_and_what_to_leave_as_it_is():
    asked = request("gpt-5.4-mini", tools=[{}], reasoning_effort="none")
    found = find(review("gpt-5.6-luna", asked), "tools", "differs")
    assert found.what.startswith("taken because reasoning_effort is none; leaving the effort out is refused too")
    assert found.instead == "reasoning_effort as it stands"


def test_an_effort_that_the_new_model_lacks_is_told_with_those_it_has():
    found = find(review("gpt-5.1", request("gpt-5-mini", reasoning_effort="minimal")), "reasoning_effort", "only")
    assert found.what == "takes only none, low, medium, high" and found.values == ("minimal",)


def test_values_that_are_refused_are_told_apart_in_one_finding():
    found = find(review(NEW, *(request(temperature=value) for value in (0, 0.7, 1, 0))), "temperature", "only")
    assert found.values == ("0", "0.7") and len(found.files) == 3, "1 is what it takes"


def test_what_was_refused_before_is_told_as_such_only_where_the_answer_was_a_refusal():
    refused = request("gpt-5-mini", "chat", answer(0, 0, 400), max_tokens=5)
    found = find(review("gpt-5.4", refused), "max_tokens", "both")
    assert found.is_refusal and not found.renamed_to
    answered = request("gpt-5-mini", max_tokens=5)  # whatever the table says of the old model
    assert find(review("gpt-5.4", answered), "max_tokens", "moved").renamed_to == "max_completion_tokens"
    assert "Refused before, and refused by gpt-5.4 too" in (text := describe("gpt-5-mini", "gpt-5.4", refused))
    assert "refuses none" not in text
    assert list(tabulate_requests([("0.json", refused)], "gpt-5.4").refused) == ["max_tokens"]


def test_the_numbers_of_a_form_are_numbers():
    def form(**fields: str) -> dict[str, Any]:
        asked = {"method": "POST", "path": "/openai/v1/audio/transcriptions", "query": {}}
        return {"request": {**asked, "form": {"model": "whisper", **fields}}, "answers": [answer(10, 5)]}

    assert find(review("gpt-4o-transcribe", form(temperature="2.5")), "temperature", "only").values == ("2.5",)
    assert not [one for one in review("gpt-4o-transcribe", form(temperature="0.5")) if one.parameter == "temperature"]
    granular = form(**{"timestamp_granularities[]": "word"})
    assert find(review("gpt-4o-transcribe", granular), "timestamp_granularities", "refused")
    text = describe("whisper", "gpt-4o-transcribe", form(temperature="0", language="de"))
    assert "Nothing to change for: temperature (1), language (1)" in text


# Written out by hand from parameters.csv, so that what the review leaves out is seen: (kind, parameter) of everything.
SYSTEM = [{"role": "system", "content": "Be brief."}, *HELLO]
BY_HAND: dict[str, tuple[str, dict[str, Any], str, set[tuple[str, str]]]] = {
    "a limit and a temperature": (
        "chat",
        {"max_tokens": 50, "temperature": 0},
        "gpt-5.6-luna",
        {
            ("moved", "max_tokens"),
            ("only", "temperature"),
            ("differs", "reasoning_effort"),
            ("differs", "max_tokens"),
        },
    ),
    "everything of sampling": (
        "chat",
        {"top_p": 0.5, "presence_penalty": 1, "frequency_penalty": 1, "logit_bias": {"1": 1}, "logprobs": True},
        NEW,
        {
            ("refused", "top_p"),
            ("refused", "presence_penalty"),
            ("refused", "frequency_penalty"),
            ("refused", "logit_bias"),
            ("refused", "logprobs"),
            ("differs", "reasoning_effort"),
        },
    ),
    "tools": (
        "chat",
        {"tools": [{}], "parallel_tool_calls": False},
        "gpt-5.6-luna",
        {("needs", "tools"), ("differs", "reasoning_effort")},
    ),
    "a stop": ("chat", {"stop": ["."]}, "gpt-5-mini", {("refused", "stop"), ("differs", "reasoning_effort")}),
    "responses": (
        "responses",
        {"temperature": 0, "max_output_tokens": 50},
        "gpt-5.6-luna",
        {("refused", "temperature"), ("differs", "reasoning.effort"), ("differs", "max_output_tokens")},
    ),
    "not served": ("chat", {"max_tokens": 50, "temperature": 0}, "o3-pro", {("unserved", "chat")}),
    "what thinks though no effort can be set": (
        "chat",
        {"max_completion_tokens": 50},
        "gpt-chat-latest",
        {("differs", "reasoning_effort"), ("differs", "max_completion_tokens")},
    ),
    "nothing": ("chat", {"n": 2, "temperature": 0.5, "max_tokens": 5}, "gpt-4o", set()),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_everything_that_changes_is_found_and_nothing_else(case):
    api, body, new, expected = BY_HAND[case]
    assert {(one.kind, one.parameter) for one in review(new, request(OLD, api, **body))} == expected


def test_or_more_is_advised_only_where_there_is_more():
    one = find(review("gpt-5-pro", request(OLD, "responses")), "reasoning.effort", "differs")
    assert one.instead == 'reasoning={"effort": "high"}'
    assert "or more" in find(review("gpt-5.6-luna", request()), "reasoning_effort", "differs").instead


def test_an_effort_that_cannot_be_set_is_not_advised():
    [room, _] = sorted(review("gpt-chat-latest", request(max_completion_tokens=5)), key=lambda one: one.parameter)
    assert room.instead == "leave 25,000 to begin with"
    assert "no effort can be set" in describe(OLD, "gpt-chat-latest", request())


def test_nothing_is_said_to_stay_on_an_api_that_does_not_serve_the_model():
    both = request(n=2), request(OLD, "responses", instructions="Be brief.")
    text = describe(OLD, "o3-pro", *both)
    assert "n (1)" not in text and "Nothing to change for: input (1), instructions (1)" in text
    assert "Nothing to change" not in describe(OLD, "o3-pro", both[0])


def test_a_request_that_the_new_model_takes_gives_no_refusal():
    body = {"reasoning_effort": "none", "max_completion_tokens": 50, "tools": [{}]}
    assert not any(one.is_refusal for one in review("gpt-5.6-luna", request(**body)))
    assert not any(one.is_refusal for one in review(NEW, request(logprobs=False, stream=False)))


def test_a_request_to_a_dated_version_is_read_by_its_path():
    record = request(max_tokens=5)
    del record["request"]["json"]["model"]
    record["request"]["path"] = f"/openai/deployments/{OLD}/chat/completions"
    assert find(review(NEW, record), "max_tokens", "moved")


def test_a_model_without_rules_and_a_route_without_any_find_nothing():
    assert review("gpt-6.1-terra", request(max_tokens=5)) == []
    record = request(max_tokens=5)
    record["request"]["path"] = "/openai/v1/files"
    assert review(NEW, record) == []


@pytest.mark.parametrize("folder", sorted(path.name for path in (ROOT / "data" / "recordings").iterdir()))
def test_the_courses_own_requests_are_refused_where_the_check_warns(folder):
    for name, record in read_records(ROOT / "data" / "recordings" / folder):
        findings = review_requests([(name, record)], "gpt-5.6-luna")
        api = next((one.api for one in findings), "")
        body = {key: value for key, value in (record["request"].get("json") or {}).items() if key != "model"}
        warned = check_parameters("gpt-5.6-luna", api, **body) if api else []
        told = [one for one in findings if one.kind != "differs"]
        assert {one.parameter for one in told} == {warning.partition(":")[0] for warning in warned}, name


# --- what it takes, and not as before


def test_a_request_that_sets_no_effort_thinks_where_that_is_the_default():
    found = find(review("gpt-5.6-luna", request(), request(reasoning_effort="none")), "reasoning_effort", "differs")
    assert len(found.files) == 1
    assert found.what == "not set, so it is medium: it thinks first; hidden tokens are billed as output"
    assert found.instead.startswith('reasoning_effort="none"')
    found = find(review("gpt-5.6-luna", request(OLD, "responses")), "reasoning.effort", "differs")
    assert found.instead.startswith('reasoning={"effort": "none"}')


def test_an_effort_of_none_and_one_that_nobody_states_are_told_as_such():
    found = find(review(NEW, request()), "reasoning_effort", "differs")
    assert "it is none" in found.what and "inferred" in found.what, "what the table says of the mini is inferred"
    assert "inferred" not in find(review("gpt-5.1", request()), "reasoning_effort", "differs").what
    assert "no source names" in find(review("gpt-6-luna", request()), "reasoning_effort", "differs").what


def test_a_default_that_stays_the_same_is_not_told():
    assert not [one for one in review("gpt-5.6-luna", request("gpt-5-mini")) if one.parameter == "reasoning_effort"]
    assert find(review("gpt-5.6-luna", request("gpt-5.1")), "reasoning_effort", "differs")


def test_a_limit_counts_hidden_tokens_where_the_new_model_thinks_and_the_old_one_did_not():
    found = find(review("gpt-5.6-luna", request(max_tokens=8)), "max_tokens", "differs")
    assert found.values == ("8",) and "hidden tokens" in found.what and "25,000" in found.instead
    quiet = [
        review("gpt-5.6-luna", request(max_tokens=8, reasoning_effort="none")),
        review(NEW, request(max_tokens=8)),
        review("gpt-5.6-luna", request("gpt-5-mini", max_completion_tokens=8)),
    ]
    assert not [one for found in quiet for one in found if "hidden tokens too" in one.what]
    assert find(review("gpt-5.5", request("gpt-5.1", max_completion_tokens=8)), "max_completion_tokens", "differs")


def test_a_system_message_is_told_and_a_user_s_is_not():
    said = [{"role": "system", "content": "Be brief."}, *HELLO]
    found = find(review(NEW, request(messages=said), request()), "messages.role", "differs")
    assert found.files == ("0.json",) and "developer or system, not both" in found.what


def test_a_parameter_that_has_no_effect_any_more_is_told():
    found = find(
        review("gpt-5.6-sol", request("gpt-4.1", prompt_cache_retention="24h")), "prompt_cache_retention", "differs"
    )
    assert "no effect" in found.what


def test_vectors_of_two_models_are_told_not_to_mix():
    findings = review("text-embedding-3-small", request("text-embedding-ada-002", "embeddings"))
    assert "do not mix" in find(findings, "input", "differs").what


# --- what it costs


def test_the_same_prompt_is_priced_on_both_models_over_every_answer():
    priced = price_request(request(OLD, "chat", answer(1000, 200), answer(1000, 300)), NEW)
    assert (priced["answers"], priced["prompt_tokens"], priced["output_tokens"]) == (2, 2000, 500)
    assert priced["new_prompt_tokens"] == 1998, "reasoning models open an answer with one token less"
    assert priced["usd_input"] == pytest.approx(expected_cost(2000, 0, OLD))
    assert priced["new_usd_input"] == pytest.approx(1998 * 0.75 / 1e6)
    assert priced["new_usd_output"] == pytest.approx(500 * 4.5 / 1e6)


def test_cached_tokens_and_sound_are_priced_as_such_on_both_models():
    usage = {"prompt_tokens": 2000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 1024}}
    priced = price_request(request(OLD, "chat", count(usage)), NEW)
    assert priced["usd_input"] + priced["usd_output"] == pytest.approx(request_cost(usage, OLD))
    assert priced["usd_input"] < expected_cost(2000, 0, OLD) and priced["cached_tokens"] == 1024
    new = usage | {"prompt_tokens": 1999}
    assert priced["new_usd_input"] + priced["new_usd_output"] == pytest.approx(request_cost(new, NEW))
    assert "1,024 tokens were read from the cache. gpt-5.4-mini is priced as if it found as many" in describe(
        OLD, NEW, request(OLD, "chat", count(usage))
    )
    usage = {"prompt_tokens": 50, "completion_tokens": 9, "prompt_tokens_details": {"audio_tokens": 40}}
    priced = price_request(request("gpt-audio", "chat", count(usage)), "gpt-4o")
    assert priced["usd_input"] > expected_cost(50, 0, "gpt-audio")
    assert priced["audio_tokens"] == 40 and isna(priced["new_usd_input"]), "gpt-4o has no price for sound"


def test_one_token_less_is_counted_only_where_a_service_counted_by_the_same_tokenizer():
    shifts = {}
    for name, old, new, source in (
        ("alike", OLD, NEW, STANDIN),
        ("azure", OLD, NEW, {"kind": "azure"}),
        ("an engine", OLD, NEW, {"kind": "other", "engine": "Some-7B"}),
        ("nobody knows", OLD, NEW, {}),
        ("another tokenizer", "gpt-4", NEW, STANDIN),
        ("no tokenizer known", OLD, "gpt-6-luna", STANDIN),
    ):
        priced = price_request(request(old, "chat", answer(100, 5, source=source)), new)
        shifts[name] = priced["new_prompt_tokens"] - priced["prompt_tokens"]
    assert {name for name, shift in shifts.items() if shift} == {"alike", "azure"}


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 0, "completion_tokens": 0}, (0, 0, 0)),
        ({"prompt_tokens": "7", "completion_tokens": "5"}, (7, 6, 5)),
        ({"prompt_tokens": "many", "completion_tokens": None, "prompt_tokens_details": "none"}, (0, 0, 0)),
        ({"prompt_tokens": -3, "completion_tokens": 2.5, "prompt_tokens_details": {"cached_tokens": True}}, (0, 0, 0)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}, (5, 4, 1)),
    ],
)
def test_an_odd_usage_never_stops_the_report(usage, tokens):
    priced = price_request(request(OLD, "chat", count(usage)), NEW)
    assert tuple(priced[["prompt_tokens", "new_prompt_tokens", "output_tokens"]]) == tokens
    assert describe(OLD, NEW, request(OLD, "chat", count(usage)), request())


def test_errors_cost_nothing_and_a_price_that_nobody_knows_is_none():
    priced = price_request(request(OLD, "chat", answer(0, 0, 400), answer(10, 5)), "gpt-6.1-terra")
    assert (priced["answers"], priced["prompt_tokens"]) == (1, 10)
    assert priced["usd_input"] > 0 and isna(priced["new_usd_input"])


def test_an_embedding_and_another_chat_model_count_a_prompt_alike():
    for old, new, api in (("text-embedding-ada-002", "text-embedding-3-small", "embeddings"), ("gpt-4o", OLD, "chat")):
        priced = price_request(request(old, api, answer(7, 0)), new)
        assert priced["new_prompt_tokens"] == priced["prompt_tokens"] == 7


def test_the_frame_has_one_row_a_request_and_names_what_is_refused():
    records = [("a.json", request(max_tokens=5, temperature=0)), ("b.json", request())]
    frame = tabulate_requests(records, NEW)
    assert list(frame.file) == ["a.json", "b.json"] and list(frame.refused) == ["max_tokens, temperature", ""]
    assert frame.new_usd_input.sum() == pytest.approx(18 * 0.75 / 1e6)


def test_tokenizers_are_those_of_tiktoken_s_own_table():
    assert _find_tokenizer("gpt-6-luna") == ("", ""), "nobody has counted with it"
    assert _find_tokenizer(NEW) == ("o200k_base", "unsure")
    assert _find_tokenizer("gpt-5.6-luna") == ("o200k_base", "sure")
    tiktoken = pytest.importorskip("tiktoken")
    for model in (
        "gpt-4",
        "gpt-4-turbo",
        "gpt-4o",
        OLD,
        "gpt-5",
        "gpt-5-mini",
        "o1",
        "o3-mini",
        "text-embedding-3-large",
    ):
        assert _find_tokenizer(model) == (tiktoken.encoding_name_for_model(model), "documented"), model


# --- in words


def describe(old: str, new: str, *records: dict[str, Any]) -> str:
    named = [(f"{number}.json", record) for number, record in enumerate(records)]
    text = describe_migration(Requests("runs/mine", named, None), old, new, DAY)
    return " ".join(text.split())  # where lines break is of no interest here


def test_the_report_says_whose_the_output_lengths_are_and_that_they_are_assumed():
    text = describe(OLD, NEW, request())
    assert "* An assumption: 5 tokens, as long as the recorded answers, which are those of stand-in, Small-1B." in text
    refused = answer(0, 0, 400)  # what answered with an error wrote no output
    azure = request(OLD, "chat", answer(10, 5, source={"kind": "azure", "region": "West Europe"}), refused)
    text = describe(OLD, NEW, azure)
    assert "those of azure, West Europe" in text and "stand-in" not in text


def test_an_engine_that_counts_by_itself_is_named_where_its_count_is_used():
    foreign = request(OLD, "chat", answer(10, 5, source={"kind": "other", "engine": "Some-7B"}))
    text = describe(OLD, NEW, foreign, request())
    assert "Prompts are as long as those who answered counted them, each its own way: other, Some-7B" in text
    assert "the tokenizer of both" not in text


def test_the_report_says_what_is_assumed_of_the_tokens():
    assert "counted by o200k_base, the tokenizer of both, which is inferred for gpt-5.4-mini" in describe(
        OLD, NEW, request()
    )
    assert "the tokenizer of both; reasoning" in describe(OLD, "gpt-5.6-luna", request())
    assert "assumed to be as long as gpt-4 counts them: the tokenizer of gpt-5.4-mini is o200k" in describe(
        "gpt-4", NEW, request("gpt-4")
    )
    assert "the tokenizer of gpt-6-luna is not known" in describe(OLD, "gpt-6-luna", request())
    assert "Requests with tools or a schema: 1." in describe(OLD, NEW, request(tools=[{}]), request())


def test_the_report_says_what_writing_into_the_cache_costs_from_5_6_on():
    long = request(OLD, "chat", answer(1024, 5), answer(1024, 5))
    twice = request(OLD, "chat", answer(600, 5), answer(600, 5))
    text = describe(OLD, "gpt-5.6-luna", long, twice, request())
    assert "prompt cache: 0.25 US dollars per 1,000,000 tokens" in text and "Requests as long as that: 1." in text
    assert "prompt cache" not in describe(OLD, NEW, long)


@pytest.mark.parametrize(
    ("new", "warning"),
    [
        ("gpt-4o-mini", "before you move to gpt-4o-mini: deprecated"),
        ("gpt-6-luna", "before you move to gpt-6-luna: no source says that a new customer can deploy it"),
        ("gpt-6.1-terra", "parameters.csv has no rules of gpt-6.1-terra for chat: nothing was checked"),
        ("gpt-5-mini", "gpt-5-mini retires on 2027-02-09, in 80 days"),
        ("o1", "o1 retires on 2026-11-19, which is past"),
    ],
)
def test_a_new_model_that_is_no_good_choice_gets_a_warning(new, warning):
    assert f"WARNING: {warning}" in describe(OLD, new, request())


def test_no_line_is_wider_than_a_page(course):
    text = "\n".join(migrate("02", OLD, "gpt-5.6-luna", root=course))
    assert max(map(len, text.splitlines())) <= WIDTH and "hidden tokens are billed" in " ".join(text.split())


def test_a_new_model_without_rules_is_never_said_to_take_the_requests():
    text = describe(OLD, "gpt-6.1-terra", request())
    assert "refuses none" not in text and "Nothing to change" not in text
    assert "refuses none of these requests" in describe("gpt-4o", "gpt-4o-2024-11-20", request("gpt-4o"))


def test_a_good_choice_gets_no_warning_and_both_models_their_dates():
    text = describe(OLD, NEW, request(max_tokens=5, n=2))
    assert "WARNING" not in text
    assert (
        "gpt-4.1-mini: deprecated" in text
        and "gpt-5.4-mini: a new customer can deploy it; retires on 2027-09-21" in text
    )
    assert "max_tokens: 1 of 1 chat request refused under this name" in text and "example 0.json" in text
    assert "Nothing to change for: messages (1), n (1)" in text


# --- where the requests lie


@pytest.mark.parametrize("folder", ["02", "2", NAME, "{root}/data/recordings/02_tiny", "{root}/data/recordings"])
def test_a_notebook_and_a_folder_are_found(course, folder):
    found = find_requests(folder.format(root=course), OLD, course)
    assert len(found.records) == 1 and found.place.startswith("data/recordings")
    assert (found.notebook is None) == folder.endswith("recordings")


def test_what_a_reader_recorded_is_found_in_runs_and_belongs_to_no_notebook(course, monkeypatch):
    put(course / "runs" / "mine", request(n=2), request(n=3))
    put(course / "runs" / ".new", request(n=4))
    put(course / "own" / NAME, request(n=5), request(n=6))
    monkeypatch.chdir(course)
    for folder in ("runs/mine", "runs/", "mine", f"own/{NAME}"):
        found = find_requests(folder, OLD, course)
        assert (len(found.records), found.notebook) == (2, None)


@pytest.mark.parametrize(
    ("folder", "old", "new", "said"),
    [
        ("03", OLD, NEW, ["no notebook and no folder of recordings is called 03", "nearest  02_tiny"]),
        ("runs/none", OLD, NEW, ["is called runs/none", "a notebook: its number or its name"]),
        ("02", "gpt-4.1-mimi", NEW, ["no recorded request in 02 asks gpt-4.1-mimi", "nearest  gpt-4.1-mini"]),
        ("02", "gpt-4.1-mimi", NEW, ["python -m helpers migrate 02 gpt-4.1-mini NEW"]),
        (
            "02",
            "whisper",
            NEW,
            ["asked  gpt-4.1-mini (1), gpt-4o (1)", "try    one of those", "migrate 02 gpt-4.1-mini NEW"],
        ),
        ("02", OLD, "gpt-5.4-mni", ["no model gpt-5.4-mni", "gpt-5.4-mini"]),
        ("02", OLD, "zzz", ["no model zzz", "not that of a deployment"]),
        ("02", OLD, OLD, ["both the old model and the new one"]),
    ],
)
def test_what_cannot_be_done_is_told_with_what_to_do(course, folder, old, new, said):
    with pytest.raises(CourseError) as error:
        list(migrate(folder, old, new, root=course))
    assert all(words in str(error.value) for words in said), error.value


def test_an_empty_folder_and_one_without_recordings_are_told(course):
    for name in ("empty", "other"):
        (course / name).mkdir()
    (course / "other" / "package.json").write_text("{}")
    for name in ("empty", "other"):
        with pytest.raises(CourseError, match="no recorded requests in") as error:
            find_requests(str(course / name), OLD, course)
        assert "python -m helpers record" in str(error.value)


def test_json_of_a_reader_s_own_beside_recordings_is_passed_over(course):
    folder = course / "data" / "recordings" / NAME
    (folder / "notes.json").write_text("[1, 2]")
    (folder / "settings.json").write_text("{")
    assert len(find_requests("02", OLD, course).records) == 1


def test_a_broken_recording_is_named(course):
    broken = course / "data" / "recordings" / NAME / "chat.completions.gpt-4o.0123456789ab.json"
    broken.write_text("{")
    with pytest.raises(RecordingUnreadable, match=broken.name):
        find_requests("02", OLD, course)


# --- the new name in the notebook


def rename(
    tmp_path: Path, *cells: str, write: bool = True, new: str = NEW, **body: Any
) -> tuple[list[str], list[tuple[str, str]]]:
    """(the cells' sources after it, (kind, what) of every place)"""
    path = write_notebook(tmp_path / "notebooks" / f"{NAME}.ipynb", *cells)
    findings = review(new, request(max_tokens=5, temperature=0, **body), request(OLD, "responses", temperature=0))
    renaming = rename_model(path, OLD, new, findings, write)
    return sources(path), [(place.kind, place.what) for place in renaming.places]


SURE = f'client.responses.create(model="{OLD}", input="Hello")'


@pytest.mark.parametrize(
    "cell",
    [
        SURE,
        SURE.replace('"', "'"),
        f'client.images.generate(model="{OLD}", prompt="a"), client.embeddings.create(model="{OLD}", input="a")',
        f'name = "{OLD}"\nclient.chat.completions.with_raw_response.create(model=name, messages=[])',
        f'{SURE}\nprint(list_price("{OLD}", "input"), describe_model("{OLD}"))\ncheck("02.x", 1, model="{OLD}")',
        f'name = "{OLD}"\nclient.responses.create(model=name)\nexpected_cost(5, 5, name)',
        f"%matplotlib inline\n!ls\n{SURE}",
        f"files = !ls\n{SURE}",
        f"%%time\n{SURE}",
    ],
)
def test_the_model_of_a_call_and_what_only_goes_there_are_renamed_in_their_own_quotes(tmp_path, cell):
    [after], places = rename(tmp_path, cell)
    assert after == cell.replace(OLD, NEW) and {kind for kind, _ in places} == {"changed"}


@pytest.mark.parametrize(
    "rest",
    [
        f'prices = {{"{OLD}": 1}}',
        f'family = ["{OLD}", "gpt-4o"]',
        f'real.model == "{OLD}"',
        f'right["{OLD}"]',
        f'check("{OLD}", 1)',
        f'list_price("{OLD}").usd',
        f"""rows.query("deployment == '{OLD}'")""",
        f'def ask(text, model="{OLD}"):\n    return client.responses.create(model=model)',
        f'ask("Hello", model="{OLD}")',
        f'name = "{OLD}"',
        f'name = "{OLD}"\nprint(name)\nclient.responses.create(model=name)',
        f'one = other = "{OLD}"\nclient.responses.create(model=one)',
        f"""print(f'{{list_price("{OLD}")}}')""",
    ],
)
def test_every_other_text_that_equals_the_name_is_left_to_a_hand(tmp_path, rest):
    cells = [SURE, rest, f'x = {{"{OLD}"}}']  # the last keeps the helpers of the others from being all
    after, places = rename(tmp_path, *cells)
    assert after == [SURE.replace(OLD, NEW), *cells[1:]]
    assert [kind for kind, _ in places] == ["changed", "by hand", "by hand"], places


def test_a_longer_text_that_names_the_model_keeps_the_helpers_as_they_are(tmp_path):
    cells = [f'list_price("{OLD}")', f"""rows.query("deployment == '{OLD}'")"""]
    after, places = rename(tmp_path, *cells)
    assert after == cells and ("by hand", f'other code names it too: list_price("{OLD}")') in places


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (f'{SURE}\nclient.responses.create(model="{NEW}")', f"{NEW} stands in this cell too"),
        (f'list_price("{OLD}"), list_price("{NEW}")', f"{NEW} stands in this cell too"),
        (f'name = "{OLD}"  # turn me: {OLD}, gpt-4o\nclient.responses.create(model=name)', "a dial is in its line"),
        ('client.responses.create(model="gpt-4.1" "-mini")', "not written plainly"),
        ('client.responses.create(model="gpt-4.1"\n    "-mini")', "not written plainly"),
        (f'client.responses.create(model="{OLD}" "")', "not written plainly"),
        (f'client.responses.create(model=r"{OLD}")', "not written plainly"),
        (f'client.responses.create(model="""{OLD}""")', "not written plainly"),
        ('client.responses.create(model="gpt-4\\x2e1-mini")', "not written plainly"),
    ],
)
def test_a_name_is_left_where_a_change_could_break_its_cell(tmp_path, cell, why):
    [after], places = rename(tmp_path, cell)
    assert after == cell and any(kind == "by hand" and why in what for kind, what in places), places
    assert "changed" not in dict(places)


def test_a_text_of_two_parts_of_which_one_equals_the_name_is_no_name(tmp_path):
    cell = f'client.responses.create(model="{OLD}" "-2025-04-14")'
    [after], places = rename(tmp_path, cell)
    assert after == cell and [kind for kind, _ in places] == ["by hand"]


def test_a_parameter_stays_where_its_call_keeps_the_old_model(tmp_path):
    cell = f'client.chat.completions.create(model="{OLD}", max_tokens=5)  # turn me: {OLD}'
    [after], places = rename(tmp_path, cell)
    assert after == cell and any("(the model is left to your hand)" in what for _, what in places)


def test_a_call_to_an_api_that_does_not_serve_the_model_is_left_and_listed(tmp_path):
    cells = [CALL, f'name = "{OLD}"\nclient.chat.completions.create(model=name, messages=[])', SURE]
    after, places = rename(tmp_path, *cells, new="o3-pro")
    assert after == [*cells[:2], SURE.replace(OLD, "o3-pro")]
    told = [what for kind, what in places if kind == "by hand" and what.startswith("chat: o3-pro is not served there")]
    assert len(told) == 2 and "client.responses.create" in told[0], places
    assert not any("max_tokens" in what for _, what in places), "the table's rules for it are of an API it is not on"


@pytest.mark.parametrize(
    ("value", "is_told"),
    [('{"effort": "minimal"}', True), ('{"effort": effort}', True), ("thinking", True), ('{"effort": "low"}', False)],
)
def test_what_lies_inside_a_parameter_is_left_to_a_hand(tmp_path, value, is_told):
    path = write_notebook(tmp_path / "a.ipynb", f'client.responses.create(model="gpt-5-mini", reasoning={value})')
    findings = review("gpt-5.1", request("gpt-5-mini", "responses", reasoning={"effort": "minimal"}))
    renaming = rename_model(path, "gpt-5-mini", "gpt-5.1", findings)
    told = [place.what for place in renaming.places if place.kind == "by hand"]
    assert told == (["reasoning.effort: takes only none, low, medium, high"] if is_told else [])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("tools=tools", ["tools: check that reasoning_effort is none"]),
        ("tools=tools, **more", ["tools: check that reasoning_effort is none"]),
        ("tools=tools, reasoning_effort=effort", ["tools: check that reasoning_effort is none"]),
        ('tools=tools, reasoning_effort="none"', []),
        ('tools=[{}], reasoning_effort="low"', ['tools: set reasoning_effort="none", or use the Responses API']),
        ("tools=[]", []),
    ],
)
def test_what_a_parameter_needs_is_told_once_and_only_where_it_may_be_missing(tmp_path, more, told):
    call = f'client.chat.completions.create(model="{OLD}", {more})'
    _, places = rename(tmp_path, call, new="gpt-5.6-luna", tools=[{}])
    assert [what for kind, what in places if kind == "by hand"] == told


def test_letters_beyond_ascii_before_the_name_do_not_shift_the_edit(tmp_path):
    cell = f'a = "ü€😀", client.chat.completions.create(name="ü", model="{OLD}", max_tokens=5)'
    [after], _ = rename(tmp_path, cell)
    assert after == cell.replace(OLD, NEW).replace("max_tokens", "max_completion_tokens")


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (f"""rows.query("deployment == '{OLD}'")""", "part of a longer text"),
        (f"answer = f'{OLD} said {{text}}'", "part of a longer text"),
        (f"ask(1)  # as {OLD} does", "a comment names it"),
        (f'%time ask("{OLD}")', "no plain Python"),
        (f'found = !grep "{OLD}" *', "no plain Python"),
        (
            "ask(text, max_tokens=5)",
            "max_tokens: use max_completion_tokens (it goes through a function)",
        ),
        (f'client.chat.completions.create(model="{NEW}", max_tokens=5)', "(the call names the new model already)"),
        ("client.chat.completions.create(model=name, max_tokens=5)", "(the model is a variable)"),
        ("client.chat.completions.create(model=name, temperature=heat)", "temperature: leave it out"),
        ('habits = {"max_tokens": 50}', f"(if this goes to {NEW})"),
    ],
)
def test_what_is_not_sure_is_left_and_told_with_its_reason(tmp_path, cell, why):
    [after], [(kind, what)] = rename(tmp_path, cell)
    assert (after, kind) == (cell, "by hand") and why in what


@pytest.mark.parametrize(
    "cell",
    [
        'other = "gpt-4.1-mini-2025-04-14", "gpt-4.1-minis", "my-gpt-4.1-mini"',
        'client.chat.completions.create(model="gpt-4o", max_tokens=5, temperature=0)',
        "client.chat.completions.create(model=name, temperature=1)",
        'draw(model=["gpt-4o"], temperature=[0])',
        "print(max_tokens, temperature)",
    ],
)
def test_what_is_no_concern_of_the_two_models_is_not_even_told(tmp_path, cell):
    [after], places = rename(tmp_path, cell)
    assert after == cell and places == []


def test_a_moved_parameter_is_renamed_only_where_the_call_says_all_of_itself(tmp_path):
    call = f'client.chat.completions.with_raw_response.create(model="{OLD}", max_tokens=5, messages=[]'
    for more, is_sure in (("", True), (", **form", False), (", max_completion_tokens=7", False)):
        [after], places = rename(tmp_path, f"{call}{more})")
        assert ("max_tokens" not in after) == is_sure, after
        assert ("by hand" in dict(places)) != is_sure
    cell = f'client.responses.create(model="{OLD}", max_tokens=5, temperature=0)'
    [after], places = rename(tmp_path, cell)
    assert after == cell.replace(OLD, NEW), "no recorded Responses request sent max_tokens"
    assert ("by hand", "temperature: leave it out") in places


def test_a_call_inside_an_f_string_is_left_whole(tmp_path):
    cell = f"""print(f'{{client.chat.completions.create(model="{OLD}", max_tokens=5)}}')"""
    [after], places = rename(tmp_path, cell)
    assert after == cell and {kind for kind, _ in places} == {"by hand"}


def test_markdown_and_the_section_as_it_was_are_listed_and_left(tmp_path):
    cells = ["# 02 · Tiny\n\nAsks gpt-4.1-mini.", "## 9 As it was", f'old = "{OLD}"', "## Exercises", SURE]
    after, places = rename(tmp_path, *cells)
    assert after == [*cells[:4], SURE.replace(OLD, NEW)]
    assert places == [("text", "Asks gpt-4.1-mini."), ("text", f'old = "{OLD}"'), ("changed", f'"{OLD}" -> "{NEW}"')]


def test_nothing_is_written_without_write_and_all_of_it_once_with_it(course, capsys):
    path = course / "notebooks" / f"{NAME}.ipynb"
    solution = write_notebook(course / "notebooks" / "solutions" / path.name, "# 02", SURE)
    before = {file: file.read_bytes() for file in (path, solution)}
    dry = "\n".join(migrate("02", OLD, NEW, root=course))
    assert "2 cells would change; 1 to look at by hand" in dry and f"migrate 02 {OLD} {NEW} --write" in dry
    assert {file: file.read_bytes() for file in before} == before
    done = "\n".join(migrate("02", OLD, NEW, write=True, root=course))
    assert sources(path) == ["# 02 · Tiny", MOVED] and sources(solution) == ["# 02", SURE.replace(OLD, NEW)]
    assert "2 cells changed; 1 to look at by hand" in done and "python -m helpers record 02" in done
    assert "cell 2 of 2, line 2" in done, "as JupyterLab counts them"
    once = path.read_bytes()
    again = "\n".join(migrate("02", OLD, NEW, write=True, root=course))
    assert "0 cells changed; 1 to look at by hand" in again, "what was left to a hand is told until it is done"
    assert "temperature: leave it out" in again
    assert path.read_bytes() == once


def test_outputs_and_every_other_cell_stay_as_they_are(tmp_path):
    path = write_notebook(tmp_path / f"{NAME}.ipynb", "# 02", CALL, "print(1)")
    notebook = read_notebook(path)
    notebook.cells[2].outputs = [v4.new_output("stream", text="1\n")]
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    before = copy.deepcopy(read_notebook(path).cells)
    rename_model(path, OLD, NEW, review(NEW, request(max_tokens=5)), write=True)
    after = read_notebook(path).cells
    assert [after[0], after[2]] == [before[0], before[2]] and after[1].source == MOVED


def test_a_reader_s_folder_has_no_notebook_to_write_to(course):
    folder = put(course / "runs" / "mine", request(max_tokens=5))
    parts = migrate(str(folder), OLD, NEW, write=True, root=course)
    assert "max_tokens" in next(parts), "what stands in the report is told first"
    with pytest.raises(CourseError, match="belongs to no notebook") as error:
        next(parts)
    assert "its number in place of the folder" in str(error.value)
    assert len(list(migrate(str(folder), OLD, NEW, root=course))) == 1


# --- the command


def test_the_command_prints_the_report_and_refuses_in_one_message(course, capsys, monkeypatch):
    monkeypatch.setattr(migrate_module.migrate, "__defaults__", (False, course))
    assert main(["migrate", "02", OLD, NEW]) == 0
    printed = capsys.readouterr().out
    assert f"{OLD} -> {NEW}: 1 request in data/recordings/{NAME} (1 chat)" in printed and "To change" in printed
    assert main(["migrate", "02", OLD, "gpt-5.4-mni"]) == 1
    assert "CourseError: no model gpt-5.4-mni" in capsys.readouterr().err
    assert main(["migrate", "02", OLD, NEW, "--write"]) == 0
    assert sources(course / "notebooks" / f"{NAME}.ipynb")[1] == MOVED


def test_the_report_needs_no_pandas_and_asks_nobody():
    code = """
import sys
from helpers.__main__ import main
from pathlib import Path
folder = next(path for path in Path(sys.argv[1]).iterdir() if any(path.glob("chat.completions.gpt-*.json")))
model = sorted(folder.glob("chat.completions.gpt-*.json"))[0].name.removeprefix("chat.completions.").rsplit(".", 2)[0]
assert main(["migrate", str(folder), model, "gpt-5.6-luna"]) == 0
print("loaded:", [name for name in ("pandas", "openai", "azure") if name in sys.modules])
"""
    arguments = [sys.executable, "-c", code, str(ROOT / "data" / "recordings")]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("loaded: []\n")
