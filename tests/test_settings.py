"""Settings: all have a default that costs nothing; what cannot be used is refused with what to do."""

import asyncio
import inspect
import itertools
import json
import re
import sys
import types
from typing import Any

import openai
import pytest

from helpers import clients, connect, settings
from helpers.clients import credential_of
from helpers.errors import SettingError
from helpers.parameters import find_rule
from helpers.settings import EXAMPLE_MODEL, read_settings
from helpers.tables import deployable_models, read_rows
from tests.loopback import Answer, Wire, answer_plainly, draw_png, open_wire

wire = pytest.fixture(open_wire)
DATED = "2024-10-21"
COURSE = settings.ROOT
ASK: dict[str, Any] = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Say something."}]}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository's root of its own, so that .env and deployments.toml can be written."""
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    for name in ("MODE", "ENDPOINT", "API_KEY", "AD_TOKEN", "PACE", "RECORDINGS", "USED"):
        monkeypatch.delenv(f"AZURE_OPENAI_{name}", raising=False)
    return tmp_path


def test_with_no_setting_at_all_the_course_replays(root):
    found = read_settings()
    assert (found.mode, found.endpoint, found.api_key, found.pace) == ("replay", None, None, 1.0)


@pytest.mark.parametrize(
    ("mode", "nearest"), [("rec", "record"), ("Playback", "replay"), ("lve", "live"), ("1", "replay")]
)
def test_a_mode_that_is_none_is_refused_with_the_nearest(wire, mode, nearest):
    with pytest.raises(SettingError, match="no mode") as caught:
        wire.connect(mode)
    assert f"nearest  {nearest}" in str(caught.value) and "record (asks for what is missing" in str(caught.value)


@pytest.mark.parametrize("mode", ["REPLAY", " replay ", "Replay"])
def test_a_mode_is_understood_in_any_case(wire, mode):
    wire.folder.mkdir()
    assert clients.session_of(wire.connect(mode)).mode == "replay"


@pytest.mark.parametrize("pace", ["fast", "-1", "inf", "nan", "1,5"])
def test_a_pace_that_is_none_is_refused(wire, pace):
    with pytest.raises(SettingError, match="AZURE_OPENAI_PACE"):
        wire.connect(AZURE_OPENAI_PACE=pace)


def test_two_credentials_are_refused(wire):
    wire.serve(answer_plainly())
    with pytest.raises(SettingError, match="two credentials"):
        wire.connect("live", AZURE_OPENAI_AD_TOKEN="a-token")


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("https://contoso.openai.azure.com", "holds a URL"),
        ("contoso.openai.azure.com", "holds a URL"),
        ("<your-key>", "is no key"),
        ("your-api-key", "is no key"),
        ("two words", "is no key"),
        ("schlüssel", "is no key"),
    ],
)
def test_what_is_no_key_is_refused_before_it_is_sent(wire, key, problem):
    server = wire.serve(answer_plainly())
    with pytest.raises(SettingError, match=problem):
        wire.connect("record", AZURE_OPENAI_API_KEY=key)
    assert not server.seen


def test_what_only_asking_needs_cannot_stop_a_replay(wire):
    wire.folder.mkdir()
    for bad in ({"AZURE_OPENAI_ENDPOINT": "ftp://nowhere"}, {"AZURE_OPENAI_API_KEY": "<your-key>"}):
        wire.connect("replay", **bad)
    wire.connect("replay", DATED, AZURE_OPENAI_AD_TOKEN="a-token", OPENAI_API_VERSION="2020-01-01")


@pytest.mark.parametrize("mode", ["record", "live"])
def test_asking_without_an_endpoint_is_refused(wire, mode):
    with pytest.raises(SettingError, match="AZURE_OPENAI_ENDPOINT is not set") as caught:
        wire.connect(mode)
    assert ".env" in str(caught.value) and "make standin" in str(caught.value)


