"""Parameters are checked before a request is sent, and nothing is blocked."""

import inspect
import re
from typing import get_args

import openai
import pytest
from openai.resources.chat.completions import Completions
from openai.types import ReasoningEffort

from helpers import tables
from helpers.parameters import check_parameters, describe_rule, find_rule, list_refusals
from helpers.tables import read_rows

HELLO = [{"role": "user", "content": "Hello"}]


def test_an_ordinary_request_gives_no_warning():
    assert check_parameters("gpt-4o", messages=HELLO, temperature=0.7, top_p=0.9, seed=7, n=2, stop=["."]) == []
    assert check_parameters("gpt-5", messages=HELLO, reasoning_effort="minimal", max_completion_tokens=500) == []
    assert check_parameters("text-embedding-3-small", input=["a", "b"], dimensions=256) == []
    assert check_parameters("gpt-image-1.5", prompt="a stop sign", size="1024x1536", quality="low") == []
    assert check_parameters("whisper", file=b"RIFF", response_format="srt", language="de") == []
    assert check_parameters("gpt-4o-mini-tts", input="Hello", voice="coral", instructions="calm") == []
    assert check_parameters("gpt-4.1", input="Hello", instructions="brief", max_output_tokens=50) == []
    assert check_parameters("gpt-5.6-luna", messages=HELLO, tools=[{}], reasoning_effort="none") == []
    assert check_parameters("gpt-5.6-luna", messages=HELLO, tools=[], reasoning_effort="xhigh") == []
    assert check_parameters("gpt-6-luna", messages=HELLO, temperature=0.3, top_p=0.9) == []
    assert check_parameters("gpt-5.6-sol", input="Hello", reasoning={"effort": "max", "summary": "concise"}) == []
    assert check_parameters("whisper", file=b"", response_format="verbose_json", timestamp_granularities=["word"]) == []
    assert (
        check_parameters("gpt-realtime-2.1", type="realtime", audio={"output": {"voice": "marin", "speed": 1.2}}) == []
    )


def test_a_rule_is_said_in_the_words_of_a_table():
    said = {name: describe_rule("chat", "gpt-5.4-mini", name) for name in ("temperature", "max_tokens", "verbosity")}
    assert said == {"temperature": "only 1", "max_tokens": "no", "verbosity": "yes, default medium"}
    assert describe_rule("chat", "gpt-4o", "top_p") == "yes"
    assert describe_rule("chat", "gpt-4o", "no_such_parameter") == "not known"


def test_the_bounds_themselves_are_allowed():
    assert check_parameters("gpt-4o", messages=HELLO, temperature=2, top_p=0, n=128, stop=list("abcd")) == []
    assert check_parameters("text-embedding-3-large", input=["a"] * 2048, dimensions=3072) == []
    assert check_parameters("dall-e-2", prompt="a" * 1000, n=10) == []


