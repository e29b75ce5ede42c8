"""Replay: no connection, no credential; a miss explains itself, at once."""

import asyncio
import logging
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest

from helpers import connect
from helpers.errors import RecordingNotFound
from helpers.settings import ROOT
from tests.benchmarks.replay import OPERATIONS, build_recordings, measure_calls, measure_picture, open_floor
from tests.loopback import Answer, answer_plainly, open_wire

wire = pytest.fixture(open_wire)
QUESTION = [{"role": "user", "content": "Name the capital of France."}]
ASK: dict[str, Any] = {"model": "gpt-4.1-mini", "messages": QUESTION}


@pytest.fixture
def dial(wire):
    """Recordings of one question at temperatures 0, 0.7 and 1.3; of another question; of another operation."""
    wire.serve(answer_plainly())
    client = wire.connect("record")
    for temperature in (0.0, 0.7, 1.3):
        client.chat.completions.create(**ASK, temperature=temperature)
    client.chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": "Tell me a joke."}])
    client.embeddings.create(model="text-embedding-3-small", input="one")
    wire.server.answer = lambda seen: Answer.of_json({"error": "replay asked the server"}, 500)
    return wire


def _miss(ask: Any) -> list[str]:
    with pytest.raises(RecordingNotFound) as caught:
        ask()
    assert str(caught.value).splitlines()[0] == "no recorded answer for this request"
    return [" ".join(line.split()) for line in str(caught.value).splitlines()[1:]]


def test_a_temperature_off_the_dial_names_what_is_on_it(dial):
    create = dial.connect().chat.completions.create
    asked, nearest, differs, then = _miss(lambda: create(**ASK, temperature=0.6))
    assert asked == "asked POST chat/completions · gpt-4.1-mini · temperature 0.6"
    name = nearest.removeprefix("nearest ")
    assert '"temperature": 0.7' in (dial.folder / name).read_text(), "0.7 is nearer to 0.6 than 0 and 1.3 are"
    assert differs == "differs in temperature (0.7)"
    assert then.startswith("try temperature=0.0, 0.7 or 1.3, or ask freely:") and "make standin" in then


def test_a_changed_prompt_shows_the_recorded_one(dial):
    changed = [{"role": "user", "content": "Name the capital of Portugal."}]
    _, nearest, differs, then = _miss(
        lambda: dial.connect().chat.completions.create(**ASK | {"messages": changed}, temperature=0)
    )
    assert "chat.completions.gpt-4.1-mini." in nearest
    assert differs == 'differs in messages[0].content ("Name the capital of France.")' and "ask freely" in then


def test_another_model_is_named(dial):
    asked, _, differs, then = _miss(
        lambda: dial.connect().chat.completions.create(**ASK | {"model": "o1"}, temperature=0)
    )
    assert "· o1" in asked and differs == 'differs in model ("gpt-4.1-mini")' and 'model="gpt-4.1-mini"' in then


def test_a_parameter_too_many_is_named(dial):
    create = dial.connect().chat.completions.create
    _, _, differs, then = _miss(lambda: create(**ASK, temperature=0, seed=4))
    assert differs == "differs in seed (absent there)" and "no seed" in then


def test_another_operation_is_said_to_be_missing(dial):
    _, nearest, _ = _miss(lambda: dial.connect().responses.create(model="gpt-4.1-mini", input="x"))
    assert nearest == "nearest none: recordings holds no recording of responses"


def test_another_api_version_is_named(dial):
    lines = _miss(lambda: dial.connect("replay", "2024-10-21").chat.completions.create(**ASK, temperature=0))
    assert any("path" in line for line in lines)


def test_an_empty_folder_says_so(wire):
    wire.folder.mkdir()
    _, nearest, _ = _miss(lambda: wire.connect().chat.completions.create(**ASK))
    assert nearest.startswith("nearest none:")


def test_a_broken_neighbour_does_not_hide_the_miss(dial):
    for path in list(dial.folder.glob("chat.*.json"))[:2]:
        path.write_text("{")
    _miss(lambda: dial.connect().chat.completions.create(**ASK, temperature=0.6))