@pytest.mark.parametrize("version", ["v1", "latest", "2024-10", "2024-10-21-beta", ""])
def test_what_is_no_dated_api_version_is_refused(wire, version):
    wire.folder.mkdir()
    with pytest.raises(SettingError, match="no dated API version"):
        wire.connect("replay", version)


def test_an_unknown_notebook_is_refused_with_the_nearest(wire, tmp_path):
    for name in ("00_start_here", "06_embeddings"):
        (tmp_path / "course" / name).mkdir(parents=True)
    wire.set(AZURE_OPENAI_RECORDINGS=str(tmp_path / "course"))
    with pytest.raises(SettingError, match="no recordings called '06_embedings'") as caught:
        connect("06_embedings")
    assert "nearest  06_embeddings" in str(caught.value)


def test_the_clients_are_the_sdks_own(wire):
    wire.folder.mkdir()
    assert type(wire.connect()) is openai.OpenAI and type(wire.connect_async()) is openai.AsyncOpenAI
    assert type(wire.connect("replay", DATED)) is openai.AzureOpenAI
    assert type(wire.connect_async("replay", DATED)) is openai.AsyncAzureOpenAI


def test_a_client_of_another_make_is_refused_and_a_copy_is_known(wire):
    wire.folder.mkdir()
    client = wire.connect()
    assert clients.session_of(client.with_options(max_retries=0)) is clients.session_of(client)
    with pytest.raises(SettingError, match="not made by connect"):
        clients.session_of(openai.OpenAI(api_key="-"))


def test_the_environment_comes_before_dotenv(root, monkeypatch):
    (root / ".env").write_text(
        '# mine\nexport AZURE_OPENAI_MODE="live"\nAZURE_OPENAI_ENDPOINT=contoso.openai.azure.com # west\n'
        "AZURE_OPENAI_API_KEY='key of mine'\nAZURE_OPENAI_PACE=\n"
    )
    with pytest.raises(SettingError, match="is no key"):
        read_settings()
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "another-key")
    found = read_settings()
    assert (found.mode, found.pace, found.api_key) == ("live", 1.0, "another-key")
    assert found.endpoint is not None and found.endpoint.resource == "contoso"
    monkeypatch.setenv("AZURE_OPENAI_MODE", "replay")
    assert read_settings().mode == "replay"


# --- .env, as people write it

LINES = "AZURE_OPENAI_MODE=live\nAZURE_OPENAI_ENDPOINT=contoso.openai.azure.com\nAZURE_OPENAI_API_KEY=some-key\n"


