"""Pictures in chats and responses: checked as the service does, made as small as it does, read by dice or by OCR."""

import base64
import io
import json
import struct
import sys
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import openai
import pytest
from PIL import Image

from helpers.parameters import find_rule
from helpers.picture_tokens import shown_picture_size, shown_picture_tokens
from helpers.tables import read_rows
from tests.azure import find_folder
from tests.loopback import Wire, answer_plainly, open_wire
from tests.standin import Standin, nonsense
from tests.standin.app import build_app
from tests.standin.deployments import build_deployments
from tests.standin.engines import NonsenseEngine
from tests.standin.seeing import sources
from tests.standin.seeing.decoding import MOST_PIXELS, decode_picture
from tests.standin.seeing.describing import describe, group_rows, measure_colours
from tests.standin.seeing.looking import tell_pictures
from tests.standin.seeing.parts import PICTURE
from tests.standin.seeing.reading import Box, MissingReader, NonsenseReader, find_reader
from tests.standin.servers import LOOPBACK, ThreadServer
from tests.standin.serving import build_front

wire = pytest.fixture(open_wire)
MINI, LUNA = "gpt-5.4-mini", "gpt-5.6-luna"
MESSAGES = {row["error"]: json.loads(row["body"])["error"] for row in read_rows("errors") if "_image_" in row["error"]}


def draw(
    size: tuple[int, int] = (64, 48), colour: str = "teal", kind: str = "PNG", mode: str = "RGB", **how: Any
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind, **how)
    return out.getvalue()


def as_url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def show(*urls: str, text: str = "What is it?", detail: str | None = None) -> Any:
    """A chat's message with pictures."""
    more = {"detail": detail} if detail else {}
    pictures = [{"type": "image_url", "image_url": {"url": url, **more}} for url in urls]
    return [{"role": "user", "content": [{"type": "text", "text": text}, *pictures]}]


def give(*urls: str, text: str = "What is it?", detail: str | None = None) -> Any:
    """The same as the input of a response."""
    more = {"detail": detail} if detail else {}
    pictures = [{"type": "input_image", "image_url": url, **more} for url in urls]
    return [{"role": "user", "content": [{"type": "input_text", "text": text}, *pictures]}]


def refuse_chat(client: openai.OpenAI, messages: Any, model: str = "gpt-4o") -> dict[str, Any]:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model=model, messages=messages)
    return cast(dict[str, Any], refused.value.body)


def refuse_response(client: openai.OpenAI, given: Any, model: str = LUNA) -> dict[str, Any]:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=model, input=given)
    return cast(dict[str, Any], refused.value.body)


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_chat_with_a_picture_counts_it_and_says_how_it_was_read(client: openai.OpenAI):
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=show(as_url(draw((900, 700)))))
    answer = raw.parse()
    assert raw.headers["x-standin-note"] == NonsenseReader.note
    assert answer.model == raw.headers["x-standin-engine"] == nonsense.LABEL
    assert answer.usage and answer.usage.prompt_tokens == 3 + shown_picture_tokens("gpt-4o", 900, 700)
    assert answer.usage.prompt_tokens_details and answer.usage.prompt_tokens_details.cached_tokens == 0


def test_a_response_with_a_picture_counts_it_and_lists_it(client: openai.OpenAI):
    url = as_url(draw((900, 700)))
    answer = client.responses.create(model=LUNA, input=give(url, detail="high"))
    pixels = shown_picture_tokens(LUNA, 900, 700, "high")
    assert answer.usage and answer.usage.input_tokens == 3 + pixels
    (item,) = client.responses.input_items.list(answer.id).data
    parts = item.model_dump()["content"]
    assert [part["type"] for part in parts] == ["input_text", "input_image"]
    assert (parts[1]["image_url"], parts[1]["detail"]) == (url, "high")
    after = client.responses.create(model=LUNA, input="And now?", previous_response_id=answer.id)
    assert after.usage and after.usage.input_tokens > 5 + pixels, "an earlier turn's picture is read again"


