"""Pictures edited: images/edits, in the dated form and in v1. What changes is composed and drawn as a new picture is.

Without a mask the new things are drawn over the picture; with one, a new scene fills what the mask leaves transparent,
to the pixel (the service's own models take a mask as guidance, and may repaint more). Further pictures appear as framed
prints. Nothing is taken out of a picture: no engine here sees one.
"""

import contextlib
import re
import time
from typing import Any

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from helpers.errors import CourseError
from helpers.parameters import find_rule
from helpers.picture_tokens import drawn_picture_tokens, shown_picture_tokens
from tests.standin.answering import Answering
from tests.standin.deployments import Deployment
from tests.standin.forms import files_of, read_form
from tests.standin.front import Front, find_dated, find_named
from tests.standin.images import (
    compose,
    describe_picture,
    draw_events,
    encode,
    label_of,
    next_seed,
    tell_picture,
    tell_usage,
    unless_left,
)
from tests.standin.images_request import Wanted, check_images, check_named_model, image_error
from tests.standin.pictures.drawing import draw_scene, sign
from tests.standin.pictures.reading import open_picture, read_mask
from tests.standin.pictures.scene import Scene
from tests.standin.refusals import ServiceError, bad_request, missing, resource_not_found, too_large
from tests.standin.wire import event_headers, json_response, make_id

__all__ = ["ROUTES", "fit_mask", "motifs_of", "redraw"]

_MOST_BYTES, _MOST_MASK = 50_000_000, 4_000_000
_MOST_PICTURES = 16
_FIRST_VERSION = "2025-04-01"  # of the API that knows edits
_INTEGERS = ("n", "output_compression", "partial_images")


async def _edit(request: Request, deployment: Deployment, form: FormData) -> Response:
    body = _read_fields(form)
    wanted = check_images("image_edits", deployment, body)
    pictures = [await _read_picture(one, "image") for one in files_of(form, "image")]
    if not pictures:
        raise missing("image")
    if len(pictures) > _MOST_PICTURES:
        raise bad_request(f"Invalid 'image': at most {_MOST_PICTURES} pictures, but got {len(pictures)}.", "image")
    masks = files_of(form, "mask")
    mask = await _read_mask(masks[0], pictures[0]) if masks else None
    front: Front = request.app.state.front
    text_tokens = front.count_prompt.text(wanted.prompt, deployment.encoding)
    image_tokens = sum(_count_tokens(deployment, picture, body.get("input_fidelity")) for picture in pictures)
    api_version = request.query_params.get("api-version")
    answering = Answering(
        front, deployment, "Images_Edit", api_version, [], text_tokens + image_tokens, 0, make_id("img"),
        note=label_of(deployment),
    )  # fmt: skip
    seed = next_seed(front, deployment, wanted.prompt)
    size = pictures[0].size if wanted.is_auto_size else wanted.size
    tokens = _count_drawn(deployment, wanted, size)

    def draw(scene: Scene, number: int) -> Image.Image:
        return redraw(scene, pictures, mask, size, wanted, seed + number, label_of(deployment))

    over = None if mask else motifs_of(pictures[0])
    usage = tell_usage(text_tokens, image_tokens, tokens * wanted.n)
    if wanted.stream:
        events = draw_events("image_edit", answering, wanted, seed, draw, usage, over)
        headers = {**answering.headers, **event_headers(answering.label)}
        return StreamingResponse(events, 200, headers, media_type="text/event-stream")
    data = []
    for number in range(wanted.n):
        scene = await unless_left(request, compose(front, deployment, wanted.prompt, seed + number, over))
        if scene is None:
            return Response()
        data.append(tell_picture(encode(await run_in_threadpool(draw, scene, number), wanted), deployment, ""))
    described = describe_picture(wanted, size) if wanted.tokens else {}
    told = {"created": int(time.time()), "data": data, **described, "usage": usage}
    return json_response(told, headers=answering.headers, engine=answering.label)


def redraw(
    scene: Scene,
    pictures: list[Image.Image],
    mask: Image.Image | None,
    size: tuple[int, int],
    wanted: Wanted,
    seed: int,
    label: str,
) -> Image.Image:
    """The first picture edited. mask: where it may change, None for everywhere. size: of the result, in pixels."""
    first = pictures[0]
    if mask is None:
        done = first.copy()
        done.alpha_composite(draw_scene(scene, first.size, quality=wanted.drawn, seed=seed, transparent=True))
    else:
        free = mask.getchannel("A").point([255] + [0] * 255)
        box = free.getbbox()
        done = first.copy()
        if box:
            part = draw_scene(scene, (box[2] - box[0], box[3] - box[1]), quality=wanted.drawn, seed=seed)
            done.paste(part, box[:2], free.crop(box))
    for place, other in enumerate(pictures[1:5]):
        _hang(done, other, place)
    done.info["motifs"] = {item.motif for item in scene.items} | motifs_of(first)
    return sign(done.resize(size, Image.Resampling.LANCZOS) if size != done.size else done, label)


