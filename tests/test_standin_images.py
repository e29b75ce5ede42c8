"""The stand-in's pictures: the wire is Azure's, and the prompt decides what is seen."""

import asyncio
import base64
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import openai
import pytest
from PIL import Image

from helpers.images import change_of, extend_canvas, mask_of, picture_file, read_picture
from helpers.picture_tokens import drawn_picture_tokens
from tests.standin import images, serve
from tests.standin.image_tool import HEADER
from tests.standin.pictures.drawing import draw_scene
from tests.standin.pictures.scene import Item, Scene

HTTP = httpx2.Client(timeout=60, verify=False)
PROMPT = "A red lighthouse at night."


@pytest.fixture(scope="module")
def standin():
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def client(standin):
    with openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key, max_retries=0) as made:
        yield made


def draw(client, model="gpt-image-1-mini", prompt=PROMPT, **more):
    return client.images.generate(model=model, prompt=prompt, quality=more.pop("quality", "low"), **more)


def test_an_answer_has_the_picture_its_usage_and_who_made_it(client):
    raw = client.images.with_raw_response.generate(model="gpt-image-1-mini", prompt=PROMPT, n=2, quality="low")
    answer = raw.parse()
    assert raw.headers["x-standin-engine"] == "Nonsense (no model)"
    assert raw.headers["x-standin-note"] == "composed by Nonsense (no model), drawn by code"
    pictures = [read_picture(one) for one in answer.data]
    assert [picture.size for picture in pictures] == [(1024, 1024)] * 2
    assert pictures[0].info["Description"] == "composed by Nonsense (no model), drawn by code"
    assert change_of(*pictures).inside > 0.01, "two choices of one prompt differ"
    assert answer.usage.output_tokens == 2 * drawn_picture_tokens("gpt-image-1-mini", "1024x1024", "low")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert (answer.quality, answer.size, answer.output_format) == ("low", "1024x1024", "png")


def test_another_prompt_and_another_try_give_other_pictures(client):
    first, again, other = (read_picture(draw(client, prompt=text).data[0]) for text in ("a boat", "a boat", "a bear"))
    assert change_of(first, again).inside > 0.01 and change_of(first, other).inside > 0.01


def test_low_quality_has_less_detail_and_fewer_bytes(client):
    with serve() as fresh:
        sizes = {}
        for quality in ("low", "high"):
            with openai.OpenAI(base_url=f"{fresh.endpoint}/openai/v1/", api_key=fresh.key) as one:
                told = one.images.generate(model="gpt-image-1-mini", prompt=f"{PROMPT}", quality=quality)
                sizes[quality] = len(told.data[0].b64_json)
    assert sizes["low"] < 0.6 * sizes["high"]


@pytest.mark.parametrize("size", ["1024x1536", "1536x1024"])
def test_a_picture_has_the_size_that_was_asked_for(client, size):
    picture = read_picture(draw(client, size=size).data[0])
    assert f"{picture.width}x{picture.height}" == size


def test_gpt_image_2_takes_any_size_within_its_bounds(client):
    picture = read_picture(draw(client, "gpt-image-2", size="1280x720").data[0])
    assert picture.size == (1280, 720)
    for size, words in {
        "1920x1080": "divisible by 16",
        "512x512": "minimum pixel budget",
        "4096x2048": "longest edge",
        "3840x2560": "maximum pixel budget",
        "3200x800": "aspect ratio",
    }.items():
        with pytest.raises(openai.BadRequestError, match=words) as refused:
            draw(client, "gpt-image-2", size=size)
        assert refused.value.body["type"] == "image_generation_user_error"


def test_background_and_format_are_kept(client):
    clear = read_picture(draw(client, background="transparent").data[0])
    assert clear.mode == "RGBA" and clear.getchannel("A").getextrema() == (0, 255)
    jpeg = base64.b64decode(draw(client, output_format="jpeg", output_compression=40).data[0].b64_json)
    rich = base64.b64decode(draw(client, output_format="jpeg", output_compression=100).data[0].b64_json)
    assert Image.open(io.BytesIO(jpeg)).format == "JPEG" and len(jpeg) < len(rich)
    with pytest.raises(openai.BadRequestError, match="JPEG"):
        draw(client, background="transparent", output_format="jpeg")


