"""Pictures drawn: images/generations, in the dated form and in v1. Who composes and who draws: pictures/."""

import asyncio
import base64
import hashlib
import io
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.standin.answering import Answering, event
from tests.standin.deployments import Deployment
from tests.standin.engines import Engine
from tests.standin.front import Front, post_routes
from tests.standin.images_request import Wanted, check_images, check_named_model
from tests.standin.pictures.composing import ask_to_compose, read_composed
from tests.standin.pictures.drawing import draw_scene, sign
from tests.standin.pictures.scene import Scene
from tests.standin.pieces import EngineRequest, ask_engine, chat_request
from tests.standin.refusals import ServiceError, bad_request
from tests.standin.wire import event_headers, filter_prompt, json_response, make_id

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "ROUTES",
    "coarsen",
    "compose",
    "describe_picture",
    "draw_events",
    "draw_new",
    "encode",
    "label_of",
    "next_seed",
    "tell_picture",
    "tell_usage",
    "unless_left",
]

Draw = Callable[[Scene, int], "Image"]

_PARTIAL_TOKENS = 100  # each, as documented
_SEEDS = 2**31
_LOOKS = 0.5  # seconds between two looks whether the client is still there
Told = TypeVar("Told")


async def _generate(request: Request, deployment: Deployment, body: dict[str, Any]) -> Response:
    check_named_model(request, deployment, body.get("model"))
    wanted = check_images("images", deployment, body)
    front: Front = request.app.state.front
    prompt_tokens = front.count_prompt.text(wanted.prompt, deployment.encoding)
    api_version = request.query_params.get("api-version")
    answering = Answering(
        front, deployment, "Images_Generate", api_version, [], prompt_tokens, 0, make_id("img"),
        note=label_of(deployment),
    )  # fmt: skip
    seed = next_seed(front, deployment, wanted.prompt)

    def draw(scene: Scene, number: int) -> "Image":
        return draw_new(scene, wanted, seed + number, label_of(deployment))

    usage = tell_usage(prompt_tokens, 0, wanted.tokens * wanted.n)
    if wanted.stream:
        events = draw_events("image_generation", answering, wanted, seed, draw, usage)
        headers = {**answering.headers, **event_headers(answering.label)}
        return StreamingResponse(events, 200, headers, media_type="text/event-stream")
    data, revised = [], ""
    if deployment.model == "dall-e-3":
        revised = await _revise(front, deployment, wanted)
    for number in range(wanted.n):
        scene = await unless_left(request, compose(front, deployment, revised or wanted.prompt, seed + number))
        if scene is None:
            return Response()
        data.append(tell_picture(encode(await run_in_threadpool(draw, scene, number), wanted), deployment, revised))
    told: dict[str, Any] = {"created": int(time.time()), "data": data}
    if wanted.tokens:
        told |= {**describe_picture(wanted, wanted.size), "usage": usage}
    return json_response(told, headers=answering.headers, engine=answering.label)


async def compose(
    front: Front, deployment: Deployment, prompt: str, seed: int, over: Collection[str] | None = None
) -> Scene:
    """The engine's scene for a prompt. over: see pictures.arranging. Raises ServiceError 500 where it wrote none."""
    text = await _ask_whole(front, deployment, ask_to_compose(prompt, seed % _SEEDS))
    try:
        return read_composed(text, prompt, over)
    except ValueError:
        message = f"{deployment.engine.label} composed no picture for this prompt. Ask again, or in other words."
        raise ServiceError(500, {"message": message, "type": "server_error", "param": None, "code": None}) from None


