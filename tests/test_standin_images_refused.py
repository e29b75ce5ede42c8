"""What goes wrong with pictures: the filter, a blocked resource, limits, and what each model does not take."""

import json
from typing import Any

import httpx2
import openai
import pytest
from PIL import Image

from helpers import explain
from helpers.images import picture_file
from helpers.tables import read_rows
from tests.standin import Standin, serve

HTTP = httpx2.Client(timeout=60, verify=False)
PROMPT = "A red lighthouse at night."
SMALL = Image.new("RGB", (64, 64), "white")


def draw(client: openai.OpenAI, model: str = "gpt-image-1-mini", **more: Any) -> Any:
    return client.images.generate(**{"model": model, "prompt": PROMPT} | more)


def edit(client: openai.OpenAI, model: str = "gpt-image-1-mini", **more: Any) -> Any:
    beside: Any = {"extra_body": {"style": more.pop("style")}} if "style" in more else {}
    return client.images.edit(**{"model": model, "prompt": PROMPT, "image": picture_file(SMALL)} | more | beside)


def sign_in(standin: Standin) -> dict[str, str]:
    return {"api-key": standin.key}


def row_of(name: str) -> dict[str, str]:
    (row,) = [row for row in read_rows("errors") if row["error"] == name]
    return row


@pytest.mark.parametrize("asks", [draw, edit])
@pytest.mark.parametrize(
    ("model", "fault", "name", "card"),
    [
        ("gpt-image-2", "400 filter", "image_contentfilter_task_input", "picture_filtered"),
        ("gpt-image-2", "400 filter-output", "image_contentfilter_task_output", "picture_filtered"),
        ("gpt-image-2", "400 moderation", "400_image_moderation_blocked", "picture_filtered"),
        ("gpt-image-2", "403 blocked", "403_image_resource_blocked", "resource_blocked"),
        ("dall-e-3", "400 filter", "400_image_content_policy_dalle3_jailbreak", "picture_filtered"),
        ("dall-e-3", "400 filter-output", "400_image_content_policy_dalle3_jailbreak", "picture_filtered"),
    ],
)
def test_a_picture_is_stopped_in_the_words_of_its_model(
    client: openai.OpenAI, asks: Any, model: str, fault: str, name: str, card: str
):
    row = row_of(name)
    with pytest.raises(openai.APIStatusError) as caught:
        asks(client, model, extra_headers={"x-standin-fault": fault})
    body = caught.value.response.json()
    assert body.pop("created", 0) > 1_700_000_000 or "created" not in row["body"]
    expected = json.loads(row["body"])
    expected.pop("created", None)
    assert body == expected and str(caught.value.status_code) == row["status"]
    assert explain(caught.value).name == card


def test_a_limit_of_pictures_names_deployment_and_operation(client: openai.OpenAI):
    for asks, operation in ((draw, "Images_Generate"), (edit, "Images_Edit")):
        with pytest.raises(openai.RateLimitError) as caught:
            asks(client, "gpt-image-2", extra_headers={"x-standin-fault": "429 requests"})
        assert "gpt-image-2 for gpt-image-2" in caught.value.message and operation in caught.value.message
        assert caught.value.response.headers["retry-after"] == "10"
        assert explain(caught.value).name == "tokens_per_minute"


def test_requests_for_pictures_are_limited_per_minute():
    with serve(limits={"gpt-image-2": (100_000, 2)}) as standin:
        made = openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)
        told = []
        for _ in range(3):
            try:
                draw(made, "gpt-image-2", quality="low", size="1024x640")
                told.append(200)
            except openai.RateLimitError as error:
                told.append(429)
                assert int(error.response.headers["retry-after"]) >= 1
        assert 429 in told and told[0] == 200


def test_a_picture_that_takes_too_long_times_out(standin: Standin):
    made = openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0, timeout=0.3)
    with pytest.raises(openai.APITimeoutError) as caught:
        draw(made, extra_headers={"x-standin-fault": "slow seconds=2"})
    assert explain(caught.value).name == "timed_out"


