"""Under every cell that asked stands one line: who answered, when, how many calls and tokens; in live what it cost."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.course.notebooks import run_notebook
from helpers.jupyter import break_between
from helpers.receipt import describe_calls
from helpers.recordings import Answered, listen
from helpers.settings import ROOT
from tests.loopback import ENGINE, Answer, Seen, Wire, open_wire

wire = pytest.fixture(open_wire)

CONNECT = """
import sys; sys.path.insert(0, {root!r})
from pathlib import Path
from helpers import connect
client = connect(Path({folder!r}))
def ask(text="hello", **more):
    return client.chat.completions.create(model="gpt-4.1-mini", messages=[{{"role": "user", "content": text}}], **more)
"""


def _answer(seen: Seen) -> Answer:
    usage = {
        "prompt_tokens": 1_000,
        "completion_tokens": 200,
        "prompt_tokens_details": {"cached_tokens": 600},
        "completion_tokens_details": {"reasoning_tokens": 50},
    }
    if b"refuse" in seen.body:
        return Answer.of_json({"error": {"message": "no"}}, 400, x_standin_engine=ENGINE)
    if b'"stream"' in seen.body:
        chunk = {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [],
            "usage": usage,
        }
        return Answer.of_events([chunk, "[DONE]"], x_standin_engine=ENGINE)
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [], "usage": usage}
    return Answer.of_json(body, x_standin_engine=ENGINE)


def _run(wire: Wire, mode: str, *cells: str) -> list[list[Any]]:
    """The outputs of each cell, run in a real kernel after one that connects."""
    sources = [CONNECT.format(root=str(ROOT), folder=str(wire.folder)), *cells]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    for cell in notebook.cells:
        if "refuse" in cell.source:
            cell.metadata["tags"] = ["raises-exception"]
    done = run_notebook(notebook, Path(ROOT), {"AZURE_OPENAI_MODE": mode, "AZURE_OPENAI_PACE": "0"})
    return [cell.outputs for cell in done.cells[1:]]


def _receipts(outputs: list[Any]) -> list[str]:
    return [
        " ".join(output["data"]["text/plain"].split())
        for output in outputs
        if output["output_type"] == "display_data" and output["data"]["text/plain"].startswith("receipt:")
    ]


CELLS = (
    "1 + 1",
    "ask(); ask('again')",
    "import threading; ts = [threading.Thread(target=ask, args=(str(i),)) for i in range(5)]\n"
    "[t.start() for t in ts]; [t.join() for t in ts]\nclient = connect(Path(%r)); ask()",
    "ask('refuse')",
    "for chunk in ask(stream=True): pass",
)


@pytest.fixture
def cells(wire):
    return [cell.replace("%r", repr(str(wire.folder))) for cell in CELLS]


def test_each_cell_that_asked_has_one_receipt_and_no_other_cell_has(wire, cells):
    wire.serve(_answer)
    live = [_receipts(outputs) for outputs in _run(wire, "live", *cells)]
    recorded = [_receipts(outputs) for outputs in _run(wire, "record", *cells)]
    wire.set(AZURE_OPENAI_ENDPOINT="", AZURE_OPENAI_API_KEY="")
    replayed = [_receipts(outputs) for outputs in _run(wire, "replay", *cells)]
    for told in (live, recorded, replayed):
        assert list(map(len, told)) == [0, 1, 1, 1, 1]
    one = f"receipt: stand-in {ENGINE}, not an Azure model"
    assert live[1][0].startswith(f"{one} · 2 calls · 2,000 tokens in (1,200 cached) · 400 tokens out (100 hidden) · ")
    assert live[1][0].endswith(" s"), "this machine answered: no dollars"
    assert " · 6 calls · 6,000 tokens in" in live[2][0], "threads add up"
    assert " · 1 call (400)" in live[3][0] and "tokens" not in live[3][0]
    assert " · 1 call · 1,000 tokens in" in live[4][0]
    assert " · recorded 20" in replayed[1][0] and not replayed[1][0].endswith(" s")
    assert " · 6 calls (1 from recordings)" in recorded[2][0], "the sixth asked what the first cell had asked"


def test_the_receipt_is_the_cells_last_output_and_reads_on_any_page(wire):
    wire.serve(_answer)
    [outputs] = _run(wire, "live", "print('before'); ask()")
    assert [output["output_type"] for output in outputs][:1] == ["stream"]
    last = outputs[-1]
    assert last["metadata"] == {"receipt": True} and "opacity" in last["data"]["text/html"]
    assert json.dumps(last["data"]).count("receipt: ") == 2


def test_plain_python_prints_none(wire, capsys):
    wire.serve(_answer)
    wire.connect("live").chat.completions.create(model="m", messages=[])
    assert capsys.readouterr().out == ""


USAGE = {"prompt_tokens": 1_000_000, "completion_tokens": 0}


def test_dollars_are_the_list_price_of_the_models_asked_for():
    call = Answered({"kind": "azure", "engine": "gpt-4.1-mini-2025-04-14", "region": "x"}, "2026-11-21", 1500.0)
    one = Answered(**{**call.__dict__, "asked": "gpt-4.1-mini", "usage": USAGE, "is_fresh": True})
    other = Answered(**{**call.__dict__, "asked": "my-model", "usage": USAGE, "is_fresh": True})
    assert describe_calls([one]).endswith("1,000,000 tokens in · 1.5 s · $0.400000")
    assert describe_calls([one, other]).endswith("$0.400000, without my-model, whose price is in no table")
    assert "$" not in describe_calls([Answered(**{**one.__dict__, "is_free": True})]) + describe_calls([call])
    stand_in = Answered(**{**one.__dict__, "source": {"kind": "stand-in", "engine": "Qwen"}})
    assert "$" not in describe_calls([stand_in]), "Azure's price is for Azure's own tokens"
    assert describe_calls([one, stand_in]).endswith("$0.400000")
    assert "not an Azure model" not in describe_calls([one])


SPOKEN = {
    "prompt_tokens": 137,
    "completion_tokens": 320,
    "prompt_tokens_details": {"audio_tokens": 93, "cached_tokens": 0},
    "completion_tokens_details": {"audio_tokens": 259, "reasoning_tokens": 0},
}
HEARD = {"input_tokens": 26, "output_tokens": 9, "input_token_details": {"text_tokens": 0, "audio_tokens": 26}}


@pytest.mark.parametrize(
    ("model", "usage", "told", "usd"),
    [
        ("gpt-audio-1.5", SPOKEN, "137 tokens in (93 sound) · 320 tokens out (259 sound)", "$0.020272"),
        ("gpt-4o-mini-transcribe", HEARD, "26 tokens in (26 sound) · 9 tokens out", "$0.000123"),
        ("whisper", {"type": "duration", "seconds": 4}, "4 s of sound", "$0.000400"),
        ("tts", {"characters": 13}, "13 characters", "$0.000195"),
    ],
)
def test_sound_is_told_apart_and_has_its_price(model, usage, told, usd):
    azure = {"kind": "azure", "engine": model, "region": "x"}
    call = Answered(azure, "2026-11-22", 1500.0, asked=model, usage=usage, is_fresh=True)
    assert describe_calls([call]).endswith(f" · 1 call · {told} · 1.5 s · {usd}")
    kept = Answered(azure, "2026-11-22", 1500.0, asked=model, usage=usage)
    assert describe_calls([kept]).endswith(f" · 1 call · {told}")


def test_what_a_speech_model_was_billed_for_is_read_from_its_header(wire):
    def answer(seen: Seen) -> Answer:
        is_speech = seen.path.endswith("/speech")
        billed = f"CognitiveServices.OpenAI.{'TextToSpeech=13' if is_speech else 'Whisper=4'}"
        kind = "audio/mpeg" if is_speech else "text/plain"
        return Answer.of_bytes(b"ID3 some sound", kind, csp_billing_usage=billed)

    wire.serve(answer)
    for mode in ("record", "replay"):
        heard: list[Answered] = []
        listen(heard.append)
        try:
            client = wire.connect(mode)
            client.audio.speech.create(model="tts", voice="alloy", input="hello, world!")
            client.audio.transcriptions.create(model="whisper", file=("a.mp3", b"ID3"), response_format="text")
        finally:
            listen(None)
        assert [call.usage for call in heard] == [{"characters": 13}, {"seconds": 4}], mode


def test_an_answer_that_is_fetched_again_is_a_call_without_tokens_or_dollars():
    source = {"kind": "azure", "engine": "gpt-4.1-mini-2025-04-14", "region": "x"}
    made = Answered(source, "2026-11-21", 1500.0, asked="gpt-4.1-mini", usage=USAGE, is_fresh=True)
    fetched = Answered(source, "2026-11-21", 500.0, usage=USAGE, is_fresh=True)
    assert describe_calls([made, fetched]).endswith("2 calls · 1,000,000 tokens in · 2.0 s · $0.400000")
    assert describe_calls([fetched]).endswith("1 call · 0.5 s")


def test_a_line_breaks_between_its_items_and_a_long_item_between_its_words():
    long = "stand-in Qwen2.5-Coder-1.5B-Instruct Q4_K_M, not an Azure model"
    whole = '<span style="white-space: nowrap">'
    assert break_between(f"receipt: {long} · 1 call · 5 < 50 tokens out") == (
        f"receipt: {long}&nbsp;· {whole}1 call ·</span> {whole}5 &lt; 50 tokens out</span>"
    )
