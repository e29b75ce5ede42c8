"""Where a picture comes from: a data URL, a file of data/media, or a server on this machine. Nothing else is opened."""

import asyncio
import base64
import binascii
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx2

from helpers.settings import ROOT
from tests.standin.refusals import ServiceError, bad_request
from tests.standin.seeing.parts import PicturePart

__all__ = ["MEDIA", "MEDIA_URL", "MOST_BYTES", "fetch_picture", "image_refusal"]

MEDIA_URL = "https://example.com/media/"  # stands for data/media: the domain is reserved for examples
MEDIA = ROOT / "data" / "media"
MOST_BYTES = 20 * 1024 * 1024  # of one picture
_SECONDS = 5
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TYPES = ("image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp")
_FORMATS = "one the following formats: ['png', 'jpeg', 'gif', 'webp']."  # the service's own words


async def fetch_picture(http: httpx2.AsyncClient, part: PicturePart) -> bytes:
    """The bytes of a picture. Raises what the service answers to a URL that is none, and to one it cannot reach."""
    kind, _, rest = part.url.partition(":")
    if kind.lower() == "data":
        data = _read_data_url(part, rest)
    elif kind.lower() not in ("http", "https"):
        raise _refuse_url(part, "a value without the 'data:' prefix")
    elif part.url.startswith(MEDIA_URL):
        data = _read_media(part, MEDIA)
    else:
        data = await _ask_loopback(http, part)
    if len(data) > MOST_BYTES:
        asked_for = f"Please make sure your image is below 20 MB in size and is of {_FORMATS}"
        raise bad_request(f"You uploaded an unsupported image. {asked_for}", None, "sanitizer_server_error")
    return data


def image_refusal(part: PicturePart) -> ServiceError:
    """What the service answers to bytes that are no picture of a kind it takes."""
    if part.api == "responses":
        message = (
            "The image data you provided does not represent a valid image. Please check your input and try again with "
            "one of the supported image formats: ['image/jpeg', 'image/png', 'image/gif', 'image/webp']."
        )
        return bad_request(message, "url", "invalid_value")
    message = f"You uploaded an unsupported image. Please make sure your image has of {_FORMATS}"
    return bad_request(message, None, "invalid_image_format")


def _read_data_url(part: PicturePart, rest: str) -> bytes:
    found = re.match(r"([\w.+-]+/[\w.+-]+)((?:;[\w=.+-]+)*);base64,", rest[:200])
    if not found:
        raise _refuse_url(part, "a value without base64-encoded bytes")
    if found[1].lower() not in _TYPES:
        raise (
            _refuse_url(part, f"unsupported MIME type '{found[1]}'") if part.api == "responses" else image_refusal(part)
        )
    try:
        data = base64.b64decode(rest[found.end() :], validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        what = "invalid" if rest[found.end() :] else "empty"
        if part.api == "responses":
            raise _refuse_url(part, f"{what} base64-encoded bytes")
        raise _gateway_refusal("Invalid image (base64) data.")
    return data


def _read_media(part: PicturePart, media: Path) -> bytes:
    name = unquote(urlsplit(part.url).path.removeprefix("/media/"))
    try:
        path = (media / name).resolve()
        if path.is_relative_to(media.resolve()) and path.is_file():
            return path.read_bytes()
    except (OSError, ValueError):  # no name that a file could have
        pass
    raise _refuse_fetch(part)


async def _ask_loopback(http: httpx2.AsyncClient, part: PicturePart) -> bytes:
    """From a server on this machine: no redirect is followed, and no more is read than a picture may have."""
    try:
        url = httpx2.URL(part.url)
        if url.host not in _LOOPBACK or not 0 < (url.port or 80) < 65_536:
            raise _refuse_fetch(part)
        data = bytearray()
        async with (
            asyncio.timeout(_SECONDS),
            http.stream("GET", url, timeout=_SECONDS, follow_redirects=False) as answer,
        ):
            if answer.status_code != 200:
                raise _refuse_fetch(part)
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > MOST_BYTES:
                    break
        return bytes(data)
    except (httpx2.RequestError, httpx2.InvalidURL, UnicodeError, TimeoutError):
        raise _refuse_fetch(part) from None


def _refuse_url(part: PicturePart, got: str) -> ServiceError:
    if part.api == "chat":
        return _gateway_refusal(
            "Invalid image URL. The URL must be a valid HTTP or HTTPS URL, or a data URL with base64 encoding."
        )
    message = (
        f"Invalid '{part.where}'. Expected a base64-encoded data URL with an image MIME type "
        f"(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got {got}."
    )
    return bad_request(message, part.where, "invalid_value")


def _refuse_fetch(part: PicturePart) -> ServiceError:
    if part.api == "chat":
        return _gateway_refusal("The provided image url is not accessible.")
    return bad_request(f"Error while downloading {part.url}.", "url", "invalid_value")


def _gateway_refusal(message: str) -> ServiceError:
    """In the form of Azure's own front, which looks at a chat's pictures before the model does."""
    return ServiceError(400, {"code": "BadRequest", "message": message, "param": None, "type": None})