WIDE, FREE = "'1024x1024', '1024x1536', '1536x1024', and 'auto'", "Width and height must both be divisible by 16."
OLD = ("gpt-image-1", "gpt-image-1-mini", "gpt-image-1.5")
NEW = ("gpt-image-2", "gpt-image-2.5-flare", "gpt-image-2.5-sunburst")
GPT = (*OLD, *NEW)
BELOW_3 = tuple(model for model in GPT if "2.5" not in model)
DALL_E = ("dall-e-2", "dall-e-3")
# What a model refuses: who, parameters, the parameter that is named, code, words.
REFUSED: dict[str, tuple[tuple[str, ...], dict[str, Any], str | None, str, str]] = {
    "a large square": (
        OLD,
        {"size": "2048x2048"},
        "size",
        "invalid_value",
        f"'2048x2048'. Supported values are: {WIDE}.",
    ),
    "a small square": (OLD, {"size": "512x512"}, "size", "invalid_value", WIDE),
    "a square of dall-e-3": (
        ("dall-e-3",),
        {"size": "512x512"},
        "size",
        "invalid_value",
        "'1792x1024', and '1024x1792'",
    ),
    "a size of dall-e-2": (("dall-e-2",), {"size": "1792x1024"}, "size", "invalid_value", "'256x256', '512x512', and"),
    "no size": (DALL_E, {"size": "auto"}, "size", "invalid_value", "'auto'"),
    "full HD": (NEW, {"size": "1920x1080"}, "size", "invalid_value", FREE),
    "too small": (NEW, {"size": "512x512"}, "size", "invalid_value", "below the current minimum pixel budget."),
    "too long": (
        NEW,
        {"size": "3856x2160"},
        "size",
        "invalid_value",
        "longest edge must be less than or equal to 3840",
    ),
    "a size with signs": (NEW, {"size": "-1024x-1024"}, "size", "invalid_value", "Invalid size"),
    "a size with spaces": (NEW, {"size": " 1024x1024"}, "size", "invalid_value", "Invalid size"),
    "ultra": ((*GPT, "dall-e-3"), {"quality": "ultra"}, "quality", "invalid_value", "Invalid value: 'ultra'."),
    "hd": (GPT, {"quality": "hd"}, "quality", "invalid_value", "Supported values are: 'low', 'medium', 'high',"),
    "standard": (
        BELOW_3,
        {"quality": "standard"},
        "quality",
        "invalid_value",
        "Supported values are: 'low', 'medium',",
    ),
    "xhigh": ((*BELOW_3, "dall-e-3"), {"quality": "xhigh"}, "quality", "invalid_value", "Supported values are: "),
    "style": ((*GPT, "dall-e-2"), {"style": "vivid"}, "style", "unknown_parameter", "Unknown parameter: 'style'."),
    "a style": (("dall-e-3",), {"style": "baroque"}, "style", "invalid_value", "are: 'vivid' and 'natural'."),
    "url": (
        GPT,
        {"response_format": "url"},
        "response_format",
        "unknown_parameter",
        "Unknown parameter: 'response_format'.",
    ),
    "two of dall-e-3": (("dall-e-3",), {"n": 2}, "n", "integer_above_max_value", "Expected a value <= 1, but got 2"),
    "eleven": ((*GPT, "dall-e-2"), {"n": 11}, "n", "integer_above_max_value", "Expected a value <= 10, but got 11"),
    "none": ((*GPT, *DALL_E), {"n": 0}, "n", "integer_below_min_value", "Expected a value >= 1, but got 0"),
    "half a picture": (GPT, {"n": 1.5}, "n", "invalid_type", "expected an integer"),
    "webp": (GPT, {"output_format": "webp"}, "output_format", "invalid_value", "are: 'png' and 'jpeg'."),
    "squeezed png": (GPT, {"output_compression": 50}, "output_compression", "invalid_value", "for PNG"),
    "squeezed too much": (
        GPT,
        {"output_format": "jpeg", "output_compression": 101},
        "output_compression",
        "integer_above_max_value",
        "<= 100",
    ),
    "clear jpeg": (OLD, {"background": "transparent", "output_format": "jpeg"}, "background", "invalid_value", "JPEG"),
    "clear": (
        ("gpt-image-2",),
        {"background": "transparent"},
        None,
        "invalid_value",
        "Transparent background is not supported for this model.",
    ),
    "a coloured ground": (GPT, {"background": "green"}, "background", "invalid_value", "Supported values are:"),
    "ground of dall-e": (DALL_E, {"background": "opaque"}, "background", "unknown_parameter", "Unknown parameter"),
    "moderation": (GPT, {"moderation": "none"}, "moderation", "invalid_value", "are: 'low' and 'auto'."),
    "fidelity": (
        (*GPT, *DALL_E),
        {"input_fidelity": "high"},
        "input_fidelity",
        "unknown_parameter",
        "Unknown parameter",
    ),
    "four partial ones": (
        GPT,
        {"partial_images": 4, "stream": True},
        "partial_images",
        "integer_above_max_value",
        "<= 3",
    ),
    "partial without stream": (GPT, {"partial_images": 1}, "partial_images", "invalid_value", "streaming"),
    "a stream of two": (GPT, {"stream": True, "n": 2}, "n", "invalid_value", "one image"),
    "a stream of dall-e": (DALL_E, {"stream": True}, "stream", "unknown_parameter", "Unknown parameter"),
    "32,001 letters": (GPT, {"prompt": "x" * 32_001}, "prompt", "string_above_max_length", "maximum length 32000"),
    "4,001 letters": (
        ("dall-e-3",),
        {"prompt": "x" * 4_001},
        "prompt",
        "string_above_max_length",
        "maximum length 4000",
    ),
    "1,001 letters": (
        ("dall-e-2",),
        {"prompt": "x" * 1_001},
        "prompt",
        "string_above_max_length",
        "maximum length 1000",
    ),
    "an empty prompt": ((*GPT, *DALL_E), {"prompt": ""}, "prompt", "empty_string", "empty string"),
    "no prompt": ((*GPT, *DALL_E), {"prompt": None}, "prompt", "missing_required_parameter", "'prompt'"),
    "a prompt that is none": (GPT, {"prompt": ["x"]}, "prompt", "invalid_type", "expected a string, but got an array"),
    "a user that is none": (GPT, {"user": 7}, "user", "invalid_type", "expected a string, but got a number"),
    "an unknown name": ((*GPT, *DALL_E), {"negative_prompt": "x"}, "negative_prompt", "unknown_parameter", "Unknown"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_model_does_not_take_is_named(standin: Standin, case: str):
    models, parameters, param, code, words = REFUSED[case]
    for model in models:
        body = {"model": model, "prompt": PROMPT} | parameters
        answer = HTTP.post(f"{standin.endpoint}/openai/v1/images/generations", headers=sign_in(standin), json=body)
        assert answer.status_code == 400, model
        error = answer.json()["error"]
        assert (error["param"], error["code"]) == (param, code) and words in error["message"], (model, error)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"model": "gpt-image-1", "size": "1254x836"}, "400_image_size_gptimage1"),
        ({"model": "gpt-image-2", "size": "512x512"}, "400_image_size_gptimage2_too_small"),
        ({"model": "gpt-image-2", "size": "1792x936"}, "400_image_size_gptimage2_div16"),
        ({"model": "gpt-image-2", "background": "transparent"}, "400_image_transparent_gptimage2"),
        ({"model": "gpt-image-1", "quality": "standard"}, "400_quality_standard_gptimage"),
        ({"model": "gpt-image-1", "response_format": "b64_json"}, "400_response_format_gptimage"),
    ],
)
def test_where_the_service_was_quoted_its_body_comes_word_for_word(standin: Standin, parameters: Any, name: str):
    answer = HTTP.post(
        f"{standin.endpoint}/openai/v1/images/generations",
        headers=sign_in(standin),
        json={"prompt": PROMPT} | parameters,
    )
    row = row_of(name)
    assert str(answer.status_code) == row["status"] and answer.json() == json.loads(row["body"])


