"""Which engine answers a reader: told with its size before anything is fetched, with a core left free."""

import os
import sys
from types import SimpleNamespace

import pytest

from tests.standin import choosing, engine_process
from tests.standin.choosing import choose_engine, describe_engine, describe_sound
from tests.standin.engines import ENGINES, TOGETHER, TOKENIZERS
from tests.standin.sound.hearing import WHISPER
from tests.standin.sound.moonshine import MOONSHINE
from tests.standin.sound.speaking import KOKORO
from tests.standin.sound.whisper_tiny import WHISPER_TINY


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder of weights."""
    monkeypatch.setattr(choosing, "FOLDER", tmp_path)
    return tmp_path


def choose(*answers: str):
    """(the name chosen, all that was said before it)."""
    left, said = list(answers), []
    return choose_engine(lambda question: left.pop(0), say=said.append), said


def test_both_engines_and_their_sizes_are_told_before_the_reader_is_asked():
    name, said = choose("qwen")
    assert name == "qwen"
    assert [line.split()[0] for line in said] == ["smollm2", "qwen", "both"]
    assert ["156 MB to fetch" in said[0], "1,156 MB to fetch" in said[1], "1,409 MB to fetch" in said[2]] == [True] * 3
    assert "SmolLM2-135M" in said[0] and "Qwen2.5-Coder-1.5B" in said[1]


def test_the_sizes_are_what_would_be_fetched(folder):
    (folder / ENGINES["smollm2"].weights.name).touch()
    (folder / "tokenizers").mkdir()
    for file in TOKENIZERS:
        (folder / "tokenizers" / file.name).touch()
    assert "22 MB to fetch" in describe_engine("smollm2"), "its vectors are left"
    for name in ("all-MiniLM-L6-v2.int8.onnx", "all-MiniLM-L6-v2.tokenizer.json"):
        (folder / name).touch()
    assert "fetched already" in describe_engine("smollm2")


@pytest.mark.parametrize(("answers", "name"), [([""], "both"), (["Qwen "], "qwen"), (["gpt", "smollm2"], "smollm2")])
def test_enter_is_the_course_and_a_wrong_name_is_asked_again(answers, name):
    assert choose(*answers)[0] == name


def test_where_nobody_can_be_asked_the_small_one_is_started_and_the_others_are_named():
    said: list[str] = []
    assert choose_engine(None, say=said.append) == "smollm2"
    assert "--engine" in said[-1] and any("Qwen" in line for line in said)


def test_a_file_of_the_readers_own_is_the_choice_already(tmp_path):
    own = tmp_path / "own.gguf"
    own.touch()
    assert choose_engine(None, own, say=pytest.fail) == "smollm2"


def test_what_is_offered_can_be_started():
    assert set(choosing.OFFERED) <= {*ENGINES, *TOGETHER}


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (8, 7)])
def test_an_engine_leaves_a_core_free(cores, threads, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    params = SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())
    server = SimpleNamespace(listening_address="x")
    fake = SimpleNamespace(CommonParams=lambda: params, Server=lambda given: server)
    monkeypatch.setitem(sys.modules, "xllamacpp", fake)
    engine_process._serve_model(tmp_path, 0)
    assert (params.cpuparams.n_threads, params.cpuparams_batch.n_threads) == (threads, threads)


def test_sound_is_fetched_when_the_first_comes_and_how_much_that_is_stands_before(folder):
    assert describe_sound() == (
        "Sound: Whisper base int8, Whisper tiny f16 or Moonshine tiny int8 hears, Kokoro-82M int8 speaks; "
        "316 MB to fetch, each when its first sound comes"
    )
    for file in (*WHISPER, *WHISPER_TINY, *MOONSHINE):
        (folder / file.name).touch()
    assert "; 90 MB to fetch" in describe_sound()
    for file in KOKORO:
        (folder / file.name).touch()
    assert describe_sound().endswith("; fetched already")