def test_what_an_engine_is_told_depends_on_the_picture_and_comes_in_its_place(client: openai.OpenAI):
    def ask(*urls: str) -> str | None:
        return client.chat.completions.create(model="gpt-4o", messages=show(*urls)).choices[0].message.content

    teal, red = as_url(draw()), as_url(draw(colour="red"))
    assert ask(teal) == ask(teal) == ask(as_url(draw(compress_level=1))), "the same pixels are the same picture"
    assert len({ask(teal), ask(red), ask(teal, red), ask(red, teal)}) == 4


def test_an_engine_is_asked_after_it_was_told_and_labels_stay_with_their_pictures():
    def tell(*kinds: str) -> str:
        parts = [{"type": "text", "text": kind} if kind.islower() else {"type": PICTURE, "part": None, "told": kind}
                 for kind in kinds]  # fmt: skip
        return tell_pictures([{"role": "user", "content": parts}])[-1]["content"]

    assert tell("ask", "ONE", "TWO") == "ONE\n\nTWO\n\nask"
    assert tell("first", "ONE", "second", "TWO") == "first\n\nONE\n\nsecond\n\nTWO"
    assert tell("ONE", "ask") == "ONE\n\nask"


def test_streams_tools_and_schemas_take_pictures_too(client: openai.OpenAI):
    messages = show(as_url(draw()))
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=messages, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    tool: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    called = client.chat.completions.create(model="gpt-4o", messages=messages, tools=[tool], tool_choice="required")
    assert called.choices[0].message.tool_calls
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    form: Any = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema | {"additionalProperties": False},
                                                        "strict": True}}  # fmt: skip
    answer = client.chat.completions.create(model="gpt-4o", messages=messages, response_format=form)
    assert isinstance(json.loads(answer.choices[0].message.content or "")["a"], int)
    with client.responses.stream(model=LUNA, input=give(as_url(draw()))) as stream:
        assert list(stream)[-1].type == "response.completed"


def test_an_answer_to_a_picture_has_the_fields_of_the_wire(client: openai.OpenAI):
    folder = find_folder("wire/azure")
    if not folder:
        pytest.skip("real answers of Azure are not at hand: set AZURE_OPENAI_SPECS")
    (entry,) = json.loads((folder / "azsdk_v1_chat_vision_gpt4o.json").read_text())["Entries"]
    recorded = entry["ResponseBody"]
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=show(as_url(draw())))
    ours = json.loads(raw.content)
    assert list(ours) == list(recorded) and ours["usage"].keys() == recorded["usage"].keys()
    assert ours["prompt_filter_results"] == recorded["prompt_filter_results"]


def test_the_filter_names_each_picture_as_on_the_wire(client: openai.OpenAI):
    answer = client.chat.completions.create(model="gpt-4o", messages=show(as_url(draw()), as_url(draw())))
    told = answer.model_dump()["prompt_filter_results"]
    assert [entry["prompt_index"] for entry in told] == [2, 1, 0]
    assert set(told[0]["content_filter_result"]) == {"sexual", "violence", "hate", "self_harm"}
    assert told[-1]["content_filter_result"] == {}


# --- detail -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "detail", "size"),
    [
        ("gpt-4o", "low", (512, 256)),
        ("gpt-4o", "high", (1536, 768)),
        ("gpt-4o", "auto", (1536, 768)),
        (LUNA, "low", (512, 256)),
        (LUNA, "auto", (4000, 2000)),
        (LUNA, "original", (4000, 2000)),
        (MINI, "high", (2048, 1024)),
        (MINI, "low", (2048, 1024)),
    ],
)
def test_a_model_looks_at_a_picture_in_the_size_of_its_rule(model: str, detail: str, size: tuple[int, int]):
    assert shown_picture_size(model, 4000, 2000, detail) == size
    assert shown_picture_size(model, 40, 20, detail) == (40, 20), "none is made larger"


