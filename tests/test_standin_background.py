"""Responses in the background: nobody has to wait, a broken stream goes on where it broke, and a cancelled one ends."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest

from tests.standin import serve
from tests.standin.background import Job

ASKED: dict[str, Any] = {"model": "gpt-5.6-luna", "input": "Write about the sea.", "background": True}


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with serve() as standin:
        yield openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)


def wait(client: openai.OpenAI, name: str) -> Any:
    deadline = time.monotonic() + 30
    while (response := client.responses.retrieve(name)).status in ("queued", "in_progress"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return response


def test_a_response_in_the_background_is_queued_at_once_and_completed_later(client):
    begun = client.responses.create(**ASKED)
    assert (begun.status, begun.background, begun.output) == ("queued", True, [])
    ended = wait(client, begun.id)
    assert ended.status == "completed"
    assert ended.output_text
    alone = client.responses.create(**(ASKED | {"background": False}))
    assert ended.output_text == alone.output_text


def test_one_can_follow_a_response_that_was_made_in_the_background(client):
    first = wait(client, client.responses.create(**ASKED).id)
    second = client.responses.create(model="gpt-5.6-luna", input="And then?", previous_response_id=first.id)
    assert second.status == "completed"


def test_a_stream_that_broke_goes_on_after_the_last_event_that_was_seen(client):
    with client.responses.create(**ASKED, stream=True) as stream:
        seen = [next(stream) for _ in range(6)]
    assert [event.type for event in seen[:3]] == ["response.created", "response.queued", "response.in_progress"]
    name = seen[0].response.id
    with client.responses.retrieve(name, stream=True, starting_after=seen[-1].sequence_number) as stream:
        rest = list(stream)
    numbers = [event.sequence_number for event in [*seen, *rest]]
    assert numbers == list(range(len(numbers)))
    assert rest[-1].type == "response.completed"
    deltas = [event.delta for event in [*seen, *rest] if event.type == "response.output_text.delta"]
    assert "".join(deltas) == client.responses.retrieve(name).output_text


def test_a_reader_who_leaves_does_not_stop_it(client):
    with client.responses.create(**ASKED, stream=True) as stream:
        name = next(stream).response.id
    assert wait(client, name).status == "completed"


def test_a_cancelled_response_ends_and_cancelling_again_changes_nothing(client):
    begun = client.responses.create(**ASKED)
    cancelled = client.responses.cancel(begun.id)
    assert cancelled.status in ("cancelled", "completed")  # it may have been quicker
    assert client.responses.cancel(begun.id).status == cancelled.status
    assert client.responses.retrieve(begun.id).status == cancelled.status


def test_a_response_that_was_waited_for_cannot_be_cancelled(client):
    done = client.responses.create(**(ASKED | {"background": False}))
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        client.responses.cancel(done.id)


def test_background_needs_a_response_that_is_stored(client):
    with pytest.raises(openai.BadRequestError, match="store"):
        client.responses.create(**ASKED, store=False)


def test_a_deleted_response_is_gone(client):
    name = wait(client, client.responses.create(**ASKED).id).id
    client.responses.delete(name)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(name)


def test_an_engine_that_is_lost_is_a_failed_response_and_not_an_error_of_the_request():
    with serve() as standin:
        client = openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0)
        standin.engine.stop()
        failed = wait(client, client.responses.create(**ASKED).id)
        assert failed.status == "failed"
        assert failed.error.code == "server_error"


def test_cancelling_stops_what_is_being_made_and_ends_the_streams_of_those_who_follow():
    async def run() -> tuple[Job, list[bytes], int]:
        made = 0

        async def events() -> AsyncIterator[bytes]:
            nonlocal made
            yield b"data: " + json.dumps({"response": {"id": "a", "status": "in_progress"}}).encode()
            while True:
                made += 1
                yield b"data: {}"
                await asyncio.sleep(0.001)

        job = Job({"id": "a", "status": "queued"})
        job.start(events())
        followed = asyncio.create_task(_collect(job.follow(-1)))
        await asyncio.sleep(0.02)
        await job.cancel()
        at_end = made
        await asyncio.sleep(0.02)
        assert made == at_end
        return job, await asyncio.wait_for(followed, 5), made

    job, followed, made = asyncio.run(run())
    assert job.body["status"] == "cancelled"
    assert len(followed) == made + 1 > 1


async def _collect(events: AsyncIterator[bytes]) -> list[bytes]:
    return [event async for event in events]
