"""From the one source of a mail to its text and to the blocks of its HTML."""

from typing import Any


def tidy(text: str) -> str:
    """At most one blank line between paragraphs."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines)


def plain(body: str) -> str:
    """The text part: a button is a line with its address, the code stands alone."""
    lines = []
    for line in body.splitlines():
        if line.startswith(">> "):
            label, _bar, address = line[3:].partition(" | ")
            line = f"{label}\n{address}"
        lines.append(line.removeprefix("## "))
    return "\n".join(lines)


def blocks(body: str) -> list[dict[str, Any]]:
    """The paragraphs for the HTML layout: kind and content, still unescaped."""
    found: list[dict[str, Any]] = []
    for paragraph in body.strip().split("\n\n"):
        lines = paragraph.strip().splitlines()
        if not lines:
            continue
        if lines[0].startswith(">> "):
            label, _bar, address = lines[0][3:].partition(" | ")
            found.append({"kind": "button", "label": label, "address": address})
        elif lines[0].startswith("## "):
            found.append({"kind": "code", "text": lines[0][3:]})
        elif all(line.startswith("- ") for line in lines):
            found.append({"kind": "list", "items": [line[2:] for line in lines]})
        else:
            found.append({"kind": "text", "text": "\n".join(lines)})
    return found
