"""One noun: an Answer, as it came over the wire, as it is kept on disk, and as it is handed to the SDK."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from helpers.recordings.frames import clean_frames, count_tokens
from helpers.recordings.payloads import dump_with_payloads, lift_payloads, lift_stream, put_back_payloads
from helpers.recordings.pcm import pack_pcm
from helpers.recordings.provenance import Answered, remember, today
from helpers.recordings.redaction import Redactor
from helpers.recordings.streams import DEEPEST, EventReader, dump_json, is_mostly_text, measure_depth, play_event

__all__ = ["BODIES", "Answer", "is_utf8", "parse_body"]

# What an answer's body is kept as; exactly one of them stands in each answer on disk.
#   json    parsed          text    as it is               file    {"file", "bytes", "sha256"} of a sidecar; of sound
#           that came in several pieces also "pieces", [[ms, where it ends]...]
#   events  [[ms, data], [ms, data, name]...]              chunks  [[ms, text]...], a stream that is not all events
#   frames  [{"ms", "from", "json"}...], the messages of a realtime session in both directions, see frames.py
BODIES = frozenset({"json", "text", "file", "events", "chunks", "frames"})


@dataclass(frozen=True)
class Answer:
    """status, headers (those that are kept, in lower case), one body, and who gave it when.

    body: of one of BODIES, by its name in `kind`; while it is not on disk yet, "file" is its bytes, or an open file of
    text or bytes where it was too large for the memory. elapsed_ms: to the last byte. source: {"kind": "stand-in",
    "azure" or "other", "engine", "region", "note"}. events: of a stream, as it was read, whatever it is kept as; of
    sound its pieces, [ms, where it ends].
    """

    status: int
    kind: str
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    elapsed_ms: float | None = None
    recorded_on: str = field(default_factory=today)
    source: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[list[Any]] = ()

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Answer":
        """An answer on disk; the store has checked it."""
        [kind] = BODIES & record.keys()
        events = record["file"].get("pieces", ()) if kind == "file" else record.get("events", ())
        if kind == "chunks":
            reader = EventReader(lambda: 0.0)
            for ms, text in record["chunks"]:
                reader.feed(text.encode("utf-8", "surrogateescape"), ms)
            events = reader.events
        return cls(
            record["status"],
            kind,
            record[kind],
            record.get("headers", {}),
            record.get("elapsed_ms"),
            record.get("recorded_on", ""),
            record.get("source", {}),
            events,
        )

    def to_record(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "headers": dict(self.headers),
            self.kind: self.body,
            "elapsed_ms": self.elapsed_ms,
            "recorded_on": self.recorded_on,
            "source": dict(self.source),
        }

    def with_header(self, name: str, value: str) -> "Answer":
        return replace(self, headers={**self.headers, name: value})

    def with_source(self, source: Mapping[str, Any]) -> "Answer":
        return replace(self, source=source)

    def clean(self, redactor: Redactor, keep: Callable[[Any], dict[str, Any]]) -> "Answer":
        """As it may lie on disk. keep: writes bytes, or an open file, beside the recording and describes them.

        Pictures and sound are lifted out first, so that no rule for text ever sees them.
        """
        body: Any
        if self.kind == "file":
            body = keep(redactor.bytes(self.body) if isinstance(self.body, bytes) else self.body)
            body |= {"pieces": list(self.events)} if self.events else {}
        elif self.kind == "events":
            lifted = lift_stream(
                self.body,
                lambda data: keep(redactor.bytes(data)),
                _wrap,
                lambda data: pack_pcm(redactor.bytes(data)),  # in FLAC no rule would find what it looks for
            )
            body = _unwrap(redactor.events(lifted))
        elif self.kind == "frames":
            body = _unwrap(clean_frames(self.body, redactor, keep, _wrap))
        elif self.kind == "chunks":
            whole = "".join(text for _, text in self.body)
            if redactor.text(whole) != whole or redactor.events(list(self.events)) != self.events:
                if self.events:  # first of all clean
                    return replace(self, kind="events", body=list(self.events)).clean(redactor, keep)
                body = [[self.body[-1][0], redactor.text(whole)]]
            else:
                body = self.body
        else:
            body = _unwrap(redactor.answer(lift_payloads(self.body, lambda data: _wrap(keep(redactor.bytes(data))))))
        return replace(self, body=body, headers=redactor.headers(self.headers), source=redactor.value(self.source))

    def content(self, read: Callable[[Mapping[str, Any]], bytes]) -> bytes | list[tuple[float, bytes]]:
        """The body's bytes; of a stream, each piece with the milliseconds at which it came. read: a sidecar's bytes."""
        if self.kind == "json":
            return dump_with_payloads(self.body, read)
        if self.kind == "events":
            return [(event[0], play_event(event)) for event in put_back_payloads(self.body, read)]
        if self.kind == "chunks":
            return [(ms, text.encode("utf-8", "surrogateescape")) for ms, text in self.body]
        if self.kind == "frames":
            return dump_json(self.body).encode()
        if self.kind == "file" and self.events:
            data, ends = read(self.body), [0, *(end for _, end in self.events)]
            return [(ms, data[start:end]) for start, (ms, end) in zip(ends, self.events, strict=False)]
        return read(self.body) if self.kind == "file" else self.body.encode("utf-8", "surrogateescape")

    @property
    def event_ms(self) -> tuple[int, ...]:
        return tuple(event[0] for event in self.events)

    @property
    def model(self) -> str:
        """The `model` that the answer itself names, "" where it names none (sound, errors)."""
        values = [self.body] if self.kind == "json" else [event[1] for event in self.events]
        if self.kind == "frames":
            values = [frame.get("json") for frame in self.body if frame["from"] == "server"]
        for value in values:
            for part in (value, *((value.get("response"), value.get("session")) if isinstance(value, dict) else ())):
                if isinstance(part, dict) and isinstance(part.get("model"), str) and part["model"]:
                    return part["model"]
        return ""

    @property
    def usage(self) -> Mapping[str, Any]:
        """The tokens that the service counted, in its own words; empty where it counted none.

        Sound whose body counts nothing has its characters or seconds in a header of Azure's.
        """
        if self.kind == "frames":
            return count_tokens(self.body)
        values = [self.body] if self.kind == "json" else [event[1] for event in reversed(self.events)]
        for value in values:
            for part in (value, value.get("response") if isinstance(value, dict) else None):
                if isinstance(part, dict) and isinstance(part.get("usage"), dict):
                    usage: dict[str, Any] = part["usage"]
                    return usage
        return _count_billed(self.headers) if self.status < 400 else {}

    def note(
        self,
        headers: Mapping[str, str],
        asked: str = "",
        is_fresh: bool = False,
        is_whole: bool = True,
        is_free: bool = False,
    ) -> None:
        """Let `helpers.evidence` find who gave this answer, by the ids in these headers or by what its body says.

        asked: the model that the request named. is_fresh: whether the service was asked. is_whole: False of a live
        stream that has only begun, and is noted again at its end. is_free: whether this machine answered.

        The SDK takes its note of the headers last: what it hands out in an error of its own has the body's id alone,
        and a bare text has nothing but itself.
        """
        ids = [headers[name] for name in ("x-request-id", "apim-request-id") if name in headers]
        if self.kind == "json" and isinstance(self.body, dict) and isinstance(self.body.get("id"), str):
            ids += [self.body["id"], *_name_spoken(self.body.get("choices"))]
        text = self.body if self.kind == "text" and self.status < 400 else None
        about = (dict(self.source), self.recorded_on, self.elapsed_ms, self.event_ms)
        remember(ids, Answered(*about, self.status, asked, self.usage, is_fresh, is_free), text, is_whole)


def _name_spoken(choices: Any) -> list[str]:
    """The ids of a chat's spoken answers: who is handed one alone shall find who gave it."""
    listed = choices if isinstance(choices, list) else []
    messages = [choice.get("message") for choice in listed if isinstance(choice, dict)]
    spoken = [message.get("audio") for message in messages if isinstance(message, dict)]
    return [audio["id"] for audio in spoken if isinstance(audio, dict) and isinstance(audio.get("id"), str)]


