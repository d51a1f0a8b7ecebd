"""The server's OpenAPI description, which names the models on offer, and a page that shows it."""

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import quote

from fastapi.openapi.utils import get_openapi

from gantk import __version__
from gantk_exports.server.fields import FILE, schema_of
from gantk_exports.server.service import Service

_IMAGES = ("image/png", "image/jpeg", "image/webp", "application/octet-stream")
_DETAIL = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
_ERRORS = {
    "400": "a broken form, or a body that is no JSON",
    "401": "no token, or a wrong one",
    "404": "no model of that name",
    "406": "Accept names no type that the answer can have",
    "408": "the body did not come in time",
    "409": "a model of another task",
    "413": "a body that is too large",
    "415": "a body of a type that is not taken",
    "422": "no image, a broken one, one of too many pixels, or a request that the model cannot serve",
    "429": "too many requests in work: Retry-After says in how many seconds to try again",
    "503": "not done in time: Retry-After says in how many seconds to try again",
}


def described(routes: Sequence[Any], service: Service, guarded: bool) -> dict[str, Any]:
    """Return the OpenAPI description of these routes with the models on offer; `guarded`: a token is wanted."""
    made = get_openapi(title="gantk", version=__version__, routes=routes, description="Models behind HTTP.")
    components = made.setdefault("components", {})
    components["schemas"] = {"Error": _DETAIL}
    if not guarded:
        components.pop("securitySchemes", None)
    for path, operations in list(made["paths"].items()):
        task = path.rpartition("/")[2]
        names = [name for name, served in service.served.items() if served.model.card.task == task]
        if "{name}" in path and not names:
            del made["paths"][path]
            continue
        for operation in operations.values():
            if not guarded:
                operation.pop("security", None)
            if names:
                _describe(operation, task, names, service)
            if path.startswith("/v1"):
                _add_errors(operation, names, guarded)
    return made


def _describe(operation: dict[str, Any], task: str, names: list[str], service: Service) -> None:
    """Say which models there are, what they take, and what they give."""
    operation["parameters"][0]["schema"] = {"type": "string", "enum": names}
    content: dict[str, Any] = {kind: {"schema": FILE} for kind in _IMAGES}
    if task != "generate":
        forms = [schema_of(service.served[name].model.card) for name in names]
        distinct = [form for place, form in enumerate(forms) if form not in forms[:place]]
        content["multipart/form-data"] = {"schema": distinct[0] if len(distinct) == 1 else {"anyOf": distinct}}
    if task == "generate":
        schemas = [service.forms[name].model_json_schema() for name in names]
        content = {"application/json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}
    needed = task != "generate" or all(service.forms[name].wants() for name in names)
    operation["requestBody"] = {"required": needed, "content": content}
    kinds = {kind: {"schema": FILE} for name in names for kind in service.served[name].kinds}
    if task in ("encode", "score"):
        kinds = {"application/json": {"schema": {"type": "object"}}}
    what = "the model's numbers by their names" if task in ("encode", "score") else "the image"
    operation["responses"] = {"200": {"description": what, "content": kinds}}


def _add_errors(operation: dict[str, Any], names: list[str], guarded: bool) -> None:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    operation["responses"].pop("422", None)
    for status, why in _ERRORS.items():
        if guarded if status == "401" else bool(names):
            answer: dict[str, Any] = {"description": why, "content": content}
            if status in ("429", "503"):
                answer["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "required": True}}
            operation["responses"][status] = answer


_STYLE = """body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font-family: ui-monospace, monospace; font-size: .9em } pre { overflow-x: auto; padding: .7rem 1rem;
background: #8882; border-radius: .4rem } td { padding-right: 1rem; vertical-align: top }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6 } a { color: #8ab4f8 } }"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: the one style that it holds."""

_ASKS = {
    "translate": " \\\n     -F image=@photo.jpg -o translated.png",
    "encode": " -F image=@photo.jpg",
    "score": " -F image=@photo.jpg",
    "generate": " \\\n     -H 'Content-Type: application/json' -d '{said}' -o generated.png",
}


def docs_page(description: dict[str, Any], address: str) -> str:
    """Return a page that shows a description, for a server at `address`; it loads nothing."""
    guarded = "securitySchemes" in description["components"]
    parts = [
        _operation(path, method, operation, address, guarded) for path, method, operation in _operations(description)
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>gantk</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{_STYLE}</style>'
        f"<h1>gantk {escape(description['info']['version'])}</h1>"
        f'<p>The same for programs: <a href="openapi.json">openapi.json</a></p>{"".join(parts)}</html>'
    )


def _operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    paths = description["paths"].items()
    return [(path, method, operation) for path, operations in paths for method, operation in operations.items()]


def _operation(path: str, method: str, operation: dict[str, Any], address: str, guarded: bool) -> str:
    """Return the part of the page that shows an operation."""
    names = [name for parameter in operation.get("parameters", []) for name in parameter["schema"].get("enum", [])]
    token = " -H 'Authorization: Bearer TOKEN'" if guarded and path.startswith("/v1") else ""
    asks = _ASKS.get(path.rpartition("/")[2], "") if names else ""
    url = address.rstrip("/") + path.replace("{name}", quote(names[0]) if names else "")
    rows = [(status, answer["description"]) for status, answer in operation["responses"].items()]
    table = "".join(f"<tr><td><code>{status}</code><td>{escape(why)}" for status, why in rows)
    models = f"<p>Models: {escape(', '.join(names))}</p>" if names else ""
    body = operation.get("requestBody", {}).get("content", {})
    takes = f"<p>Takes {escape(', '.join(body))}</p>" if body else ""
    asked: dict[str, Any] = next(
        (body[kind]["schema"] for kind in ("application/json", "multipart/form-data") if kind in body), {}
    )
    first = asked.get("anyOf", [asked])[0]
    examples = {
        name: field["examples"][0] for name, field in first.get("properties", {}).items() if "examples" in field
    }
    asks = asks.replace("{said}", json.dumps({"seed": 7} | examples, ensure_ascii=False))
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>{models}{takes}"
        f"{''.join(_inputs(schema) for schema in asked.get('anyOf', [asked]))}"
        f"<pre>curl {escape(url + token + asks)}</pre><table>{table}</table>"
    )


def _inputs(schema: dict[str, Any]) -> str:
    """Return the table of what a JSON body may say."""
    fields = schema.get("properties", {}).items()
    rows = [f"<tr><td><code>{escape(name)}</code><td>{escape(field.get('description', ''))}" for name, field in fields]
    return f"<table>{''.join(rows)}</table>" if rows else ""