def test_a_picture_is_shrunk_before_it_is_read(client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch):
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(NonsenseReader, "read", lambda self, picture: seen.append(picture.size) or [])
    for detail in ("low", "high", None):
        client.chat.completions.create(model="gpt-4o", messages=show(as_url(draw((1500, 1000))), detail=detail))
    assert seen == [(512, 341), (1152, 768), (1152, 768)]


def test_every_deployment_that_takes_pictures_counts_them(standin: Standin, client: openai.OpenAI):
    noted = {}
    for name, deployment in build_deployments({nonsense.LABEL: standin.engine}).items():
        rule = find_rule("chat", deployment.versioned, "messages.part")
        if deployment.chats and rule and "image_url" in rule["allowed_values"]:
            answer = client.responses.with_raw_response.create(model=name, input=give(as_url(draw((512, 512)))))
            noted[name] = answer.headers["x-standin-note"]
            assert answer.parse().usage.input_tokens > 200  # type: ignore[union-attr]
    assert {"gpt-4-turbo", "gpt-4.5-preview", "gpt-4o", MINI, LUNA, "gpt-6.1-sol", "o1"} <= set(noted)
    assert noted["gpt-6-luna"].endswith("pictures are counted as gpt-6-astra's: no figure is known of gpt-6-luna")
    assert noted[MINI] == noted["gpt-4-turbo"] == NonsenseReader.note


# --- refusals ---------------------------------------------------------------------------------------------------------


def body_of(error: str, **changed: Any) -> dict[str, Any]:
    return MESSAGES[error] | changed


def truncated() -> bytes:
    return draw((400, 400))[:-200]


