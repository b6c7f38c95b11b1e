"""The structure that a screen reader follows in a PDF: its tags, in reading order."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pikepdf


class Tag(NamedTuple):
    """One element of structure.

    Attributes:
        kind: its standard type, as H1, P, Table, TR, TH, TD, Figure or Link.
        element: the element itself.
        above: the types of what it stands in, the outermost first.
    """

    kind: str
    element: pikepdf.Object
    above: tuple[str, ...]


def tags(pdf: pikepdf.Pdf) -> list[Tag]:
    """All elements of structure, in the order in which they are read out."""
    return list(_below(pdf.Root.StructTreeRoot, (), pdf.Root.StructTreeRoot.get("/RoleMap", {})))


def _below(element: pikepdf.Object, above: tuple[str, ...], roles: pikepdf.Object) -> Iterator[Tag]:
    children: Any = element.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            role = child["/S"]
            kind = str(roles.get(str(role), role)).removeprefix("/")
            yield Tag(kind, child, above)
            yield from _below(child, (*above, kind), roles)


def attribute(element: pikepdf.Object, name: str) -> str:
    """An attribute of an element, as "Column" for the /Scope of a table's header; empty if it has none."""
    found: Any = element.get("/A", [])
    for attributes in found if isinstance(found, pikepdf.Array) else [found]:
        if isinstance(attributes, pikepdf.Dictionary) and name in attributes:
            return str(attributes[name]).removeprefix("/")
    return ""
