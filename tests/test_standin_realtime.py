"""Realtime sessions of the stand-in: who gets in, how they end, and what they survive. Spoken to through the SDK."""

import asyncio
import base64
import json
import socket
import time
from typing import Any

import httpx2
import openai
import pytest
import websockets.exceptions
import websockets.sync.client

from tests.realtime_talk import Talk, beep, dated_client, ga_client, silence, start_talk
from tests.standin import Standin, serve
from tests.standin.realtime.secrets import ClientSecrets

TEXT = {"type": "realtime", "output_modalities": ["text"]}


@pytest.fixture(scope="module")
def client(standin: Standin) -> openai.OpenAI:
    return ga_client(standin)


def open_raw(standin: Standin, path: str, **headers: str) -> Any:
    address = standin.endpoint.replace("http:", "ws:") + path
    return websockets.sync.client.connect(address, additional_headers=headers, max_size=None)


def refuse(standin: Standin, path: str, **headers: str) -> tuple[int, Any]:
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        open_raw(standin, path, **headers)
    answer = caught.value.response
    return answer.status_code, json.loads(answer.body)


def test_a_session_opens_in_the_ga_form(client):
    with client.realtime.connect(model="gpt-realtime-2.1") as connection:
        first = connection.recv()
    assert first.type == "session.created"
    assert first.session.audio.output.voice == "alloy"
    assert 3_590 <= first.session.expires_at - time.time() <= 3_600


def test_a_session_opens_in_the_form_of_the_preview(standin):
    with dated_client(standin).realtime.connect(model="gpt-4o-realtime-preview") as connection:
        talk = Talk(connection)
        first, second = talk.until("conversation.created")
    assert first["session"]["modalities"] == ["audio", "text"]
    assert first["session"]["turn_detection"]["silence_duration_ms"] == 200
    assert second["conversation"]["object"] == "realtime.conversation"


def asynchronous_clients(standin: Standin) -> list[tuple[Any, Any]]:
    """(client, how its session is set) of both forms."""
    socket = standin.endpoint.replace("http:", "ws:")
    ga = openai.AsyncOpenAI(
        base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, websocket_base_url=f"{socket}/openai/v1"
    )
    dated = openai.AsyncAzureOpenAI(
        azure_endpoint=standin.endpoint, api_key=standin.key, api_version="2025-04-01-preview",
        websocket_base_url=f"{socket}/openai",
    )  # fmt: skip
    return [(ga, TEXT), (dated, {"modalities": ["text"]})]


def test_sessions_open_through_the_asynchronous_clients(standin):
    async def talk(client: Any, session: Any) -> list[str]:
        kinds = []
        async with client.realtime.connect(model="gpt-realtime") as connection:
            await connection.session.update(session=session)
            await connection.response.create()
            async for event in connection:
                kinds.append(event.type)
                if event.type == "response.done":
                    break
        return kinds

    for client, session in asynchronous_clients(standin):
        kinds = [kind for kind in asyncio.run(talk(client, session)) if kind != "conversation.created"]
        assert kinds[:3] == ["session.created", "session.updated", "response.created"]
        assert kinds[-1] == "response.done"


@pytest.mark.parametrize(
    "model",
    [
        "gpt-realtime-2.1", "gpt-realtime-2.1-mini", "gpt-realtime-1.5", "gpt-realtime", "gpt-realtime-mini",
        "gpt-4o-realtime-preview", "gpt-4o-mini-realtime-preview",
    ],
)  # fmt: skip
def test_each_realtime_model_has_a_deployment(client, model):
    with start_talk(client, model, **TEXT) as talk:
        assert talk.ask("Hello")[-1]["response"]["status"] == "completed"


def test_the_handshake_names_the_engine_and_what_is_not_as_on_azure(standin):
    with open_raw(standin, "/openai/v1/realtime?model=gpt-realtime", **{"api-key": standin.key}) as raw:
        headers = raw.response.headers
    assert headers["x-standin-engine"] == "Nonsense (no model)"
    assert headers["apim-request-id"] and "loudness" in headers["x-standin-note"]


def test_a_key_is_taken_from_a_header_the_query_or_as_bearer(standin):
    path = "/openai/v1/realtime?model=gpt-realtime"
    for more, headers in (
        ("", {"api-key": standin.key}),
        (f"&api-key={standin.key}", {}),
        ("", {"authorization": f"Bearer {standin.key}"}),
        ("", {"authorization": f"Bearer {standin.token}"}),
    ):
        with open_raw(standin, path + more, **headers) as raw:
            assert json.loads(raw.recv(5))["type"] == "session.created"


