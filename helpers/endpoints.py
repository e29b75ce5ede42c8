"""Endpoints, in every form in which people paste them."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from helpers.envfile import bare_value, visible
from helpers.errors import SettingError

__all__ = ["REPLAY_ENDPOINT", "Endpoint", "find_resource", "is_loopback", "parse_endpoint", "say_unused"]

# Azure's public cloud, Azure Government, Azure in China. The last form: a resource without a name of its own.
_AZURE_HOST = re.compile(
    r"^(?P<resource>[a-z0-9][a-z0-9-]*)(?:\.[a-z0-9-]+)*?"
    r"\.(?:(?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn)|api\.cognitive\.microsoft\.com)$"
)
_AZURE_PATH = re.compile(
    r"^(?:/models(?:/.*)?|/api/projects/[^/]+)?(?:/openai(?:/v1(?:/.*)?|/deployments/(?P<deployment>[^/]+)(?:/.*)?|/responses)?)?$"
)
# The path of one call is no base. After /v1/ one word shows a call; elsewhere, where it could be a folder, the whole.
_CALL = re.compile(
    r"(?<=/v1)/(?:chat|completions|embeddings|responses|models|audio|images|videos|files|uploads|batches|fine_tuning"
    r"|moderations|realtime|vector_stores|assistants|threads|conversations|containers|evals)(?:/.*)?$"
    r"|(?<=.)/(?:chat/completions|embeddings|responses|audio/(?:speech|transcriptions|translations)"
    r"|images/(?:generations|edits|variations))$"
)
_ASSIGNED = re.compile(r"^(?:(?:export\s+|setx?\s+|\$\{?env:)?[A-Za-z_]\w*\}?\s*=\s*|setx\s+\w+\s+)", re.I)
_BEGINS = re.compile(r"^(?P<begins>(?:https?(?:[:;]?[/\\]{1,3}|[:;]))+)(?=[^/\\:;?])", re.I)
_PORTALS = ("portal.azure.com", "ai.azure.com", "oai.azure.com", "learn.microsoft.com", "azure.microsoft.com")
_WANTED = "https://YOUR-RESOURCE.openai.azure.com, from Keys and Endpoint in the Azure portal"


@dataclass(frozen=True)
class Endpoint:
    """Where requests go.

    root: scheme, host and any prefix, no slash at the end; what AzureOpenAI takes as `azure_endpoint`.
    v1: the address of the v1 API, with a slash at the end; what OpenAI takes as `base_url`.
    resource: the resource's name, None where the host is not Azure's.
    deployment, api_version: what a pasted deployment URL named besides, else None.
    """

    root: str
    v1: str
    resource: str | None = None
    deployment: str | None = None
    api_version: str | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.root).hostname or ""

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


REPLAY_ENDPOINT = Endpoint("https://replay.invalid", "https://replay.invalid/openai/v1/")


def parse_endpoint(text: str) -> Endpoint:
    """The endpoint in any form in which people paste it.

    Azure's hosts are recognised with or without scheme, and a known path after the host is cut off. Any other
    URL is taken literally where it has a path, and gets /openai/v1/ where it has none. Raises SettingError.
    """
    pasted = re.sub(_ASSIGNED, "", visible(text).strip())
    pasted = bare_value(pasted.strip(" \t\r\n\"'`<>,;\u00a0"))
    if not pasted:
        raise _bad_endpoint("is empty", text)
    if _looks_like_key(pasted):
        raise _bad_endpoint("looks like a key", "(not shown)", f"AZURE_OPENAI_API_KEY for the key; here {_WANTED}")
    if re.search(r"[<>{}]|(?<!/)\[|your[-_ ]?(resource|endpoint|name)|example-resource", pasted, re.I):
        raise _bad_endpoint("still holds the placeholder", text)
    if re.search(r"\s", pasted):
        raise _bad_endpoint("holds a space", text)
    if not pasted.isprintable():
        raise _bad_endpoint("holds a character that cannot be seen", text)
    if (found := _BEGINS.match(pasted)) and (begins := found["begins"].lower()) not in {"http://", "https://"}:
        whole = f"{'https' if 'https' in begins else 'http'}://{pasted[found.end('begins') :].partition('?')[0]}"
        raise _bad_endpoint(f"is no URL: it starts with {found['begins']}, and not https://", text, whole)
    scheme, _, rest = pasted.rpartition("://")
    if scheme.lower() not in {"", "http", "https"}:
        raise _bad_endpoint(f"starts with {scheme}://", text)
    try:
        url = urlsplit(f"{scheme.lower() or 'https'}://{rest}")
        host, port = (url.hostname or "").lower().rstrip("."), url.port
    except ValueError as error:
        raise _bad_endpoint(f"cannot be read as a URL ({error})", text) from None
    if url.username or url.password:
        raise _bad_endpoint("holds a user name or password", text)
    if not host.isascii():
        host = _in_ascii(host, text)
    if host in _PORTALS:
        raise _bad_endpoint("is the address of a web page, not of a resource", text)
    if host in {"openai.azure.com", "services.ai.azure.com", "cognitiveservices.azure.com"}:
        raise _bad_endpoint("lacks the resource's name", text)
    if azure := _AZURE_HOST.match(host):
        return _azure_endpoint(host, azure["resource"], url, text)
    if not re.fullmatch(r"[0-9a-f:]+|[^.]{1,63}(\.[^.]{1,63})*", host) or host in {"http", "https"}:
        raise _bad_endpoint("names no host that can exist", text)
    if "." not in host and host != "localhost" and ":" not in host:
        _check_short_name(url, scheme, host, port, text)
    if host.endswith(("azure.com", "azure.us", "azure.cn", "microsoft.com")):
        raise _bad_endpoint("is a host of Microsoft's, but not of an Azure OpenAI resource", text)
    return _other_endpoint(url, host, port, text, scheme)


def say_unused(endpoint: Endpoint, mapping: Mapping[str, str]) -> tuple[str, str] | None:
    """(what, what to do) where a pasted URL names a deployment that nothing else does: each call names its own.

    mapping: model -> deployment, as deployments.toml has it.
    """
    name = endpoint.deployment
    if name is None or name in mapping.values():
        return None
    then = f'"MODEL" = "{name}" in deployments.toml, with the model that it serves, or model="{name}" in a call'
    return f"deployment {name}, which the endpoint's URL names: each call names its own", then


def find_resource(host: str) -> str | None:
    """The name of the Azure resource that this host serves, None where the host is not Azure's."""
    found = _AZURE_HOST.match(host.lower().rstrip("."))
    return found["resource"] if found else None