def _read_written(root: Any, content: bytes) -> tuple[str, str | None, str | None]:
    """mode, resource and key, with this content in .env."""
    (root / ".env").write_bytes(content)
    found = read_settings()
    return found.mode, found.endpoint and found.endpoint.resource, found.api_key


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["unix", "windows", "mac"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_dotenv_is_read_in_the_encoding_in_which_an_editor_or_a_shell_saved_it(root, encoding, ends):
    text = f"# für Übungen\n{LINES}".replace("\n", ends)
    assert _read_written(root, text.encode(encoding)) == ("live", "contoso", "some-key")


@pytest.mark.parametrize(
    "form",
    [
        "{name}={value}",
        "export {name}={value}",
        'export {name}="{value}"',
        'declare -x {name}="{value}"',
        "set {name}={value}",
        'set "{name}={value}"',
        "SET {name}={value}",
        'setx {name} "{value}"',
        "setx {name} {value} /M",
        "setenv {name} {value}",
        '$env:{name} = "{value}"',
        "$env:{name}='{value}'  # mine",
        '$Env:{name} = "{value}";',
        '${{env:{name}}} = "{value}"',
        "{name}=“{value}”",
        "{name} = ‘{value}’  # mine",
        "{name}=„{value}“",
        "\ufeff{name}={value}",
        "\u00a0{name}\u00a0=\u00a0{value}\u00a0",
        "export\u00a0{name}={value}",
        "{name}\u200b={value}\u200b",
        "\u2060{name}={value}",
    ],
)
def test_dotenv_takes_a_setting_in_the_form_of_any_shell(root, form):
    pairs = [line.split("=", 1) for line in LINES.splitlines()]
    text = "\n".join(form.format(name=name, value=value) for name, value in pairs)
    assert _read_written(root, text.encode()) == ("live", "contoso", "some-key")


def test_a_path_of_another_shell_keeps_its_backslashes(root):
    (root / ".env").write_text('$env:AZURE_OPENAI_RECORDINGS = "C:\\new\\it\'s mine"\n')
    assert str(read_settings().recordings) == "C:\\new\\it's mine"


@pytest.mark.parametrize(
    "line",
    [
        "AZURE_OPENAI_MODE live",
        "AZURE_OPENAI_MODE: live",
        "AZURE_OPENAI_MODE",
        'AZURE_OPENAI_MODE="live',
        "// AZURE_OPENAI_MODE=live",
        '[Environment]::SetEnvironmentVariable("AZURE_OPENAI_MODE", "live", "User")',
        "set -gx AZURE_OPENAI_MODE live",
    ],
)
def test_a_line_of_dotenv_that_names_a_setting_and_cannot_be_read_is_refused(root, line):
    (root / ".env").write_text(f"# mine\n{line}\n")
    with pytest.raises(SettingError, match=r"line 2 of \.env") as caught:
        read_settings()
    assert "AZURE_OPENAI_MODE" in str(caught.value) and "NAME=value" in str(caught.value)


def test_no_line_that_is_refused_is_shown(root):
    (root / ".env").write_text("AZURE_OPENAI_API_KEY not-to-be-seen\n")
    with pytest.raises(SettingError) as caught:
        read_settings()
    assert "not-to-be-seen" not in str(caught.value)


def test_lines_of_dotenv_that_are_for_others_are_left_alone(root):
    (root / ".env").write_text("THEIRS one two\nOTHER=$AZURE_OPENAI_MODE\n# AZURE_OPENAI_MODE\nAZURE_OPENAI_PACE=0\n")
    assert (read_settings().mode, read_settings().pace) == ("replay", 0)


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x00\x00\x9f", b"PK\x03\x04\x14\x00\x00\x00\x00\x00"])
def test_a_dotenv_that_is_no_text_is_refused(root, content):
    (root / ".env").write_bytes(content)
    with pytest.raises(SettingError, match=r"\.env is not plain text") as caught:
        read_settings()
    assert "UTF-8" in str(caught.value)


def test_a_dotenv_that_may_not_be_read_is_refused(root, monkeypatch):
    (root / ".env").write_text(LINES)

    def refuse(self: Any) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(SettingError, match=r"\.env cannot be read: Permission denied"):
        read_settings()


@pytest.mark.parametrize(
    "around", ['"{}"', "'{}'", "“{}”", "‘{}’", "\u200b{}", " {}\u200b", "\u00a0{}\u00a0", "{}\ufeff"]
)
def test_what_stands_around_a_value_of_the_environment_and_is_no_part_of_it_is_taken_off(root, monkeypatch, around):
    """`set NAME="value"` in Windows' cmd keeps the quotes."""
    for name, value in {"MODE": "live", "API_KEY": "some-key", "ENDPOINT": "contoso.openai.azure.com"}.items():
        monkeypatch.setenv(f"AZURE_OPENAI_{name}", around.format(value))
    found = read_settings()
    assert (found.mode, found.api_key) == ("live", "some-key")
    assert found.endpoint is not None and found.endpoint.resource == "contoso"


def test_the_api_version_that_is_set_is_for_the_doctor_and_leaves_the_clients_alone(wire, root):
    wire.folder.mkdir()
    wire.set(OPENAI_API_VERSION=DATED)
    assert type(wire.connect()) is openai.OpenAI and wire.connect().base_url.path == "/openai/v1/"
    (root / ".env").write_text(f"OPENAI_API_VERSION={DATED}\n")
    assert type(wire.connect()) is openai.OpenAI and type(wire.connect_async()) is openai.AsyncOpenAI
    assert type(wire.connect("replay", "2025-04-01-preview")) is openai.AzureOpenAI


def test_dotenv_example_names_what_is_read_and_says_what_the_api_version_does():
    text = (COURSE / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^(\w+)=", text, re.M))
    assert named <= set(re.findall(r'get\("(\w+)"\)', inspect.getsource(settings))), "each is read"
    said = re.search(r"((?:^#.*\n)+)OPENAI_API_VERSION=$", text, re.M)
    assert said and "doctor" in said[1] and "connect(" in said[1]


def test_no_setting_shows_a_credential(root, monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_MODE", "live")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "not-to-be-seen")
    assert "not-to-be-seen" not in repr(read_settings())


@pytest.mark.parametrize(
    "text",
    ['gpt-4.1 = "x"', '"gpt-4.1" = 3', '"gpt-4.1" = "two words"', '"a" = ""', "not toml", b"\xff\xfe", "[gpt]\na='b'"],
)
def test_deployments_that_cannot_be_read_are_refused(root, monkeypatch, text):
    (root / "deployments.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert read_settings().deployments == {}, "replay does not need them"
    monkeypatch.setenv("AZURE_OPENAI_MODE", "live")
    with pytest.raises(SettingError, match=r"deployments\.toml") as caught:
        read_settings()
    assert f'"{EXAMPLE_MODEL}" = "my-deployment"' in str(caught.value)


def test_the_model_that_hints_name_chats_and_can_be_deployed_by_who_begins_today():

    assert EXAMPLE_MODEL in set(deployable_models().model)
    assert find_rule("chat", EXAMPLE_MODEL, "model")["accepted"] == "yes"
    cards = [row["next"] for row in read_rows("explanations")] + [row["instead"] for row in read_rows("parameters")]
    named = {name for text in cards for name in re.findall(r"for instance (gpt[\w.-]+)", text)}
    assert named and named <= set(deployable_models().model), "no hint sends anybody to a model that is closed"


def _ask_all(client: Any) -> list[str]:
    """One request of each way in which a model is named: in the body, in the URL, in a form. The models answered."""
    pictures = [("a.png", draw_png())]
    return [
        client.chat.completions.create(**ASK).model,
        client.embeddings.create(model="text-embedding-3-small", input="one").model,
        client.responses.create(model="gpt-4.1-mini", input="one").model,
        client.audio.transcriptions.create(model="whisper", file=("a.mp3", b"ID3")).model,
        client.images.edit(model="gpt-image-1", prompt="p", image=pictures).model,
    ]


@pytest.mark.parametrize("version", [None, DATED])
def test_private_deployment_names_leave_the_machine_and_never_reach_the_disk(wire, root, version):
    # Two models share one deployment, one is called like another model, one like a word of the answers.
    names = {"gpt-4.1-mini": "text-embedding-3-small", "text-embedding-3-small": "vec-anna", "whisper": "assistant"}
    names |= {"gpt-image-1": "vec-anna"}
    (root / "deployments.toml").write_text("".join(f'"{model}" = "{name}"\n' for model, name in names.items()))
    sent = []

    def answer(seen: Any) -> Answer:
        name = seen.path.split("/deployments/")[1].split("/")[0] if "/deployments/" in seen.path else ""
        if b"multipart" in seen.headers["content-type"].encode():
            form = seen.body.split(b'name="model"\r\n\r\n')
            name = name or form[1].split(b"\r\n")[0].decode()
        else:
            name = name or seen.json["model"]
        sent.append(name)
        assert len(seen.body) == int(seen.headers["content-length"])
        body = {
            "model": name,
            "role": "assistant",
            "object": "chat.completion",
            "data": [{"embedding": "AAAAAA==", "index": 0}],
        }
        body |= {"note": f"The API deployment {name} is ready", "output": [], "choices": []}
        return Answer.of_json(body, x_ms_deployment_name=name)

    wire.serve(answer)
    _ask_all(wire.connect("record", version))
    asked = ["gpt-4.1-mini", "text-embedding-3-small", "gpt-4.1-mini", "whisper", "gpt-image-1"]
    assert sent == [names[model] for model in asked]
    assert _ask_all(wire.connect("replay", version)) == asked
    for path in wire.folder.glob("*.json"):
        text = path.read_text()
        [answered] = json.loads(text)["answers"]
        assert "vec-anna" not in text + path.name and f"deployment {answered['json']['model']} is ready" in text
        assert answered["json"]["role"] == "assistant" and answered["json"]["object"] == "chat.completion"
        assert answered["headers"]["x-ms-deployment-name"] == answered["json"]["model"]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("version", "scope"),
    [(None, "https://ai.azure.com/.default"), (DATED, "https://cognitiveservices.azure.com/.default")],
)
def test_without_a_key_entra_id_is_asked_for_a_token_of_the_right_scope(wire, monkeypatch, version, scope, is_async):
    asked = []
    identity = types.ModuleType("azure.identity")
    identity.DefaultAzureCredential = lambda: "the credential"  # type: ignore[attr-defined]

    def provider(credential: str, *scopes: str) -> Any:
        asked.append((credential, scopes))
        return lambda: f"token-{len(asked)}"

    identity.get_bearer_token_provider = provider  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "azure.identity", identity)
    server = wire.serve(answer_plainly())
    wire.set(AZURE_OPENAI_API_KEY="")
    _ask_once(wire, "record", version, is_async)
    assert asked == [("the credential", (scope,))]
    assert server.seen[0].headers["authorization"] == "Bearer token-1" and "api-key" not in server.seen[0].headers
    assert "token-1" not in next(wire.folder.glob("*.json")).read_text()
    _ask_once(wire, "replay", version, is_async)
    assert len(asked) == 1, "replay asks for no credential"


@pytest.mark.parametrize("version", [None, DATED])
def test_the_credential_of_a_client_is_its_key_or_a_token_of_now(wire, monkeypatch, version):
    numbers = itertools.count(1)
    monkeypatch.setattr("helpers.clients.token_provider", lambda scope: lambda: f"token-{next(numbers)}")
    wire.serve(answer_plainly())
    by_key = wire.connect("live", version, AZURE_OPENAI_API_KEY="some-key")
    assert credential_of(by_key) == credential_of(by_key.with_options(api_key="other")) == "some-key"
    signed_in = wire.connect("live", version, AZURE_OPENAI_API_KEY="")
    assert [credential_of(signed_in), credential_of(signed_in)] == ["token-1", "token-2"], "none is kept until it ends"
    wire.folder.mkdir(exist_ok=True)
    assert credential_of(wire.connect("replay", version)), "a client that replays has something to send too"
    with pytest.raises(SettingError, match="not made by connect"):
        credential_of(openai.OpenAI(api_key="some-key"))


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("version", [None, DATED])
def test_a_token_of_ones_own_is_sent_as_bearer(wire, version, is_async):
    server = wire.serve(answer_plainly())
    _ask_once(wire, "live", version, is_async, AZURE_OPENAI_API_KEY="", AZURE_OPENAI_AD_TOKEN="my-token")
    assert server.seen[0].headers["authorization"] == "Bearer my-token"


def _ask_once(wire: Wire, mode: str, version: str | None, is_async: bool, **environment: str) -> None:
    async def ask() -> None:
        await wire.connect_async(mode, version, **environment).chat.completions.create(**ASK)

    if is_async:
        asyncio.run(ask())
    else:
        wire.connect(mode, version, **environment).chat.completions.create(**ASK)
