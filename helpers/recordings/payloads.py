"""Pictures and sound inside requests and answers.

In a request each becomes a short description that the key is made of: pictures by their decoded pixels, so that
another encoder finds the same recording, all else by its bytes. In an answer each is lifted out, by its field's
name and never by its length, into a file of its own beside the recording, and put back byte for byte.
"""

import base64
import binascii
import hashlib
import io
import re
import secrets
from collections.abc import Callable
from typing import Any

from helpers.recordings.pcm import unpack_pcm
from helpers.recordings.streams import dump_json

__all__ = [
    "describe_file",
    "describe_payloads",
    "dump_with_payloads",
    "is_sidecar",
    "lift_payloads",
    "lift_stream",
    "parse_multipart",
    "put_back_payloads",
    "suffix_of",
]

_MAGIC = [
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"RIFF", ".wav"),  # or .webp, told apart below
    (b"OggS", ".ogg"),
    (b"fLaC", ".flac"),
    (b"ID3", ".mp3"),
    (b"\xff\xfb", ".mp3"),
    (b"\xff\xf3", ".mp3"),
    (b"\xff\xf2", ".mp3"),
    (b"\xff\xf1", ".aac"),
    (b"%PDF", ".pdf"),
    (b"{", ".jsonl"),
]
_PICTURES = {".png", ".jpg", ".webp"}
_DRAWN = "image_generation_call"
# Streamed events carry their payload under a name that means something else elsewhere: the type tells.
_SOUND_FIELDS = {
    "speech.audio.delta": "audio",
    "response.audio.delta": "delta",
    "response.output_audio.delta": "delta",
}
_EVENT_FIELDS = {**_SOUND_FIELDS, _DRAWN: "result"}


def suffix_of(data: bytes) -> str:
    """The file's ending, from its first bytes; .bin where they tell nothing (raw PCM has no header)."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for magic, suffix in _MAGIC if data.startswith(magic)), ".bin")


def describe_file(name: str | None, data: bytes) -> dict[str, Any]:
    """What stands for a file in a request: its name, and `bytes`, `sha256`, or what a picture shows.

    A picture is its `format`, `width`, `height` and `pixels_sha256`; `orientation` where a viewer would turn it.
    """
    described: dict[str, Any] = {"file": re.split(r"[\\/]", name)[-1]} if name else {}
    sha256 = hashlib.sha256(data).hexdigest()
    pixels = _look_up(sha256, lambda: _pixels(data)) if suffix_of(data) in _PICTURES else None
    return {**described, **pixels} if pixels else {**described, "bytes": len(data), "sha256": sha256}


def _look_up(sha256: str, describe: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """What `describe` said of these bytes or letters: decoding costs many times what hashing does, and notebooks send
    one picture again and again. None for a broken one."""
    if sha256 not in _described:
        if len(_described) >= _MOST_DESCRIBED:
            _described.clear()
        _described[sha256] = describe()
    found = _described[sha256]
    return dict(found) if found else None


_MOST_DESCRIBED = 1_000
_described: dict[str, dict[str, Any] | None] = {}


def _pixels(data: bytes) -> dict[str, Any] | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as picture:
            if getattr(picture, "n_frames", 1) > 1:
                return None  # only the first frame would be looked at
            deep = picture.mode.startswith(("I", "F"))  # 16 and 32 bits, which eight cannot hold
            pixels = (picture if deep else picture.convert("RGBA")).tobytes()
            turned = picture.getexif().get(_ORIENTATION, 1)
            told = {"format": picture.format, "width": picture.width, "height": picture.height}
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # not a picture that can be read: the service shall say so; its bytes stand for it
    told |= {"orientation": turned} if turned != 1 else {}
    return {**told, "pixels_sha256": hashlib.sha256(pixels).hexdigest()}


_ORIENTATION = 0x0112  # of Exif


def describe_payloads(value: Any, parent: str = "") -> Any:
    """A request's JSON body with data URLs, base64 sound and drawn pictures handed back replaced by descriptions."""
    if isinstance(value, str):
        if value.startswith("data:") and (found := re.match(r"data:[\w/+.;=-]*;base64,", value[:120])):
            data_url, start = value, found.end()
            key = hashlib.sha256(data_url.encode("utf-8", "surrogatepass")).hexdigest()
            described = _look_up(key, lambda: _describe_base64(data_url[start:]))
            return value if described is None else described
        return value
    if isinstance(value, list):
        return [describe_payloads(item, parent) for item in value]
    if isinstance(value, dict):
        if parent == "input_audio" and isinstance(value.get("data"), str):
            data = _decode(value["data"])
            if data is not None:
                return {**value, "data": describe_file(None, data)}
        if value.get("type") == _DRAWN and isinstance(value.get("result"), str):
            drawn = _decode(value["result"])
            if drawn:
                return {**value, "result": describe_file(None, drawn)}
        return {name: describe_payloads(item, name) for name, item in value.items()}
    return value


def _describe_base64(text: str) -> dict[str, Any] | None:
    data = _decode(text)
    return None if data is None else describe_file(None, data)


def lift_payloads(
    value: Any, keep: Callable[[bytes], Any], parent: str = "", keep_sound: Callable[[bytes], Any] | None = None
) -> Any:
    """An answer's JSON with each picture or sound handed to `keep`, whose {"file", "bytes", "sha256"} takes its place.

    What came looking like such a description is set into {"literal": ...}, so that putting back knows it from ours.
    keep_sound: is given the sound instead.
    """
    if isinstance(value, list):
        return [lift_payloads(item, keep, parent, keep_sound) for item in value]
    if not isinstance(value, dict):
        return value
    lifted = {}
    for name, item in value.items():
        if isinstance(item, str) and item and (taken := _keeper(value, name, parent, keep, keep_sound or keep)):
            data = _decode(item)
            lifted[name] = item if data is None else taken(data)
        else:
            lifted[name] = lift_payloads(item, keep, name, keep_sound)
    return {"literal": lifted} if value.keys() in (*_SIDECARS, {"literal"}) else lifted