@pytest.mark.parametrize("stream", [False, True])
def test_a_miss_is_raised_at_once_unretried_and_unchanged(dial, stream, caplog):
    caplog.set_level(logging.DEBUG, "openai")
    client, twin = dial.connect(), dial.connect_async()
    with pytest.raises(RecordingNotFound) as caught:
        client.chat.completions.create(**ASK, temperature=0.1, stream=stream)
    with pytest.raises(RecordingNotFound):
        asyncio.run(twin.chat.completions.create(**ASK, temperature=0.1, stream=stream))
    assert type(caught.value) is RecordingNotFound and caught.value.__cause__ is None
    assert caplog.messages.count("Sending HTTP Request: POST") == 2, "one for each client"


def test_a_miss_in_a_notebook_shows_the_message_and_no_path(dial):
    with pytest.raises(RecordingNotFound) as caught:
        dial.connect().chat.completions.create(**ASK, temperature=0.6)
    shown = caught.value._render_traceback_()
    assert shown[0] == "RecordingNotFound: no recorded answer for this request"
    assert str(dial.folder.parent) not in "\n".join(shown) and not any(
        "/helpers/" in line or ".py" in line for line in shown
    )


def test_a_miss_cleans_what_it_shows(dial):
    key = "deadbeef" * 4
    lines = _miss(lambda: dial.connect().chat.completions.create(model=MODEL_WITH + key, messages=QUESTION))
    assert key not in "\n".join(lines)


MODEL_WITH = "my model "


def test_a_readers_own_recordings_stand_over_the_courses(wire, tmp_path, monkeypatch):
    """A notebook's recordings are read from data/recordings; what a reader adds goes to runs/ and leaves them alone."""
    import helpers.settings

    course, runs = tmp_path / "course", tmp_path / "runs"
    wire.serve(answer_plainly())
    wire.folder = course / "01_own"
    shipped = wire.connect("record").chat.completions.create(**ASK).id
    before = {path.name: path.read_bytes() for path in (course / "01_own").glob("*.json")}
    monkeypatch.setattr(helpers.settings.Settings, "recordings", course)
    monkeypatch.setattr(helpers.settings.Settings, "runs", runs)

    wire.set(AZURE_OPENAI_MODE="record")
    client = connect("01_own")
    told = [client.chat.completions.create(**ASK).id for _ in range(2)]
    assert told[0] == shipped and told[1] != shipped
    assert {path.name: path.read_bytes() for path in (course / "01_own").glob("*.json")} == before
    assert len(list((runs / "01_own").glob("*.json"))) == 1
    wire.set(AZURE_OPENAI_MODE="replay")
    client = connect("01_own")
    assert [client.chat.completions.create(**ASK).id for _ in range(3)] == [*told, told[0]]


def test_every_recording_answered_from_is_noted(dial, tmp_path):
    used = tmp_path / "used.txt"
    client = dial.connect(AZURE_OPENAI_USED=str(used))
    for temperature in (0.7, 0.7, 0):
        client.chat.completions.create(**ASK, temperature=temperature)
    lines = used.read_text().splitlines()
    assert len(lines) == 3 and lines[0] == lines[1] != lines[2]
    assert all((dial.folder.parent / line.removesuffix("#0")).is_file() for line in lines)


CHILD = """
    import asyncio, sys
    from pathlib import Path
    opened = []
    sys.addaudithook(lambda event, arguments: opened.append(event) if event.startswith("socket.") else None)
    from helpers import connect, connect_async
    folder, ask = Path(sys.argv[1]), dict(model="gpt-4.1-mini", messages=[{"role": "user", "content": "Hello."}])
    for version in (None, "2024-10-21"):
        client = connect(folder, version)
        assert client.chat.completions.create(**ask).id
        assert len(list(client.chat.completions.create(**ask, stream=True))) == 8
        try:
            client.chat.completions.create(**ask, seed=1)
        except Exception as error:
            assert type(error).__name__ == "RecordingNotFound", error
    assert not opened, opened  # an event loop of asyncio opens a pair of its own

    async def run():
        del opened[:]
        for version in (None, "2024-10-21"):
            client = connect_async(folder, version)
            assert (await client.chat.completions.create(**ask)).id
            assert len([c async for c in await client.chat.completions.create(**ask, stream=True)]) == 8
        assert not opened, opened
    asyncio.run(run())
    import socket
    socket.socket().close()
    assert opened, "the hook sees sockets"
    print("no socket")
"""