def motifs_of(picture: Image.Image) -> set[str]:
    """The motifs of a picture that was drawn here, and whose file is as it was sent."""
    return set(filter(None, str(picture.info.get("Motifs", "")).split(", ")))


def _hang(picture: Image.Image, print_: Image.Image, place: int) -> None:
    """A framed print of another picture, at the upper edge."""
    across = max(1, picture.width // 5)
    shown = print_.convert("RGBA").resize((across, max(1, round(print_.height * across / print_.width))))
    frame = Image.new("RGBA", (shown.width + 16, shown.height + 16), (250, 248, 242, 255))
    frame.paste(shown, (8, 8), shown)
    picture.alpha_composite(frame, (picture.width // 40 + place * (across + 24), picture.height // 30))


def _read_fields(form: FormData) -> dict[str, Any]:
    """The fields that are no files. Numbers and booleans come as text in a form."""
    body: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name.removesuffix("[]") not in ("image", "mask"):
                raise bad_request(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
            continue
        body[name] = value
        if name in _INTEGERS and re.fullmatch("-?[0-9]{1,9}", value):
            body[name] = int(value)
        elif name == "stream":
            body[name] = value.lower() == "true"
    return body


async def _read_picture(file: UploadFile, param: str) -> Image.Image:
    data = await file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise too_large(_MOST_BYTES, len(data))
    try:
        return await run_in_threadpool(open_picture, data)
    except ValueError:
        kinds = "'image/jpeg', 'image/png', 'image/webp'"
        message = (
            f"Invalid file '{param}': unsupported mimetype ('{file.content_type}'). Supported file formats are {kinds}."
        )
        raise bad_request(message, param, "unsupported_file_mimetype") from None


async def _read_mask(file: UploadFile, picture: Image.Image) -> Image.Image:
    return fit_mask(await file.read(_MOST_MASK + 1), picture)


def fit_mask(data: bytes, picture: Image.Image) -> Image.Image:
    """The mask for a picture. Raises what the service answers to one that does not fit it."""
    try:
        mask = read_mask(data)
    except LookupError:
        raise _bad_mask("mask image missing alpha channel") from None
    except ValueError:
        raise _bad_mask("mask is no image") from None
    if mask.size != picture.size:
        raise _bad_mask("mask size does not match image size")
    return mask


def _bad_mask(why: str) -> ServiceError:
    return image_error(f"Invalid mask image format - {why}", None, "invalid_mask_image_format")


def _count_drawn(deployment: Deployment, wanted: Wanted, size: tuple[int, int]) -> int:
    """Output tokens of a picture. Where no size was asked for, it is the edited one's: counted as the size of the
    table that has its shape, where that very size has no figure."""
    if not wanted.is_auto_size:
        return wanted.tokens
    across, down = size
    shape = "1024x1024" if across == down else "1536x1024" if across > down else "1024x1536"
    for named in (f"{across}x{down}", shape):
        with contextlib.suppress(CourseError):
            return drawn_picture_tokens(deployment.model, named, wanted.quality)
    return 0


def _count_tokens(deployment: Deployment, picture: Image.Image, fidelity: Any) -> int:
    """As documented for the model; gpt-image-1-mini and 1.5, of which nothing is documented, as gpt-image-1."""
    takes = find_rule("image_edits", deployment.versioned, "input_fidelity")
    detail = str(fidelity or "low") if takes and takes["accepted"] == "yes" else "low"
    model = "gpt-image-1" if deployment.model.startswith("gpt-image-1") else "gpt-image-2"
    tokens = shown_picture_tokens(model, *picture.size, detail=detail, use="edit")
    extra = (4_160 if picture.width == picture.height else 6_240) if detail == "high" else 0
    return tokens + extra


async def _edit_dated(request: Request) -> Response:
    if request.query_params.get("api-version", "") < _FIRST_VERSION:
        raise resource_not_found()
    deployment = find_dated(request)
    form = await read_form(request, _MOST_PICTURES + 2)
    check_named_model(request, deployment, form.get("model"))
    return await _edit(request, deployment, form)


async def _edit_v1(request: Request) -> Response:
    form = await read_form(request, _MOST_PICTURES + 2)
    model = form.get("model")
    return await _edit(request, find_named(request, {"model": model if isinstance(model, str) else None}), form)


ROUTES = [
    Route("/openai/deployments/{deployment}/images/edits", _edit_dated, methods=["POST"]),
    Route("/openai/v1/images/edits", _edit_v1, methods=["POST"]),
]