def _count_billed(headers: Mapping[str, str]) -> dict[str, int]:
    told = next((value for name, value in headers.items() if name.lower() == "csp-billing-usage"), "")
    found = re.fullmatch(r"CognitiveServices\.OpenAI\.(TextToSpeech|Whisper)=(\d{1,9})", told)
    return {"characters" if found[1] == "TextToSpeech" else "seconds": int(found[2])} if found else {}


def _wrap(described: dict[str, Any]) -> Any:
    """A sidecar's description as what JSON has not, so that no rule cleans the name of a file."""
    return (described,)


def _unwrap(value: Any) -> Any:
    if isinstance(value, tuple):
        return value[0]
    if isinstance(value, list):
        return [_unwrap(item) for item in value]
    return {name: _unwrap(item) for name, item in value.items()} if isinstance(value, dict) else value


def is_utf8(content_type: str) -> bool:
    """Whether a type says nothing of the letters' coding, or UTF-8."""
    charset = re.search(r"charset=\W?([\w-]+)", content_type.lower())
    return not charset or charset[1] in {"utf-8", "utf8"}


def parse_body(content_type: str, content: bytes) -> tuple[str, Any]:
    """(kind, body) of a body that is no stream: "json", "text", or "file" with the bytes."""
    content_type = content_type.lower()
    if "json" in content_type and is_utf8(content_type):
        try:
            value = json.loads(content.decode("utf-8"))
            if measure_depth(value) <= DEEPEST:
                return "json", value
        except (ValueError, RecursionError):
            pass  # a gateway's error page under the wrong type, or letters of another kind: kept as it is
    if content_type.startswith(("audio/", "image/", "video/")) and content:
        return "file", content
    # A downloaded file is text more often than not, whatever its type says; only as text can it be cleaned.
    is_text = content_type.startswith("text/") or (b"\0" not in content and is_mostly_text(content))
    return ("text", content.decode("utf-8", "surrogateescape")) if is_text else ("file", content)
