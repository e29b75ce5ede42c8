"""python -m helpers doctor: versions, settings, connection, credential, models and deployments, one line for each."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any

import openai

from helpers import settings
from helpers.clients import connect
from helpers.costs import expected_cost
from helpers.endpoints import Endpoint, say_unused
from helpers.errors import SettingError, UnknownPrice
from helpers.explanations import explain
from helpers.lines import fold
from helpers.parameters import find_rule
from helpers.settings import Settings, read_settings
from helpers.signin import is_sign_in_error
from helpers.tables import list_versions, read_rows

__all__ = ["Finding", "examine"]


@dataclass(frozen=True)
class Finding:
    """state: ok, warn or fail. next: what to do; never empty where the state is not ok."""

    state: str
    check: str
    what: str
    next: str = ""

    def __str__(self) -> str:
        found = fold(f"{self.state:<4}  {self.check:<14} {self.what}", " " * 21)
        return found + ("\n" + fold(f"{'':21}try: {self.next}", " " * 26) if self.next else "")


def examine(
    models: Sequence[str] = (),
    agree: Callable[[str], bool] = lambda price: False,
    timeout: float = 20.0,
    today: date | None = None,
) -> Iterator[Finding]:
    """All findings, each as soon as it is known. Asks nothing that costs money before `agree` was shown its price.

    models: deployments to ask; without any, those of deployments.toml. timeout: seconds for each request.
    """
    yield _check_versions()
    found = None
    try:
        mode, found = read_settings().mode, read_settings("live")  # live reads all that asking needs
        yield from _describe_settings(mode, found)
    except SettingError as error:
        yield Finding("fail", "settings", error.what, f"{explain(error).next}; then the doctor again")
    served = []
    for model in models or (found.deployments if found else ()):
        yield (finding := _check_life(model, today or date.today()))
        served += [model] if finding.state != "fail" else []
    if found and found.endpoint:
        yield (finding := _ask_service(found.endpoint, timeout))
        if finding.state != "fail":
            if found.api_version:
                yield _ask_service(found.endpoint, timeout, found.api_version)
            free = found.endpoint.is_loopback  # this machine answers
            yield from _ask_deployments(served, (lambda price: True) if free else agree, timeout)


def _check_versions() -> Finding:
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (settings.ROOT / "requirements.lock").read_text("utf-8"), re.M))
    mine = {name: version(name) for name in ("openai", "httpx2")}
    told = " · ".join(map(" ".join, mine.items()))
    if odd := [f"{name} {pins.get(name)}" for name in mine if pins.get(name) != mine[name]]:
        return Finding("warn", "versions", f"{told}; the course was made with {', '.join(odd)}", "`make setup`")
    return Finding("ok", "versions", f"{told}, as pinned")


def _as_live(function: Callable[[], Any]) -> Any:
    """What the function gives in live mode, whatever the reader's mode is: the doctor is there to ask."""
    before = os.environ.get("AZURE_OPENAI_MODE", "")  # empty is not set
    os.environ["AZURE_OPENAI_MODE"] = "live"
    try:
        return function()
    finally:
        os.environ["AZURE_OPENAI_MODE"] = before


def _describe_settings(mode: str, found: Settings) -> Iterator[Finding]:
    dotenv = "with" if (settings.ROOT / ".env").is_file() else "there is no"
    yield Finding("ok", "settings", f"{mode} mode; {dotenv} .env")
    if not found.endpoint:
        needs = "replay needs none: the course runs. To ask freely" if mode == "replay" else f"{mode} mode asks one"
        then = "your own resource (notebook 01) or `make standin`, then AZURE_OPENAI_ENDPOINT in .env"
        yield Finding("ok" if mode == "replay" else "fail", "endpoint", f"none, and {needs}", then)
        return
    own, resource = found.endpoint.is_loopback, found.endpoint.resource
    owner = "this machine" if own else f"the Azure resource {resource}" if resource else "no address of Azure's"
    kind = "a token" if found.ad_token else "a key" if found.api_key else "Microsoft Entra ID, as there is no key"
    yield Finding("ok", "endpoint", f"{found.endpoint.v1}, {owner}")
    if unused := say_unused(found.endpoint, found.deployments):
        yield Finding("warn", "endpoint", f"not used: {unused[0]}", unused[1])
    yield Finding("ok", "credential", kind)
    for model, name in found.deployments.items():
        yield Finding("ok", "mapping", f"{model} is asked for as {name}")