def test_replay_opens_no_socket_at_all(wire):
    wire.serve(answer_plainly())
    ask: dict[str, Any] = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Hello."}]}
    for version in (None, "2024-10-21"):
        client = wire.connect("record", version)
        client.chat.completions.create(**ask)
        list(client.chat.completions.create(**ask, stream=True))
    # What would tempt it: an endpoint, a proxy, a key, all of them unusable.
    wire.set(
        AZURE_OPENAI_MODE="replay",
        AZURE_OPENAI_ENDPOINT="https://contoso.openai.azure.com",
        HTTPS_PROXY="http://127.0.0.1:1",
    )
    child = [sys.executable, "-c", textwrap.dedent(CHILD), str(wire.folder)]
    done = subprocess.run(child, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "no socket", done.stderr


def test_replay_needs_no_working_socket(dial, monkeypatch):
    def refuse(*_: Any) -> Any:
        raise AssertionError("replay opened a socket")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert dial.connect().chat.completions.create(**ASK, temperature=0).id == "chatcmpl-1"


def _time_until_quiet(
    contenders: dict[str, Callable[[], Any]], is_enough: Callable[[dict[str, float]], bool], most: int = 8
) -> dict[str, float]:
    """CPU seconds of each contender: its least median over rounds in which all take turns.

    Whatever else the machine does can only add to a time, never take from it, so the least is what the code itself
    costs. Rounds go on while `is_enough` says no, at most `most`: noise passes, and code that is too slow stays so.
    """
    least: dict[str, float] = {}
    for _ in range(most):
        taken = measure_calls(contenders, 25, time.process_time)
        least = {name: min(seconds, least.get(name, seconds)) for name, seconds in taken.items()}
        if is_enough(least):
            break
    return least


def test_a_replayed_call_costs_little_more_than_the_sdk_whatever_the_number_of_recordings(wire, tmp_path):
    """A tripwire, in CPU time, since others share the machine; `make bench` tells the ratios, at most 1.5."""
    folders = {count: tmp_path / str(count) for count in (10, 2000)}
    for count, folder in folders.items():
        build_recordings(folder, count)
    wire.set(AZURE_OPENAI_MODE="replay", AZURE_OPENAI_PACE="0")
    clients = {count: connect(folder) for count, folder in folders.items()}

    def is_cheap(taken: dict[str, float]) -> bool:
        return taken["10"] / taken["floor"] < 2 and taken["2000"] / taken["10"] < 1.3

    for operation in ("JSON", "stream of 100 chunks", "16 vectors of 1,536"):
        ask, _, body = OPERATIONS[operation]
        floor = open_floor(body)
        contenders = {"floor": lambda ask=ask, floor=floor: ask(floor)}
        contenders |= {str(n): (lambda ask=ask, client=client: ask(client)) for n, client in clients.items()}
        taken = _time_until_quiet(contenders, is_cheap)
        assert is_cheap(taken), (operation, taken)
    replay = megabytes = 0.0
    for _ in range(8):
        again, _, megabytes = measure_picture(folders[10], 7, time.process_time)
        replay = min(again, replay or again)
        if replay / megabytes < 0.006:
            break
    assert replay / megabytes < 0.006, replay


def _fake_rounds(monkeypatch: pytest.MonkeyPatch, *rounds: tuple[float, float]) -> list[tuple[float, float]]:
    """Rounds of these seconds, (floor, replay), the last for ever after. Returns those that were measured."""
    measured: list[tuple[float, float]] = []

    def measure(*_: Any) -> dict[str, float]:
        measured.append(rounds[min(len(measured), len(rounds) - 1)])
        return dict(zip(("floor", "replay"), measured[-1], strict=True))

    monkeypatch.setattr("tests.test_replay.measure_calls", measure)
    return measured


def test_a_noisy_round_is_measured_again_and_slow_code_stays_slow(monkeypatch):
    def is_cheap(taken: dict[str, float]) -> bool:
        return taken["replay"] / taken["floor"] < 2

    measured = _fake_rounds(monkeypatch, (1.0, 2.6), (1.1, 1.4))
    assert is_cheap(_time_until_quiet({}, is_cheap)) and len(measured) == 2
    measured = _fake_rounds(monkeypatch, (1.0, 1.4))
    assert is_cheap(_time_until_quiet({}, is_cheap)) and len(measured) == 1, "no round more than is needed"
    measured = _fake_rounds(monkeypatch, (1.0, 2.6), (1.2, 2.3))
    assert not is_cheap(_time_until_quiet({}, is_cheap)) and len(measured) == 8, "a noisy floor excuses nothing"
