"""Every real session at hand passes through transport, SDK and helpers: recorded, and replayed the same."""

import json
from typing import Any

import pytest

from helpers.costs import request_cost
from helpers.evidence import arrival_ms, evidence_of
from tests.azure import find_folder
from tests.talking import open_talk, recite

talk = pytest.fixture(open_talk)
WIRE = find_folder("wire")
SESSIONS = sorted(WIRE.glob("*/pydantic_realtime_*.json")) if WIRE else []
SESSIONS = [path for path in SESSIONS if "frames" in json.loads(path.read_text(encoding="utf-8"))]


def _frames(path: Any) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))["frames"]


def _converse(client: Any, frames: list[dict[str, Any]]) -> list[Any]:
    """What the SDK's own client sees when it says the client's part of a session."""
    seen = []
    with client.realtime.connect(model="gpt-realtime-2.1") as connection:
        for frame in frames:
            if frame["from"] == "client":
                connection.send(frame["json"])
            else:
                seen.append(connection.recv())
    return seen


def test_the_sessions_are_at_hand():
    if not WIRE:
        pytest.skip("real sessions are not at hand: set AZURE_OPENAI_SPECS")
    assert len(SESSIONS) >= 7


@pytest.mark.filterwarnings("ignore:Pydantic serializer")
@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_a_real_session_is_recorded_and_replayed_the_same(path, talk):
    frames = _frames(path)
    server = talk.serve(recite(frames))
    recorded = _converse(talk.connect("record"), frames)
    assert [event.to_dict(mode="json") for event in recorded] == [
        frame["json"] for frame in frames if frame["from"] == "server"
    ]
    assert server.heard == [frame["json"] for frame in frames if frame["from"] == "client"]
    client = talk.connect("replay", AZURE_OPENAI_ENDPOINT="")
    replayed = _converse(client, frames)
    assert [event.to_dict() for event in replayed] == [event.to_dict() for event in recorded]
    assert len(server.seen) == 1
    for event in replayed:
        assert evidence_of(event).kind == "stand-in"
        if event.type == "response.done" and event.response.usage:
            assert request_cost(event.response.usage, "gpt-realtime-2.1") > 0
    if replayed[0].type == "session.created":
        assert len(arrival_ms(replayed[0].session)) == len(replayed)