@pytest.mark.parametrize(
    ("model", "parameters", "words"),
    [
        ("gpt-image-1-mini", {"size": "2048x2048"}, "Invalid value: '2048x2048'. Supported values are: '1024x1024'"),
        ("gpt-image-1-mini", {"quality": "ultra"}, "Invalid value: 'ultra'. Supported values are: 'low', 'medium'"),
        ("gpt-image-1-mini", {"style": "vivid"}, "Unknown parameter: 'style'."),
        ("gpt-image-1-mini", {"response_format": "url"}, "Unknown parameter: 'response_format'."),
        ("gpt-image-1-mini", {"n": 11}, "integer above maximum value"),
        ("gpt-image-1-mini", {"n": 0}, "integer below minimum value"),
        ("gpt-image-1-mini", {"prompt": "x" * 32_001}, "string too long"),
        ("dall-e-3", {"n": 2}, "integer above maximum value"),
        ("dall-e-3", {"prompt": "x" * 4_001}, "string too long"),
        ("gpt-image-2", {"background": "transparent"}, "Transparent background is not supported"),
        ("gpt-5.4-mini", {}, "imageGenerations operation does not work with the specified model"),
    ],
)
def test_what_a_model_does_not_take_is_refused_as_the_service_does(client, model, parameters, words):
    asked = {"model": model, "prompt": PROMPT, **parameters}
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(**asked)
    assert words in refused.value.message


def test_chat_models_draw_nothing_and_picture_models_do_not_chat(client):
    with pytest.raises(openai.BadRequestError, match="does not work with the specified model"):
        client.chat.completions.create(model="gpt-image-2", messages=[{"role": "user", "content": "hello"}])


def test_dall_e_3_tells_the_prompt_as_it_was_revised_and_is_not_billed_by_tokens(client):
    answer = client.images.generate(
        model="dall-e-3", prompt=PROMPT, quality="hd", style="natural", size="1792x1024", response_format="b64_json"
    )
    assert answer.data[0].revised_prompt and answer.usage is None
    assert read_picture(answer.data[0]).size == (1792, 1024)


def test_partial_pictures_come_first_and_cost_tokens(client):
    with client.images.generate(
        model="gpt-image-1-mini", prompt=PROMPT, quality="low", stream=True, partial_images=2
    ) as stream:
        *partial, last = list(stream)
    assert [one.type for one in partial] == ["image_generation.partial_image"] * 2
    assert [one.partial_image_index for one in partial] == [0, 1]
    whole = read_picture(last.b64_json)
    gaps = [change_of(read_picture(one.b64_json), whole).difference for one in partial]
    means = [sum(gap.histogram()[level] * level for level in range(256)) for gap in gaps]
    assert means[0] > means[1] > 0, "each is nearer to the whole one"
    assert last.type == "image_generation.completed"
    assert last.usage.output_tokens == drawn_picture_tokens("gpt-image-1-mini", "1024x1024", "low") + 2 * 100


def edit(client, picture, model="gpt-image-1-mini", **more):
    images = [picture_file(one, f"{n}.png") for n, one in enumerate(picture)] if isinstance(picture, list) else None
    return client.images.edit(
        model=model, image=images or picture_file(picture), prompt="Add a red balloon.", quality="low", **more
    )


@pytest.fixture(scope="module")
def picture(client):
    return read_picture(draw(client).data[0])


def test_an_edit_changes_only_what_the_mask_lets_change(client, picture):
    mask = mask_of(picture.size, (600, 100, 900, 500))
    edited = read_picture(edit(client, picture, mask=picture_file(mask, "mask.png")).data[0])
    changed = change_of(picture, edited, mask)
    assert changed.inside > 0.2
    signature = 1024 * 45 / 1024**2
    assert changed.outside < signature, "nothing else but the line that says who made it"


