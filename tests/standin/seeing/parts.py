"""The pictures of a message, as requests write them: which parts there may be, and what of them is wrong."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from helpers.parameters import find_rule
from tests.standin.checking import check_text_parts
from tests.standin.deployments import Deployment
from tests.standin.refusals import ServiceError, bad_request, list_values, missing, not_served, wrong_type

__all__ = ["PICTURE", "PicturePart", "check_pictures", "list_pictures", "read_parts"]

PICTURE = "picture"  # the type of such a part, in the chat that the front works with
_KINDS = {"chat": "image_url", "responses": "input_image"}
_DETAILS = ("low", "high", "auto", "original")
_MOST = 50  # in a request: an answer of Azure's names it
ReadPart = Callable[[Mapping[str, Any], str], dict[str, Any]]


@dataclass(frozen=True)
class PicturePart:
    """One picture. api: chat or responses; where: its URL's place in the request. number: of its message's part."""

    api: str
    url: str
    detail: str
    where: str
    place: str

    def told(self) -> dict[str, Any]:
        """As the Responses API lists it."""
        return {"type": "input_image", "detail": self.detail, "file_id": None, "image_url": self.url}


def read_parts(
    content: Any, where: str, kinds: Collection[str], api: str, others: Mapping[str, ReadPart] = MappingProxyType({})
) -> list[dict[str, Any]] | str:
    """A user's message: its text parts as chat has them, its pictures as {"type": PICTURE, "part": PicturePart}.

    others: what reads a part of another kind, by its type.
    """
    if not isinstance(content, list):
        return check_text_parts(content, where, kinds)
    parts: list[dict[str, Any]] = []
    for i, part in enumerate(content):
        at = f"{where}[{i}]"
        if isinstance(part, dict) and part.get("type") == _KINDS[api]:
            read = _read_chat if api == "chat" else _read_response
            parts.append({"type": PICTURE, "part": read(part, at)})
        elif isinstance(part, dict) and isinstance(kind := part.get("type"), str) and kind in others:
            parts.append(others[kind](part, at))
        else:
            parts += check_text_parts([part], where, kinds, first=i)
    return parts


def list_pictures(messages: Sequence[Mapping[str, Any]]) -> list[PicturePart]:
    """All pictures of a chat, in order."""
    contents = [message.get("content") for message in messages]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return [part["part"] for part in parts if part["type"] == PICTURE]


def check_pictures(deployment: Deployment, pictures: Sequence[PicturePart], api: str) -> None:
    """Raises what the service answers to a model that takes no pictures, and to more of them than it takes."""
    if not pictures:
        return
    rule = find_rule("chat", deployment.versioned, "messages.part")  # responses take what chats take
    if rule and "image_url" not in rule["allowed_values"].split("|"):
        message = "Invalid content type. image_url is only supported by certain models."
        raise bad_request(message, pictures[0].place)
    if len(pictures) > _MOST:
        message = f"Exceeded maximum number of images ({_MOST}) allowed in the request."
        raise bad_request(message, "messages" if api == "chat" else "input")


def _read_chat(part: Mapping[str, Any], at: str) -> PicturePart:
    given = part.get("image_url")
    if given is None:
        raise missing(f"{at}.image_url")
    if not isinstance(given, dict):
        raise wrong_type(f"{at}.image_url", "an object", given)
    if given.get("url") is None:
        raise missing(f"{at}.image_url.url")
    if not isinstance(given["url"], str):
        raise wrong_type(f"{at}.image_url.url", "a string", given["url"])
    detail = _read_detail(given.get("detail"), f"{at}.image_url.detail")
    *_, message, place = at.replace("]", "").split("[")  # as the service writes it: messages.[1].content.[0].type
    message = message.removesuffix(".content")
    return PicturePart(
        "chat", given["url"], detail, f"{at}.image_url.url", f"messages.[{message}].content.[{place}].type"
    )


def _read_response(part: Mapping[str, Any], at: str) -> PicturePart:
    if part.get("file_id") is not None:
        instead = "Send the picture itself, as a data URL in 'image_url'."
        raise not_served("a picture by 'file_id'", f"{at}.file_id", instead)
    url = part.get("image_url")
    if url is None:
        raise missing(f"{at}.image_url")
    if not isinstance(url, str):
        raise wrong_type(f"{at}.image_url", "a string", url)
    return PicturePart(
        "responses", url, _read_detail(part.get("detail"), f"{at}.detail"), f"{at}.image_url", f"{at}.type"
    )


def _read_detail(detail: Any, where: str) -> str:
    if detail is None:
        return "auto"
    if not isinstance(detail, str):
        raise wrong_type(where, "a string", detail)
    if detail not in _DETAILS:
        raise refuse_detail(detail, where, _DETAILS)
    return detail


def refuse_detail(detail: str, where: str, known: Sequence[str]) -> ServiceError:
    message = f"Invalid value: '{detail}'. Supported values are: {list_values(known)}."
    return bad_request(message, where, "invalid_value")