async def unless_left(request: Request, work: Coroutine[Any, Any, Told]) -> Told | None:
    """What the work gives; None, and the work is stopped, where the client leaves: the engine is needed by the next."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=_LOOKS))[0]:
            if await request.is_disconnected():
                return None
        return await task
    finally:
        task.cancel()


async def _ask_whole(front: Front, deployment: Deployment, asked: EngineRequest) -> str:
    text = ""
    async with aclosing(ask_engine(front.http, cast(Engine, deployment.engine), asked)) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            text += piece.text
    return text


def describe_picture(wanted: Wanted, size: tuple[int, int]) -> dict[str, Any]:
    """What an answer says of its pictures beside themselves. size: theirs, in pixels."""
    return {
        "background": wanted.background,
        "output_format": wanted.output_format,
        "quality": wanted.quality,
        "size": f"{size[0]}x{size[1]}",
    }


def label_of(deployment: Deployment) -> str:
    """Who made a picture: it stands on the picture, and in the header of notes."""
    return f"composed by {deployment.engine.label}, drawn by code"


def encode(picture: "Image", wanted: Wanted) -> bytes:
    """The file that is sent. The line about who made it is inside, too, as PNG text or JPEG comment."""
    buffer = io.BytesIO()
    note = picture.info.get("made", "")
    if wanted.background != "transparent":
        picture = _on_white(picture)
    if wanted.output_format == "jpeg":
        picture.convert("RGB").save(buffer, "JPEG", quality=max(5, round(wanted.compression * 0.95)), comment=note)
    else:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("Description", note)
        info.add_text("Motifs", ", ".join(sorted(picture.info.get("motifs", ()))))
        picture.save(buffer, "PNG", optimize=True, pnginfo=info)
    return buffer.getvalue()


def _on_white(picture: "Image") -> "Image":
    """Without transparency: what lies hidden under it, often black, shall not come to light."""
    from PIL import Image

    ground = Image.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture.convert("RGBA"))
    opaque = ground.convert("RGB")
    opaque.info |= picture.info
    return opaque


def tell_usage(text_tokens: int, image_tokens: int, output_tokens: int) -> dict[str, Any]:
    """text_tokens: of the prompt; image_tokens: of pictures that an edit starts from; output_tokens: as documented."""
    given = text_tokens + image_tokens
    return {
        "input_tokens": given,
        "input_tokens_details": {"image_tokens": image_tokens, "text_tokens": text_tokens},
        "output_tokens": output_tokens,
        "total_tokens": given + output_tokens,
    }


def draw_new(scene: Scene, wanted: Wanted, seed: int, label: str) -> "Image":
    """A scene as the picture that was wanted, signed with the label."""
    transparent = wanted.background == "transparent"
    if transparent:
        scene = replace(scene, background="plain")  # none is drawn: one thing alone fills the picture, as on an icon
    drawn = draw_scene(scene, wanted.size, quality=wanted.drawn, seed=seed, transparent=transparent)
    drawn.info["motifs"] = {item.motif for item in scene.items}
    return sign(drawn, label)


def tell_picture(data: bytes, deployment: Deployment, revised: str) -> dict[str, Any]:
    told: dict[str, Any] = {"b64_json": _text_of(data)}
    if deployment.model.startswith("dall-e"):
        told = {"content_filter_results": _filter_picture(), "prompt_filter_results": _filter_prompt(), **told}
    if revised:
        told["revised_prompt"] = revised
    return told


def _filter_prompt() -> dict[str, Any]:
    return {**filter_prompt()[0]["content_filter_results"], "profanity": {"detected": False, "filtered": False}}


def _filter_picture() -> dict[str, Any]:
    results = filter_prompt()[0]["content_filter_results"]
    return {kind: results[kind] for kind in ("hate", "self_harm", "sexual", "violence")}


async def _revise(front: Front, deployment: Deployment, wanted: Wanted) -> str:
    """DALL-E 3 rewrote every prompt; here the engine does."""
    how = (
        "Rewrite the user's text as a prompt for an illustrator, in one or two sentences: what is seen, where it "
        "stands, its colours, the light. Keep all that the user names. Write the prompt and nothing else."
    )
    if wanted.style == "natural":
        how += " Plain and calm."
    messages = [{"role": "system", "content": how}, {"role": "user", "content": wanted.prompt}]
    text = await _ask_whole(front, deployment, chat_request(messages, {"temperature": 0}, 160, 0, None))
    return text.strip()


async def draw_events(
    kind: str,
    answering: Answering,
    wanted: Wanted,
    seed: int,
    draw: Draw,
    usage: dict[str, Any],
    over: Collection[str] | None = None,
) -> AsyncIterator[bytes]:
    """The events of a stream. kind: image_generation or image_edit. A partial picture is the whole one in coarse
    squares, and costs tokens of its own."""
    try:
        scene = await compose(answering.front, answering.deployment, wanted.prompt, seed, over)
    except ServiceError as error:
        yield event({"type": "error", "error": error.error}, "error")
        return
    whole = await run_in_threadpool(draw, scene, 0)
    described = {"created_at": int(time.time()), **describe_picture(wanted, whole.size)}
    for number in range(wanted.partial_images):
        partial = await run_in_threadpool(coarsen, whole, number, wanted.partial_images)
        named = f"{kind}.partial_image"
        told = {"type": named, "partial_image_index": number, **described}
        yield event({**told, "b64_json": _text_of(encode(partial, wanted))}, named)
        await asyncio.sleep(0)
    more = _PARTIAL_TOKENS * wanted.partial_images
    counted = {name: usage[name] + more for name in ("output_tokens", "total_tokens")}
    told = {"type": f"{kind}.completed", **described, "b64_json": _text_of(encode(whole, wanted))}
    yield event({**told, "usage": {**usage, **counted}}, f"{kind}.completed")


def coarsen(picture: "Image", number: int, of: int) -> "Image":
    """The picture in coarse squares, finer with each number."""
    from PIL import Image

    across = 12 * 4 ** (number / max(1, of - 1) if of > 1 else 0.5)
    small = picture.resize(
        (round(across), max(1, round(across * picture.height / picture.width))), Image.Resampling.BOX
    )
    coarse = small.resize(picture.size, Image.Resampling.BICUBIC)
    coarse.info["made"] = picture.info.get("made", "")
    return coarse


def _text_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def next_seed(front: Front, deployment: Deployment, prompt: str) -> int:
    """Of the prompt, and of how often it was asked: the service too draws anew each time."""
    asked = _hash([deployment.name, prompt])
    count = front.drawn[asked] = front.drawn.get(asked, -1) + 1
    return _hash([str(asked), str(count)])


def _hash(parts: Sequence[str]) -> int:
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:4], "big") % _SEEDS


def _refuse_forms(route: Route) -> Route:
    """An edit that was sent here is told what this address takes, before its body is read as JSON."""
    answer = route.endpoint

    async def check(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind == "multipart/form-data":
            await request.body()  # a client that is still sending could not read the answer
            message = f"Unsupported content type: '{kind}'. This API method only accepts 'application/json' requests"
            raise bad_request(message, None, "unsupported_content_type")
        return cast(Response, await answer(request))

    return Route(route.path, check, methods=["POST"])


ROUTES = [_refuse_forms(route) for route in post_routes("images/generations", _generate)]
