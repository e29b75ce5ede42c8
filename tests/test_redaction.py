"""No secret reaches the disk, wherever it stands; the request that carried it still finds its recording."""

import asyncio
import base64
import json
import random
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from helpers.recordings.redaction import REDACTED, Redactor
from tests.loopback import Answer, Seen, answer_plainly, draw_png, open_wire

wire = pytest.fixture(open_wire)
ALNUM = string.ascii_letters + string.digits
MODEL = "gpt-4.1-mini"


class Secrets:
    """Makes secrets from a seed, all in running text, and remembers each: `made` must not be found on disk."""

    def __init__(self, seed: int):
        self._chance = random.Random(seed)
        self.made: list[str] = []

    def _new(self, letters: str, length: int, secret: bool = True) -> str:
        text = "".join(self._chance.choices(letters, k=length))
        if secret:
            self.made.append(text)
        return text

    def hex_key(self) -> str:
        return self._new("0123456789abcdef", 32)

    def long_key(self) -> str:
        key = self._new(ALNUM, 52, False) + "JQQJ99" + self._new(ALNUM, 26, False)
        self.made.append(key)
        return key

    def jwt(self) -> str:
        claims = {"aud": "x", "tid": self._new(ALNUM, 12, False)}
        parts = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in ({"typ": "JWT"}, claims)
        ]
        token = ".".join([*parts, self._new(ALNUM + "-_", 43, False)])
        self.made += [token, parts[1]]
        return token

    def opaque(self) -> str:
        return self._new(ALNUM + "-_", self._chance.randint(40, 80))

    def name(self) -> str:
        name = (
            self._new(string.ascii_lowercase, 6, False)
            + "-"
            + self._new(string.ascii_lowercase + string.digits, 6, False)
        )
        self.made.append(name)
        return name

    def guid(self) -> str:
        digits = self._new("0123456789abcdef", 32, False)
        guid = "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])
        self.made.append(guid)
        return guid

    def signature(self) -> str:
        data = base64.b64encode(self._chance.randbytes(32)).decode()
        self.made.append(data.rstrip("="))
        quoted = data.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        self.made.append(quoted)
        return quoted

    def sentence(self) -> str:
        """One text with a secret in it, as people, programs and services write it."""
        key = self._chance.choice([self.hex_key, self.long_key])
        host = self._chance.choice(["openai.azure.com", "services.ai.azure.com", "cognitiveservices.azure.com"])
        makers = [
            lambda: f"My key is {key()}.",
            lambda: f"export AZURE_OPENAI_API_KEY={key()}",
            lambda: f"curl -H 'api-key: {key()}' https://{self.name()}.{host}/openai/v1/",
            lambda: json.dumps({"api_key": self.opaque(), "endpoint": f"https://{self.name()}.{host}"}),
            lambda: json.dumps(json.dumps({"api_key": self.opaque()})),
            lambda: f"Authorization: Bearer {self.jwt()}",
            lambda: f'{{"Authorization": "Bearer {self.opaque()}"}}',
            lambda: f"Bearer {self.opaque()} was refused",
            lambda: f"token {self.jwt()} has expired",
            lambda: f"Set-Cookie: ARRAffinity={self.opaque()}; Path=/; HttpOnly",
            lambda: f"Cookie: session={self.opaque()}; other={self.opaque()}",
            lambda: f"{self.name().upper()}.{host}:443 did not answer",
            lambda: f"GET {self.name()}.{host}/openai/deployments/gpt-4o?api-key={key()}&x=1",
            lambda: (
                f"/subscriptions/{self.guid()}/resourceGroups/{self.name()}/providers/Microsoft.CognitiveServices"
                f"/accounts/{self.name()}/deployments/{self.name()} was not found"
            ),
            lambda: f"Tenant '{self.guid().upper()}' is not known; resourceGroups/{self._chance.randint(1, 9)}",
            lambda: f"Token tenant {self.guid()} does not match resource tenant {self.guid()}.",
            lambda: f"https://{self.name()}.blob.core.windows.net/in/a.jsonl?sv=2024&sp=r&sig={self.signature()}",
            lambda: f"https://{self.name()}.services.ai.azure.com/api/projects/{self.name()}/agents",
            lambda: f"client_secret={self.opaque()}&grant_type=client_credentials",
            lambda: f"someone@{self.name()}.onmicrosoft.com with password: {self.opaque()}",
            lambda: f"refresh_token={self.opaque()}&id_token={self.jwt()}",
            lambda: f"sk-{self.opaque()} is OpenAI's",
        ]
        return self._chance.choice(makers)()

    def sentences(self, count: int) -> list[str]:
        return [self.sentence() for _ in range(count)]