def test_an_edit_without_a_mask_keeps_the_picture_behind_what_it_adds(client, picture):
    edited = read_picture(edit(client, picture).data[0])
    assert 0.001 < change_of(picture, edited).inside < 0.9


def test_a_larger_canvas_is_filled_around_the_picture(client, picture):
    canvas, mask = extend_canvas(picture.convert("RGB").resize((512, 512)), right=256)
    edited = read_picture(edit(client, canvas, mask=picture_file(mask, "mask.png")).data[0])
    assert edited.size == (768, 512)
    assert change_of(canvas, edited, mask).inside > 0.5


def test_input_tokens_are_counted_as_documented(client, picture):
    small = picture.resize((512, 512))
    usage = edit(client, [small, small], model="gpt-image-1").usage
    assert usage.input_tokens_details.image_tokens == 388
    fine = edit(client, small, model="gpt-image-1", input_fidelity="high").usage
    assert fine.input_tokens_details.image_tokens == 194 + 4_160
    with pytest.raises(openai.BadRequestError, match="Unknown parameter: 'input_fidelity'"):
        edit(client, small, input_fidelity="high")


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (lambda size: mask_of((100, 100), (0, 0, 50, 50)), "mask size does not match image size"),
        (lambda size: Image.new("RGB", size, "white"), "mask image missing alpha channel"),
    ],
)
def test_a_mask_that_is_none_is_refused_as_the_service_does(client, picture, mask, words):
    with pytest.raises(openai.BadRequestError, match=words) as refused:
        edit(client, picture, mask=picture_file(mask(picture.size), "mask.png"))
    assert refused.value.code == "invalid_mask_image_format"


def test_a_file_that_is_no_picture_is_refused(client):
    with pytest.raises(openai.BadRequestError, match="unsupported mimetype"):
        client.images.edit(model="gpt-image-1-mini", image=("a.txt", b"no picture", "text/plain"), prompt="x")


def test_an_edit_that_is_sent_as_json_says_what_is_wanted(client):
    with pytest.raises(openai.BadRequestError, match="only accepts 'multipart/form-data'"):
        client.post("/images/edits", body={"model": "gpt-image-1-mini"}, cast_to=object)


def test_an_edit_streams_too(client, picture):
    stream = edit(client, picture, stream=True, partial_images=1)
    kinds = [json.loads(one.model_dump_json())["type"] for one in stream]
    assert kinds == ["image_edit.partial_image", "image_edit.completed"]


def test_the_dated_form_names_the_deployment_in_its_path(standin, picture):
    with openai.AzureOpenAI(
        azure_endpoint=standin.endpoint, api_key=standin.key, api_version="2025-04-01-preview", max_retries=0
    ) as client:
        assert read_picture(draw(client).data[0]).size == (1024, 1024)
        assert edit(client, picture.resize((512, 512))).data


# --- odd pictures and masks -------------------------------------------------------------------------------------------


def saved(picture: Image.Image, kind: str, **more) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **more)
    return buffer.getvalue()


def post_edit(standin, data: bytes, name="a.png", mask: bytes | None = None, **more):
    files = [("image", (name, data, "image/png")), *([("mask", ("m.png", mask, "image/png"))] if mask else [])]
    form = {"model": "gpt-image-1-mini", "prompt": "Add a boat.", "quality": "low", **more}
    return HTTP.post(
        f"{standin.endpoint}/openai/v1/images/edits", headers={"api-key": standin.key}, data=form, files=files
    )


def result_of(answer) -> Image.Image:
    assert answer.status_code == 200, answer.text[:300]
    return read_picture(answer.json()["data"][0]["b64_json"])