def test_the_handshake_is_refused_as_documented(standin):
    good = {"api-key": standin.key}
    path = "/openai/v1/realtime?model=gpt-realtime"
    assert refuse(standin, path)[0] == 401
    assert refuse(standin, path, **{"api-key": "wrong"})[0] == 401
    assert refuse(standin, path + "&api-key=wrong")[0] == 401
    # Documented of the GA address: it takes no api-version.
    status, body = refuse(standin, path + "&api-version=2025-04-01-preview", **good)
    assert (status, body["error"]["code"]) == (401, "401")
    status, body = refuse(standin, "/openai/v1/realtime?model=nobody", **good)
    assert (status, body["error"]["code"]) == (404, "DeploymentNotFound")
    status, body = refuse(standin, "/openai/v1/realtime?model=gpt-4o", **good)
    assert (status, body["error"]["code"]) == (400, "OperationNotSupported")
    assert refuse(standin, "/openai/realtime?deployment=gpt-realtime", **good)[0] == 404
    assert refuse(standin, "/openai/v1/elsewhere", **good)[0] == 404


def test_realtime_models_do_not_chat(standin):
    with pytest.raises(openai.BadRequestError) as caught:
        ga_client(standin).chat.completions.create(model="gpt-realtime", messages=[{"role": "user", "content": "Hi"}])
    assert caught.value.code == "OperationNotSupported"


# Client secrets.


def test_a_client_secret_opens_the_session_that_it_was_made_for(standin, client):
    session = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief.", "output_modalities": ["text"]}
    secret = client.realtime.client_secrets.create(session=session)
    assert secret.value.startswith("ek_")
    assert 7_190 <= secret.expires_at - time.time() <= 7_200
    assert secret.session.instructions == "Be brief."
    for headers in ({"authorization": f"Bearer {secret.value}"}, {}):
        offered = None if headers else ["realtime", f"openai-insecure-api-key.{secret.value}"]
        address = standin.endpoint.replace("http:", "ws:") + "/openai/v1/realtime"
        with websockets.sync.client.connect(address, additional_headers=headers, subprotocols=offered) as raw:
            told = json.loads(raw.recv(5))["session"]
        assert (told["instructions"], told["output_modalities"]) == ("Be brief.", ["text"])


def test_a_client_secret_expires():
    now = [1_000.0]
    secrets = ClientSecrets(lambda: now[0])
    issued = secrets.issue("gpt-realtime", {"type": "realtime"}, 10)
    now[0] += 9
    assert secrets.find(issued.value) == issued
    now[0] += 1
    assert secrets.find(issued.value) is None
    assert secrets.find("") is None


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "session.model"),
        ({"session": {"type": "realtime"}}, "session.model"),
        ({"session": {"type": "realtime", "model": "gpt-realtime", "nonsense": 1}}, "session.nonsense"),
        ({"session": {"model": "gpt-realtime"}}, "session.type"),
        ({"session": {"type": "realtime", "model": "gpt-realtime"}, "expires_after": {"seconds": 9}},
         "expires_after.seconds"),
    ],
)  # fmt: skip
def test_a_wrong_request_for_a_secret_is_refused(standin, body, param):
    path = f"{standin.endpoint}/openai/v1/realtime/client_secrets"
    answer = httpx2.post(path, json=body, headers={"api-key": standin.key})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


# How sessions end.


def test_a_fault_cuts_a_session_after_so_many_events(client):
    more = {"x-standin-fault": "realtime cut after=4"}
    with client.realtime.connect(model="gpt-realtime", extra_headers=more) as connection:
        talk = Talk(connection)
        talk.say("Hello")
        connection.response.create()
        with pytest.raises(websockets.exceptions.ConnectionClosedError) as caught:
            talk.until("never")
    assert [event["type"] for event in talk.seen] == [
        "session.created", "conversation.item.added", "conversation.item.done", "response.created",
    ]  # fmt: skip
    assert caught.value.rcvd is None  # no word of farewell


def test_a_fault_ends_a_session_as_its_hour_does(client):
    more = {"x-standin-fault": "realtime end after=2"}
    with client.realtime.connect(model="gpt-realtime", extra_headers=more) as connection:
        talk = Talk(connection)
        talk.say("Hello")
        with pytest.raises(websockets.exceptions.ConnectionClosed) as caught:
            talk.until("never")
    assert [event["type"] for event in talk.seen][-1] == "error"
    assert talk.seen[-1]["error"]["code"] == "session_expired"
    assert caught.value.rcvd.code == 1001
    assert caught.value.rcvd.reason == talk.seen[-1]["error"]["message"]


def test_a_session_ends_after_an_hour(standin, monkeypatch):
    monkeypatch.setattr("tests.standin.realtime.routes._LONGEST", 1)
    with open_raw(standin, "/openai/v1/realtime?model=gpt-realtime", **{"api-key": standin.key}) as raw:
        assert json.loads(raw.recv(5))["type"] == "session.created"
        assert json.loads(raw.recv(5))["error"]["code"] == "session_expired"
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            raw.recv(5)
        assert raw.close_code == 1001


