"""The two forms of the API: how a session is set and told in each, and what each calls its events."""

from typing import Any, Protocol

from tests.standin.realtime.conversation import Item, Response
from tests.standin.realtime.ga import Ga
from tests.standin.realtime.preview import Preview
from tests.standin.realtime.settings import SessionSettings

__all__ = ["GA", "PREVIEW", "Dialect"]


class Dialect(Protocol):
    """update_events: which events of a client's set the session."""

    update_events: tuple[str, ...]
    is_preview: bool

    def read_update(self, path: str, given: Any, now: SessionSettings) -> SessionSettings: ...
    def tell_session(self, settings: SessionSettings) -> dict[str, Any]: ...
    def tell_item(self, item: Item) -> dict[str, Any]: ...
    def tell_response(self, response: Response) -> dict[str, Any]: ...
    def tell_event(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """An event of the GA form as this form has it; None where it has none."""


GA: Dialect = Ga()
PREVIEW: Dialect = Preview()