def lift_stream(
    events: Any,
    keep: Callable[[bytes], dict[str, Any]],
    wrap: Callable[[Any], Any],
    pack: Callable[[bytes], bytes | None] = lambda data: None,
) -> Any:
    """The same of a stream's events, all whose sound goes into one file: each piece is also described by its `range`
    of bytes in it. wrap: is given each description, and what it makes of it stands in the events. pack: makes FLAC of
    raw PCM, or None: then the piece has its `pcm_range`, of the bytes that were packed."""
    sound, places = bytearray(), []

    def set_aside(data: bytes) -> Any:
        places.append({"range": [len(sound), len(sound) + len(data)]})
        sound.extend(data)
        return wrap(places[-1])

    lifted = lift_payloads(events, lambda data: wrap(keep(data)), "", set_aside)
    packed = pack(bytes(sound)) if suffix_of(bytes(sound[:16])) == ".bin" else None
    described = keep(packed or bytes(sound)) if places else {}
    for place in places:
        if packed:
            place["pcm_range"] = place.pop("range")
        place |= described
    return lifted


_SIDECAR = {"file", "bytes", "sha256"}
_SIDECARS = (_SIDECAR, {*_SIDECAR, "range"}, {*_SIDECAR, "pcm_range"})


def is_sidecar(value: Any) -> bool:
    """Whether this describes a file beside a recording, or a part of one."""
    return isinstance(value, dict) and _SIDECAR <= value.keys() <= {*_SIDECAR, "range", "pcm_range", "pieces"}


def _keeper(owner: dict[str, Any], name: str, parent: str, keep: Any, keep_sound: Any) -> Any:
    """Who takes this field, None where it is no payload."""
    kind = str(owner.get("type", ""))  # of a JSON schema it may be a list
    if (parent == "audio" and name == "data") or _SOUND_FIELDS.get(kind) == name:
        return keep_sound
    if name == "audio" and kind in {"audio", "output_audio", "input_audio"}:  # a part of a conversation's item
        return keep_sound
    return keep if name in {"b64_json", "partial_image_b64"} or _EVENT_FIELDS.get(kind) == name else None


def put_back_payloads(value: Any, read: Callable[[dict[str, Any]], bytes]) -> Any:
    """The inverse of lift_payloads and lift_stream: every {"file", "bytes", "sha256"} becomes base64 text again."""
    files: dict[str, bytes] = {}  # a file of many parts is read once

    def read_part(described: dict[str, Any]) -> bytes:
        if described.keys() == _SIDECAR:
            return read(described)
        if described["file"] not in files:
            whole = read(described)
            files[described["file"]] = unpack_pcm(whole) if "pcm_range" in described else whole
        return files[described["file"]][slice(*(described.get("range") or described["pcm_range"]))]

    return _replace_lifted(value, lambda described: base64.b64encode(read_part(described)).decode("ascii"))


def dump_with_payloads(value: Any, read: Callable[[dict[str, Any]], bytes]) -> bytes:
    """The JSON of put_back_payloads, in half its time: megabytes of base64 are not looked through for quotes."""
    lifted: list[bytes] = []
    mark = secrets.token_hex(8)  # anew each time, so that no text that came can hold it

    def set_mark(described: dict[str, Any]) -> str:
        lifted.append(base64.b64encode(read(described)))
        return f"{mark}.{len(lifted) - 1}."

    dumped = dump_json(_replace_lifted(value, set_mark)).encode("utf-8")
    if not lifted:
        return dumped
    parts = re.split(rf"{mark}\.(\d+)\.".encode(), dumped)
    return b"".join(lifted[int(part)] if index % 2 else part for index, part in enumerate(parts))


def _replace_lifted(value: Any, instead: Callable[[dict[str, Any]], str]) -> Any:
    if isinstance(value, list):
        is_vector = len(value) > 16 and set(map(type, value)) <= {int, float}
        return value if is_vector else [_replace_lifted(item, instead) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() in _SIDECARS:
        return instead(value)
    literal = value.keys() == {"literal"}
    value = value["literal"] if literal else value
    if not isinstance(value, dict):
        return {"literal": value}  # of a recording that knew no look-alikes
    return {name: _replace_lifted(item, instead) for name, item in value.items()}


def _decode(text: str) -> bytes | None:
    """The bytes, or None where encoding them again would not give the same text."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data) == text.encode("ascii") else None


def parse_multipart(body: bytes, content_type: str) -> dict[str, Any]:
    """Fields by name, in the order sent; a name that comes several times holds a list. Files are described."""
    boundary = re.search(r'boundary="?([^";,]+)"?', content_type)
    if not boundary:
        return {}
    fields: dict[str, list[Any]] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode("latin-1"))[1:]:
        if part.startswith(b"--"):
            break
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        disposition = head.decode("utf-8", "replace")
        name = re.search(r'[; ]name="([^"]*)"', disposition)
        file = re.search(r'filename="([^"]*)"', disposition)
        value = describe_file(file[1], data) if file else data.decode("utf-8", "replace")
        fields.setdefault(name[1] if name else "", []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
