"""Record and replay of HTTP exchanges. Knows HTTP and files; knows nothing of the `openai` package.

exchange     a request as it is matched: description, key, file name
payloads     pictures and sound, taken out and put back
redaction    what may be kept
streams      server-sent events
store        the files of one folder
misses       what to tell a reader whose request was never recorded
provenance   who gave an answer, when, how fast
session      the decisions of one connect()
answers      answers as they come, as they are kept, and as they are handed on
playing      streams at their recorded pace
transport    what httpx2 sees
"""

from helpers.recordings.provenance import Answered, look_up
from helpers.recordings.session import ENGINE_HEADER, Session
from helpers.recordings.store import Store
from helpers.recordings.transport import AsyncRecordingTransport, RecordingTransport

__all__ = [
    "ENGINE_HEADER",
    "Answered",
    "AsyncRecordingTransport",
    "RecordingTransport",
    "Session",
    "Store",
    "look_up",
]
