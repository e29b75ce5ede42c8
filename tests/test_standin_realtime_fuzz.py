"""Whatever a client's event holds, a realtime session of the stand-in answers it in words of its own and goes on."""

import base64
import copy
import json
import random
from typing import Any

import pytest

from tests.realtime_talk import beep, dated_client, ga_client, silence, start_talk
from tests.standin import Standin

ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e300, 10**30, "", "x", "\x00", "é" * 3, "inf", [], [None], [[]], {}, {"type": "x"},
    {"type": None}, ["text"], ["audio", "text"], "auto", "none", "item", "AAAA",
]  # fmt: skip
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}
SOUND = base64.b64encode(beep(0.3) + silence(0.3)).decode()
ITEMS: list[dict[str, Any]] = [
    {"id": "item", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
    {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": SOUND, "transcript": "Hi"}]},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]},
    {"type": "function_call", "call_id": "call", "name": "look", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call", "output": "1"},
]
NESTED: dict[str, Any] = {
    "type": "realtime",
    "output_modalities": ["text"],
    "instructions": "Hi",
    "tools": [TOOL],
    "tool_choice": {"type": "function", "name": "look"},
    "max_output_tokens": 20,
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "transcription": {"model": "whisper", "language": "en", "prompt": "Hi"},
            "noise_reduction": {"type": "near_field"},
            "turn_detection": {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 200},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "ash", "speed": 1.0},
    },
}
FLAT: dict[str, Any] = {
    "modalities": ["text"], "instructions": "Hi", "voice": "ash", "input_audio_format": "pcm16", "tools": [TOOL],
    "output_audio_format": "g711_ulaw", "input_audio_transcription": {"model": "whisper"}, "temperature": 0.8,
    "turn_detection": {"type": "semantic_vad", "eagerness": "low"}, "max_response_output_tokens": 20,
}  # fmt: skip
RESPONSE = {"conversation": "none", "instructions": "Hi", "input": [ITEMS[0]], "metadata": {"a": "b"}}


def list_events(session: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "session.update", "session": session},
        {"type": "input_audio_buffer.append", "audio": SOUND},
        {"type": "input_audio_buffer.commit"},
        {"type": "input_audio_buffer.clear"},
        *({"type": "conversation.item.create", "previous_item_id": "root", "item": item} for item in ITEMS),
        {"type": "conversation.item.truncate", "item_id": "item", "content_index": 0, "audio_end_ms": 1},
        {"type": "conversation.item.retrieve", "item_id": "item"},
        {"type": "conversation.item.delete", "item_id": "item"},
        {"type": "response.create", "response": RESPONSE},
        {"type": "response.cancel", "response_id": "resp"},
    ]


def change(event: Any, dice: random.Random) -> Any:
    """A copy with one odd value, or a field too many or too few, somewhere in it."""
    event = copy.deepcopy(event)
    at = event
    while True:
        inner = [
            each for each in (at.values() if isinstance(at, dict) else at) if isinstance(each, dict | list) and each
        ]
        if not inner or dice.random() < 0.3:
            break
        at = dice.choice(inner)
    name = dice.choice(list(at)) if isinstance(at, dict) else dice.randrange(len(at))
    kind = dice.random()
    if kind < 0.15 and isinstance(at, dict) and name != "type":
        del at[name]
    elif kind < 0.25 and isinstance(at, dict):
        at["odd"] = dice.choice(ODD)
    else:
        at[name] = dice.choice(ODD)
    return event


@pytest.mark.parametrize("seed", [*range(6), 12])  # 12: once broken
def test_no_event_breaks_a_session(standin: Standin, seed: int):
    dice = random.Random(seed)
    is_preview = bool(seed % 2)
    client: Any = dated_client(standin) if is_preview else ga_client(standin)
    events = list_events(FLAT if is_preview else NESTED)
    with start_talk(client, "gpt-realtime") as talk:
        for _ in range(60):
            event = change(dice.choice(events), dice)
            talk.connection.send(event)
            talk.connection.send({"type": "conversation.item.retrieve", "item_id": "marker", "event_id": "marker"})
            came = talk.until("error")
            while came[-1]["error"]["event_id"] != "marker":
                assert came[-1]["error"]["type"] == "invalid_request_error", (json.dumps(event), came[-1])
                came = talk.until("error")
        details = [e["response"]["status_details"] for e in talk.seen if e["type"] == "response.done"]
        assert "server_error" not in [(told or {}).get("error", {}).get("type") for told in details]