def _check_life(model: str, today: date) -> Finding:
    """What models.csv says of the model: served, soon to be retired, retired."""
    if not (versions := list_versions(model)):
        near = get_close_matches(model, {row["model"] for row in read_rows("models")}, n=1) or ["gpt-5.4-mini"]
        then = f"name the model, such as {near[0]}, and map it to your deployment in deployments.toml"
        return Finding("warn", "model", f"{model} is in no table, so its life cycle is not known", then)
    row = versions[0]
    until, named = row["retirement_date"], f"{row['model']} {row['version']}".strip()
    then = f"{row['replacement']} replaces it" if row["replacement"] else "deployable_models() lists what lives longer"
    if row["answers_today"] == "no" or "" < until <= str(today):
        return Finding("fail", "model", f"{named} is retired{until and f', since {until}'}", f"{then}; replay has it")
    if until and date.fromisoformat(until) - today <= timedelta(days=90):
        return Finding("warn", "model", f"{named} will be retired on {until}", then)
    if row["deployable_by_new_customers"] == "no":
        return Finding("warn", "model", f"{named} answers those who have it, and no new customer can deploy it", then)
    if not row["deployable_by_new_customers"]:
        return Finding("warn", "model", f"{named}: no source says that a new customer can deploy it", then)
    return Finding("ok", "model", f"{named} is served{until and f' until {until}'}")


def _connect(timeout: float, api_version: str | None = None) -> openai.OpenAI:
    return _as_live(lambda: connect("doctor", api_version)).with_options(timeout=timeout, max_retries=0)


def _ask_service(endpoint: Endpoint, timeout: float, api_version: str | None = None) -> Finding:
    """The list of models, which is free, in the v1 form or in a dated one."""
    check, begun = f"API {api_version or 'v1'}", time.perf_counter()
    try:
        answer = _connect(timeout, api_version).models.with_raw_response.list().http_response
    except Exception as error:  # of the SDK; or of azure-identity, whose classes load only where they are needed
        if isinstance(error, openai.NotFoundError) and not endpoint.resource:
            own = f"; {told.next}" if (told := explain(error)).name == "other_server" else ""
            then = f"--model NAME asks a model{own}"
            return Finding("warn", check, "no list of models, which some servers have not", then)
        return _tell_error(check, error)
    kind = answer.headers.get("content-type", "no type").partition(";")[0]
    if kind != "application/json" or '"data"' not in answer.text:
        then = "copy the endpoint again, from Keys and Endpoint in the Azure portal"
        return Finding("fail", check, f"something answers ({kind}), but not as Azure OpenAI does", then)
    return Finding("ok", check, f"answers, and takes the credential: {1000 * (time.perf_counter() - begun):,.0f} ms")


def _tell_error(check: str, error: Exception) -> Finding:
    told = explain(error)
    check = "credential" if is_sign_in_error(error) else check
    what = " · ".join(filter(None, [told.what, told.details.get("cause") or told.details.get("said")]))
    state = "warn" if isinstance(error, openai.RateLimitError) else "fail"  # busy is not broken
    return Finding(state, check, what, told.next.partition("; `python -m helpers doctor`")[0])


def _ask_deployments(models: Sequence[str], agree: Callable[[str], bool], timeout: float) -> Iterator[Finding]:
    requests = {model: request for model in models if (request := _smallest_request(model))}
    for model in models:
        if model not in requests:
            yield Finding("warn", "deployment", f"{model} was not asked: no request to it is small", "its notebook")
    if not models:
        yield Finding("ok", "deployment", "none was named, so none was asked", f"--model {settings.EXAMPLE_MODEL}")
    if requests and not agree(price := _say_price(requests)):
        yield Finding("warn", "deployment", f"none was asked; that is {price}", "--yes agrees to it")
        return
    client = _connect(timeout)
    for model, (path, body) in requests.items():
        try:
            client.post(path, body={"model": model, **body}, cast_to=object)
        except openai.APIError as error:
            if explain(error).name != "no_room_to_answer":  # one token is none to think with: so it answers
                yield _tell_error("deployment", error)
                continue
        yield Finding("ok", "deployment", f"{model} answers")


def _smallest_request(model: str) -> tuple[str, dict[str, Any]] | None:
    """Path and body; None where even the smallest makes a picture or sound, or thinks at length."""
    category = next((row["category"] for row in read_rows("models") if row["model"] == model), "language")
    if category == "embeddings":
        return "/embeddings", {"input": "Hi"}
    served = find_rule("chat", model, "model")
    if category not in {"language", "reasoning", "multimodal"} or (served and served["accepted"] == "no"):
        return None
    rule = find_rule("chat", model, "max_tokens")
    limit = "max_completion_tokens" if rule and rule["accepted"] == "no" else "max_tokens"
    return "/chat/completions", {"messages": [{"role": "user", "content": "Hi"}], limit: 1}


def _say_price(requests: Mapping[str, tuple[str, dict[str, Any]]]) -> str:
    usd, unknown = 0.0, ""
    for model, (path, _) in requests.items():
        try:
            usd += expected_cost(8, int(path != "/embeddings"), model)  # "Hi" and what wraps it are 8 tokens
        except UnknownPrice:
            unknown += f", without {model}, whose price is in no table"
    return f"about {usd:.6f} US dollars for one token of each of {len(requests)}{unknown}"