def bomb(side: int = 30_000) -> bytes:
    """A picture of a gigabyte in a few bytes: its header alone is read."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


BROKEN = {
    "text": lambda: b"hello",
    "cut off": truncated,
    "a bomb": bomb,
    "too large for memory": lambda: draw((9_400, 9_500), "white", mode="1"),
    "a header alone": lambda: draw()[:40],
    "of another kind": lambda: draw(kind="TIFF"),
    "a drawing": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "half a jpeg": lambda: draw((300, 300), kind="JPEG")[:250],
    "half a gif": lambda: draw((300, 300), kind="GIF")[:30],
    "half a webp": lambda: draw((300, 300), kind="WEBP")[:40],
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_picture_is_refused_in_the_services_words(client: openai.OpenAI, case: str):
    url = as_url(BROKEN[case]())
    assert refuse_chat(client, show(url)) == body_of("400_image_format")
    assert refuse_response(client, give(url)) == body_of("400_image_responses_broken")


BAD_URLS = {
    "a path": ("data/media/cat.png", "a value without the 'data:' prefix"),
    "bare base64": ("iVBORw0KGgo=", "a value without the 'data:' prefix"),
    "another scheme": ("ftp://127.0.0.1/cat.png", "a value without the 'data:' prefix"),
    "a file's": ("file:///etc/hostname", "a value without the 'data:' prefix"),
    "no base64": ("data:image/png,abc", "a value without base64-encoded bytes"),
}


@pytest.mark.parametrize("case", BAD_URLS)
def test_a_url_that_is_none_is_refused(client: openai.OpenAI, case: str):
    url, got = BAD_URLS[case]
    assert refuse_chat(client, show(url)) == body_of("400_image_url_form")
    error = refuse_response(client, give(url))
    assert error["message"].startswith("Invalid 'input[0].content[1].image_url'. Expected a base64-encoded data URL")
    assert error["message"].endswith(f"but got {got}.") and error["code"] == "invalid_value"


def test_base64_that_is_none_is_refused(client: openai.OpenAI):
    for url in ("data:image/png;base64,@@@@", "data:image/png;base64,"):
        assert refuse_chat(client, show(url)) == body_of("400_image_base64")
    known = MESSAGES["400_image_responses_url_form"]
    where = "input[0].content[1].image_url"
    error = refuse_response(client, give("data:image/png;base64,"))
    assert error == known | {
        "message": known["message"].replace("input[101].content[1].image_url", where),
        "param": where,
    }


def test_another_type_than_a_pictures_is_refused(client: openai.OpenAI):
    assert refuse_chat(client, show(as_url(draw(), "text/plain"))) == body_of("400_image_format")
    assert (
        "unsupported MIME type 'text/plain'" in refuse_response(client, give(as_url(draw(), "text/plain")))["message"]
    )


def test_a_picture_past_20_mb_is_refused(client: openai.OpenAI):
    padded = draw() + bytes(sources.MOST_BYTES)
    assert refuse_chat(client, show(as_url(padded))) == body_of("400_image_bytes")


def test_models_without_pictures_refuse_them(client: openai.OpenAI):
    for model in ("gpt-35-turbo", "gpt-4", "o3-mini", "o1-mini", "gpt-oss-120b"):
        error = refuse_chat(client, show(as_url(draw())), model)
        assert error == body_of("400_image_no_vision", param="messages.[0].content.[1].type")
    assert "only supported by certain models" in refuse_response(client, give(as_url(draw())), "o3-mini")["message"]


def test_fifty_pictures_are_taken_and_no_more(client: openai.OpenAI):
    url = as_url(draw((8, 8)))
    assert client.chat.completions.create(model="gpt-4o", messages=show(*[url] * 50), max_tokens=1)
    assert refuse_chat(client, show(*[url] * 51)) == body_of("400_image_too_many", param="messages")
    assert refuse_response(client, give(*[url] * 51)) == body_of("400_image_too_many")


def test_pictures_are_the_users_alone(client: openai.OpenAI):
    for role in ("system", "assistant"):
        (message,) = show(as_url(draw()))
        error = refuse_chat(client, [{"role": "user", "content": "x"}, {**message, "role": role}])
        known = MESSAGES["400_image_role"]["message"].replace("messages[2]", "messages[1]").replace("assistant", role)
        assert (error["message"], error["param"]) == (known, "messages[1]")
    assert "'input_image'" in refuse_response(client, [{**give(as_url(draw()))[0], "role": "assistant"}])["message"]


def test_a_wrong_detail_is_refused(client: openai.OpenAI):
    url = as_url(draw())
    error = refuse_chat(client, show(url, detail="huge"))
    assert error["message"].startswith("Invalid value: 'huge'. Supported values are: 'low', 'high'")
    assert error["param"] == "messages[0].content[1].image_url.detail"
    assert refuse_response(client, give(url, detail="huge"))["param"] == "input[0].content[1].detail"
    error = refuse_chat(client, show(url, detail="original"))
    assert error["message"] == "Invalid value: 'original'. Supported values are: 'low', 'high', and 'auto'."
    assert error["param"] == "messages[0].content[1].image_url.detail", "gpt-4o knows no original"
    assert refuse_response(client, give(url, detail="original"), "gpt-4o")["param"] == "input[0].content[1].detail"


def test_too_many_patches_are_refused_and_shrunk_with_detail_high(client: openai.OpenAI):
    out = io.BytesIO()
    Image.new("1", (6048, 6048)).save(out, "PNG")
    url = as_url(out.getvalue())
    quoted = next(row for row in read_rows("errors") if row["error"] == "400_vision_patch_limit")
    for detail in ("original", None):
        error = refuse_response(client, give(url, detail=detail))
        assert error["message"] == json.loads(quoted["body"])["error"]["message"]
    answer = client.responses.create(model=LUNA, input=give(url, detail="high"))
    assert answer.usage and answer.usage.input_tokens == 3 + 3_000


def test_a_file_id_is_not_served(client: openai.OpenAI):
    part = {"type": "input_image", "file_id": "assistant-1"}
    error = refuse_response(client, [{"role": "user", "content": [part]}])
    assert "not served by this stand-in" in error["message"] and error["param"] == "input[0].content[0].file_id"


def test_a_word_in_a_picture_does_not_ask_for_json(client: openai.OpenAI):
    form: Any = {"format": {"type": "json_object"}}
    with pytest.raises(openai.BadRequestError, match="must contain the word 'json'"):
        client.responses.create(model="gpt-4o", input=give(as_url(draw())), text=form)


def test_without_rapidocr_pictures_are_refused_and_that_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    said: list[str] = []
    reader = find_reader(said.append)
    assert isinstance(reader, MissingReader) and "rapidocr is not installed" in said[0]
    engine = NonsenseEngine()
    front = build_front({engine.label: engine})
    front.reader = reader
    server = ThreadServer(build_app(front), LOOPBACK, 0)
    try:
        with openai.OpenAI(base_url=f"{server.url}/openai/v1/", api_key=front.key, max_retries=0) as client:
            assert client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "x"}])
            assert "needs rapidocr" in refuse_chat(client, show(as_url(draw())))["message"]
    finally:
        server.stop()
        engine.stop()


# --- where pictures come from -----------------------------------------------------------------------------------------


class Pictures(BaseHTTPRequestHandler):
    """A server of pictures on this machine."""

    def do_GET(self) -> None:
        status, data = {
            "/cat.png": (200, draw((1024, 1024))),
            "/moved": (302, b""),
            "/endless": (200, bytes(sources.MOST_BYTES + 2**20)),
            "/page": (200, b"<html>"),
        }.get(self.path, (404, b"none"))
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/cat.png")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def pictures() -> Iterator[str]:
    server = ThreadingHTTPServer((LOOPBACK, 0), Pictures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{LOOPBACK}:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_picture_is_fetched_from_this_machine_and_from_nowhere_else(client: openai.OpenAI, pictures: str):
    answer = client.chat.completions.create(model="gpt-4o", messages=show(f"{pictures}/cat.png"))
    assert answer.usage and answer.usage.prompt_tokens == 3 + 765
    everywhere = pictures.replace(LOOPBACK, "0.0.0.0")  # reaches this machine too, and is not its name
    for url in (f"{everywhere}/cat.png", f"{pictures}/none.png", f"{pictures}/moved", "https://example.org/cat.png", "http://127.0.0.1:9/a.png",
                "http://10.0.0.1/a.png", "http://127.0.0.1.example.org/a.png", "http://[", "https://"):  # fmt: skip
        assert refuse_chat(client, show(url)) == body_of("400_image_url_reach"), url
        error = refuse_response(client, give(url))
        assert error == body_of("400_image_responses_reach", message=f"Error while downloading {url}.")
    assert refuse_chat(client, show(f"{pictures}/endless")) == body_of("400_image_bytes")
    assert refuse_chat(client, show(f"{pictures}/page")) == body_of("400_image_format")


def test_the_example_address_is_the_folder_of_media_and_nothing_above_it(
    client: openai.OpenAI, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    media = tmp_path / "media"
    media.mkdir()
    (media / "a cat.png").write_bytes(draw((1024, 1024)))
    (tmp_path / "secret.png").write_bytes(draw())
    monkeypatch.setattr(sources, "MEDIA", media)
    answer = client.responses.create(model="gpt-4o", input=give("https://example.com/media/a%20cat.png"))
    assert answer.usage and answer.usage.input_tokens == 3 + 765
    for name in ("none.png", "../secret.png", "%2e%2e/secret.png", "", ".", "a%00b", str(tmp_path / "secret.png")):
        assert refuse_chat(client, show(f"https://example.com/media/{name}")) == body_of("400_image_url_reach"), name


# --- pixels and words -------------------------------------------------------------------------------------------------


def test_a_picture_is_turned_as_its_exif_says():
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 10)).save(out, "JPEG", exif=exif)
    assert decode_picture(out.getvalue()).size == (10, 30)


def test_what_is_transparent_lies_on_white_and_of_a_film_the_first_picture_counts():
    out, film = io.BytesIO(), io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(out, "PNG")
    assert decode_picture(out.getvalue()).getpixel((0, 0)) == (255, 255, 255)
    first, second = (Image.new("RGB", (4, 4), colour) for colour in ("blue", "red"))
    first.save(film, "GIF", save_all=True, append_images=[second])
    assert decode_picture(film.getvalue()).getpixel((0, 0)) == (0, 0, 255)


def test_sixteen_bits_keep_their_greys():
    out = io.BytesIO()
    Image.new("I;16", (4, 4), 32_896).save(out, "PNG")
    assert decode_picture(out.getvalue()).getpixel((0, 0)) == (128, 128, 128)


def test_a_large_picture_is_taken_up_to_the_bound():
    assert 30_000**2 > MOST_PIXELS > 30_000 * 32 * 32, "every picture within the patches of the newest models is taken"


def test_pieces_of_a_row_stay_in_one_line_from_left_to_right():
    price, name = Box("8.20", 400, 139, 448, 165), Box("Cheese", 27, 140, 176, 164)
    total = Box("TOTAL", 25, 219, 97, 244)
    assert group_rows([total, price, name]) == [[name, price], [total]]
    told = describe(Image.new("RGB", (480, 300), "white"), [total, price, name], 1, 2)
    assert told.startswith("[Picture 1 of 2, 480 x 300 pixels.\n")
    assert "- Cheese | 8.20\n- TOTAL (left)\n" in told and "Main colours: white 100%." in told


def test_values_over_their_labels_are_told_label_by_label():
    labels = [Box(name, 100 * i, 300, 100 * i + 60, 320) for i, name in enumerate(("Apples", "Pears", "Plums"))]
    values = [Box(f"{i}10", 100 * i + 15, 100 + 60 * i, 100 * i + 45, 120 + 60 * i) for i in range(3)]
    title = Box("Crates sold in June of this year", 10, 10, 280, 40)
    upright = Box("crates", 290, 100, 300, 200)
    told = describe(Image.new("RGB", (300, 330)), [title, upright, *labels, *values], 1, 1)
    assert "- Apples: 010\n- Pears: 110\n- Plums: 210\n" in told
    assert "- Crates sold in June of this year (middle)\n" in told and "- crates (written upwards, right)" in told


def test_main_colours_are_named_with_their_shares():
    picture = Image.new("RGB", (100, 100), "white")
    picture.paste((214, 39, 40), (0, 0, 100, 30))
    assert measure_colours(picture) == [("white", 0.7), ("red", 0.3)]
    assert describe(picture, [], 1, 1).endswith("No text could be read in it.\nMain colours: white 70%, red 30%.\n"
                                                "End of picture 1.]")  # fmt: skip


# --- recordings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["chat", "responses"])
def test_a_request_with_a_picture_is_kept_by_its_pixels_and_found_again(wire: Wire, kind: str):
    wire.serve(answer_plainly())
    one, same, other = as_url(draw(compress_level=0)), as_url(draw(compress_level=9)), as_url(draw(colour="red"))
    assert one != same

    def ask(mode: str, url: str) -> Any:
        client = wire.connect(mode)
        if kind == "chat":
            return client.chat.completions.create(model="gpt-4o", messages=show(url, detail="low")).id
        return client.responses.create(model=LUNA, input=give(url, detail="low")).id

    recorded = ask("record", one)
    assert ask("replay", same) == recorded
    with pytest.raises(Exception, match="no recorded answer"):
        ask("replay", other)
    (kept,) = wire.folder.glob("*.json")
    assert one[30:90] not in kept.read_text() and kept.stat().st_size < 4_000, "no base64, whatever the picture's size"
    assert '"pixels_sha256"' in kept.read_text()