# Each of these is refused by the real service; the words of its errors stand in errors.csv.
@pytest.mark.parametrize(
    ("model", "parameters", "warning"),
    [
        ("o3-mini", {"max_tokens": 5}, "max_tokens: o3-mini does not take it; use max_completion_tokens"),
        ("o1-2024-12-17", {"temperature": 0.2}, "temperature: o1-2024-12-17 does not take it; leave it out"),
        ("gpt-5-nano", {"temperature": 0}, "temperature: gpt-5-nano takes at least 1, not 0; leave it out"),
        ("gpt-4o", {"temperature": 2.1}, "temperature: gpt-4o takes at most 2, not 2.1"),
        ("gpt-4o", {"n": 0}, "n: gpt-4o takes at least 1, not 0"),
        ("gpt-4o", {"stop": list("abcde")}, "stop: gpt-4o takes at most 4 items, not 5"),
        ("o1-mini", {"stop": "."}, "stop: o1-mini does not take it; leave it out, and cut"),
        ("o3", {"stop": "."}, "stop: o3 does not take it"),
        ("o4-mini-2025-04-16", {"stop": ["."]}, "stop: o4-mini-2025-04-16 does not take it"),
        ("gpt-5", {"stop": "."}, "stop: gpt-5 does not take it"),
        ("gpt-5-nano-2025-08-07", {"stop": "."}, "stop: gpt-5-nano-2025-08-07 does not take it"),
        ("gpt-5.1", {"stop": "."}, "stop: gpt-5.1 does not take it"),
        ("gpt-5.2-2025-12-11", {"stop": "."}, "stop: gpt-5.2-2025-12-11 does not take it"),
        ("gpt-5.4-mini", {"stop": list("abcde")}, "stop: gpt-5.4-mini takes at most 4 items, not 5"),
        ("o1", {"parallel_tool_calls": False}, "parallel_tool_calls: o1 does not take it"),
        ("gpt-4o", {"reasoning_effort": "low"}, "reasoning_effort: gpt-4o does not take it; use a reasoning model"),
        ("o3-mini", {"reasoning_effort": "minimal"}, "does not take 'minimal', only low, medium, high"),
        ("o1", {"stream": True}, "stream: o1 does not take it"),
        ("gpt-5.1", {"reasoning_effort": "minimal"}, "does not take 'minimal', only none, low, medium, high"),
        ("gpt-5.4-mini", {"reasoning_effort": "minimal"}, "only none, low, medium, high, xhigh"),
        ("gpt-5.6-sol", {"reasoning_effort": "max"}, "does not take 'max'"),
        ("gpt-5.6-luna", {"tools": [{}]}, "tools: gpt-5.6-luna takes it only with reasoning_effort=none; set"),
        ("gpt-6-sol", {"frequency_penalty": 1}, "frequency_penalty: gpt-6-sol does not take it"),
        ("gpt-audio", {"response_format": {"type": "json_object"}}, "response_format: gpt-audio does not take it"),
        ("gpt-chat-latest", {"reasoning_effort": "low"}, "reasoning_effort: gpt-chat-latest does not take it"),
        ("gpt-5.5", {"prompt_cache_options": {"mode": "explicit"}}, "leave it out; from gpt-5.6 on"),
        ("gpt-35-turbo", {"response_format": {"type": "json_schema"}}, "'json_schema', only text, json_object"),
        ("gpt-4o-2024-05-13", {"response_format": {"type": "json_schema"}}, "'json_schema'"),
    ],
)
def test_a_chat_parameter_that_azure_refuses_is_named_with_what_to_do_instead(model, parameters, warning):
    warnings = check_parameters(model, messages=HELLO, **parameters)
    assert len(warnings) == 1 and warning in warnings[0], warnings


@pytest.mark.parametrize(
    ("model", "parameters", "warning"),
    [
        ("text-embedding-ada-002", {"input": "a", "dimensions": 256}, "dimensions: text-embedding-ada-002 does not"),
        ("text-embedding-3-small", {"input": "a", "dimensions": 1537}, "takes at most 1,536, not 1,537"),
        ("text-embedding-3-large", {"input": ["a"] * 2049}, "takes at most 2,048 items, not 2,049"),
        ("gpt-image-1", {"prompt": "a", "size": "2048x2048"}, "does not take '2048x2048', only 1024x1024"),
        ("gpt-image-1", {"prompt": "a", "quality": "standard"}, "use low, medium, high or auto"),
        ("gpt-image-1", {"prompt": "a", "response_format": "b64_json"}, "leave it out; the answer is always"),
        ("gpt-image-1", {"prompt": "a", "style": "vivid"}, "describe the style in the prompt"),
        ("dall-e-3", {"prompt": "a", "n": 2}, "takes at most 1, not 2; send one request for each picture"),
        ("dall-e-3", {"prompt": "a" * 4001}, "takes at most 4,000 characters, not 4,001"),
        ("gpt-4o-transcribe", {"file": b"", "response_format": "srt"}, "does not take 'srt', only json, text"),
        ("gpt-transcribe", {"file": b"", "response_format": "text"}, "does not take 'text', only json"),
        ("gpt-4o-transcribe-diarize", {"file": b"", "prompt": "names"}, "prompt: gpt-4o-transcribe-diarize does not"),
        ("whisper", {"file": b"", "timestamp_granularities": ["word"]}, "only with response_format=verbose_json"),
        ("gpt-image-2", {"prompt": "a", "background": "transparent"}, "only opaque, auto; use gpt-image-1-mini"),
        ("gpt-5.4", {"input": "a", "reasoning": {"effort": "max"}}, "reasoning.effort: gpt-5.4 does not take 'max'"),
        ("gpt-5.6-luna", {"input": "a", "reasoning": {"mode": "fast"}}, "does not take 'fast', only standard, pro"),
        ("gpt-5", {"input": "a", "text": {"verbosity": "none"}}, "text.verbosity: gpt-5 does not take 'none'"),
        ("gpt-realtime", {"output_modalities": ["audio", "text"]}, "takes at most 1 items, not 2"),
        ("gpt-realtime-mini", {"audio": {"output": {"speed": 2}}}, "audio.output.speed: gpt-realtime-mini takes at"),
        ("gpt-realtime", {"type": "realtime", "voice": "marin"}, "voice: gpt-realtime does not take it; use audio"),
        ("tts", {"input": "a", "voice": "verse"}, "does not take 'verse'"),
        ("tts-hd", {"input": "a", "voice": "nova", "instructions": "calm"}, "use gpt-4o-mini-tts"),
        ("tts", {"input": "a", "voice": "nova", "speed": 5}, "takes at most 4, not 5"),
        ("gpt-4.1", {"input": "a", "max_tokens": 5}, "use max_output_tokens"),
        (
            "gpt-audio-mini",
            {"messages": HELLO, "modalities": ["text", "audio"], "audio": {"voice": "nova", "format": "mp3"}},
            "audio.voice: gpt-audio-mini does not take 'nova', only alloy",
        ),
    ],
)
def test_a_parameter_of_another_api_that_azure_refuses_is_named_with_what_to_do_instead(model, parameters, warning):
    warnings = check_parameters(model, **parameters)
    assert len(warnings) == 1 and warning in warnings[0], warnings


