"""Real answers of Azure and Microsoft's descriptions of its API, where a folder of them is at hand.

AZURE_OPENAI_SPECS names it: wire/azure holds other people's test recordings, specs/ the descriptions. Neither is part
of this project; tests that need them are skipped without.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import yaml

__all__ = ["DATED_SPEC", "V1_SPEC", "Exchange", "find_departures", "find_folder", "list_exchanges"]

DATED_SPEC = "azure_inference_2024-10-21_GA.yaml"
V1_SPEC = "azure_openai_v1_2026-02.json"
_KEPT_BESIDE = {"content-length", "content-encoding", "transfer-encoding", "date"}  # belong to one connection


def find_folder(name: str) -> Path | None:
    """The folder `name` ("specs" or "wire/azure") of what was collected, or None."""
    given = os.environ.get("AZURE_OPENAI_SPECS")
    return Path(given) / name if given and (Path(given) / name).is_dir() else None


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer.

    path: below /openai or /openai/v1. api_version: None on v1. asked: the JSON body, or None where it was cut. headers:
    those of the answer, in lower case. data: the bytes of its body.
    """

    name: str
    method: str
    path: str
    api_version: str | None
    asked: Any
    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def is_stream(self) -> bool:
        return self.data.startswith(b"data: ")


def list_exchanges(folder: Path) -> list[Exchange]:
    """Every exchange of every file, in order."""
    found: list[Exchange] = []
    for file in sorted(folder.glob("*.json")):
        found += _read_sdk_recording(file)
    for file in sorted(folder.glob("*.yaml")):
        found += _read_cassette(file)
    return found


def _read_sdk_recording(file: Path) -> Iterator[Exchange]:
    data = json.loads(file.read_text(encoding="utf-8"))
    if "Entries" not in data:  # one answer of which only the end was kept
        tail = data["LastEntryStreamTail"]
        headers = {"content-type": "text/event-stream"}
        uri = data["FirstEntryRequest"]["RequestUri"]
        yield _exchange(file, 0, "POST", uri, None, 200, headers, "".join(tail).encode())
        return
    for number, entry in enumerate(data["Entries"]):
        body = entry.get("ResponseBody", entry.get("_ResponseBody_first_80_base64_chars", ""))
        if isinstance(body, list):  # lines of text
            body = "".join(body)
        raw = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
        asked = entry.get("RequestBody")
        yield _exchange(
            file, number, entry["RequestMethod"], entry["RequestUri"], asked, entry["StatusCode"],
            entry["ResponseHeaders"], raw,
        )  # fmt: skip


def _read_cassette(file: Path) -> Iterator[Exchange]:
    for number, each in enumerate(_read_yaml(file.read_text(encoding="utf-8"))["interactions"]):
        asked, answer = each["request"], each["response"]
        headers = {name: value if isinstance(value, str) else value[0] for name, value in answer["headers"].items()}
        text = answer["body"]["string"]
        raw = text.encode() if isinstance(text, str) else text
        status = answer["status"]["code"]
        yield _exchange(file, number, asked["method"], asked["uri"], json.loads(asked["body"]), status, headers, raw)


def _read_yaml(text: str) -> Any:
    """As yaml.safe_load, in a tenth of its time where PyYAML came with its parser in C."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _exchange(file, number, method, uri, asked, status, headers, data) -> Exchange:
    parts = urlsplit(uri)
    path = parts.path.partition("/openai")[2]
    version = parse_qs(parts.query).get("api-version", [None])[0]
    kept = {name.lower(): value for name, value in headers.items() if name.lower() not in _KEPT_BESIDE}
    name = f"{file.stem}#{number}"
    return Exchange(name, method, path.removeprefix("/v1"), version, asked, status, kept, data)


def find_departures(spec: Path, schema: str, body: Any) -> set[tuple[str, str]]:
    """Where a body is not as described: (path without numbers, the schema's word for it); empty where all is well."""
    validator = _validator(spec, schema)
    return {(_spell(error), str(error.validator)) for error in _leaves(validator.iter_errors(body))}


def _leaves(errors: Any) -> Iterator[Any]:
    """The innermost errors. Of alternatives, those of the one that fits best: the others were never meant."""
    for error in errors:
        if error.validator in ("anyOf", "oneOf") and error.context:
            best = jsonschema.exceptions.best_match([error])
            yield best
        elif error.context:
            yield from _leaves(error.context)
        else:
            yield error


def _spell(error: Any) -> str:
    path = ".".join("[]" if isinstance(part, int) else part for part in error.absolute_path)
    if error.validator == "required":  # one line for each name that is missing
        path += "." + error.message.split("'")[1]
    return path.replace(".[]", "[]").strip(".")


@cache
def _validator(spec: Path, schema: str) -> Any:
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": _read_definitions(spec)})


@cache
def _read_definitions(spec: Path) -> dict[str, Any]:
    text = spec.read_text(encoding="utf-8")
    schemas = (json.loads(text) if spec.suffix == ".json" else _read_yaml(text))["components"]["schemas"]
    parents = {name for name, schema in schemas.items() if "mapping" in schema.get("discriminator", {})}
    definitions = {}
    for name, schema in schemas.items():
        own = _convert(schema, parents)
        definitions[name] = own
        if name in parents:
            definitions[f"{name}@own"], kind = own, schema["discriminator"]
            children = [
                {
                    "if": {"properties": {kind["propertyName"]: {"const": value}}, "required": [kind["propertyName"]]},
                    "then": {"$ref": _point(child)},
                }
                for value, child in kind["mapping"].items()
            ]
            definitions[name] = {"allOf": [{"$ref": f"#/$defs/{name}@own"}, *children]}
    return definitions


def _convert(node: Any, parents: set[str], *, inherits: bool = False) -> Any:
    """OpenAPI 3.0 as JSON Schema. inherits: inside allOf, where a parent means itself and not any of its children."""
    if isinstance(node, list):
        return [_convert(item, parents, inherits=inherits) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = _point(node["$ref"])
        return {"$ref": f"{name}@own" if inherits and name.rpartition("/")[2] in parents else name}
    kept = {
        key: _convert(value, parents, inherits=key == "allOf")
        for key, value in node.items()
        if key not in ("nullable", "discriminator", "example", "description", "default", "format")
    }
    return {"anyOf": [kept, {"type": "null"}]} if node.get("nullable") else kept


def _point(reference: str) -> str:
    return reference.replace("#/components/schemas/", "#/$defs/")