def test_a_photograph_is_edited_upright(standin):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert result_of(post_edit(standin, saved(Image.new("RGB", (96, 64)), "JPEG", exif=exif))).size == (64, 96)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("I;16", "PNG"), ("CMYK", "JPEG"), ("RGB", "WEBP")],
)
def test_a_picture_of_any_mode_is_edited(standin, mode, kind):
    grey = (
        Image.new(mode, (64, 64), 40_000)
        if mode == "I;16"
        else Image.new("RGB", (64, 64), (155, 155, 155)).convert(mode)
    )
    corner = result_of(post_edit(standin, saved(grey, kind))).convert("RGB").getpixel((1, 1))
    assert max(corner) - min(corner) < 8 and (mode == "1" or abs(corner[0] - 155) < 6)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", saved(Image.new("RGB", (9, 9)), "BMP")])
def test_what_cannot_be_edited_is_400(standin, data):
    answer = post_edit(standin, data)
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "unsupported_file_mimetype"


def test_a_gif_that_moves_is_400_and_a_png_that_moves_is_its_first_picture(standin):
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    moving = {"save_all": True, "append_images": frames[1:]}
    assert post_edit(standin, saved(frames[0], "GIF", **moving)).status_code == 400
    assert result_of(post_edit(standin, saved(frames[0], "PNG", **moving))).getpixel((1, 1))[:3] == (255, 0, 0)


def test_a_mask_may_be_of_any_mode_that_has_transparency(standin):
    picture, box = Image.new("RGB", (256, 256), "white"), (0, 0, 128, 128)
    full = mask_of(picture.size, box)
    palette = Image.new("P", picture.size, 1)
    palette.putpalette([0, 0, 0, 255, 255, 255])
    palette.paste(0, box)
    masks = [saved(full.convert("LA"), "PNG"), saved(palette, "PNG", transparency=0)]
    masks.append(saved(Image.new("1", picture.size, 1), "PNG", transparency=1))
    for mask in masks:
        done = result_of(post_edit(standin, saved(picture, "PNG"), mask=mask))
        assert change_of(picture, done).inside > 0.1
    half = Image.new("RGBA", picture.size, (0, 0, 0, 128))
    done = result_of(post_edit(standin, saved(picture, "PNG"), mask=saved(half, "PNG")))
    assert change_of(picture, done.crop((0, 0, 256, 256))).inside < 0.2, (
        "only alpha 0 is free; the rest is the signature"
    )
    assert (
        post_edit(standin, saved(picture, "PNG"), mask=b"no mask").json()["error"]["code"]
        == "invalid_mask_image_format"
    )


def test_an_edit_of_three_gives_three_that_differ_and_counts_them_all(client, picture):
    answer = edit(client, picture.resize((512, 512)), n=3)
    pictures = [read_picture(one) for one in answer.data]
    assert (
        len(pictures) == 3
        and change_of(pictures[0], pictures[1]).inside > 0 < change_of(pictures[1], pictures[2]).inside
    )
    assert answer.usage.output_tokens == 3 * drawn_picture_tokens("gpt-image-1-mini", "1024x1024", "low")


def test_an_edit_takes_sixteen_pictures_and_no_more(client):
    small = [Image.new("RGB", (64, 64), (value * 15, 80, 80)) for value in range(17)]
    assert edit(client, small[:16]).usage.input_tokens_details.image_tokens == 16 * 194
    with pytest.raises(openai.BadRequestError, match="at most 16"):
        edit(client, small)


def test_an_edit_without_a_size_counts_the_shape_of_its_picture(client):
    wide = edit(client, Image.new("RGB", (600, 400)))
    assert wide.size == "600x400"
    assert wide.usage.output_tokens == drawn_picture_tokens("gpt-image-1-mini", "1536x1024", "low")
    free = edit(client, Image.new("RGB", (1280, 720)), model="gpt-image-2")
    assert free.usage.output_tokens == drawn_picture_tokens("gpt-image-2", "1280x720", "low")


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3)])
def test_the_smallest_pictures_can_be_edited(client, size):
    tiny = [Image.new("RGB", size), Image.new("RGB", size)]
    assert read_picture(edit(client, tiny).data[0]).size == size


