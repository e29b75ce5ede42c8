"""What goes wrong with pictures: the filter, a blocked resource, limits, and what each model does not take."""

import json
from typing import Any

import openai
import pytest
from PIL import Image

from helpers import explain
from helpers.images import picture_file
from helpers.tables import read_rows
from tests.standin import Standin, serve

PROMPT = "A red lighthouse at night."
SMALL = Image.new("RGB", (64, 64), "white")


def draw(client: openai.OpenAI, model: str = "gpt-image-1-mini", **more: Any) -> Any:
    return client.images.generate(**{"model": model, "prompt": PROMPT} | more)


def edit(client: openai.OpenAI, model: str = "gpt-image-1-mini", **more: Any) -> Any:
    return client.images.edit(**{"model": model, "prompt": PROMPT, "image": picture_file(SMALL)} | more)


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