def _found_in(folder: Path, secrets: list[str]) -> Iterator[tuple[str, str]]:
    everything = [
        (path.name, path.name + "\n" + path.read_bytes().decode("latin-1"))
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert len(everything) > 3
    for name, text in everything:
        text = text.lower()
        yield from ((name, secret) for secret in secrets if secret.lower() in text)


def _answer_with(secrets: Secrets) -> Any:
    """Every header, body, error text and event of the answers holds secrets too."""

    def answer(seen: Seen) -> Answer:
        headers = {
            "set-cookie": f"ARRAffinity={secrets.opaque()}; Path=/; HttpOnly",
            "x-ms-subscription": secrets.guid(),
            "x-ms-deployment-name": f"{secrets.name()}.openai.azure.com",
            "apim-request-id": f"{secrets.guid()} for {secrets.hex_key()}",
            "azureml-model-session": secrets.opaque(),
            "www-authenticate": f'Bearer authorization_uri="https://login.windows.net/{secrets.guid()}"',
            "location": f"https://{secrets.name()}.openai.azure.com/{secrets.hex_key()}",
        }
        body: dict[str, Any] = {"id": "x", "model": "m", "choices": [], "notes": secrets.sentences(4)}
        if b"fail" in seen.body:
            error = {"code": "401", "message": " ".join(secrets.sentences(3)), "innererror": {"token": secrets.jwt()}}
            return Answer(400, headers | {"content-type": "application/json"}, json.dumps({"error": error}).encode())
        if b'"stream":true' in seen.body.replace(b" ", b""):
            answer = Answer.of_events([*_in_pieces(secrets), body, "[DONE]", "not JSON: " + secrets.sentence()])
            return Answer(200, headers | answer.headers, None, answer.chunks)
        if b"download" in seen.body:
            lines = "\n".join(json.dumps({"custom_id": str(i), "note": secrets.sentence()}) for i in range(3))
            return Answer(200, headers | {"content-type": "application/octet-stream"}, lines.encode())
        if b"page" in seen.body:
            page = f"<p>é {secrets.sentence()}</p>".encode("latin-1")
            return Answer(502, headers | {"content-type": "text/html", "x-should-retry": "false"}, page)
        body |= {"echo": {"api_key": secrets.opaque(), "headers": {"authorization": secrets.opaque()}}}
        return Answer(200, headers | {"content-type": "application/json"}, json.dumps(body).encode())

    return answer


def _in_pieces(secrets: Secrets) -> list[Any]:
    """Two choices and a tool call, each streaming a secret a few letters at a time, the events interleaved."""
    texts = [
        f"Your key is {secrets.hex_key()}, keep it.",
        f"Bearer {secrets.jwt()}",
        json.dumps({"api_key": secrets.opaque()}),
    ]
    events = []
    for at in range(0, max(map(len, texts)), 5):
        pieces = [text[at : at + 5] for text in texts]
        choices = [{"index": index, "delta": {"content": piece}} for index, piece in enumerate(pieces[:2])]
        call = {"index": 0, "function": {"arguments": pieces[2]}}
        choices.append({"index": 2, "delta": {"tool_calls": [call]}})
        events.append({"id": "x", "model": "m", "choices": choices})
    return events


def _requests(secrets: Secrets, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """(method of the SDK, arguments), with secrets in headers, URLs, bodies, form fields and file names."""
    kinds = ["plain", "fail", "stream", "download", "page", "form", "file"]
    for i in range(count):
        kind = kinds[i % len(kinds)]
        extra: dict[str, Any] = {
            "extra_headers": {
                "Cookie": f"a={secrets.opaque()}; b={secrets.opaque()}",
                "X-Api-Key": secrets.opaque(),
                "X-Other": secrets.opaque(),
                "Ocp-Apim-Subscription-Key": secrets.hex_key(),
            },
            "extra_query": {"sig": secrets.signature(), "code": secrets.hex_key(), secrets.hex_key(): "1"},
        }
        told = " ".join([kind, str(i), *secrets.sentences(6)])
        if kind == "form":
            picture = (f"{secrets.hex_key()}.png", draw_png())
            yield "images.edit", {"model": "i", "prompt": told, "image": picture, "user": secrets.guid(), **extra}
        elif kind == "file":
            name = f"report-{secrets.hex_key()}-{secrets.long_key()}.jsonl"
            yield "files.create", {"file": (name, b"{}"), "purpose": secrets.sentence(), **extra}
        else:
            messages = [{"role": "user", "content": [{"type": "text", "text": told}]}]
            body = {"api_key": secrets.opaque(), "metadata": {"tenant": secrets.guid(), "password": secrets.opaque()}}
            told_all = {"model": MODEL, "messages": messages, "extra_body": body, **extra}
            yield "chat.completions.create", told_all | ({"stream": True} if kind == "stream" else {})


def _send(client: Any, method: str, arguments: dict[str, Any]) -> Any:
    call = client
    for part in method.split("."):
        call = getattr(call, part)
    try:
        answer = call(**arguments)
        return [chunk.model_dump() for chunk in answer] if arguments.get("stream") else "answered"
    except openai.APIStatusError as error:
        return f"status {error.status_code}"


@pytest.mark.parametrize("version", [None, "2024-10-21"])
def test_of_thousands_of_random_secrets_none_is_kept(wire, version):
    secrets = Secrets(20261120)
    resource, key = secrets.name(), secrets.long_key()
    server = wire.serve_as(f"{resource}.openai.azure.com", _answer_with(secrets))
    wire.set(AZURE_OPENAI_API_KEY=key)
    client = wire.connect("record", version)
    client.max_retries = 0
    asked = list(_requests(secrets, 98))
    # The credentials in use and the resource's bare name are nowhere kept either.
    asked.append(
        ("chat.completions.create", {"model": MODEL, "messages": [{"role": "user", "content": f"{key} {resource}"}]})
    )
    recorded = [_send(client, *one) for one in asked]
    assert len(server.seen) == len(asked) and len(secrets.made) > 4000
    assert key in server.seen[-1].body.decode() and any(key in value for value in server.seen[-1].headers.values())
    assert list(_found_in(wire.folder, secrets.made)) == []

    wire.set(AZURE_OPENAI_ENDPOINT="", AZURE_OPENAI_API_KEY="")
    client = wire.connect("replay", version)
    client.max_retries = 0
    for one, before in zip(asked, recorded, strict=True):  # each request still finds its recording
        replayed = _send(client, *one)
        assert type(replayed) is type(before) and (isinstance(before, list) or replayed == before)
    assert len(server.seen) == len(asked)


def test_the_twin_that_does_not_block_keeps_no_secret_either(wire):
    secrets = Secrets(7)
    wire.serve_as(f"{secrets.name()}.services.ai.azure.com", _answer_with(secrets))
    wire.set(AZURE_OPENAI_API_KEY=secrets.hex_key())

    async def ask() -> None:
        client = wire.connect_async("record")
        async with client:
            await asyncio.gather(
                *(
                    client.chat.completions.create(
                        model=MODEL, messages=[{"role": "user", "content": secrets.sentence()}]
                    )
                    for _ in range(30)
                )
            )

    asyncio.run(ask())
    assert len(secrets.made) > 300 and list(_found_in(wire.folder, secrets.made)) == []


def test_a_secret_streamed_in_pieces_is_cleaned_and_the_text_around_it_stays(wire):
    secrets = Secrets(3)
    events = _in_pieces(secrets)
    wire.serve(lambda seen: Answer.of_events([*events, "[DONE]"]))
    ask = {"model": MODEL, "messages": [{"role": "user", "content": "what is my key?"}], "stream": True}
    list(wire.connect("record").chat.completions.create(**ask))
    replayed = list(wire.connect().chat.completions.create(**ask))
    texts = ["".join(c.choices[i].delta.content or "" for c in replayed) for i in range(2)]
    assert re.fullmatch("Your key is 0{12}[0-9a-f]{20}, keep it.", texts[0]) and len(replayed) == len(events)
    assert re.fullmatch(f"Bearer {REDACTED}-[0-9a-f]{{8}}", texts[1])
    assert not [s for s in secrets.made if s[:10] in next(wire.folder.glob("*.json")).read_text()]


def test_a_cookie_that_an_answer_repeats_without_saying_what_it_is_is_known(wire):
    secrets = Secrets(23)
    sent, given = [secrets.opaque(), secrets.opaque()], secrets.opaque()

    def answer(seen: Seen) -> Answer:
        body = {"id": "1", "choices": [], "repeated": [*sent, given]}
        return Answer.of_json(body, set_cookie=f"session={given}; Path=/")

    wire.serve(answer)
    headers = {"Cookie": f"a={sent[0]}; b={sent[1]}"}
    messages = [{"role": "user", "content": "hello"}]
    wire.connect("record").chat.completions.create(model=MODEL, messages=messages, extra_headers=headers)
    [record] = wire.records()
    assert record["answers"][0]["json"]["repeated"] == [REDACTED] * 3


def test_a_long_secret_without_a_digit_is_one():
    word = "abcdefgh" * 5
    for text in (f"client_secret={word}", f"sig={word}", f"Bearer {word}"):
        assert word not in Redactor().text(text)


def test_a_secret_is_found_in_whatever_structure_it_stands():
    secrets = Secrets(17)
    for wrap in (
        lambda text: text,
        lambda text: [text],
        lambda text: [1, text],
        lambda text: [1.5, 2, {"a": text}],
        lambda text: {"a": [[3, {"b": [None, True, text]}]]},
        lambda text: [[0, {"choices": []}], [1, text, "name"]],
    ):
        for _ in range(30):
            value = wrap(secrets.sentence())
            assert Redactor().value(value) != value and Redactor().events([[1, value]]) != [[1, value]]
    assert re.fullmatch(f"{REDACTED}-[0-9a-f]{{4}}", Redactor().value({"api_key": "short"})["api_key"])
    vector = [0.5] * 1536
    assert Redactor().value({"embedding": vector})["embedding"] is vector


def test_a_bare_resource_name_in_a_request_is_kept_out_and_the_request_is_found_again(wire):
    wire.serve_as("contoso-east.openai.azure.com", answer_plainly())
    asks = [
        {"model": name, "messages": [{"role": "user", "content": "I am contoso-east"}]}
        for name in (MODEL, "contoso-east")
    ]
    recorded = [wire.connect("record").chat.completions.create(**ask).id for ask in asks]
    assert "contoso-east" not in "".join(path.name + path.read_text() for path in wire.folder.glob("*.json"))
    wire.set(AZURE_OPENAI_ENDPOINT="", AZURE_OPENAI_API_KEY="")
    assert [wire.connect().chat.completions.create(**ask).id for ask in asks] == recorded


def test_a_resource_that_is_called_like_a_word_changes_no_request(wire):
    wire.serve_as("openai.openai.azure.com", answer_plainly())
    ask = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}]}
    wire.connect("record").chat.completions.create(**ask)
    [record] = wire.records()
    assert record["request"]["path"] == "/openai/v1/chat/completions"
    wire.connect().chat.completions.create(**ask)


