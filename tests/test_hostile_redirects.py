"""A server that redirects: followed as by the plain SDK, and no credential reaches another origin."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from helpers.evidence import evidence_of
from tests.hostile import CALLS, KEY, ask, connect_to, make_plain
from tests.loopback import Answer, Seen, Server, open_wire

wire = pytest.fixture(open_wire)
CODES = (301, 302, 303, 307, 308)
MODES = ("live", "record")
HOST = "my-resource.openai.azure.com"
CREDENTIALS = {"api-key", "authorization", "ocp-apim-subscription-key", "x-api-key", "cookie", "proxy-authorization"}
SECRET = "secret-" + "of-the-reader-1234567890"


@pytest.fixture
def other() -> Iterator[Server]:
    """Where credentials must never arrive: it answers whatever it is asked."""
    server = Server(lambda seen: _answer(seen))
    yield server
    server.close()


def _answer(seen: Seen) -> Answer:
    if seen.path.partition("?")[0].endswith("/models"):
        return Answer.of_json({"object": "list", "data": [{"id": "m", "object": "model", "created": 1}]})
    return Answer.of_json({"id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [], "text": "x"})


def _send_to(place: str, code: int, **headers: str) -> Callable[[Seen], Answer]:
    """Redirects to the same path and query at another place, as a proxy does."""
    return lambda seen: Answer(code, {"location": place + seen.path, **headers}, b"")


def _leaks(server: Server) -> list[str]:
    """Where a credential stands in what reached this server."""
    found = []
    for seen in server.seen:
        found += [name for name in seen.headers if name in CREDENTIALS]
        found += [f"{name}: (the key)" for name, value in seen.headers.items() if KEY in value or SECRET in value]
        found += ["the URL"] if KEY in seen.path or SECRET in seen.path else []
    return found


def _without_credentials(seen: Seen) -> tuple[Any, ...]:
    """A request but for its credentials and for what is drawn anew each time."""
    drawn = {*CREDENTIALS, "idempotency-key", "content-type"}
    kind = seen.headers.get("content-type", "")
    boundary = kind.partition("boundary=")[2]
    body = seen.body.replace(boundary.encode(), b"") if boundary else seen.body
    headers: dict[str, Any] = {name: value for name, value in seen.headers.items() if name not in drawn}
    headers["x-stainless-read-timeout"] = float(headers["x-stainless-read-timeout"])  # 600 and 600.0 are as long
    return seen.method, seen.path, headers, kind.partition("boundary=")[0], body


@pytest.mark.parametrize(("mode", "dated", "is_async"), list(itertools.product(MODES, (False, True), (False, True))))
@pytest.mark.parametrize("call", ["GET", "POST", "multipart"])
def test_no_credential_follows_a_redirect_to_another_origin(wire, other, mode, dated, is_async, call):
    for code in CODES:
        wire.folder = wire.folder.with_name(f"recordings-{code}")
        first = wire.serve(_send_to(other.url, code))
        plain = ask(make_plain(first.url, dated=dated, is_async=is_async), CALLS[call])
        expected = [_without_credentials(seen) for seen in other.seen]
        other.seen.clear()
        came = ask(connect_to(wire, mode, dated=dated, is_async=is_async), CALLS[call])
        assert came.seen == plain.seen, code
        assert [_without_credentials(seen) for seen in other.seen] == expected, code
        assert not _leaks(other), code
        other.seen.clear()
        if mode == "record":
            replayed = ask(connect_to(wire, "replay", dated=dated, is_async=is_async), CALLS[call])
            assert replayed.seen == came.seen and not other.seen, code


@pytest.mark.parametrize("mode", MODES)
def test_no_header_of_the_readers_own_that_is_a_credential_follows(wire, other, mode):
    own = {
        "ocp-apim-subscription-key": SECRET,
        "x-api-key": SECRET,
        "cookie": f"session={SECRET}",
        "proxy-authorization": f"Basic {SECRET}",
        "x-gateway": KEY,  # a name that nobody knows, and the key's own value
        "x-harmless": "stays",
    }
    for code in CODES:
        wire.serve(_send_to(other.url, code))
        ask(connect_to(wire, mode, default_headers=own, default_query={"code": str(code)}), CALLS["POST"])
    assert len(other.seen) == len(CODES)
    assert not _leaks(other)
    assert all(seen.headers["x-harmless"] == "stays" for seen in other.seen)


@pytest.mark.parametrize("mode", MODES)
def test_no_key_in_a_url_follows(wire, other, mode):
    for code in CODES:
        wire.serve(_send_to(other.url, code))
        ask(connect_to(wire, mode, default_query={"subscription-key": KEY, "code": str(code)}), CALLS["POST"])
    assert not _leaks(other)


@pytest.mark.parametrize("mode", MODES)
def test_no_cookie_that_the_service_set_follows(wire, other, mode):
    wire.serve(_send_to(other.url, 307, **{"set-cookie": f"session={SECRET}; Path=/"}))
    client = connect_to(wire, mode)()
    for number in range(2):
        client.chat.completions.create(model=f"m{number}", messages=[{"role": "user", "content": "x"}])
    assert len(other.seen) == 2
    assert not _leaks(other)


@pytest.mark.parametrize("mode", MODES)
def test_credentials_do_not_follow_from_https_to_http(wire, other, mode):
    for number, (dated, code) in enumerate(itertools.product((False, True), CODES)):
        wire.folder = wire.folder.with_name(f"recordings-{number}")
        wire.serve_as(HOST, _send_to(other.url, code))
        plain = ask(make_plain(f"https://{HOST}", dated=dated), CALLS["POST"])
        assert len(other.seen) == 1
        other.seen.clear()
        came = ask(connect_to(wire, mode, dated=dated), CALLS["POST"])
        assert came.seen == plain.seen and len(other.seen) == 1
        assert not _leaks(other), code
        other.seen.clear()


@pytest.mark.parametrize("mode", MODES)
def test_what_another_server_answered_after_a_redirect_is_no_measurement_on_azure(wire, other, mode):
    wire.serve_as(HOST, _send_to(other.url, 307))
    came = ask(connect_to(wire, mode), CALLS["POST"])
    assert came.error is None
    assert evidence_of(came.given).kind == "other server"
    if mode == "record":
        replayed = ask(connect_to(wire, "replay"), CALLS["POST"])
        assert evidence_of(replayed.given).kind == "other server"


@pytest.mark.parametrize(
    ("mode", "dated", "call"), list(itertools.product(MODES, (False, True), ("GET", "POST", "multipart")))
)
def test_at_the_same_origin_a_redirect_is_followed_with_its_credentials(wire, mode, dated, call):
    def answer(seen: Seen) -> Answer:
        return _answer(seen) if "moved" in seen.path else Answer(code, {"location": "/moved" + seen.path}, b"")

    for code in CODES:
        wire.folder = wire.folder.with_name(f"recordings-{code}")
        server = wire.serve(answer)
        plain = ask(make_plain(server.url, dated=dated), CALLS[call])
        expected = [(_without_credentials(seen), _credentials(seen)) for seen in server.seen]
        server.seen.clear()
        came = ask(connect_to(wire, mode, dated=dated), CALLS[call])
        assert came.seen == plain.seen, code
        assert [(_without_credentials(seen), _credentials(seen)) for seen in server.seen] == expected, code
        assert len(expected) == 2 and expected[1][1]


def _credentials(seen: Seen) -> dict[str, str]:
    return {name: value for name, value in seen.headers.items() if name in CREDENTIALS}


def _odd_places(url: str) -> list[str | None]:
    return [
        None,
        "",
        url + "/round?",
        "//",
        "http://[",
        "ftp://127.0.0.1/x",
        "http://127.0.0.1:1/nobody",
        "?again",
        "\xfc",
    ]


@pytest.mark.parametrize(("mode", "is_async"), list(itertools.product(MODES, (False, True))))
def test_redirects_to_nowhere_and_in_circles_end_as_with_the_plain_sdk(wire, mode, is_async):
    place: str | None = None

    def answer(seen: Seen) -> Answer:
        return Answer(302, {} if place is None else {"location": place}, b"")

    server = wire.serve(answer)
    for number, place in enumerate(_odd_places(server.url)):
        wire.folder = wire.folder.with_name(f"recordings-{number}")
        plain = ask(make_plain(server.url, is_async=is_async), CALLS["GET"])
        expected = len(server.seen)
        server.seen.clear()
        came = ask(connect_to(wire, mode, is_async=is_async), CALLS["GET"])
        assert came.seen == plain.seen, place
        assert len(server.seen) == expected, place
        assert plain.error is not None and came.seconds < 20
        server.seen.clear()


def _get_unfollowed(client: Any) -> Any:
    return client.get("/models", cast_to=object, options={"follow_redirects": False})


@pytest.mark.parametrize(("mode", "is_async"), list(itertools.product(MODES, (False, True))))
def test_a_reader_who_wants_no_redirect_followed_gets_none(wire, other, mode, is_async):
    server = wire.serve(_send_to(other.url, 302))
    plain = ask(make_plain(server.url, is_async=is_async), _get_unfollowed)
    came = ask(connect_to(wire, mode, is_async=is_async), _get_unfollowed)
    assert plain.error == ("APIStatusError", 302)
    assert came.seen == plain.seen
    assert len(server.seen) == 2 and not other.seen
    if mode == "record":
        replayed = ask(connect_to(wire, "replay", is_async=is_async), _get_unfollowed)
        assert replayed.seen == plain.seen and len(server.seen) == 2


@pytest.mark.parametrize("mode", MODES)
def test_an_http_client_of_the_readers_own_that_follows_none_follows_none(wire, other, mode):
    server = wire.serve(_send_to(other.url, 302))
    own = openai.DefaultHttpxClient(follow_redirects=False)
    came = ask(connect_to(wire, mode, http_client=own), CALLS["GET"])
    assert came.error == ("APIStatusError", 302)
    assert len(server.seen) == 1 and not other.seen


@pytest.mark.parametrize("mode", MODES)
def test_cookies_go_back_to_the_service_that_set_them_as_with_the_plain_sdk(wire, mode):
    def answer(seen: Seen) -> Answer:
        given = _answer(seen)
        return Answer(200, given.headers | {"set-cookie": "lane=7; Path=/"}, given.body)

    server = wire.serve(answer)
    told: list[list[str | None]] = []
    for make in (make_plain(server.url), connect_to(wire, mode)):
        client = make()
        for number in range(3):
            client.chat.completions.create(model=f"m{number}", messages=[{"role": "user", "content": "x"}])
        told.append([seen.headers.get("cookie") for seen in server.seen])
        server.seen.clear()
    assert told[0] == told[1] == [None, "lane=7", "lane=7"]


def test_the_plain_sdk_sends_no_credential_of_its_own_and_the_readers_own_it_sends():
    """What the tests above are measured against: its own they must match; of the reader's own they ask more."""
    other = Server(_answer)
    first = Server(_send_to(other.url, 307))
    try:
        for dated in (False, True):
            assert ask(make_plain(first.url, dated=dated), CALLS["POST"]).error is None
        assert len(other.seen) == 2 and not _leaks(other)
        ask(make_plain(first.url, default_headers={"x-gateway": KEY}), CALLS["POST"])
        assert _leaks(other) == ["x-gateway: (the key)"]
    finally:
        first.close()
        other.close()
