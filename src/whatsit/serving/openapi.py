"""The API's description, OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0)."""

from typing import Any

from whatsit.i18n import say
from whatsit.serving.service import Service
from whatsit.version import __version__

PICTURE = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}
ALIVE = {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}}
PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}


def described(service: Service) -> dict[str, Any]:
    """The description of what a bundle's server answers, in the language of this block."""
    paths: dict[str, Any] = {
        "/classify": {"post": _classify(service)},
        "/info": {"get": _operation("info", say("serve_api.info"), {"type": "object"})},
        "/health": {"get": _operation("health", say("serve_api.health"), ALIVE)},
        "/ready": {"get": _operation("ready", say("serve_api.ready"), ALIVE, 503)},
        "/metrics": {"get": _operation("metrics", say("serve_api.metrics"), TEXT, kind="text/plain")},
    }
    if service.shared.fetcher is not None:
        url = {
            "name": "url",
            "in": "query",
            "required": True,
            "schema": {"type": "string", "maxLength": 8192},
        }
        operation = _operation(
            "classify_url", say("serve_api.classify_url"), _ref("Answer"), 400, 413, 429, 503
        )
        paths["/classify-url"] = {"get": {**operation, "parameters": [url]}}
    if service.inbox is not None:
        paths["/inbox"] = {"post": _inbox(service)}
    return {
        "openapi": "3.1.0",
        "info": {"title": service.name, "version": __version__, "summary": say("serve_api.title")},
        "servers": [{"url": "./"}],
        "paths": paths,
        "components": {"schemas": _schemas(service)},
    }


def _classify(service: Service) -> dict[str, Any]:
    operation = _operation(
        "classify", say("serve_api.classify"), {"oneOf": [_ref("Answer"), _ref("Answers")]}, *_REFUSALS
    )
    form = {"type": "object", "properties": {"file": {"type": "array", "items": PICTURE}}}
    explain = {"name": "explain", "in": "query", "schema": {"enum": ["0", "1", "true", "false"]}}
    content = {"application/octet-stream": {}, "image/*": {}, "multipart/form-data": {"schema": form}}
    return {**operation, "parameters": [explain], "requestBody": {"required": True, "content": content}}


def _inbox(service: Service) -> dict[str, Any]:
    label = {"type": "string", "enum": service.classifier.classes}
    form = {"type": "object", "properties": {"file": PICTURE, "label": label}, "required": ["file", "label"]}
    operation = _operation("inbox", say("serve_api.inbox"), None, *_REFUSALS, 429, 507)
    return {
        **operation,
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
    }


_REFUSALS = (400, 408, 413, 503)


def _operation(
    name: str, summary: str, schema: dict[str, Any] | None, *problems: int, kind: str = "application/json"
) -> dict[str, Any]:
    good: dict[str, Any] = {"description": say("serve_api.answered")}
    if schema is not None:
        good["content"] = {kind: {"schema": schema}}
    answers: dict[str, Any] = {"200" if schema is not None else "204": good}
    problem = {"application/problem+json": {"schema": _ref("Problem")}}
    for status in (401, 403, 421, *problems):
        answers[str(status)] = {"description": say("serve_api.problem"), "content": problem}
    return {"operationId": name, "summary": summary, "responses": answers}


def _schemas(service: Service) -> dict[str, Any]:
    label = {"type": "string", "enum": service.classifier.classes}
    pair = {"type": "array", "prefixItems": [label, PROBABILITY], "minItems": 2, "maxItems": 2}
    problem = {
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            **{name: {"type": "string"} for name in ("type", "title", "code", "detail")},
            "status": {"type": "integer"},
        },
    }
    answer = {
        "type": "object",
        "required": ["predictions", "label", "verdict", "novelty"],
        "properties": {
            "predictions": {"type": "array", "items": pair},
            "label": label,
            "verdict": {"enum": ["known", "unsure", "novel"]},
            "novelty": {"anyOf": [PROBABILITY, {"type": "null"}]},
            "explanation": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("label", "picture", "overlay")},
            },
        },
    }
    failed = {"type": "object", "required": ["error"], "properties": {"error": _ref("Problem")}}
    each = {"type": "array", "items": {"oneOf": [_ref("Answer"), failed]}}
    answers = {"type": "object", "required": ["results"], "properties": {"results": each}}
    return {"Answer": answer, "Answers": answers, "Problem": problem}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