@pytest.mark.parametrize(
    ("model", "parameters", "name"),
    [
        ("whisper", {"file": b"", "stream": True}, "stream"),
        ("tts", {"input": "a", "voice": "nova", "instructions": "calm"}, "instructions"),
    ],
)
def test_what_is_taken_without_effect_is_a_warning_and_no_refusal(model, parameters, name):
    (warning,) = check_parameters(model, **parameters)
    assert warning.startswith(f"{name}: {model} takes it, and it has no effect; use gpt-4o-mini-")
    api = "speech" if model == "tts" else "transcription"
    assert list_refusals(model, api, parameters) == [] and describe_rule(api, model, name) == "yes, without effect"
    assert check_parameters(model, **{**parameters, name: False}) == []


def test_every_fault_of_a_request_is_named_once():
    two = [{"role": "system", "content": "Be brief."}, {"role": "system", "content": "Be kind."}, *HELLO]
    warnings = check_parameters("o1-preview", messages=two, temperature=0, max_tokens=5)
    assert [warning.split(":")[0] for warning in warnings] == ["messages.role", "temperature", "max_tokens"]


def test_roles_and_kinds_of_part_are_checked():
    picture = [{"role": "user", "content": [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {}}]}]
    assert check_parameters("gpt-4o", messages=picture) == []
    assert "does not take 'image_url'" in check_parameters("o3-mini", messages=picture)[0]
    assert "does not take 'image_url'" in check_parameters("gpt-35-turbo", messages=picture)[0]
    developer = [{"role": "developer", "content": "Be brief."}, *HELLO]
    assert check_parameters("o1", messages=developer) == []
    assert "use the role system" in check_parameters("gpt-4o", messages=developer)[0]


def test_a_misspelt_parameter_hears_of_the_nearest():
    (warning,) = check_parameters("gpt-4o", messages=HELLO, temprature=0.2)
    assert warning == "temprature: not known for chat on gpt-4o; did you mean temperature?"


@pytest.mark.parametrize("parameter", ["known_speaker_names", "keyword"])
def test_no_name_is_proposed_that_was_written_already_or_that_the_model_refuses(parameter):
    """The first is known of another model, the second is near to a name that this one refuses."""
    (warning,) = check_parameters("whisper", api="transcription", file=b"", **{parameter: "a"})
    assert warning == f"{parameter}: not known for transcription on whisper; the service may answer 400"


def test_only_false_where_true_is_the_question_asks_for_nothing():
    assert check_parameters("o1", messages=HELLO, stream=False, logprobs=False) == []


def test_stop_is_taken_by_the_models_that_are_not_known_to_refuse_it():
    for model in ("gpt-4o", "o3-mini", "gpt-5.4-mini", "gpt-5.4-2026-03-05", "gpt-5.5", "gpt-5.6-luna"):
        assert check_parameters(model, messages=HELLO, stop=["."]) == [], model


def test_an_api_that_does_not_serve_the_model_says_which_does():
    assert check_parameters("o3-pro", messages=HELLO) == [
        "chat: o3-pro is not served there; use client.responses.create(input=...)"
    ]
    assert "audio.transcriptions" in check_parameters("gpt-4o-transcribe", messages=HELLO)[0]
    assert "completions.create(prompt" in check_parameters("gpt-35-turbo-instruct", messages=HELLO)[0]


