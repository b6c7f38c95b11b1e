"""The page that describes the API, made from its schema: as light as every other page, and without scripts."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

Schema = dict[str, Any]
FORMATS: Final = {
    "binary": "file",
    "date": "date, YYYY-MM-DD",
    "date-time": "moment, ISO 8601",
    "email": "e-mail address",
    "uuid": "UUID",
}
BODIES: Final = ("multipart/form-data", "application/json")


@dataclass(frozen=True)
class Field:
    """One value that goes in or out; `name` leads to it, as in `claims[].right`."""

    name: str
    kind: str
    required: bool
    words: str


@dataclass(frozen=True)
class Answer:
    """What a call can bring, by its HTTP status."""

    status: str
    words: str
    fields: list[Field]


@dataclass(frozen=True)
class Call:
    """A method and an address."""

    id: str
    method: str
    path: str
    words: str
    takes: str
    fields: list[Field]
    answers: list[Answer]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every call with what it takes and what it brings."""
    return render(request, "api/reference.html", {"calls": calls()})


@cache
def calls() -> list[Call]:
    """The calls of the schema, in its order."""
    schema: Schema = SchemaGenerator().get_schema(request=None, public=True)
    parts: Schema = schema["components"]["schemas"]
    return [
        _call(method, path, described, parts)
        for path, methods in schema["paths"].items()
        for method, described in methods.items()
    ]


def _call(method: str, path: str, described: Schema, parts: Schema) -> Call:
    takes, body = _body(described.get("requestBody", {}), parts)
    parameters = [
        Field(each["name"], _kind(each["schema"], parts), each.get("required", False), each.get("description", ""))
        for each in described.get("parameters", [])
    ]
    answers = []
    for status, answer in described["responses"].items():
        _type, brought = _body(answer, parts)
        words = answer.get("description", "") or brought.get("description", "")
        answers.append(Answer(status, words, list(_fields(brought, parts))))
    return Call(
        id=described["operationId"],
        method=method.upper(),
        path=path,
        words=described.get("description", ""),
        takes=takes,
        fields=parameters + list(_fields(body, parts)),
        answers=answers,
    )


def _body(described: Schema, parts: Schema) -> tuple[str, Schema]:
    """The media type of a body, and what it holds; nothing where there is none."""
    content = described.get("content", {})
    found = next((media for media in BODIES if media in content), "")
    return found, _resolved(content[found]["schema"], parts) if found else {}


def _resolved(schema: Schema, parts: Schema) -> Schema:
    """What a reference leads to, with what was said beside it."""
    for key in ("allOf", "oneOf"):  # How drf-spectacular adds words, or "or empty", to a reference.
        if key in schema:
            return {**_resolved(schema[key][0], parts), **{k: v for k, v in schema.items() if k != key}}
    if "$ref" not in schema:
        return schema
    return _resolved(parts[schema["$ref"].rpartition("/")[2]], parts)


def _fields(schema: Schema, parts: Schema, within: str = "") -> Iterator[Field]:
    """Each value of an object, those of objects in it by the way that leads there."""
    required = schema.get("required", [])
    for name, described in schema.get("properties", {}).items():
        value = _resolved(described, parts)
        item = _resolved(value["items"], parts) if value.get("type") == "array" else value
        way = f"{within}{name}{'[]' if item is not value and 'properties' in item else ''}"
        if "properties" in item:
            yield from _fields(item, parts, f"{way}.")
        else:
            yield Field(way, _kind(value, parts), name in required, described.get("description", ""))


def _kind(schema: Schema, parts: Schema) -> str:
    value = _resolved(schema, parts)
    if value.get("type") == "array":
        return f"list: {_kind(value['items'], parts)}"
    if "enum" in value:
        said = " · ".join(str(each) for each in value["enum"] if each)
    else:
        said = FORMATS.get(value.get("format", ""), str(value.get("type", "")))
    if "maxLength" in value:
        said += f", at most {value['maxLength']} characters"
    return f"{said}, or null" if value.get("nullable") else said
