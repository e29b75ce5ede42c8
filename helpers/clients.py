"""connect(): the one call that every notebook starts with.

What comes back is a plain client of the `openai` SDK. Replay, record and live differ in its transport alone, so the
cells that use it are the cells a reader takes home.
"""

import asyncio
import re
import sys
import weakref
from collections.abc import Awaitable, Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import httpx2
import openai

from helpers.endpoints import REPLAY_ENDPOINT, Endpoint, say_unused
from helpers.errors import SettingError
from helpers.lines import fold, name_together
from helpers.recordings import AsyncRecordingTransport, RecordingTransport, Requests, Session, Store
from helpers.recordings.realtime.listener import LineURL
from helpers.settings import Settings, read_settings
from helpers.signin import token_provider

__all__ = ["connect", "connect_async", "credential_of", "session_of", "show_connection"]

_V1_SCOPE = "https://ai.azure.com/.default"
_DATED_SCOPE = "https://cognitiveservices.azure.com/.default"

_NO_KEY = "replay-needs-no-key"

_sessions: weakref.WeakKeyDictionary[Any, Session] = weakref.WeakKeyDictionary()
_credentials: weakref.WeakKeyDictionary[Any, str | Callable[[], str]] = weakref.WeakKeyDictionary()


def connect(recordings: str | Path, api_version: str | None = None) -> openai.OpenAI:
    """A client that replays unless AZURE_OPENAI_MODE says otherwise.

    recordings: a notebook's name ("06_embeddings"), a name of your own (kept in runs/), or a folder's path.
    api_version: None for the v1 API, an `openai.OpenAI`; a dated version such as "2024-10-21" for an
    `openai.AzureOpenAI`. Raises SettingError where a setting is missing or cannot be used.
    """
    settings = read_settings()
    session = _open_session(recordings, settings, api_version)
    asks = None if settings.mode == "replay" else httpx2.Client(timeout=_TIMEOUT)
    http_client = httpx2.Client(transport=RecordingTransport(session, asks), timeout=_TIMEOUT, follow_redirects=True)
    token = _token_provider(settings, api_version, session.requests.own)
    _credentials[http_client] = _v1_credential(settings, token)
    if api_version:
        client: openai.OpenAI = openai.AzureOpenAI(
            azure_endpoint=session.endpoint.root,
            api_version=api_version,
            http_client=http_client,
            websocket_base_url=_open_line(session, api_version),
            **_dated_credential(settings, token),
        )
    else:
        client = openai.OpenAI(
            base_url=session.endpoint.v1,
            api_key=_v1_credential(settings, token),
            http_client=http_client,
            websocket_base_url=_open_line(session, api_version),
        )
    _sessions[http_client] = session
    return client


def connect_async(recordings: str | Path, api_version: str | None = None) -> openai.AsyncOpenAI:
    """The async twin of connect()."""
    settings = read_settings()
    session = _open_session(recordings, settings, api_version)
    asks = None if settings.mode == "replay" else httpx2.AsyncClient(timeout=_TIMEOUT)
    transport = AsyncRecordingTransport(session, asks)
    http_client = httpx2.AsyncClient(transport=transport, timeout=_TIMEOUT, follow_redirects=True)
    provide = _token_provider(settings, api_version, session.requests.own)
    token = _in_thread(provide) if provide else None
    if api_version:
        client: openai.AsyncOpenAI = openai.AsyncAzureOpenAI(
            azure_endpoint=session.endpoint.root,
            api_version=api_version,
            http_client=http_client,
            websocket_base_url=_open_line(session, api_version),
            **_dated_credential(settings, token),
        )
    else:
        client = openai.AsyncOpenAI(
            base_url=session.endpoint.v1,
            api_key=_v1_credential(settings, token),
            http_client=http_client,
            websocket_base_url=_open_line(session, api_version),
        )
    _sessions[http_client] = session
    return client


def credential_of(client: openai.OpenAI) -> str:
    """What a client of connect() would send now: the key, or, where one signs in, a token that is still valid.

    Of a copy (`with_options`) it is the one of the client that connect() made. Raises SettingError for any other.
    """
    session_of(client)
    credential = _credentials[client._client]
    return credential if isinstance(credential, str) else credential()


def session_of(client: openai.OpenAI | openai.AsyncOpenAI) -> Session:
    """The session behind a client that connect() made, or a copy of it. Raises SettingError for any other client."""
    session = _sessions.get(getattr(client, "_client", None))  # what copies (`with_options`) share
    if session is None:
        raise SettingError("this client was not made by connect()", next='client = connect("00_start_here")')
    return session


def show_connection(client: Any) -> None:
    """Print how a client of connect() answers: the mode, and who."""
    session = session_of(client)
    if session.mode == "replay":
        print("mode     replay: recorded answers, no key, no network, no cost")
        print(fold(f"answers  {_recorded_engines(session)}", " " * 9))
        return
    kept = "answers not yet recorded are asked for and kept" if session.mode == "record" else "every call is asked"
    costs = "free, for this machine answers" if session.endpoint.is_loopback else "which may cost money"
    print(f"mode     {session.mode}: {kept}, {costs}")
    print(f"answers  {session.endpoint.host}")
    if unused := say_unused(session.endpoint, session.requests.deployments):
        print(fold(f"unused   {unused[0]}; write {unused[1]}", " " * 9))


