"""Starts a stand-in: its engine, its counters, its credentials, its front."""

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.standin import nonsense
from tests.standin.app import build_app
from tests.standin.deployments import build_deployments
from tests.standin.engines import Engine, fetch_tokenizers, start_engines
from tests.standin.faults import parse_fault
from tests.standin.front import Front, Received
from tests.standin.limits import Limit, Meter
from tests.standin.seeing.reading import NonsenseReader, Reader, find_reader
from tests.standin.servers import LOOPBACK, ThreadServer
from tests.standin.sound.hearing import Hearing, NonsenseHearing, OneAtATime, Whisper
from tests.standin.sound.moonshine import Moonshine
from tests.standin.sound.speaking import Kokoro, NonsenseSpeaking, Speaking
from tests.standin.sound.whisper_tiny import WhisperTiny
from tests.standin.tokens import CountByWords, CountPrompt, CountTokens
from tests.standin.vectors import NonsenseVectors, VectorEngine, find_vectors

__all__ = ["HEARING", "Standin", "build_front", "make_key", "serve"]

HEARING: tuple[type[OneAtATime], ...] = (Whisper, WhisperTiny, Moonshine)  # which of them, standins.csv says


@dataclass(frozen=True)
class Standin:
    """A running stand-in.

    endpoint: http://127.0.0.1:port, without a path. key, token: made when it started. requests: (method, path, parsed
    JSON body or None) of all that came in. engines: who answers, by label; engine: the first of them.
    """

    endpoint: str
    key: str = field(repr=False)  # a failing test prints its arguments
    token: str = field(repr=False)
    requests: list[Received]
    engines: dict[str, Engine]

    @property
    def engine(self) -> Engine:
        return next(iter(self.engines.values()))


@contextmanager
def serve(
    engine: str | Engine = "nonsense",
    *,
    port: int = 0,
    weights: Path | None = None,
    limits: Mapping[str, Limit] | None = None,
    faults: Sequence[str] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Standin]:
    """Serve on loopback for the length of a `with`. engine: a name of ENGINES or "both", or one that runs already.

    limits: (tokens, requests) per minute by deployment, "*" for the rest; none unless given. clock: seconds, for them.
    faults: what goes wrong with the first requests, see faults.py.
    An engine started here is ended here. Raises WeightsError, EngineError, FaultError, OSError when the port is taken.
    """
    running = start_engines(engine, weights) if isinstance(engine, str) else {engine.label: engine}
    try:
        received: list[Received] = []
        front = build_front(running, weights, requests=received, meter=Meter(limits, clock), faults=faults)
        server = ThreadServer(build_app(front), LOOPBACK, port)
        try:
            yield Standin(server.url, front.key, front.token, received, running)
        finally:
            server.stop()
    finally:
        if isinstance(engine, str):
            for each in running.values():
                each.stop()


def build_front(
    engines: Mapping[str, Engine],
    weights: Path | None = None,
    *,
    key: str | None = None,
    requests: list[Received] | None = None,
    meter: Meter | None = None,
    faults: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> Front:
    """The front over engines, by label. key: made at random unless given. Raises WeightsError, FaultError."""
    words = nonsense.LABEL in engines  # it speaks no tokens, and must not need a download
    count: CountPrompt = CountByWords() if words else CountTokens(fetch_tokenizers(weights, say))
    for fault in filter(None, faults):
        parse_fault(fault)  # a wrong one is known at once
    # As the chat engines: one answers for all, or, where there are several, the one that the table names.
    names = ["minilm"] if len(engines) == 1 else ["minilm", "gte"]
    vectors: Mapping[str, VectorEngine] = (
        {nonsense.LABEL: NonsenseVectors()} if words else find_vectors(names, weights, say)
    )
    reader: Reader = NonsenseReader() if words else find_reader(say)
    # These load, and fetch what they need, when the first sound comes.
    hearing: list[Hearing] = [NonsenseHearing()] if words else [kind(weights, say) for kind in HEARING]
    hears = hearing[0]  # and what chats and sessions hear with
    speaks: Speaking = NonsenseSpeaking() if words else Kokoro(weights, say)
    key, token, meter = key or make_key(), _make_token(), meter or Meter()
    deployments = build_deployments(engines, vectors, {each.label: each for each in hearing}, {speaks.label: speaks})
    return Front(
        deployments, count, key, token, requests, meter, faults=faults, reader=reader, hears=hears, speaks=speaks
    )


def make_key() -> str:
    """A random key that looks like a resource's."""
    return secrets.token_hex(16)


def _make_token() -> str:
    """A random token in the form of Microsoft Entra ID's: three parts, signed by nobody."""
    parts = [{"typ": "JWT", "alg": "none"}, {"aud": "stand-in", "jti": secrets.token_hex(16)}]
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*coded, secrets.token_urlsafe(32)])
