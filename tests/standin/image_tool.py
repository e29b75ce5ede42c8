"""The Responses API's built-in tool image_generation: what it is asked, and the pictures that it draws.

The chat engine decides whether to draw and writes the prompt, as it writes the call of a function; the deployment that
a header names draws, by the same means as images/generations. Where the chat holds a picture, what is drawn comes over
it, as in images/edits: the newest one, be it sent or drawn before.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from tests.standin.deployments import Deployment
from tests.standin.front import Front
from tests.standin.image_edits import fit_mask, motifs_of, redraw
from tests.standin.images import coarsen, compose, describe_picture, draw_new, encode, label_of, next_seed
from tests.standin.images_request import Wanted, check_images
from tests.standin.pictures.reading import EDITABLE, open_picture
from tests.standin.pieces import Drawing, Piece
from tests.standin.refusals import ServiceError, bad_request, list_values, not_served, operation_refused, too_many
from tests.standin.seeing.parts import list_pictures
from tests.standin.toolbox import IMAGE_TOOL, Call
from tests.standin.wire import make_id

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["HEADER", "TOOL_TOKENS", "ImageTool", "build_image_tool"]

HEADER = "x-ms-oai-image-generation-deployment"
# Input tokens that the tool adds: two recorded answers of Azure's to a short line count 1,977 and 1,979, one of
# OpenAI's 1,889. What the service tells its models there is not published.
TOOL_TOKENS = 1_950
_ACTIONS = ("generate", "edit", "auto")
_REPEATED = ("background", "moderation", "output_compression", "output_format", "quality", "size")
_OF_TOOL = {"type", "action", "input_image_mask", "model", "n"}


def _repeat(tool: Mapping[str, Any], deployment: Deployment) -> dict[str, Any]:
    """The tool as a response repeats it, with what was not said."""
    told = {name: tool[name] for name in ("action", "partial_images", "input_fidelity") if tool.get(name) is not None}
    auto = {"background": "auto", "moderation": "auto", "output_compression": 100, "output_format": "png"}
    auto |= {"quality": "auto", "size": "auto"}
    asked = {name: tool[name] for name in _REPEATED if tool.get(name) is not None}
    return {"type": "image_generation", "model": tool.get("model") or deployment.model, "n": 1} | auto | asked | told


def _find_deployment(request: Request) -> Deployment:
    """The deployment that draws. The service wants its name on every call that has the tool."""
    name = request.headers.get(HEADER)
    if not name:
        message = f"imagegen deployment must be provided through header: {HEADER}"
        error = {"message": message, "type": "image_generation_user_error", "param": "tools"}
        raise ServiceError(400, error | {"code": "invalid_request_error"})
    front: Front = request.app.state.front
    return front.find_deployment(name)


def _read_data_url(url: str, where: str) -> str:
    """What a data URL holds, in base64. Pictures elsewhere are not fetched: nothing here opens a connection."""
    if not url.startswith("data:"):
        raise not_served("a picture at an address", where, "Send it as a data URL.")
    text = url.partition(",")[2]
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        message = "The image data you provided does not represent a valid image."
        raise bad_request(message, where, "invalid_value") from None
    return text


def _newest_pictures(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """The pictures, in base64, of the last message of a chat that has any: drawn in it, or sent with it."""
    for message in reversed(messages):
        sent = [_read_data_url(part.url, part.where) for part in list_pictures([message])]
        if pictures := [*message.get("pictures", []), *sent]:
            return pictures
    return []


def build_image_tool(
    request: Request, asked: dict[str, Any], messages: Sequence[Mapping[str, Any]]
) -> "ImageTool | None":
    """The tool of a response, checked; None where it has none. Its settings in `asked` become those that are repeated.

    messages: the chat so far, whose newest pictures an edit starts from. Raises ServiceError for what the deployment
    that draws does not take.
    """
    tools = asked.get("tools", [])
    place = next((i for i, tool in enumerate(tools) if tool["type"] == "image_generation"), None)
    if place is None:
        return None
    tool, deployment, where = tools[place], _find_deployment(request), f"tools[{place}]"
    built = _check_tool(request, tool, deployment, where, _newest_pictures(messages))
    asked["tools"] = [*tools[:place], _repeat(tool, deployment), *tools[place + 1 :]]
    return built


def _check_tool(
    request: Request, tool: Mapping[str, Any], deployment: Deployment, where: str, pictures: list[str]
) -> "ImageTool":
    action = tool.get("action") or "auto"
    if action not in _ACTIONS:
        message = f"Invalid value: {action!r}. Supported values are: {list_values(_ACTIONS)}."
        raise bad_request(message, f"{where}.action", "invalid_value")
    edits = action != "generate" and bool(pictures)
    if action == "edit" and not pictures:
        raise bad_request("Invalid value: 'edit'. There is no picture in this chat to edit.", f"{where}.action")
    if tool.get("n") not in (None, 1):
        raise bad_request(f"Unknown parameter: '{where}.n'.", f"{where}.n", "unknown_parameter")
    if deployment.model.startswith("dall-e"):
        raise operation_refused("imageGenerations", deployment.name)
    fields = {name: value for name, value in tool.items() if name not in _OF_TOOL}
    if not edits:
        fields.pop("input_fidelity", None)
    fields |= {"prompt": "-", "stream": True}  # the engine's prompt is not known yet; partial pictures want a stream
    try:
        wanted = check_images("image_edits" if edits else "images", deployment, fields)
    except ServiceError as error:
        name = error.error.get("param")
        if name and name in tool:
            error.error["param"] = f"{where}.{name}"
            error.error["message"] = error.error["message"].replace(f"'{name}'", f"'{where}.{name}'")
        raise
    if tool.get("model") and not _is_known(tool["model"], request):
        raise bad_request(f"Invalid value: {tool['model']!r}.", f"{where}.model", "invalid_value")
    given = [_open(text) for text in pictures] if edits else []
    mask = None
    if given and (asked := tool.get("input_image_mask")):
        url = asked.get("image_url") if isinstance(asked, dict) else None
        if not isinstance(url, str):
            raise not_served("a mask that is no data URL", f"{where}.input_image_mask")
        mask = fit_mask(base64.b64decode(_read_data_url(url, f"{where}.input_image_mask.image_url")), given[0])
    return ImageTool(request.app.state.front, deployment, wanted, given, mask)


def _is_known(model: Any, request: Request) -> bool:
    front: Front = request.app.state.front
    return any(model in (one.model, one.versioned) for one in front.deployments.values())


def _open(text: str) -> "Image":
    try:
        return open_picture(base64.b64decode(text), (*EDITABLE, "GIF"))
    except ValueError:
        message = "The image data you provided does not represent a valid image."
        raise bad_request(message, "input", "invalid_value") from None


@dataclass(frozen=True)
class ImageTool:
    """deployment: draws. given: pictures that it edits, the first under what is drawn; none: a new picture.

    mask: of the first, None for all of it.
    """

    front: Front
    deployment: Deployment
    wanted: Wanted
    given: list["Image"]
    mask: "Image | None"

    @property
    def note(self) -> str:
        return label_of(self.deployment)

    def function(self) -> dict[str, Any]:
        """What the engine is told of the tool."""
        what = (
            "only what shall be added to the picture that is there, with its colour and place"
            if self.given
            else "what shall be seen, with all that the user names, colours, place and light"
        )
        prompt = {"type": "string", "minLength": 1, "maxLength": 400, "description": f"{what}, in English"}
        return {
            "name": IMAGE_TOOL,
            "description": f"{'changes the picture' if self.given else 'draws one picture'} and shows it to the user",
            "parameters": {
                "type": "object",
                "properties": {"prompt": prompt},
                "required": ["prompt"],
                "additionalProperties": False,
            },
        }

    async def draw(self, call: Call) -> AsyncIterator[Piece]:
        """The steps of a picture. Raises ServiceError where the deployment's limit is used up or no scene came."""
        name = make_id("ig_")
        yield Piece(drawing=Drawing("begun", {"id": name, "type": "image_generation_call", "status": "in_progress"}))
        prompt = str(json.loads(call.arguments)["prompt"])
        self._charge(prompt)
        seed = next_seed(self.front, self.deployment, prompt)
        over = motifs_of(self.given[0]) if self.given and not self.mask else None
        scene = await compose(self.front, self.deployment, prompt, seed, over)
        label = label_of(self.deployment)
        wanted = self.wanted
        if self.given:
            size = self.given[0].size if wanted.is_auto_size else wanted.size
            picture = await run_in_threadpool(redraw, scene, self.given, self.mask, size, wanted, seed, label)
        else:
            picture = await run_in_threadpool(draw_new, scene, wanted, seed, label)
        told = describe_picture(wanted, picture.size)
        whole = base64.b64encode(encode(picture, wanted)).decode()
        for number in range(max(1, wanted.partial_images)):
            # Where none were asked for, the recorded stream still has one, and it is the whole picture.
            text = whole
            if wanted.partial_images:
                partial = await run_in_threadpool(coarsen, picture, number, wanted.partial_images)
                text = base64.b64encode(encode(partial, wanted)).decode()
            shown = {"partial_image_index": number, "partial_image_b64": text, "size": told["size"]}
            rest = {each: told[each] for each in ("quality", "background", "output_format")}
            yield Piece(drawing=Drawing("partial", {"item_id": name, **shown, **rest}))
        item = {
            "id": name,
            "type": "image_generation_call",
            "status": "completed",
            "action": "edit" if self.given else "generate",
            "background": told["background"],
            "output_format": told["output_format"],
            "quality": told["quality"],
            "result": whole,
            "revised_prompt": prompt,
            "size": told["size"],
        }
        yield Piece(drawing=Drawing("done", item))

    def _charge(self, prompt: str) -> None:
        tokens = self.front.count_prompt.text(prompt, self.deployment.encoding)
        headers, refused = self.front.meter.charge(self.deployment.name, tokens)
        if refused:
            seconds = int(refused.seconds) + 1
            told = {**headers, **refused.headers()}
            raise too_many(refused.what, "Images_Generate", self.deployment.name, None, seconds, told)
