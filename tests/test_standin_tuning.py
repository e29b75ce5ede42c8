"""Fine-tuning in the stand-in: data is checked as a service would, and no run is ever invented."""

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.standin import serve

EXAMPLE = {"messages": [{"role": "user", "content": "What is 5 + 5?"}, {"role": "assistant", "content": "10"}]}


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with serve() as standin:
        yield openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)


def rows(*examples: Any) -> bytes:
    return "\n".join(json.dumps(one) for one in examples).encode()


def tune(client: openai.OpenAI, content: bytes) -> Any:
    file = client.files.create(file=("train.jsonl", content), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="gpt-4.1-mini-2025-04-14", training_file=file.id)
    assert job.status == "validating_files"
    deadline = time.monotonic() + 20
    while (job := client.fine_tuning.jobs.retrieve(job.id)).status == "validating_files":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return job


def test_good_data_passes_its_checks_and_nothing_is_trained(client):
    job = tune(client, rows(*[EXAMPLE] * 12))
    assert (job.status, job.fine_tuned_model, job.trained_tokens) == ("failed", None, None)
    assert job.error.code == "nothing_is_trained_here"
    assert "12 examples" in job.error.message
    assert [event.level for event in client.fine_tuning.jobs.list_events(job.id)] == ["warn", "info"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (rows(*[EXAMPLE] * 9), "9 examples"),
        (rows(*[EXAMPLE] * 10) + b"\n{broken", "Line 11 is not valid JSON"),
        (rows(*[EXAMPLE] * 10, {"prompt": "a", "completion": "b"}), "Line 11 has no list"),
        (rows(*[EXAMPLE] * 10, {"messages": [{"role": "bot", "content": "a"}]}), "Line 11 has a message without one"),
        (rows(*[EXAMPLE] * 10, {"messages": EXAMPLE["messages"][:1]}), "Line 11 does not end with"),
        (rows(*[EXAMPLE] * 10, {"messages": [{"role": "assistant", "content": ""}]}), "that is empty"),
        ("\n".join([json.dumps(EXAMPLE)] * 10).encode("utf-16"), "not UTF-8"),
        (rows(*[EXAMPLE] * 10, {"messages": [{"role": ["user"], "content": "a"}]}), "without one of the roles"),
        (rows(*[EXAMPLE] * 10) + b"\n" + b"[" * 200_000, "Line 11 is not valid JSON"),
    ],
)
def test_data_that_cannot_be_trained_on_fails_and_says_where(client, content, words):
    job = tune(client, content)
    assert (job.status, job.error.code) == ("failed", "invalid_training_file")
    assert words in job.error.message


def test_a_model_that_is_not_fine_tuned_is_refused(client):
    file = client.files.create(file=("train.jsonl", rows(EXAMPLE)), purpose="fine-tune")
    with pytest.raises(openai.BadRequestError, match="cannot be fine-tuned"):
        client.fine_tuning.jobs.create(model="gpt-5.4-mini", training_file=file.id)


def test_a_file_of_another_purpose_is_refused(client):
    file = client.files.create(file=("train.jsonl", rows(EXAMPLE)), purpose="batch")
    with pytest.raises(openai.BadRequestError, match="uploaded for 'batch'"):
        client.fine_tuning.jobs.create(model="gpt-4o-mini-2024-07-18", training_file=file.id)


def test_an_unknown_job_is_answered_as_recorded(client):
    with pytest.raises(openai.NotFoundError, match="Could not find fine tune: 123"):
        client.fine_tuning.jobs.retrieve("123")


def test_a_job_that_has_ended_cannot_be_cancelled(client):
    job = tune(client, rows(EXAMPLE))
    with pytest.raises(openai.BadRequestError, match="has ended"):
        client.fine_tuning.jobs.cancel(job.id)