def _recorded_engines(session: Session) -> str:
    sources: dict[tuple[str, str], None] = {}
    dates: set[str] = set()
    for _, record in session.store.records():
        for answer in record["answers"]:
            source = answer.get("source", {})
            if source.get("engine") not in {None, "", "front"}:
                sources[source.get("kind", ""), source["engine"]] = None
            dates.add(answer.get("recorded_on", ""))
    stand_ins = [engine for kind, engine in sources if kind == "stand-in"]
    azure = [engine for kind, engine in sources if kind != "stand-in"]
    told: Sequence[str] = [
        *([f"{name_together(stand_ins)}: a stand-in, not an Azure model"] if stand_ins else []),
        *([", ".join(azure)] if azure else []),
    ]
    return f"{'; '.join(told) or 'nobody yet'} · {max(dates, default='never')}"


# The SDK's own defaults, which it loses with a client of one's own; redirects are followed there too. The client that
# asks is a second one, because one with a transport ignores the proxies that the environment names.
_TIMEOUT = httpx2.Timeout(600.0, connect=5.0)


def _open_session(recordings: str | Path, settings: Settings, api_version: str | None) -> Session:
    if "IPython" in sys.modules:  # in a notebook, errors explain themselves; elsewhere this costs nothing
        from helpers.explanations import explain_in_notebook

        explain_in_notebook()
    if api_version is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}(-preview)?", api_version):
        raise SettingError(
            f"{api_version!r} is no dated API version",
            next='a date such as "2024-10-21", or leave api_version out for the v1 API',
        )
    endpoint = settings.endpoint or REPLAY_ENDPOINT
    if settings.mode != "replay" and settings.endpoint is None:
        raise SettingError(
            f"the mode is {settings.mode} and AZURE_OPENAI_ENDPOINT is not set",
            next="set it in .env (see .env.example), run `make standin`, or AZURE_OPENAI_MODE=replay",
        )
    requests = Requests(
        _base_path(endpoint, api_version),
        "/openai" if api_version else "/openai/v1",
        settings.deployments,
        {settings.api_key or settings.ad_token or _NO_KEY},
    )
    store = _find_store(recordings, settings)
    if "IPython" in sys.modules:
        from helpers.receipt import set_hook

        set_hook()
    return Session(store, settings.mode, endpoint, requests, pace=settings.pace, used=settings.used)


def _base_path(endpoint: Endpoint, api_version: str | None) -> str:
    return httpx2.URL(endpoint.root + "/openai" if api_version else endpoint.v1).path


def _open_line(session: Session, api_version: str | None) -> LineURL:
    """Where the SDK's WebSockets go in every mode: through this process, which plays, keeps, or only counts."""
    return LineURL(session, _base_path(session.endpoint, api_version), _explain_sessions)


def _explain_sessions() -> None:
    if "IPython" in sys.modules:  # websockets is loaded now
        from websockets.exceptions import ConnectionClosed, InvalidStatus

        from helpers.explanations import explain_in_notebook

        explain_in_notebook(ConnectionClosed, InvalidStatus)


def _find_store(recordings: str | Path, settings: Settings) -> Store:
    """A notebook's recordings are read; what a reader records goes to runs/, so that the course stays as it is."""
    if isinstance(recordings, Path) or re.search(r"[\\/]", recordings):
        folder, base = Path(recordings), None
    elif settings.runs is None:
        folder, base = settings.recordings / recordings, None
    else:
        folder, base = settings.runs / recordings, settings.recordings / recordings
    if settings.mode == "replay" and not folder.is_dir() and not (base and base.is_dir()):
        known = sorted(path.name for path in settings.recordings.glob("[0-9]*") if path.is_dir())
        nearest = get_close_matches(str(recordings), known, n=1, cutoff=0.3)
        raise SettingError(
            f"there are no recordings called {str(recordings)!r}",
            nearest=nearest[0] if nearest else "none",
            next="that name, or AZURE_OPENAI_MODE=record to make recordings of your own",
        )
    return Store(folder, base if base and base.is_dir() else None)


def _token_provider(settings: Settings, api_version: str | None, own: set[str]) -> Callable[[], str] | None:
    """Asks Microsoft Entra ID for a token, where there is no key; None where none is needed. own: takes each token."""
    if settings.mode == "replay" or settings.api_key or settings.ad_token:
        return None
    ask = token_provider(_DATED_SCOPE if api_version else _V1_SCOPE)
    if "IPython" in sys.modules:  # azure is loaded now, and its errors explain themselves too
        from azure.core.exceptions import ClientAuthenticationError

        from helpers.explanations import explain_in_notebook

        explain_in_notebook(ClientAuthenticationError)

    def provide() -> str:
        token = ask()
        own.add(token)
        return token

    return provide


def _in_thread(provide: Callable[[], str]) -> Callable[[], Awaitable[str]]:
    """azure-identity's own async classes need one more HTTP library; a token is asked for once an hour."""
    return lambda: asyncio.to_thread(provide)


def _v1_credential(settings: Settings, token: Any) -> Any:
    return settings.api_key or settings.ad_token or token or _NO_KEY


def _dated_credential(settings: Settings, token: Any) -> dict[str, Any]:
    if token:
        return {"azure_ad_token_provider": token}
    if settings.ad_token:
        return {"azure_ad_token": settings.ad_token}
    return {"api_key": settings.api_key or _NO_KEY}