def test_cleaning_twice_changes_nothing_more():
    secrets, redactor = Secrets(11), Redactor(["in-use-1234"], {"contoso": "YOUR-RESOURCE", "my-gpt": MODEL})
    for _ in range(3000):
        once = redactor.text(secrets.sentence() + " contoso my-gpt in-use-1234 " + secrets.sentence())
        assert redactor.text(once) == once and Redactor().text(once) == once
        assert not any(secret.lower() in once.lower() for secret in secrets.made)
        secrets.made.clear()


def test_two_subscriptions_stay_two_and_one_stays_one():
    secrets, clean = Secrets(5), Redactor().text
    one, other = secrets.guid(), secrets.guid()
    assert clean(one) == clean(one.upper()) != clean(other) and clean(one).count("-") == 4


@pytest.mark.parametrize(
    "text",
    [
        'client = AzureOpenAI(api_key=os.environ["AZURE_OPENAI_API_KEY"], api_version="2024-10-21")',
        'api_key=os.getenv("AZURE_OPENAI_API_KEY"), azure_endpoint=os.getenv("AZURE_OPENAI_ENDPOINT")',
        "api_key = load_secret_from_the_key_vault(), model='gpt-4'",
        "client_secret=credential.client_secret_of_app, retries=3",
        "Pick a password, eat a cookie, design a token; a signal is no sign. sig = 1.5",
        "Basic understanding of bearer tokens in 2024; the bearer of 1,000 tokens",
        "What does the header 'api-key' hold, and the Authorization header? Cookie: a small text.",
        "password: at least 12 characters; access_token: a string that expires",
        "https://YOUR-RESOURCE.openai.azure.com/openai/v1/ and https://portal.azure.com",
        "https://learn.microsoft.com/azure/ai-services/openai/ and https://example.org/projects/2/accounts/3",
        "chatcmpl-" + "0a1b2c3d" * 4 + " file-" + "deadbeef" * 4 + " batch_req_" + "c0ffee12" * 4,
        "sha256 " + "0123456789abcdef" * 4 + " and md5sum, and a uuid such as 1234",
        "fp_44709d6fcb, resp_" + "0a1b2c3d4e" * 5,
        "The disk-shaped task-sk is risk-free; the sk- prefix is OpenAI's.",
        "ranks 100-200-300, 2024-05-13, +49 30 1234567, 4111 1111 1111 1111",
        base64.b64encode(bytes(random.Random(1).randbytes(6144))).decode(),
        base64.b64encode(draw_png(64)).decode(),
        "grüße 你好 🙂 \u2028 \x00",
    ],
)  # fmt: skip
def test_ordinary_text_of_a_course_stays_as_it_is(text):
    redactor = Redactor(["key-of-the-tests"], {"contoso": "YOUR-RESOURCE"})
    assert redactor.text(text) == text
    value = {
        "messages": [{"content": text}],
        "tools": [{"parameters": {"properties": {"password": {"type": "string"}}}}],
    }
    assert redactor.value(value) == value
    assert redactor.events([[1, value, "name"]]) == [[1, value, "name"]]


def test_streamed_text_that_is_no_secret_keeps_its_pieces():
    events = [
        [i, {"choices": [{"index": 0, "delta": {"content": piece}}]}]
        for i, piece in enumerate(["sk", "-", "y is ", "blue"])
    ]
    assert Redactor().events(events) == events


def test_only_the_headers_that_lessons_use_are_kept():
    headers = {"Content-Type": "application/json", "X-Request-ID": "a" * 32, "Server": "nginx", "Date": "today"}
    assert Redactor().headers(headers) == {"content-type": "application/json", "x-request-id": "a" * 32}


def test_a_request_id_that_holds_a_secret_is_left_out():
    secrets = Secrets(2)
    assert Redactor().headers({"x-request-id": f"for {secrets.long_key()}"}) == {}
    assert Redactor().headers({"apim-request-id": (guid := secrets.guid())}) == {"apim-request-id": guid}