TAKEN: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "what is asked most": (GPT, {"quality": "low", "user": "somebody", "moderation": "low", "n": 1}),
    "the best of 2.5": (("gpt-image-2.5-flare",), {"quality": "max", "background": "transparent", "size": "1024x640"}),
    "a wide one": (NEW, {"quality": "low", "size": "1536x512"}),
    "jpeg": (("gpt-image-1-mini",), {"quality": "low", "output_format": "jpeg", "output_compression": 0}),
    "png whole": (("gpt-image-1-mini",), {"quality": "low", "output_format": "png", "output_compression": 100}),
    "dall-e-3": (("dall-e-3",), {"quality": "hd", "style": "natural", "response_format": "b64_json", "n": 1}),
    "dall-e-2": (("dall-e-2",), {"size": "256x256", "n": 2, "response_format": "b64_json"}),
    "nothing": (("gpt-image-1-mini",), {"quality": None, "size": None, "n": None, "user": None, "stream": None}),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_a_model_takes_is_answered(standin: Standin, case: str):
    models, parameters = TAKEN[case]
    for model in models:
        body = {"model": model, "prompt": PROMPT} | parameters
        answer = HTTP.post(f"{standin.endpoint}/openai/v1/images/generations", headers=sign_in(standin), json=body)
        assert answer.status_code == 200, answer.text[:400]
        assert len(answer.json()["data"]) == (parameters.get("n") or 1)


