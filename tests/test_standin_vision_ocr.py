"""What PP-OCR really reads in pictures, and that others are answered while it does: `make test-standin`."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from PIL import Image, ImageDraw, ImageFont

from helpers.images import data_url
from helpers.picture_tokens import shown_picture_size
from tests.standin.app import build_app
from tests.standin.chat_request import check_chat
from tests.standin.engines import NonsenseEngine
from tests.standin.seeing.describing import describe
from tests.standin.seeing.looking import look_at_pictures, tell_pictures
from tests.standin.seeing.reading import RapidReader
from tests.standin.servers import LOOPBACK, ThreadServer
from tests.standin.serving import build_front

pytestmark = [pytest.mark.standin, pytest.mark.timeout(600)]
SERIAL = "Serial number 4471 costs 6,380 euros"
WORDS = ("BAKERY", "GARAGE")
RECEIPT = [("Flat white", "2", "7.60"), ("Grilled cheese", "1", "8.20"), ("Lemon cake", "3", "12.90")]


@pytest.fixture(scope="module", autouse=True)
def asked_for(request: pytest.FixtureRequest) -> None:
    if "standin" not in (request.config.option.markexpr or ""):
        pytest.skip("takes its time: make test-standin")
    pytest.importorskip("rapidocr", reason="rapidocr is not installed: make standin")


@pytest.fixture(scope="module")
def reader(asked_for: None) -> RapidReader:
    return RapidReader()


def write(lines: list[tuple[int, int, str, int]], size: tuple[int, int], colour: str = "white") -> Image.Image:
    """A picture of texts: left, top, text, height of its letters in pixels."""
    picture = Image.new("RGB", size, colour)
    pen = ImageDraw.Draw(picture)
    for left, top, text, height in lines:
        pen.text((left, top), text, font=ImageFont.load_default(height), fill="black")
    return picture


def draw_receipt() -> Image.Image:
    lines = [(150, 20, "HARBOUR CAFE", 24)]
    for i, pieces in enumerate([*RECEIPT, ("TOTAL", "", "28.70")]):
        lines += [(x, 100 + 40 * i, text, 22) for x, text in zip((30, 270, 400), pieces, strict=True) if text]
    return write(lines, (480, 300))


def see(reader: RapidReader, picture: Image.Image, detail: str = "high") -> str:
    size = shown_picture_size("gpt-4o", *picture.size, detail)
    small = picture.resize(size, Image.Resampling.LANCZOS)
    return describe(small, reader.read(small), 1, 1)


def test_small_print_is_read_with_detail_high_and_lost_with_low(reader: RapidReader):
    page = write([(100, 100, "RENTAL AGREEMENT", 60), (100, 900, SERIAL, 12)], (1536, 1152))
    high, low = see(reader, page, "high"), see(reader, page, "low")
    assert "RENTAL AGREEMENT" in high and "RENTAL AGREEMENT" in low
    assert "Serial number 4471" in high and "Serial number 4471" not in low


def test_the_rows_of_a_receipt_stay_rows(reader: RapidReader):
    told = see(reader, draw_receipt())
    for row in [*RECEIPT, ("TOTAL", "28.70")]:
        assert f"- {' | '.join(row)}\n" in told
    assert "HARBOUR CAFE (middle)" in told and "Main colours: white" in told


def test_a_picture_without_text_has_none(reader: RapidReader):
    assert "No text could be read" in see(reader, Image.new("RGB", (300, 200), "teal"))


@pytest.fixture(scope="module")
def served(reader: RapidReader) -> Iterator[openai.OpenAI]:
    """A stand-in that reads truly and answers nonsense."""
    engine = NonsenseEngine()
    front = build_front({engine.label: engine}, requests=[])
    front.reader = reader
    server = ThreadServer(build_app(front), LOOPBACK, 0)
    with openai.OpenAI(base_url=f"{server.url}/openai/v1/", api_key=front.key, max_retries=0) as client:
        yield client
    server.stop()
    engine.stop()


def show(*pictures: Image.Image) -> Any:
    parts = [{"type": "image_url", "image_url": {"url": data_url(picture)}} for picture in pictures]
    return [{"role": "user", "content": parts}]


def _ask(client: openai.OpenAI, *pictures: Image.Image) -> Any:
    return client.chat.completions.with_raw_response.create(model="gpt-4o", messages=show(*pictures))


def test_two_pictures_are_told_apart_and_in_order(reader: RapidReader):
    engine = NonsenseEngine()
    front = build_front({engine.label: engine})
    front.reader = reader
    asked = check_chat({"model": "gpt-4o", "messages": show(*(write([(20, 20, w, 40)], (300, 100)) for w in WORDS))})
    looked = asyncio.run(look_at_pictures(front, front.find_deployment("gpt-4o"), asked["messages"], "chat"))
    told = tell_pictures(looked.messages)[-1]["content"]
    places = [told.index(each) for each in ("Picture 1 of 2", WORDS[0], "Picture 2 of 2", WORDS[1])]
    assert places == sorted(places) and looked.pictures == 2
    engine.stop()


def test_the_answer_names_the_reader_beside_the_engine(served: openai.OpenAI):
    raw = _ask(served, write([(20, 20, "LEFT", 40)], (300, 100)))
    assert raw.headers["x-standin-engine"] == raw.parse().model == "Nonsense (no model) with PP-OCR (rapidocr)"
    assert raw.headers["x-standin-note"] == "pictures are read by OCR, not seen"
    text = served.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "x"}])
    assert text.model == "Nonsense (no model)", "nobody read where there was no picture"


def test_others_are_answered_while_a_picture_is_read(served: openai.OpenAI):
    busy = threading.Thread(target=_ask, args=(served, write([(20, 20, "WAIT", 40)], (2000, 2000))))
    busy.start()
    waited, answered = [], 0
    while busy.is_alive():
        began = time.monotonic()
        assert served.models.list().data
        answered += busy.is_alive()
        waited.append(time.monotonic() - began)
    assert answered >= 3 and sorted(waited)[len(waited) // 2] < 0.5