@pytest.mark.parametrize("fault", ["503", "429 requests", "401 role", "403 firewall", "404 deployment"])
def test_other_faults_happen_at_the_handshake(standin, fault):
    path = "/openai/v1/realtime?model=gpt-realtime"
    status, body = refuse(standin, path, **{"api-key": standin.key, "x-standin-fault": fault})
    assert status == int(fault[:3])
    assert body["error"]["message"]


def test_faults_can_be_planned_for_sessions():
    with serve(faults=["", "drop"]) as standin:
        client = ga_client(standin)
        with client.realtime.connect(model="gpt-realtime") as connection:
            assert connection.recv().type == "session.created"
        with (
            pytest.raises((OSError, websockets.exceptions.WebSocketException)),
            client.realtime.connect(model="gpt-realtime"),
        ):
            pass


# What they survive.


def test_twenty_sessions_talk_at_once(standin):
    ((client, _), _) = asynchronous_clients(standin)
    sound = base64.b64encode(silence(0.2) + beep(0.6) + silence(0.5)).decode()

    async def talk(number: int) -> tuple[str, str]:
        async with client.realtime.connect(model="gpt-realtime") as connection:
            session = {**TEXT, "instructions": f"You are number {number}."}
            await connection.session.update(session=session)
            await connection.input_audio_buffer.append(audio=sound)
            instructions = ""
            async for event in connection:
                if event.type == "session.updated":
                    instructions = event.session.instructions
                if event.type == "response.done":
                    return instructions, event.response.status
        return "", ""

    async def talk_all() -> list[tuple[str, str]]:
        return await asyncio.gather(*map(talk, range(20)))

    assert asyncio.run(talk_all()) == [(f"You are number {number}.", "completed") for number in range(20)]


def test_a_client_that_vanishes_leaves_nothing_behind(standin, client):
    for _ in range(3):
        raw = open_raw(standin, "/openai/v1/realtime?model=gpt-realtime", **{"api-key": standin.key})
        raw.recv(5)
        raw.send(json.dumps({"type": "response.create"}))
        raw.socket.shutdown(socket.SHUT_RDWR)
        raw.socket.close()
    with start_talk(client, **TEXT) as talk:
        assert talk.ask("Hello")[-1]["response"]["status"] == "completed"


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x01", "no json", "[]", "1", "null", "{", "{}", '{"type": 1}', '{"type": "no.such.event"}',
        '{"type": "session.update", "session": {"type": "realtime", "instructions": "\\ud800"}}',
        '{"type": "response.create", "response": {"metadata": NaN}}',
        '{"type": "session.update"}', '{"type": "session.update", "session": 3}', '{"type": ' + "[" * 100_000,
        '{"type": "input_audio_buffer.append"}', '{"type": "input_audio_buffer.append", "audio": 7}',
        '{"type": "input_audio_buffer.append", "audio": "%%%"}', '{"type": "conversation.item.create"}',
        '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [5]}}',
        '{"type": "response.create", "response": []}', '{"type": "conversation.item.delete", "item_id": []}',
    ],
)  # fmt: skip
def test_a_broken_frame_is_an_error_and_the_session_goes_on(standin, frame):
    with open_raw(standin, "/openai/v1/realtime?model=gpt-realtime", **{"api-key": standin.key}) as raw:
        raw.recv(5)
        raw.send(frame)
        told = json.loads(raw.recv(5))
        assert (told["type"], told["error"]["type"]) == ("error", "invalid_request_error")
        raw.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "Go on."}}))
        assert json.loads(raw.recv(5))["session"]["instructions"] == "Go on."


def test_a_piece_of_sound_that_is_too_large_is_refused_and_a_giant_frame_closes_the_connection(standin):
    with open_raw(standin, "/openai/v1/realtime?model=gpt-realtime", **{"api-key": standin.key}) as raw:
        raw.recv(5)
        raw.send(json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 21 * 1024 * 1024}))
        assert "15 MiB" in json.loads(raw.recv(10))["error"]["message"]
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            raw.send("A" * 33 * 1024 * 1024)
            raw.recv(10)
    with open_raw(standin, "/openai/v1/realtime?model=gpt-realtime", **{"api-key": standin.key}) as raw:
        assert json.loads(raw.recv(5))["type"] == "session.created"


def test_an_error_names_the_event_that_it_answers(client):
    with start_talk(client) as talk:
        talk.send("response.cancel", event_id="mine")
        error = talk.last("error")["error"]
    assert (error["event_id"], error["code"]) == ("mine", "response_cancel_not_active")
    assert error["message"] == "Cancellation failed: no active response found"
