"""Files and batches of the stand-in, through the SDK: jobs are really run, and faults are told line by line."""

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.standin import serve

ENDED = {"failed", "completed", "expired", "cancelled"}


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with serve() as standin:
        yield openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)


def line(number: int, **changes: Any) -> dict[str, Any]:
    body = {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": f"Number {number}"}]}
    told = {"custom_id": f"task-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
    return told | changes


def rows_of(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def upload(client: openai.OpenAI, content: bytes) -> str:
    return client.files.create(file=("requests.jsonl", content), purpose="batch").id


def run(client: openai.OpenAI, content: bytes) -> Any:
    job = client.batches.create(
        input_file_id=upload(client, content), endpoint="/v1/chat/completions", completion_window="24h"
    )
    return wait(client, job)


def wait(client: openai.OpenAI, job: Any) -> Any:
    deadline = time.monotonic() + 60
    while job.status not in ENDED:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        job = client.batches.retrieve(job.id)
    return job


def answers_of(client: openai.OpenAI, name: str) -> list[dict[str, Any]]:
    return [json.loads(row) for row in client.files.content(name).text.splitlines()]


def test_a_batch_answers_each_line_as_the_route_itself_would(client):
    job = run(client, rows_of(*(line(number) for number in range(3))))
    assert (job.status, job.endpoint, job.request_counts.to_dict()) == (
        "completed", "/chat/completions", {"completed": 3, "failed": 0, "total": 3},
    )  # fmt: skip
    answers = answers_of(client, job.output_file_id)
    alone = client.chat.completions.create(**line(1)["body"])
    assert {one["custom_id"] for one in answers} == {"task-0", "task-1", "task-2"}
    assert answers[1]["response"]["body"]["choices"][0]["message"]["content"] == alone.choices[0].message.content
    assert answers[1]["response"]["status_code"] == 200


def test_an_error_file_comes_also_when_nothing_failed(client):
    job = run(client, rows_of(line(1)))
    assert client.files.retrieve(job.error_file_id).bytes == 0


def test_a_line_that_is_refused_stands_in_the_error_file_and_the_others_are_answered(client):
    wrong = line(2)
    wrong["body"] = wrong["body"] | {"temperature": 5}
    job = run(client, rows_of(line(1), wrong, line(3)))
    [error] = answers_of(client, job.error_file_id)
    assert (error["custom_id"], error["response"]["status_code"]) == ("task-2", 400)
    assert error["response"]["body"]["error"]["param"] == "temperature"
    assert len(answers_of(client, job.output_file_id)) == 2
    assert job.request_counts.failed == 1


def test_responses_can_be_batched(client):
    body = {"model": "gpt-5.6-luna", "input": "Hello"}
    job = run(client, rows_of(line(1, url="/v1/responses", body=body)))
    [answer] = answers_of(client, job.output_file_id)
    assert answer["response"]["body"]["object"] == "response"


@pytest.mark.parametrize(
    ("content", "code", "number"),
    [
        (b"", "empty_file", None),
        (b"\n\n", "empty_batch", None),
        (b"\xef\xbb\xbf" + rows_of(line(1)), "model_not_found", None),
        (rows_of(line(1)) + b"{not json}\n", "invalid_json_line", 2),
        (rows_of(line(1), line(1)), "duplicate_custom_id", 2),
        (
            rows_of(line(1), line(2, url="/v1/responses", body={"model": "gpt-5.4-mini", "input": "x"})),
            "url_mismatch",
            2,
        ),
        (rows_of(line(1), line(2, body={"model": "gpt-5.4-nano", "messages": []})), "model_mismatch", 2),
        (rows_of(line(1, body={"model": "nobody", "messages": []})), "model_not_found", 1),
        (rows_of(line(1, url="/v1/embeddings")), "invalid_url", 1),
        (rows_of(line(1, url=["/v1/responses"])), "invalid_url", 1),
        (rows_of(line(1)) + b'{"custom_id": NaN}\n', "invalid_json_line", 2),
        (rows_of(line(1)) + b'{"custom_id": "\\ud800"}\n', "invalid_json_line", 2),
        (rows_of(line(1)) + b"[" * 200_000 + b"\n", "invalid_json_line", 2),
    ],
)
def test_a_file_with_a_fault_fails_as_a_whole_and_says_in_which_line(client, content, code, number):
    job = run(client, content)
    assert job.status == "failed"
    assert [(error.code, error.line) for error in job.errors.data] == [(code, number)]
    assert not job.output_file_id


def test_a_cancelled_batch_keeps_what_was_answered(client):
    job = client.batches.create(
        input_file_id=upload(client, rows_of(*(line(number) for number in range(300)))),
        endpoint="/v1/chat/completions",
        completion_window="24h",
    )
    while client.batches.retrieve(job.id).request_counts.completed < 2:
        time.sleep(0.005)
    assert client.batches.cancel(job.id).status == "cancelling"
    ended = wait(client, job)
    assert ended.status == "cancelled"
    answers = answers_of(client, ended.output_file_id)
    assert 2 <= len(answers) == ended.request_counts.completed < 300
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(job.id)


def test_the_limits_per_minute_hold_for_no_line_of_a_batch():
    with serve(limits={"*": (10, 1)}) as standin:
        client = openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)
        job = run(client, rows_of(*(line(number) for number in range(5))))
        assert job.request_counts.completed == 5
        assert {received.path.rsplit("/", 1)[0] for received in standin.requests} <= {
            "/openai/v1", "/openai/v1/batches",
        }  # fmt: skip


def test_files_are_listed_read_and_deleted(client):
    name = upload(client, rows_of(line(7)))
    assert name in [file.id for file in client.files.list(purpose="batch")]
    assert client.files.content(name).content == rows_of(line(7))
    assert client.files.delete(name).deleted
    with pytest.raises(openai.NotFoundError, match="No such File object"):
        client.files.retrieve(name)


def test_lists_have_pages(client):
    names = [upload(client, rows_of(line(number))) for number in range(3)]
    first = client.files.list(limit=2)
    assert [file.id for file in first.data] == [names[2], names[1]]
    assert client.files.list(limit=2, after=names[1]).data[0].id == names[0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"completion_window": "1h"}, "Supported values are: '24h'"),
        ({"input_file_id": "file-none"}, "No such File object"),
    ],
)
def test_a_batch_that_cannot_begin_is_refused(client, wrong, words):
    asked = {
        "input_file_id": upload(client, rows_of(line(1))),
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    }
    with pytest.raises(openai.APIStatusError, match=words):
        client.batches.create(**(asked | wrong))


@pytest.mark.parametrize(("seconds", "is_taken"), [(1_209_600, True), (2_592_000, True), (3_600, False)])
def test_a_file_may_expire_after_14_to_30_days(client, seconds, is_taken):
    def send() -> Any:
        return client.files.create(
            file=("a.jsonl", rows_of(line(1))),
            purpose="batch",
            expires_after={"seconds": seconds, "anchor": "created_at"},
        )

    if is_taken:
        file = send()
        assert file.expires_at == file.created_at + seconds
    else:
        with pytest.raises(openai.BadRequestError, match=r"expires_after\[seconds\]"):
            send()


def test_dated_routes_serve_batches_too(client):
    with serve() as standin:
        dated = openai.AzureOpenAI(
            azure_endpoint=standin.endpoint, api_version="2025-04-01-preview", api_key=standin.key
        )
        assert run(dated, rows_of(line(1))).status == "completed"
