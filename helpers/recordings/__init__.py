"""Record and replay of HTTP exchanges. Knows HTTP and files; knows nothing of the `openai` package.

answer       the noun: what was answered, over the wire, on disk, to the SDK, and who gave it
exchange     a request as it is matched: description, key, file name
requests     what becomes of a request: described, renamed, its credentials held back
intake       taking in an answer, piece by piece
handing      what the SDK receives
session      the decisions of one connect(), and the flow of one exchange
transport    what httpx2 sees; drives the flow, sync and async
playing      the byte streams that the SDK reads; reading: one that is recorded while it is watched
streams      server-sent events
payloads     pictures and sound, taken out and put back
redaction    what may be kept; rules: each kind of secret in a text; credentials: their names and placeholders
store        the files of one folder; rendering: their text
misses       what to say to a reader whose request was never recorded
provenance   who gave an answer, when, how fast
frames       the messages of a realtime session on the disk; realtime: how they come there, and back to the SDK

A chain (a file, then its batch, then the
result) holds together by its ids: what a service calls a thing of its own stays as it came, in answers and in the
requests that name it later, so that a chain replays, and goes on where recording it was cut off.
"""

from helpers.recordings.answer import Answer
from helpers.recordings.provenance import Answered, listen, look_up, look_up_text
from helpers.recordings.realtime.misses import find_refusal
from helpers.recordings.requests import Requests
from helpers.recordings.session import ENGINE_HEADER, Session
from helpers.recordings.store import Store
from helpers.recordings.transport import AsyncRecordingTransport, RecordingTransport

__all__ = [
    "ENGINE_HEADER",
    "Answer",
    "Answered",
    "AsyncRecordingTransport",
    "RecordingTransport",
    "Requests",
    "Session",
    "Store",
    "find_refusal",
    "listen",
    "look_up",
    "look_up_text",
]
