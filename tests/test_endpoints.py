"""Whatever form of endpoint a person pastes is understood, or refused with what to use instead."""

import random
import string

import httpx2
import pytest

from helpers.endpoints import parse_endpoint, say_unused
from helpers.errors import SettingError

AZURE = "https://contoso.openai.azure.com"
FOUNDRY = "https://contoso.services.ai.azure.com"
COGNITIVE = "https://contoso.cognitiveservices.azure.com"
LOCAL = "http://127.0.0.1:8000"

# What is pasted -> (root, v1).
GOOD = {
    "https://contoso.openai.azure.com": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.openai.azure.com/": (AZURE, f"{AZURE}/openai/v1/"),
    "contoso.openai.azure.com": (AZURE, f"{AZURE}/openai/v1/"),
    "contoso.openai.azure.com/openai": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.openai.azure.com/openai/": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.openai.azure.com/openai/v1": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.openai.azure.com/openai/v1/": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.openai.azure.com//openai//v1/": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.openai.azure.com/openai/v1/chat/completions": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.openai.azure.com/openai/responses?api-version=2025-04-01-preview": (AZURE, f"{AZURE}/openai/v1/"),
    f"{AZURE}/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21": (AZURE, f"{AZURE}/openai/v1/"),
    "HTTPS://Contoso.OpenAI.Azure.com": (AZURE, f"{AZURE}/openai/v1/"),
    "http://contoso.openai.azure.com": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.openai.azure.com:443/": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.openai.azure.com.": (AZURE, f"{AZURE}/openai/v1/"),
    "  'https://contoso.openai.azure.com/' \n": (AZURE, f"{AZURE}/openai/v1/"),
    "<https://contoso.openai.azure.com/>": (AZURE, f"{AZURE}/openai/v1/"),
    'AZURE_OPENAI_ENDPOINT="https://contoso.openai.azure.com/"': (AZURE, f"{AZURE}/openai/v1/"),
    "export AZURE_OPENAI_ENDPOINT=https://contoso.openai.azure.com": (AZURE, f"{AZURE}/openai/v1/"),
    '$env:AZURE_OPENAI_ENDPOINT = "https://contoso.openai.azure.com"': (AZURE, f"{AZURE}/openai/v1/"),
    'azure_endpoint="https://contoso.openai.azure.com/",': (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso.services.ai.azure.com": (FOUNDRY, f"{FOUNDRY}/openai/v1/"),
    "https://contoso.services.ai.azure.com/api/projects/analysis": (FOUNDRY, f"{FOUNDRY}/openai/v1/"),
    "https://contoso.services.ai.azure.com/models": (FOUNDRY, f"{FOUNDRY}/openai/v1/"),
    "https://contoso.services.ai.azure.com/api/projects/a/openai/v1": (FOUNDRY, f"{FOUNDRY}/openai/v1/"),
    "contoso.cognitiveservices.azure.com/": (COGNITIVE, f"{COGNITIVE}/openai/v1/"),
    "https://contoso.openai.azure.us": (
        "https://contoso.openai.azure.us",
        "https://contoso.openai.azure.us/openai/v1/",
    ),
    "https://swedencentral.api.cognitive.microsoft.com/": (
        "https://swedencentral.api.cognitive.microsoft.com",
        "https://swedencentral.api.cognitive.microsoft.com/openai/v1/",
    ),
    # servers that are not Azure's: literal where there is a path, the v1 API where there is none
    "http://127.0.0.1:8000": (LOCAL, f"{LOCAL}/openai/v1/"),
    "127.0.0.1:8000": (LOCAL, f"{LOCAL}/openai/v1/"),
    "localhost:11434/v1": ("http://localhost:11434", "http://localhost:11434/v1/"),
    "http://127.0.0.1:8000/openai": (LOCAL, f"{LOCAL}/openai/v1/"),
    "http://127.0.0.1:8000/openai/v1/": (LOCAL, f"{LOCAL}/openai/v1/"),
    "http://127.0.0.1:8000/v1/chat/completions": (LOCAL, f"{LOCAL}/v1/"),
    "http://[::1]:8000/v1": ("http://[::1]:8000", "http://[::1]:8000/v1/"),
    "https://api.openai.com/v1": ("https://api.openai.com", "https://api.openai.com/v1/"),
    "https://llm.example.org/team/v3": ("https://llm.example.org/team/v3", "https://llm.example.org/team/v3/"),
    "https://gateway.example.org/ai/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21": (
        "https://gateway.example.org/ai",
        "https://gateway.example.org/ai/openai/v1/",
    ),
    "http://myserver:8000/v1": ("http://myserver:8000", "http://myserver:8000/v1/"),
    "http://myserver:8000": ("http://myserver:8000", "http://myserver:8000/openai/v1/"),
    "http://myserver/v1/": ("http://myserver", "http://myserver/v1/"),
    "https://myserver:8443/v1": ("https://myserver:8443", "https://myserver:8443/v1/"),
    "http://127.0.0.1:8000/v1/audio/transcriptions": (LOCAL, f"{LOCAL}/v1/"),
    "http://127.0.0.1:8000/v1/images/generations": (LOCAL, f"{LOCAL}/v1/"),
    "http://127.0.0.1:8000/v1/models/gpt-4.1-mini": (LOCAL, f"{LOCAL}/v1/"),
    "http://127.0.0.1:8000/v1/fine_tuning/jobs": (LOCAL, f"{LOCAL}/v1/"),
    "http://127.0.0.1:8000/openai/v1/audio/speech": (LOCAL, f"{LOCAL}/openai/v1/"),
    "http://127.0.0.1:8000/api/v1/chat/completions": (f"{LOCAL}/api", f"{LOCAL}/api/v1/"),
    "https://language.example.org/v1beta/openai/": (
        "https://language.example.org/v1beta",
        "https://language.example.org/v1beta/openai/",
    ),
    "https://language.example.org/v1beta/openai/chat/completions": (
        "https://language.example.org/v1beta",
        "https://language.example.org/v1beta/openai/",
    ),
    "https://llm.example.org/v1/openai": ("https://llm.example.org/v1", "https://llm.example.org/v1/openai/"),
    # what cannot be seen, and quotes of a word processor
    "\u200bhttps://contoso.openai.azure.com\u200b/": (AZURE, f"{AZURE}/openai/v1/"),
    "https://contoso\u00ad.openai.azure.com\ufeff": (AZURE, f"{AZURE}/openai/v1/"),
    "\u00a0https://contoso.openai.azure.com\u00a0": (AZURE, f"{AZURE}/openai/v1/"),
    "“https://contoso.openai.azure.com”": (AZURE, f"{AZURE}/openai/v1/"),
    "http://127.0.0.1:8000/v1\u200b": (LOCAL, f"{LOCAL}/v1/"),
    "setx AZURE_OPENAI_ENDPOINT https://contoso.openai.azure.com": (AZURE, f"{AZURE}/openai/v1/"),
    "https://bücher.example.org/v1": ("https://xn--bcher-kva.example.org", "https://xn--bcher-kva.example.org/v1/"),
}

# What is pasted -> (what is wrong with it, what to use instead).
BAD = {
    "": ("is empty", "YOUR-RESOURCE.openai.azure.com"),
    '""': ("is empty", "YOUR-RESOURCE.openai.azure.com"),
    "https://YOUR-RESOURCE.openai.azure.com": ("placeholder", "Keys and Endpoint"),
    "https://<your-resource>.openai.azure.com/": ("placeholder", "Keys and Endpoint"),
    "https://{resource}.openai.azure.com": ("placeholder", "Keys and Endpoint"),
    "contoso": ("is a name, not a URL", "https://contoso.openai.azure.com"),
    "https://contoso": ("is a name, not a URL", "https://contoso.openai.azure.com"),
    "ftp://contoso.openai.azure.com": ("starts with ftp://", "https://"),
    "wss://contoso.openai.azure.com/openai/realtime": ("starts with wss://", "https://"),
    "https://contoso.openai.azure.com:port": ("cannot be read as a URL", "https://"),
    "https://contoso.openai.azure.com /openai": ("holds a space", "https://"),
    "https://someone:word@contoso.openai.azure.com": ("user name", "https://"),
    "https://openai.azure.com": ("lacks the resource's name", "YOUR-RESOURCE"),
    "https://portal.azure.com/#@contoso/resource/overview": ("web page", "Keys and Endpoint"),
    "https://ai.azure.com/resource/overview?wsid=1": ("web page", "Keys and Endpoint"),
    "https://oai.azure.com/portal": ("web page", "Keys and Endpoint"),
    "https://contoso.openai.azure.com/openai/v2": ("a path that Azure OpenAI does not have", AZURE),
    "https://contoso.openai.azure.com/dashboard": ("a path that Azure OpenAI does not have", AZURE),
    "https://contoso.azure.com": ("not of an Azure OpenAI resource", "Keys and Endpoint"),
    "https://my_contoso.openai.azure.com": ("not of an Azure OpenAI resource", "Keys and Endpoint"),
    "https://api.openai.com": ("not Azure", "https://api.openai.com/v1"),
    f"https://{'a' * 64}.example.org": ("no host that can exist", "https://"),
    "https://": ("no host that can exist", "https://"),
    "https://contoso..example.org": ("no host that can exist", "https://"),
    "https//contoso.openai.azure.com": ("is no URL: it starts with https//", AZURE),
    "https:/contoso.openai.azure.com": ("is no URL: it starts with https:/,", AZURE),
    "http//127.0.0.1:8000/v1": ("is no URL: it starts with http//", f"{LOCAL}/v1"),
    "https:contoso.openai.azure.com": ("is no URL: it starts with https:,", AZURE),
    "https;//contoso.openai.azure.com": ("is no URL: it starts with https;//", AZURE),
    "https:\\\\contoso.openai.azure.com": ("is no URL: it starts with https:\\\\", AZURE),
    "https:///contoso.openai.azure.com": ("is no URL: it starts with https:///", AZURE),
    "https://https://contoso.openai.azure.com": ("is no URL: it starts with https://https://", AZURE),
    "https//": ("names no host that can exist", "YOUR-RESOURCE"),
    "https:/": ("names no host that can exist", "YOUR-RESOURCE"),
    "https": ("names no host that can exist", "YOUR-RESOURCE"),
    "http:": ("names no host that can exist", "YOUR-RESOURCE"),
    "myserver:8000/v1": ("lacks http:// or https://", "http://myserver:8000/v1"),
    "myserver/v1": ("is a name, not a URL", "http://myserver/v1"),
    "https://contoso/openai/v1": ("is a name, not a URL", "https://contoso.openai.azure.com"),
    "https://contoso\U0001f642.example.org/v1": ("names no host that can exist", "https://"),
    "https://contoso.example.org/v1\x07": ("holds a character that cannot be seen", "https://"),
    "https://contoso\u00a0.openai.azure.com": ("holds a space", "https://"),
}


@pytest.mark.parametrize("pasted", GOOD)
def test_an_endpoint_is_understood_in_the_form_in_which_it_is_pasted(pasted):
    endpoint = parse_endpoint(pasted)
    assert (endpoint.root, endpoint.v1) == GOOD[pasted]
    again = parse_endpoint(endpoint.v1)
    assert (again.root, again.v1) == GOOD[pasted], "what was understood is understood again"
    assert httpx2.URL(endpoint.v1).raw_host.decode().strip("[]") == endpoint.host, "and requests can be sent there"


@pytest.mark.parametrize("pasted", BAD)
def test_what_is_no_endpoint_is_refused_with_what_to_use_instead(pasted):
    problem, instead = BAD[pasted]
    with pytest.raises(SettingError) as caught:
        parse_endpoint(pasted)
    what, *details = str(caught.value).splitlines()
    assert what.startswith("AZURE_OPENAI_ENDPOINT ") and problem in what
    assert instead in next(line for line in details if line.startswith("  try"))


def test_the_table_is_as_long_as_was_promised():
    assert len(GOOD) >= 25 and len(BAD) >= 20


def test_a_pasted_key_is_called_a_key_and_not_shown():
    chance = random.Random(7)
    letters = string.ascii_letters + string.digits
    keys = ["".join(chance.choices("0123456789abcdef", k=32)), "".join(chance.choices(letters, k=84))]
    keys += [
        "sk-" + "".join(chance.choices(letters, k=48)),
        "eyJ" + ".".join("".join(chance.choices(letters, k=60)) for _ in "123"),
    ]
    for key in keys:
        with pytest.raises(SettingError, match="looks like a key") as caught:
            parse_endpoint(key)
        assert key not in str(caught.value) and "AZURE_OPENAI_API_KEY" in str(caught.value)


def test_a_key_in_the_query_is_not_shown():
    with pytest.raises(SettingError) as caught:
        parse_endpoint("https://portal.azure.com/x?api-key=12345")
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize("host", [AZURE, "https://gateway.example.org/ai"])
def test_a_deployment_that_only_the_url_names_is_said_with_what_to_do(host):
    endpoint = parse_endpoint(f"{host}/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21")
    what, then = say_unused(endpoint, {"gpt-5.4-mini": "another"})
    assert what.startswith("deployment my-gpt, ") and '"MODEL" = "my-gpt" in deployments.toml' in then
    assert say_unused(endpoint, {"gpt-5.4-mini": "my-gpt"}) is None
    assert say_unused(parse_endpoint(f"{host}/openai/v1"), {}) is None


def test_a_deployment_url_tells_what_else_it_names():
    endpoint = parse_endpoint(f"{AZURE}/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21")
    assert (endpoint.resource, endpoint.deployment, endpoint.api_version) == ("contoso", "my-gpt", "2024-10-21")
    assert parse_endpoint("https://llm.example.org").resource is None


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1:80", True), ("localhost", True), ("[::1]:1", True)])
def test_this_machine_is_known_as_such(host, expected):
    assert parse_endpoint(f"http://{host}").is_loopback is expected


def test_a_host_that_begins_as_a_loopback_address_is_not_this_machine():
    assert not parse_endpoint("https://127.0.0.1.example.org").is_loopback
    assert not parse_endpoint(AZURE).is_loopback
