"""The APIs that recorded requests and the calls in notebooks go to, by their words in parameters.csv."""

import re

__all__ = ["METHODS", "api_of_call", "api_of_operation"]

METHODS = {"create", "parse", "stream", "generate", "edit", "connect"}  # what the SDK calls its operations
_APIS = {  # word of parameters.csv: operation of a request, and what the SDK calls it
    "chat": ("chat.completions", "chat.completions"),
    "responses": ("responses", "responses"),
    "completions": ("completions", "completions"),
    "embeddings": ("embeddings", "embeddings"),
    "images": ("images.generations", "images.generate"),
    "image_edits": ("images.edits", "images.edit"),
    "transcription": ("audio.transcriptions", "audio.transcriptions"),
    "translation": ("audio.translations", "audio.translations"),
    "speech": ("audio.speech", "audio.speech"),
    "realtime": ("realtime", "realtime"),
}


def api_of_operation(operation: str) -> str:
    """The API of a request's operation, see `operation_of`; "" for one that parameters.csv does not know."""
    return next((api for api, (name, _) in _APIS.items() if name == operation), "")


def api_of_call(function: str) -> str:
    """The API of client.chat.completions.create and the like, also with_raw_response; "" for any other function."""
    plain = re.sub(r"\.with_(raw|streaming)_response", "", function)
    for api, (_, name) in _APIS.items():  # chat.completions stands before completions
        if re.search(rf"\.{re.escape(name)}(\.(create|parse|stream|connect))?$", plain):
            return api
    return ""
