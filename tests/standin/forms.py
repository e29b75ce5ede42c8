"""Forms of several parts, as pictures and sound are sent in them."""

from collections.abc import AsyncIterator

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from tests.standin.refusals import bad_request, too_large

__all__ = ["files_of", "read_form", "texts_of"]

_MOST_FIELDS = 100
_DRAINED = 4  # times the limit: a client still sending cannot read a refusal, so that much is read and dropped


async def read_form(request: Request, most_files: int, limit: int | None = None) -> FormData:
    """The form of a request. limit: bytes of the whole body. Raises ServiceError: 413 past it, 400 if it is no form."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind != "multipart/form-data":
        message = f"Unsupported content type: '{kind}'. This API method only accepts 'multipart/form-data' requests"
        raise bad_request(message, None, "unsupported_content_type")
    stream = _limit(request.stream(), limit) if limit else request.stream()
    parser = MultiPartParser(request.headers, stream, max_files=most_files, max_fields=_MOST_FIELDS)
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise bad_request(f"The form of the request could not be read: {error.message}") from None


async def _limit(stream: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    read = 0
    async for chunk in stream:
        read += len(chunk)
        if read <= limit:
            yield chunk
        elif read > _DRAINED * limit:
            break
    if read > limit:
        raise too_large(limit, read)


def files_of(form: FormData, name: str) -> list[UploadFile]:
    """The files under `name`, or `name[]`."""
    return [value for key, value in form.multi_items() if key.removesuffix("[]") == name and not isinstance(value, str)]


def texts_of(form: FormData, name: str) -> list[str]:
    """The texts under exactly this name."""
    return [value for key, value in form.multi_items() if key == name and isinstance(value, str)]
