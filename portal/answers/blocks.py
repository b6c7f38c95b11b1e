"""What a letter is made of."""

from typing import Any

Block = dict[str, Any]


def heading(text: str) -> Block:
    return {"kind": "heading", "text": text}


def paragraph(text: str) -> Block:
    return {"kind": "text", "text": text}


def labelled(label: str, *texts: str) -> Block:
    return {"kind": "labelled", "label": label, "text": "\n".join(texts)}