@pytest.mark.parametrize("output_format", ["png", "jpeg"])
def test_what_is_transparent_comes_back_on_white_unless_asked_otherwise(client, output_format):
    clear = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    done = read_picture(edit(client, clear, output_format=output_format).data[0])
    assert done.mode == "RGB" and min(done.getpixel((255, 2))) > 240
    kept = read_picture(edit(client, clear, background="transparent").data[0])
    assert kept.getpixel((255, 2))[3] == 0


def test_numbers_of_a_form_that_are_none_are_400(standin):
    for value in ("²", "1.5", "", "１"):
        answer = post_edit(standin, saved(Image.new("RGB", (32, 32)), "PNG"), n=value)
        assert answer.status_code == 400 and answer.json()["error"]["param"] == "n", value


def test_the_same_prompt_asked_at_once_gives_pictures_that_differ(client):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: draw(client, prompt="four at once").data[0].b64_json, range(4)))
    assert len(set(answers)) == 4


def test_a_client_that_leaves_lets_the_engine_go(monkeypatch):
    """The engine is slow; who has left does not keep it busy."""
    stopped = []

    async def never(*_):
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append(True)

    monkeypatch.setattr("tests.standin.images._ask_whole", never)
    with serve() as slow:
        for asks in (draw, lambda client, **_: edit(client, Image.new("RGB", (64, 64)))):
            with (
                openai.OpenAI(
                    base_url=f"{slow.endpoint}/openai/v1/", api_key=slow.key, max_retries=0, timeout=0.4
                ) as one,
                pytest.raises(openai.APITimeoutError),
            ):
                asks(one)
        deadline = time.monotonic() + 10
        while len(stopped) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(stopped) == 2, "before the server ends"


def test_the_largest_picture_is_drawn_within_a_bounded_memory(monkeypatch):
    sizes = []
    real = Image.new
    monkeypatch.setattr(Image, "new", lambda mode, size, *more: sizes.append(size) or real(mode, size, *more))
    draw_scene(Scene("meadow", (Item("cat", "grey", "middle", "middle", "medium", 1),)), (2048, 2048), quality="high")
    assert max(width * height for width, height in sizes) <= 24_000_000


def test_a_picture_tells_the_next_edit_what_is_in_it(client):
    first = base64.b64decode(draw(client).data[0].b64_json)
    again = client.images.edit(
        model="gpt-image-1-mini", image=("a.png", first, "image/png"), prompt="Add a red boat."
    ).data[0]
    before, after = (set(read_picture(one).info["Motifs"].split(", ")) for one in (first, again))
    assert before and before < after


@pytest.mark.parametrize("kind", ["edit", "tool"])
def test_what_is_in_a_picture_reaches_who_composes_the_next(client, monkeypatch, kind):
    told = []
    real = images.read_composed
    monkeypatch.setattr(
        images, "read_composed", lambda text, prompt, over: told.append(over) or real(text, prompt, over)
    )
    first = draw(client).data[0].b64_json
    known = set(read_picture(first).info["Motifs"].split(", "))
    if kind == "edit":
        file = ("a.png", base64.b64decode(first), "image/png")
        client.images.edit(model="gpt-image-1-mini", image=file, prompt="Add a red boat.", quality="low")
    else:
        parts = [
            {"type": "input_text", "text": "Add a red boat."},
            {"type": "input_image", "image_url": f"data:image/png;base64,{first}"},
        ]
        client.responses.create(
            model="gpt-4.1-mini",
            input=[{"role": "user", "content": parts}],
            tools=[{"type": "image_generation", "quality": "low"}],
            tool_choice={"type": "image_generation"},
            extra_headers={HEADER: "gpt-image-1-mini"},
        )
    assert told == [None, known]


def test_one_thing_without_a_background_fills_the_picture(client, monkeypatch):
    leaf = Scene("warm room", (Item("leaf", "green", "left", "front", "small", 1),))
    monkeypatch.setattr(images, "read_composed", lambda text, prompt, over: leaf)
    clear = read_picture(draw(client, background="transparent").data[0])
    left, top, right, bottom = clear.crop((0, 0, 1024, 980)).getchannel("A").getbbox()
    assert right - left > 500 and bottom - top > 500 and abs(left + right - 1024) < 120