def test_the_api_may_be_named():
    assert check_parameters("gpt-4o", temperature=1) == []
    (warning,) = check_parameters("gpt-4o", api="responses", messages=HELLO)
    assert warning.endswith("use input")


def test_a_model_without_rules_is_not_checked_and_says_so():
    (warning,) = check_parameters("my-own-deployment", messages=HELLO, temperature=9)
    assert "nothing was checked" in warning


def test_what_the_sdk_keeps_or_leaves_out_is_not_judged():
    quiet = {"temperature": None, "max_tokens": openai.omit, "timeout": 5, "extra_headers": {}, "stream": False}
    assert check_parameters("o1", messages=HELLO, **quiet) == []


def test_the_most_specific_rule_decides():
    assert find_rule("chat", "gpt-4o", "temperature")["model"] == "*"
    assert find_rule("chat", "gpt-5.1-2025-11-13", "reasoning_effort")["model"] == "gpt-5.1*"
    assert find_rule("chat", "o1-mini-2024-09-12", "stream")["accepted"] == "yes"
    assert find_rule("chat", "gpt-4o-transcribe", "model")["accepted"] == "no"
    assert find_rule("chat", "gpt-4o", "no_such_parameter") is None


def test_the_table_knows_every_parameter_of_the_sdk_that_azure_describes():
    """What Azure's chat description names is what the table must know; the SDK has a few that only OpenAI takes."""
    signature = inspect.signature(Completions.create)
    chat = {row["parameter"] for row in tables.read_rows("parameters") if row["api"] == "chat"}
    described = set(signature.parameters) - {
        "self", "extra_headers", "extra_query", "extra_body", "timeout", "moderation", "prompt_cache_key",
        "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "service_tier", "web_search_options",
    }  # fmt: skip
    assert described <= chat


def test_bounds_and_values_in_the_table_make_sense():
    for row in tables.read_rows("parameters"):
        if row["minimum"] and row["maximum"]:
            assert float(row["minimum"]) <= float(row["maximum"]), row
        assert bool(row["measure"]) == bool(row["minimum"] or row["maximum"]), row
        if row["accepted"] == "no":
            assert row["instead"] and not (row["measure"] or row["allowed_values"]), row
        assert re.fullmatch(r"[a-z0-9.*-]+", row["model"]), row
        assert not row["error_code"] or row["error_code"].startswith(("un", "invalid_", "integer_")), row


def test_every_reasoning_effort_of_the_table_is_one_of_the_sdk():
    known = {value for part in get_args(ReasoningEffort) for value in get_args(part)}
    rows = [row for row in tables.read_rows("parameters") if row["parameter"] == "reasoning_effort"]
    values = {value for row in rows for value in row["allowed_values"].split("|") if value}
    assert {"low", "medium", "high"} <= values <= known


def test_every_model_that_can_be_deployed_and_chats_has_rules():
    for row in tables.deployable_models("language").itertuples():
        rule = find_rule("chat", f"{row.model}-{row.version}", "model")
        assert rule is not None, row.model
        assert rule["accepted"] == "yes" or find_rule("responses", row.model, "model")["accepted"] == "yes"


def test_a_default_and_what_is_needed_are_words_of_the_table():
    for row in tables.read_rows("parameters"):
        if row["default_value"] and row["allowed_values"]:
            assert row["default_value"] in row["allowed_values"].split("|"), row
        needed, _, value = row["needs"].partition("=")
        if needed:
            rule = find_rule(row["api"], row["model"], needed)
            assert rule["accepted"] == "yes" and value in ("True", *rule["allowed_values"].split("|")), row
        assert row["accepted"] == "yes" or not (row["needs"] or row["default_value"]), row


def test_what_is_not_said_of_gpt_6_is_told_as_not_sure_and_nothing_is_claimed_of_what_no_page_has():
    rule = find_rule("chat", "gpt-6-luna", "tools")
    assert rule and rule["note"].startswith("not sure: ") and rule["needs"] == "" and rule["source"]
    assert check_parameters("gpt-6-luna", "chat", messages=HELLO, tools=[{}]) == []
    [said] = check_parameters("gpt-6.1-sol", "chat", messages=HELLO, reasoning_effort="minimal")
    assert said.endswith("has no rules for this model, so nothing was checked")
    facts = [row for row in read_rows("service_facts") if "gpt-6.1-sol" in row["models"]]
    assert {row["certainty"] for row in facts if row["name"] == "reasoning_effort"} == {"unsure"}
