"""The folder of recordings under stress: threads, processes, broken files, no rights, no room, Ctrl-C."""

import asyncio
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from helpers.errors import RecordingNotKept, RecordingUnreadable
from helpers.settings import ROOT
from tests.conftest import LONG
from tests.forks import start_python
from tests.loopback import Answer, Seen, Wire, answer_plainly, draw_png, open_wire

wire = pytest.fixture(open_wire)
ASK: dict[str, Any] = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Say something."}]}
# What each process of its own begins with.
HEAD = f"""
import json, signal, sys
from pathlib import Path
from helpers import connect
ASK, folder = {ASK!r}, Path(sys.argv[1])
"""


def _ids_on_disk(wire: Wire) -> list[str]:
    [record] = wire.records()
    return [answer["json"]["id"] for answer in record["answers"]]


def _child(code: str, *arguments: Any) -> Any:
    """A process of its own that runs `code` with connect() at hand; its settings are this process's."""
    command = ["-c", HEAD + textwrap.dedent(code), *map(str, arguments)]
    return start_python(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


# Each answer is written behind all before it, so 640 take sixteen times as long as 160.
several_answers = pytest.mark.parametrize("count", [160, pytest.param(640, marks=LONG)])


@several_answers
def test_of_8_threads_with_identical_requests_every_answer_is_kept(wire, count):
    server = wire.serve(answer_plainly())
    client = wire.connect("record")

    def ask(_: int) -> list[str]:
        return [client.chat.completions.create(**ASK).id for _ in range(count // 8)]

    with ThreadPoolExecutor(8) as threads:
        told = [identity for ids in threads.map(ask, range(8)) for identity in ids]
    kept = _ids_on_disk(wire)
    assert len(server.seen) == len(told) == len(set(told)) == count, "each call got an answer of its own"
    assert sorted(kept) == sorted(told)
    client = wire.connect()
    with ThreadPoolExecutor(8) as threads:
        replayed = [identity for ids in threads.map(ask, range(1)) for identity in ids]
    assert replayed == kept[: count // 8], "replay gives them in the order in which they lie on disk"


@several_answers
def test_two_processes_on_one_folder_keep_every_answer_to_one_request(wire, count):
    """The server holds its answers until both have asked: neither sees the other's, whichever starts first."""
    both, plainly, asking = threading.Barrier(2), answer_plainly(), set()

    def answer(seen: Seen) -> Answer:
        if (who := seen.headers["x-who"]) not in asking:
            asking.add(who)
            both.wait(30)
        return plainly(seen)

    wire.serve(answer)
    wire.set(AZURE_OPENAI_MODE="record")
    code = """
        client = connect(folder)
        for _ in range(int(sys.argv[3])):
            print(client.chat.completions.create(**ASK, extra_headers={"X-Who": sys.argv[2]}).id)
    """
    children = [_child(code, wire.folder, who, count // 2) for who in "ab"]
    told = [child.communicate(timeout=100) for child in children]
    assert [child.returncode for child in children] == [0, 0], told
    ids = [identity for out, _ in told for identity in out.split()]
    assert len(ids) == len(set(ids)) == count and sorted(_ids_on_disk(wire)) == sorted(ids)
    assert not list(wire.folder.glob(".*.tmp"))


def test_gathered_tasks_lose_no_answer(wire):
    server = wire.serve(answer_plainly())

    async def ask(mode: str, count: int) -> list[str]:
        async with wire.connect_async(mode) as client:
            answers = await asyncio.gather(*(client.chat.completions.create(**ASK) for _ in range(count)))
            return [answer.id for answer in answers]

    told = asyncio.run(ask("record", 60))
    assert sorted(_ids_on_disk(wire)) == sorted(told) and len(set(told)) == 60
    assert Counter(asyncio.run(ask("replay", 60))) == Counter(told)
    assert len(server.seen) == 60


def test_requests_at_once_with_different_keys_do_not_cross(wire):
    def answer(seen: Seen) -> Answer:
        text = seen.json["messages"][0]["content"]
        return Answer.of_json({"id": text, "object": "chat.completion", "choices": []})

    wire.serve(answer)
    client = wire.connect("record")

    def ask(number: int) -> bool:
        message = {"role": "user", "content": f"q{number % 40}"}
        return client.chat.completions.create(model="m", messages=[message]).id == message["content"]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(320)))
    for record in wire.records():
        asked = record["request"]["json"]["messages"][0]["content"]
        assert [answer["json"]["id"] for answer in record["answers"]] == [asked] * 8
    client = wire.connect()
    assert all(map(ask, range(80)))


# Broken files: each is named, with what is wrong and what to do.
def _break_json(text: str) -> str:
    return text[: len(text) // 2]


BROKEN = {
    "cut in half": (_break_json, "line"),
    "empty": (lambda text: "", "Expecting value"),
    "not text": (lambda text: b"\xff\xfe\x00", "decode"),
    "a list": (lambda text: "[1, 2]", "no request or no answer"),
    "no answers": (lambda text: json.dumps(json.loads(text) | {"answers": []}), "no request or no answer"),
    "answers of a wrong type": (lambda text: json.dumps(json.loads(text) | {"answers": {"0": 1}}), "no answer"),
    "request of a wrong type": (lambda text: json.dumps(json.loads(text) | {"request": 7}), "no request"),
    "status of a wrong type": (lambda text: text.replace('"status": 200', '"status": "200"'), "no status"),
    "no body": (
        lambda text: text.replace('"json": {"id"', '"jsn": {"id"').replace('"json": {\n    "id"', '"jsn": {\n    "id"'),
        "no body",
    ),
    "headers of a wrong type": (
        lambda text: text.replace('"x-request-id": "request-1"', '"x-request-id": 1'),
        "headers",
    ),
    "source of a wrong type": (
        lambda text: text.replace('"source": {', '"source": [{').replace('tests"}', 'tests"}]'),
        "source",
    ),
    "events of a wrong type": (
        lambda text: text.replace('"elapsed_ms"', '"events": [["1", {}]], "elapsed_ms"'),
        "events",
    ),
    "nested without end": (lambda text: "[" * 100_000, "recursion"),
}


@pytest.mark.parametrize("mode", ["replay", "record"])
@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_recording_is_named_with_what_is_wrong(wire, how, mode):
    server = wire.serve(answer_plainly())
    wire.connect("record").chat.completions.create(**ASK)
    [path] = wire.folder.glob("*.json")
    broken, why = BROKEN[how]
    before = path.read_text()
    text = broken(before)
    assert text != before, "the file was not broken"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RecordingUnreadable) as caught:
        wire.connect(mode).chat.completions.create(**ASK)
    message = str(caught.value)
    assert path.name in message.splitlines()[0] and why in message and "try" in message, message
    assert len(server.seen) == 1, "nothing is asked, let alone paid, before the file is mended"
    assert str(wire.folder.parent.parent) not in message


def _break_sidecar(path: Path, record: Path, how: str) -> str:
    if how == "missing":
        path.unlink()
        return "is not there"
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-1])
        return "bytes where"
    if how == "a folder":
        path.unlink()
        path.mkdir()
        return ""
    outside = {"above": "../secret.png", "absolute": "/etc/hostname", "of windows": "..\\\\secret.png", "no text": 7}[
        how
    ]
    (record.parent.parent / "secret.png").write_bytes(b"x")
    record.write_text(record.read_text().replace(json.dumps(path.name), json.dumps(outside)))
    return "outside its folder"


@pytest.mark.parametrize("how", ["missing", "cut", "a folder", "above", "absolute", "of windows", "no text"])
@pytest.mark.parametrize("is_picture", [True, False], ids=["picture", "sound"])
def test_a_broken_sidecar_is_named_with_what_is_wrong(wire, how, is_picture):
    wire.serve(answer_plainly())

    def ask(client: Any) -> Any:
        if is_picture:
            return client.images.generate(model="gpt-image-1", prompt="a circle")
        return client.audio.speech.create(model="tts", voice="alloy", input="Hello.")

    ask(wire.connect("record"))
    [record] = wire.folder.glob("*.json")
    [sidecar] = [*wire.folder.glob("*.png"), *wire.folder.glob("*.mp3")]
    why = _break_sidecar(sidecar, record, how)
    with pytest.raises(RecordingUnreadable) as caught:
        ask(wire.connect())
    assert why in str(caught.value) and str(wire.folder.parent.parent) not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_asked(wire):
    server = wire.serve(answer_plainly())
    wire.folder.parent.joinpath("file").write_text("no folder")
    wire.folder = wire.folder.parent / "file" / "recordings"
    with pytest.raises(RecordingNotKept, match="nothing was asked") as caught:
        wire.connect("record").chat.completions.create(**ASK)
    assert not server.seen and "why" in str(caught.value) and caught.value.body == b""
    with pytest.raises(RecordingNotKept):
        asyncio.run(wire.connect_async("record").chat.completions.create(**ASK))
    assert not server.seen


def _can_mount() -> bool:
    return (
        bool(shutil.which("unshare"))
        and subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0
    )


needs_mounts = pytest.mark.skipif(not _can_mount(), reason="this machine lets nobody mount in a namespace of one's own")


def _in_namespace(mount: str, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = f'{mount} && exec "$0" -c "$1" "$2"'
    command = ["unshare", "-rm", "sh", "-c", script, sys.executable, HEAD + textwrap.dedent(code), str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@needs_mounts
def test_a_folder_that_may_only_be_read_replays_and_refuses_to_record_before_anything_is_asked(wire):
    server = wire.serve(answer_plainly())
    first = wire.connect("record").chat.completions.create(**ASK).id
    wire.set(AZURE_OPENAI_MODE="replay")
    folder = wire.folder
    mount = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    done = _in_namespace(mount, "print(connect(folder).chat.completions.create(**ASK).id)", folder)
    assert done.stdout.strip() == first, done.stderr
    wire.set(AZURE_OPENAI_MODE="record")
    done = _in_namespace(mount, "connect(folder).chat.completions.create(**ASK, seed=1)", folder)
    assert "RecordingNotKept: nothing was asked" in done.stderr and "Read-only file system" in done.stderr, done.stderr
    assert len(server.seen) == 1


FULL = """
    client = connect(folder)
    kept = 0
    try:
        for seed in range(40):
            client.images.generate(model="gpt-image-1", prompt=f"picture {seed}")
            kept += 1
    except Exception as error:
        print(json.dumps([type(error).__name__, kept, len(error.body), str(error), json.loads(error.body)["created"]]))
    records = [json.loads(p.read_bytes()) for p in sorted(folder.glob("*.json"))]
    named = {r["answers"][0]["json"]["data"][0]["b64_json"]["file"] for r in records}
    pictures, left_over = {p.name for p in folder.glob("*.png")}, list(folder.glob(".*.tmp"))
    print(len(records), len(named & pictures), len(pictures), len(left_over))
"""


@needs_mounts
def test_a_full_disk_loses_no_older_file_and_hands_over_the_answer_that_was_paid(wire):
    noise = os.urandom(3 * 60 * 60)
    from PIL import Image

    def answer(seen: Seen) -> Answer:
        import io

        out = io.BytesIO()
        Image.frombytes("RGB", (60, 60), noise).rotate(int(seen.json["prompt"].split()[1])).save(out, "PNG")
        return Answer.of_json({"created": 17, "data": [{"b64_json": base64.b64encode(out.getvalue()).decode()}]})

    wire.serve(answer)
    wire.set(AZURE_OPENAI_MODE="record")
    wire.folder.mkdir()
    done = _in_namespace(f"mount -t tmpfs -o size=100k tmpfs {wire.folder}", FULL, wire.folder)
    assert done.returncode == 0, done.stderr
    refused, counts = done.stdout.splitlines()
    name, kept, size, message, created = json.loads(refused)
    assert name == "RecordingNotKept" and 1 <= kept < 40 and size > 10_000 and created == 17
    assert "No space left on device" in message and "could not be kept" in message and ".body" in message
    records, whole, pictures, left_over = map(int, counts.split())
    assert records == whole == pictures == kept and left_over == 0


def test_a_file_that_may_not_grow_hands_over_the_answer_that_was_paid(wire):
    """The same where nobody can mount: a limit on the size of files stands for the full disk."""
    picture = base64.b64encode(draw_png()).decode()

    def answer(seen: Seen) -> Answer:
        big = {"big": "x" * 50_000, "data": [{"b64_json": picture}]} if "seed" in seen.json else {}
        return Answer.of_json({"id": "1", "choices": [], **big})

    wire.serve(answer)
    wire.set(AZURE_OPENAI_MODE="record")
    code = """
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
        client = connect(folder)
        client.chat.completions.create(**ASK)
        try:
            client.chat.completions.create(**ASK, seed=1)
        except Exception as error:
            print(type(error).__name__, len(error.body), error.__cause__.strerror)
        print(client.chat.completions.create(**ASK, temperature=1).id)
    """
    out, err = _child(code, wire.folder).communicate(timeout=60)
    name, size, why = out.splitlines()[0].split(maxsplit=2)
    assert (name, why) == ("RecordingNotKept", "File too large") and int(size) > 50_000, err
    assert out.splitlines()[1] == "1" and len(wire.records()) == 2
    assert not [*wire.folder.glob(".*.tmp"), *wire.folder.glob("*.png")], "nor a picture that no record names"


INTERRUPTED = """
    client = connect(folder)
    print("started", flush=True)
    try:
        for chunk in client.chat.completions.create(**ASK, stream=True):
            print("chunk", flush=True)
    except KeyboardInterrupt:
        print("stopped by the reader")
"""


@pytest.mark.parametrize("mode", ["record", "replay"])
def test_ctrl_c_in_a_stream_stops_it_and_breaks_no_file(wire, mode):
    begun = threading.Event()

    def answer(seen: Seen) -> Answer:
        begun.set()
        return Answer.of_events([{"choices": [], "n": i} for i in range(20)], pace=0.2)

    server = wire.serve(lambda seen: Answer.of_events([{"choices": [], "n": i} for i in range(3)], pace=0.01))
    list(wire.connect("record").chat.completions.create(**ASK | {"model": "older"}, stream=True))
    if mode == "replay":
        list(wire.connect("record").chat.completions.create(**ASK, stream=True))
        slow = next(wire.folder.glob("*gpt*.json"))
        record = json.loads(slow.read_text())
        record["answers"][0]["events"] = [[0, {"choices": []}], [20_000, {"choices": []}]]
        slow.write_text(json.dumps(record))
    before = {path.name: path.read_bytes() for path in wire.folder.iterdir() if path.is_file()}
    server.answer = answer
    wire.set(AZURE_OPENAI_MODE=mode, AZURE_OPENAI_PACE="1")
    child = _child(INTERRUPTED, wire.folder)
    assert child.stdout is not None and child.stdout.readline() == "started\n"
    if mode == "record":
        assert begun.wait(20)
        time.sleep(0.3)
    else:
        assert child.stdout.readline() == "chunk\n"
    start = time.perf_counter()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert "stopped by the reader" in out and time.perf_counter() - start < 2, err
    assert {path.name: path.read_bytes() for path in wire.folder.iterdir() if path.is_file()} == before


def test_an_answer_that_was_added_by_hand_is_kept_when_one_more_comes(wire):
    """What another program wrote (upkeep, a person) is not what the store writes, and stays whole all the same."""
    wire.serve(answer_plainly())
    wire.connect("record").chat.completions.create(**ASK)
    [path] = wire.folder.glob("*.json")
    for rewrite in (
        lambda record: json.dumps(record),
        lambda record: json.dumps(record, indent=1) + "\n",
        lambda record: (
            json.dumps({"request": record["request"], "answers": record["answers"], "note": ["x" * 200]}, indent=1)
            + "\n"
        ),
    ):
        record = json.loads(path.read_text())
        path.write_text(rewrite(record))
        client = wire.connect("record")
        for _ in range(len(record["answers"]) + 1):
            client.chat.completions.create(**ASK)
        again = json.loads(path.read_text())
        assert again["answers"][:-1] == record["answers"] and again["request"] == record["request"]
    assert again["note"] == ["x" * 200] and len(again["answers"]) == 4


def test_a_file_reads_well(wire):
    """One streamed event a line, short values on one line, letters as letters."""
    wire.serve(answer_plainly())
    list(wire.connect("record").chat.completions.create(**ASK, stream=True))
    [path] = wire.folder.glob("*.json")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum('"chat.completion.chunk"' in line for line in lines) == 8 and any("ü1" in line for line in lines)
    assert len(lines) < 60 and path.read_bytes().endswith(b"}\n")


def test_a_picture_with_the_same_bytes_is_written_once(wire):
    picture = base64.b64encode(draw_png()).decode()
    wire.serve(lambda seen: Answer.of_json({"data": [{"b64_json": picture}, {"b64_json": picture}]}))
    wire.connect("record").images.generate(model="m", prompt="p")
    assert len(list(wire.folder.glob("*.png"))) == 1