@pytest.mark.parametrize(
    ("model", "parameters", "param", "words"),
    [
        ("gpt-image-1-mini", {"style": "vivid"}, "style", "Unknown parameter: 'style'."),
        ("gpt-image-1-mini", {"input_fidelity": "high"}, "input_fidelity", "Unknown parameter: 'input_fidelity'."),
        ("gpt-image-2", {"input_fidelity": "high"}, "input_fidelity", "does not support the 'input_fidelity'"),
        ("gpt-image-1", {"input_fidelity": "medium"}, "input_fidelity", "are: 'high' and 'low'."),
        ("gpt-image-2", {"background": "transparent"}, None, "Transparent background is not supported for this model."),
        ("gpt-image-1-mini", {"partial_images": 2}, "partial_images", "streaming"),
        ("gpt-image-1-mini", {"n": 0}, "n", "integer below minimum value"),
        ("gpt-image-1-mini", {"size": "512x512"}, "size", "Supported values are: '1024x1024'"),
        ("gpt-image-1-mini", {"prompt": ""}, "prompt", "empty string"),
    ],
)
def test_an_edit_refuses_what_its_model_does_not_take(
    client: openai.OpenAI, model: str, parameters: Any, param: str | None, words: str
):
    with pytest.raises(openai.BadRequestError) as caught:
        edit(client, model, **parameters)
    assert caught.value.param == param and words in caught.value.message


def test_dall_e_edits_nothing_here_as_on_azure(client: openai.OpenAI):
    for model in DALL_E:
        with pytest.raises(openai.BadRequestError, match="does not work with the specified model"):
            edit(client, model)


def test_a_dated_route_wants_no_deployment_in_the_body(standin: Standin):
    path = f"{standin.endpoint}/openai/deployments/gpt-image-2/images/generations?api-version=2025-04-01-preview"
    answer = HTTP.post(path, headers=sign_in(standin), json={"model": "gpt-image-2-1", "prompt": PROMPT})
    assert answer.json() == json.loads(row_of("400_image_model_in_body_dated_route")["body"])


def test_an_edit_at_another_address_is_told_so(standin: Standin):
    form: Any = {
        "headers": sign_in(standin),
        "data": {"prompt": PROMPT, "model": "gpt-image-2"},
        "files": {"image": picture_file(SMALL)},
    }
    wrong = HTTP.post(f"{standin.endpoint}/openai/v1/images/generations", **form)
    theirs = json.loads(row_of("400_edits_sent_to_generations")["body"])["error"]["message"].rstrip("…")
    assert wrong.status_code == 400 and wrong.json()["error"]["message"].startswith(theirs)
    old = f"{standin.endpoint}/openai/deployments/gpt-image-2/images/edits?api-version=2024-10-21"
    assert HTTP.post(old, **form).json() == json.loads(row_of("404_edits_old_route")["body"])
