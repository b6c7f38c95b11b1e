"""Habits that make the suite notice what a friendly one would forgive."""

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import currentframe
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.db.models.expressions import OrderBy
from django.db.models.functions import Random
from django.db.models.sql.compiler import SQLCompiler
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.template.base import Node, Origin


class UndefinedVariable(str):
    """Stands where a template names something its view does not give; fails the test if the template is ours.

    Third-party templates (the admin's) live from undefined variables and are left alone.
    """

    def __contains__(self, item: object) -> bool:
        return item == "%s"  # Only so is Django willing to tell the variable's name.

    def __mod__(self, variable: object) -> str:
        origin = _template_being_rendered()
        if origin is not None and Path(origin.name).is_relative_to(settings.BASE_DIR / "templates"):
            name = Path(origin.name).relative_to(settings.BASE_DIR)
            pytest.fail(f"{name} uses {str(variable)!r}, which is not in its context.")
        return ""


def _template_being_rendered() -> Origin | None:
    """Where the innermost node that is being rendered was written, whatever extends or includes it."""
    frame = currentframe()
    while frame is not None:
        node = frame.f_locals.get("self")
        if isinstance(node, Node) and getattr(node, "origin", None) is not None:
            return node.origin
        frame = frame.f_back
    return None


@contextmanager
def undefined_variables_fail() -> Iterator[None]:
    """Make an undefined variable in one of the project's templates a failure."""
    backend = engines["django"]
    assert isinstance(backend, DjangoTemplates)
    engine = backend.engine
    with mock.patch.object(engine, "string_if_invalid", UndefinedVariable("%s")):
        yield


@contextmanager
def unordered_queries_are_shuffled() -> Iterator[None]:
    """Give every query that asks for no order a random one: code that relies on luck fails sooner."""
    original = SQLCompiler.get_order_by

    def get_order_by(self: SQLCompiler) -> list[Any]:
        order: list[Any] = original(self)
        query = self.query
        plain = not (query.subquery or query.distinct or query.combinator or query.group_by)
        if order or not plain or type(self) is not SQLCompiler:
            return order
        by_chance = OrderBy(Random()).resolve_expression(query, allow_joins=True, reuse=None)
        sql, params = self.compile(by_chance)
        return [(by_chance, (sql, params, False))]

    with mock.patch.object(SQLCompiler, "get_order_by", get_order_by):
        yield
