"""The stand-in's pictures: the wire is Azure's, and the prompt decides what is seen."""

import base64
import io
import json

import openai
import pytest
from PIL import Image

from helpers.images import change_of, extend_canvas, mask_of, picture_file, read_picture
from helpers.picture_tokens import drawn_picture_tokens
from tests.standin import serve

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
