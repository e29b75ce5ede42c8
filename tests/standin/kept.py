"""Responses that are stored, so that a later one can follow them. In memory, and gone when the stand-in ends."""

from collections import OrderedDict
from typing import Any, NamedTuple

__all__ = ["Kept", "KeptResponse"]

_MOST = 1_000  # the service keeps them for 30 days


class KeptResponse(NamedTuple):
    """body: as it was answered. messages: the chat up to its end. given: the items of its own input.

    thought: the hidden steps before its answer.
    """

    body: dict[str, Any]
    messages: list[dict[str, Any]]
    given: list[dict[str, Any]]
    thought: str = ""


class Kept:
    """Responses by id; of more than a thousand, the oldest go."""

    def __init__(self) -> None:
        self._responses: OrderedDict[str, KeptResponse] = OrderedDict()

    def keep(self, response: KeptResponse) -> None:
        self._responses[response.body["id"]] = response
        while len(self._responses) > _MOST:
            self._responses.popitem(last=False)

    def find(self, name: str) -> KeptResponse | None:
        return self._responses.get(name)

    def find_item(self, name: str) -> tuple[dict[str, Any], str] | None:
        """(an item of a stored response's output, the hidden steps of that response)."""
        for response in reversed(self._responses.values()):
            for item in response.body["output"]:
                if item["id"] == name:
                    return item, response.thought
        return None

    def drop(self, name: str) -> None:
        del self._responses[name]
