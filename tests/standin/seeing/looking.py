"""The pictures of a request, looked at: fetched, made as small as the model would see them, read, put into words."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool

from helpers.errors import CourseError
from helpers.picture_tokens import PictureTooLarge, shown_picture_size, shown_picture_tokens
from tests.standin.deployments import Deployment
from tests.standin.front import Front, join_notes
from tests.standin.refusals import bad_request
from tests.standin.schemas import tell_engine
from tests.standin.seeing.decoding import PictureBroken, decode_picture
from tests.standin.seeing.describing import describe
from tests.standin.seeing.parts import PICTURE, PicturePart, check_pictures, list_pictures, refuse_detail
from tests.standin.seeing.reading import Reader
from tests.standin.seeing.sources import fetch_picture, image_refusal

__all__ = ["Looked", "count_pictures", "look_at_pictures", "tell_pictures"]

# Whose rule is taken for a model of which no document says how its pictures are counted.
_KIN = (
    ("gpt-6*", "gpt-6-astra"), ("gpt-5.4*", "gpt-5.4"), ("gpt-5.3*", "gpt-5.2"), ("gpt-5.2*", "gpt-5.2"),
    ("gpt-5.1*", "gpt-5.1"), ("gpt-5*", "gpt-5"), ("o1*", "o1"), ("o3*", "o3"), ("*", "gpt-4o"),
)  # fmt: skip
# Tried in two wordings and both orders with five questions: so worded, and with the question last, Qwen had four right.
_TOLD = (
    "In place of each picture you get, in brackets, the text in the picture and its main colours. Answer the user from "
    "them. Only where they say nothing about it, answer that you cannot tell."
)


class Looked(NamedTuple):
    """messages: the chat, with what is told of each picture. label: who read them, note: for front.NOTE; "" for none.

    pictures: how many.
    """

    messages: list[dict[str, Any]]
    label: str
    note: str
    pictures: int


async def look_at_pictures(
    front: Front, deployment: Deployment, messages: Sequence[Mapping[str, Any]], api: str
) -> Looked:
    """api: chat or responses. Raises ServiceError for what the service, or this stand-in, does not take."""
    parts = list_pictures(messages)
    check_pictures(deployment, parts, api)
    counted, note = _find_rule(deployment)
    shown = []
    for number, part in enumerate(parts, 1):
        async with front.looking:  # one at a time: each may take hundreds of megabytes while it is decoded
            data = await fetch_picture(front.http, part)
            shown.append(await run_in_threadpool(_look, front.reader, counted, part, data, number, len(parts)))
    told = iter(shown)
    return Looked(
        [_replace(message, lambda part: {**part, **next(told)}) for message in messages],
        front.reader.label if parts else "",
        join_notes(front.reader.note, note) if parts else "",
        len(parts),
    )


def count_pictures(messages: Sequence[Mapping[str, Any]]) -> int:
    """The tokens that the pictures of a chat count for."""
    contents = [message.get("content") for message in messages]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return sum(part["tokens"] for part in parts if part["type"] == PICTURE)


def tell_pictures(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The chat as an engine takes it: in place of each picture what is told of it."""
    told = [_replace(message, lambda part: {"type": "text", "text": part["told"]}, joined=True) for message in messages]
    return tell_engine(_TOLD, told) if list_pictures(messages) else told


def _look(reader: Reader, counted: str, part: PicturePart, data: bytes, number: int, of: int) -> dict[str, Any]:
    try:
        picture = decode_picture(data)
    except PictureBroken:
        raise image_refusal(part) from None
    try:
        tokens = shown_picture_tokens(counted, *picture.size, part.detail)
        size = shown_picture_size(counted, *picture.size, part.detail)
    except PictureTooLarge as error:
        message = (
            f"The image you provided requires {error.patches} patches after processing, exceeding the limit of "
            f"{error.most}. Please resize the image and try again."
        )
        raise bad_request(message) from None
    except CourseError:  # detail original came with gpt-5.4
        where = f"{part.where.removesuffix('.url').removesuffix('.image_url')}"
        where += ".image_url.detail" if part.api == "chat" else ".detail"
        raise refuse_detail(part.detail, where, ("low", "high", "auto")) from None
    if size != picture.size:
        from PIL import Image

        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return {"tokens": tokens, "told": describe(picture, reader.read(picture), number, of)}


def _find_rule(deployment: Deployment) -> tuple[str, str]:
    """(the model by whose rule pictures are counted, what is to be said of it)."""
    for name in (deployment.versioned, deployment.model):
        try:
            shown_picture_tokens(name, 1, 1, "high")
            return name, ""
        except CourseError:
            continue
    kin = next(name for pattern, name in _KIN if fnmatchcase(deployment.model, pattern))
    return kin, f"pictures are counted as {kin}'s: no figure is known of {deployment.model}"


def _replace(message: Mapping[str, Any], make: Any, *, joined: bool = False) -> dict[str, Any]:
    """A message with something else for each of its pictures; joined: as one text, what is asked last."""
    content = message.get("content")
    if not isinstance(content, list) or not any(part["type"] == PICTURE for part in content):
        return dict(message)
    parts = [make(part) if part["type"] == PICTURE else part for part in content]
    if not joined:
        return {**message, "content": parts}
    texts = [part["type"] != PICTURE for part in content]
    if texts == sorted(texts, reverse=True):  # all text comes first: small engines answer better what is asked last
        parts = [*parts[sum(texts) :], *parts[: sum(texts)]]
    return {**message, "content": "\n\n".join(part["text"] for part in parts)}