def _looks_like_key(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-fA-F]{32}|[0-9A-Za-z]{60,}|eyJ[\w.-]{40,}|sk-[\w-]{16,}", text))


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_ascii(host: str, text: str) -> str:
    """The host as it goes over the wire: `bücher` is asked for as xn--bcher-kva."""
    import httpx2  # late: few hosts need it

    try:
        return httpx2.URL(f"https://{host}").raw_host.decode()
    except httpx2.InvalidURL:
        raise _bad_endpoint("names no host that can exist", text) from None


def _check_short_name(url: SplitResult, scheme: str, host: str, port: int | None, text: str) -> None:
    """A host without a dot is a server of one's own network where the URL says more than a resource's name would."""
    path = url.path.rstrip("/")
    if scheme and (port or (path and not _AZURE_PATH.match(path))):
        return
    if port:
        raise _bad_endpoint("lacks http:// or https://", text, f"http://{host}:{port}{path}")
    own = f"; a server in your own network: http://{host}{path or '/v1'}"
    raise _bad_endpoint("is a name, not a URL", text, f"https://{host}.openai.azure.com{own}")


def _azure_endpoint(host: str, resource: str, url: SplitResult, text: str) -> Endpoint:
    path = re.sub("/+", "/", url.path).rstrip("/")
    known = _AZURE_PATH.match(path)
    if not known:
        raise _bad_endpoint(f"goes on with a path that Azure OpenAI does not have ({path})", text, f"https://{host}")
    root = f"https://{host}"  # a key never travels unencrypted to Azure, whatever scheme was pasted
    version = parse_qs(url.query).get("api-version", [None])[0]
    return Endpoint(root, f"{root}/openai/v1/", resource, known["deployment"], version)


def _other_endpoint(url: SplitResult, host: str, port: int | None, text: str, scheme: str) -> Endpoint:
    if host == "api.openai.com" and not url.path.rstrip("/"):
        raise _bad_endpoint("is OpenAI's own service, not Azure", text, "https://api.openai.com/v1")
    shown = f"[{host}]" if ":" in host else host
    origin = f"{url.scheme if scheme or not is_loopback(host) else 'http'}://{shown}{f':{port}' if port else ''}"
    path = re.sub("/+", "/", url.path).rstrip("/")
    named = re.search(r"/openai/deployments/([^/]+)", path)
    path = _CALL.sub("", path)
    # A gateway in front of Azure has Azure's paths after a prefix of its own; /v1beta/openai is others'.
    prefix = re.sub(r"/openai(/deployments(/.*)?)?$", "", path)
    if not path or (prefix != path and not re.search(r"/v\d+\w*/openai$", path)):
        return Endpoint(origin + prefix, f"{origin}{prefix}/openai/v1/", deployment=named[1] if named else None)
    return Endpoint(re.sub(r"(/openai)?(/v1)?$", "", origin + path), f"{origin}{path}/")


def _bad_endpoint(problem: str, text: str, instead: str = _WANTED) -> SettingError:
    shown = re.sub(r"//[^/@]*@", "//", text.strip().partition("?")[0])  # a query may hold a key
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return SettingError(f"AZURE_OPENAI_ENDPOINT {problem}", given=shown or "(nothing)", next=instead)
