"""Every file of data/recordings is what helpers/recordings writes: whole, findable, clean, and from somebody known."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from helpers.recordings.answer import BODIES
from helpers.recordings.exchange import Asked, request_key
from helpers.recordings.payloads import is_sidecar, suffix_of
from helpers.recordings.redaction import KEPT_HEADERS, Redactor
from helpers.recordings.store import Store
from helpers.settings import ROOT
from tests.loopback import answer_plainly, open_wire

wire = pytest.fixture(open_wire)
FOLDERS = sorted(path for path in (ROOT / "data" / "recordings").glob("[!.]*") if path.is_dir())
RECORDS = [path for folder in FOLDERS for path in sorted(folder.glob("*.json"))]
KINDS = {"stand-in", "azure", "other"}


def _faults(path: Path) -> list[str]:
    """What is wrong with one recording, in words."""
    record = json.loads(path.read_text(encoding="utf-8"))
    request, faults = record.get("request", {}), []
    if set(record) != {"request", "answers"}:
        faults.append(f"fields {sorted(record)}")
    if (
        not {"method", "path", "query"}
        <= set(request)
        <= {"method", "path", "query", "json", "form", "text", "content", "headers", "credential", "sent"}
    ):
        faults.append(f"request fields {sorted(request)}")
    elif not re.fullmatch(r"/openai/[\w./-]+", request["path"]):
        faults.append(f"path {request.get('path')}")
    elif (asked := Asked(request, request_key(request))).name != path.name:
        faults.append(f"the request makes {asked.name}")
    answers = [{**answer, "headers": {}} for answer in record.get("answers", [])]  # their ids stay as they are
    headers = [answer.get("headers", {}) for answer in record.get("answers", [])]
    if Redactor().value([request, answers]) != [request, answers] or list(map(Redactor().headers, headers)) != headers:
        faults.append("something in it would be cleaned")
    for answer in record.get("answers") or [{}]:
        faults += _answer_faults(answer)
    return faults


def _answer_faults(answer: dict[str, Any]) -> list[str]:
    faults = []
    bodies = BODIES & set(answer)
    if len(bodies) != 1 or set(answer) - bodies != {"status", "headers", "elapsed_ms", "recorded_on", "source"}:
        return [f"answer fields {sorted(answer)}"]
    statuses = [101] if "frames" in answer else range(200, 600)
    if not (isinstance(answer["status"], int) and answer["status"] in statuses):
        faults.append(f"status {answer['status']}")
    if not set(answer["headers"]) <= KEPT_HEADERS:
        faults.append(f"headers {sorted(set(answer['headers']) - KEPT_HEADERS)}")
    if not (isinstance(answer["elapsed_ms"], int) and answer["elapsed_ms"] >= 0):
        faults.append(f"elapsed_ms {answer['elapsed_ms']}")
    if not re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", answer["recorded_on"]):
        faults.append(f"recorded_on {answer['recorded_on']}")
    source = answer["source"]
    if source.get("kind") not in KINDS or not (source.get("engine") or answer["status"] >= 400):
        faults.append(f"source {source}")
    times = [event[0] for event in answer.get("events", [])]
    if times != sorted(times) or any(len(event) not in {2, 3} for event in answer.get("events", [])):
        faults.append("events out of order")
    return faults + _frame_faults(answer.get("frames"))


def _frame_faults(frames: Any) -> list[str]:
    """What is wrong with a session: it is opened first, ends last, and runs forward between."""
    if frames is None:
        return []
    faults = []
    if not frames or set(frames[0]) != {"ms", "from", "open"} or set(frames[-1]) != {"ms", "from", "close"}:
        faults.append("a session without a beginning or an end")
    if [frame["ms"] for frame in frames] != sorted(frame["ms"] for frame in frames):
        faults.append("frames out of order")
    for frame in frames[1:-1]:
        told = set(frame) - {"key", "pieces"}
        if told not in ({"ms", "from", "json"}, {"ms", "from", "text"}) or frame["from"] not in {"client", "server"}:
            faults.append(f"frame {sorted(frame)}")
        elif "pieces" in frame and set(frame["json"]["audio"]) != {"bytes", "sha256"}:
            faults.append("sound that was sent is not described")
    return faults


def _sidecars(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if is_sidecar(value) else []
        return own + [one for item in value.values() for one in _sidecars(item)]
    return [one for item in value for one in _sidecars(item)] if isinstance(value, list) else []


def _sidecar_faults(folder: Path) -> list[str]:
    """What is wrong with the pictures and sound of one folder: missing, changed, named wrongly, named by nobody."""
    named, faults = set(), []
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        for sidecar in _sidecars(record.get("answers", record)):
            name = sidecar["file"]
            named.add(name)
            if not (folder / name).is_file():
                faults.append(f"{name} is missing")
                continue
            data = (folder / name).read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            if (len(data), digest) != (sidecar["bytes"], sidecar["sha256"]):
                faults.append(f"{name} has other bytes than were recorded")
            if not name.endswith(f".{digest[:12]}{suffix_of(data)}"):
                faults.append(f"{name} is not named after its content")
    for path in folder.iterdir():
        if path.name not in named and not path.match("*.json") and path.name != ".locks":
            faults.append(f"{path.name} belongs to no recording")
    return faults


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_recording_is_whole_findable_clean_and_from_somebody(path):
    assert _faults(path) == []
    assert Store(path.parent).read(path.name) is not None


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_pictures_and_sound_are_those_recorded_and_none_is_left_over(folder):
    assert _sidecar_faults(folder) == []


def test_there_are_recordings():
    assert RECORDS


@pytest.fixture
def fresh(wire):
    """A folder as the store writes it: a completion and a picture."""
    wire.serve(answer_plainly())
    client = wire.connect("record")
    client.chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": "hello"}])
    client.images.generate(model="gpt-image-1", prompt="a circle")
    return wire.folder


BREAKS = {
    "the request makes": ('"content": "hello"', '"content": "hallo"'),
    "answer fields": ('"recorded_on"', '"recorded"'),
    "status 99": ('"status": 200', '"status": 99'),
    "headers ['server']": ('"x-ms-region"', '"server"'),
    "source": ('"kind": "stand-in"', '"kind": "somebody"'),
    "would be cleaned": ('"x-ms-region": "Nowhere"', '"x-ms-region": "contoso-1.openai.azure.com"'),
    "elapsed_ms": ('"elapsed_ms": ', '"elapsed_ms": -1'),
    "fields": ('"request"', '"asked"'),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_a_broken_recording_does_not_pass(fresh, fault):
    [path] = fresh.glob("chat.*.json")
    assert _faults(path) == []
    old, new = BREAKS[fault]
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert any(fault in told for told in _faults(path)), _faults(path)


def test_a_broken_or_spare_sidecar_does_not_pass(fresh):
    assert _sidecar_faults(fresh) == []
    [picture] = fresh.glob("*.png")
    (fresh / ".0123.tmp").write_bytes(b"half")
    assert _sidecar_faults(fresh) == [".0123.tmp belongs to no recording"]
    picture.write_bytes(picture.read_bytes() + b"x")
    assert any("other bytes" in fault for fault in _sidecar_faults(fresh))
    picture.rename(picture.with_name("other.png"))
    assert {fault.split(" ", 1)[1] for fault in _sidecar_faults(fresh)} >= {"is missing", "belongs to no recording"}
