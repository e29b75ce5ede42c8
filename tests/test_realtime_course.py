"""The course's own tools work with a notebook that holds realtime sessions: record, replay, deployments, migrate."""

import json

import pytest

from helpers.course.deployments import plan_deployments
from helpers.course.migrate import migrate
from helpers.course.upkeep import drop_unused, list_answers, read_records, read_usage
from tests.standin import serve
from tests.test_recordings_data import _faults, _sidecar_faults
from tests.tiny_course import NAME, RECORDINGS, code, read, record, settings_for, write

TALK = code(
    """def talk(text):
    with client.realtime.connect(model="gpt-realtime-2.1") as connection:
        connection.session.update(session={
            "type": "realtime", "instructions": "Be brief.",
            "audio": {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}}})
        content = [{"type": "input_text", "text": text}]
        connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        connection.response.create()
        for event in connection:
            if event.type == "response.done":
                return event.response
print(talk("one").output[0].content[0].transcript)"""
)
DIAL = code('text = "two"   # turn me: "two", "three"\nprint(talk(text).usage.total_tokens)')


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """(course, stand-in) after one whole recording."""
    course = tmp_path_factory.mktemp("course")
    write(course, [TALK, DIAL])
    with serve("nonsense") as standin, settings_for(standin, course):
        record(course)
        yield course


def test_a_notebook_with_sessions_is_recorded_with_its_dials_and_saved_as_its_replay_prints(recorded):
    folder = recorded / RECORDINGS / NAME
    assert len(list_answers(folder)) == 3
    assert all(_faults(path) == [] for path in folder.glob("*.json")) and _sidecar_faults(folder) == []
    printed, dialled = ([out["text"] for out in cell.outputs if "text" in out] for cell in read(recorded).cells[1:])
    spoken = {transcript for _, each in read_records(folder) for transcript in _transcripts(each)}
    assert printed[0].strip() in spoken and int(dialled[0]) > 0


def _transcripts(each):
    for frame in each["answers"][0]["frames"]:
        if frame.get("json", {}).get("type") == "response.output_audio_transcript.done":
            yield frame["json"]["transcript"]


def test_a_second_recording_asks_for_nothing_that_is_there(recorded):
    before = list_answers(recorded / RECORDINGS / NAME)
    assert all(
        read_usage(answer)[1] > 0
        for _, each in read_records(recorded / RECORDINGS / NAME)
        for answer in each["answers"]
    )
    assert (
        drop_unused(recorded / RECORDINGS / NAME, before) == 0 and list_answers(recorded / RECORDINGS / NAME) == before
    )


def test_the_deployments_that_sessions_need_are_known_also_the_one_that_writes_down_speech(recorded):
    plan = plan_deployments("00", recorded).set_index("model")
    assert {"gpt-realtime-2.1", "gpt-4o-mini-transcribe"} <= set(plan.index)
    assert plan.answers["gpt-realtime-2.1"] == 3 and plan.output_tokens["gpt-realtime-2.1"] > 0


def test_moving_to_another_model_reads_sessions(recorded):
    told = "\n".join(migrate("00", "gpt-realtime-2.1", "gpt-realtime-1.5", root=recorded))
    assert "3 requests" in told and "(3 realtime)" in told and "refuses none of these requests" in told
    assert '"gpt-realtime-2.1" -> "gpt-realtime-1.5"' in told


def test_a_session_that_no_run_was_given_goes_with_its_sound(recorded, tmp_path):
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(recorded / RECORDINGS / NAME, folder)
    one = next(name for name in sorted(list_answers(folder)) if json.dumps("two") in (folder / name[:-2]).read_text())
    assert drop_unused(folder, {one}) == 2
    assert len(list(folder.glob("*.json"))) == 1 == len(list(folder.glob("*.flac")))


NOTES = code(
    """import base64
heard = {"turn_detection": None, "transcription": {"model": "gpt-realtime-whisper"}}
with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
    connection.session.update(session={"type": "transcription", "audio": {"input": heard}})
    connection.input_audio_buffer.append(audio=base64.b64encode(bytes(48_000)).decode())
    connection.input_audio_buffer.commit()
    for event in connection:
        if event.type.endswith("transcription.completed"):
            print(event.transcript)
            break"""
)


def test_the_deployment_of_a_session_whose_address_names_none_is_known(tmp_path):
    write(tmp_path, [NOTES])
    with serve("nonsense") as standin, settings_for(standin, tmp_path):
        record(tmp_path)
        folder = tmp_path / RECORDINGS / NAME
        [name] = [path.name for path in folder.glob("*.json")]
        assert name.startswith("realtime.gpt-realtime-whisper.") and len(list_answers(folder)) == 1
        plan = plan_deployments("00", tmp_path).set_index("model")
        assert plan.answers["gpt-realtime-whisper"] == 1
        told = "\n".join(migrate("00", "gpt-realtime-whisper", "gpt-live-transcribe", root=tmp_path))
        assert told.startswith("gpt-realtime-whisper -> gpt-live-transcribe: 1 request ")
