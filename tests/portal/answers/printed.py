"""The text of a PDF as it is printed, so that tests read what a person reads and not what the code meant to say."""

import io
import re
from typing import Any

import pikepdf


def text_of(pdf: bytes) -> str:
    """All text, page by page, without any white space or hyphens: lines break wherever they like."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return "".join(_of_page(page) for page in document.pages)


def bare(text: str) -> str:
    """The same for a text to look for."""
    return re.sub(r"[\s\u00ad\u2010\u200b-]", "", text)


def _of_page(page: pikepdf.Page) -> str:
    fonts = {name: _characters(font) for name, font in page.resources.get("/Font", {}).items()}
    said, current = [], {}
    for instruction in pikepdf.parse_content_stream(page):
        operands, operator = instruction.operands, instruction.operator
        if str(operator) == "Tf":
            current = fonts[str(operands[0])]
        elif str(operator) in ("Tj", "TJ"):
            pieces: Any = operands[0] if str(operator) == "TJ" else operands
            said += [_decoded(bytes(piece), current) for piece in pieces if isinstance(piece, pikepdf.String)]
    return bare("".join(said))


def _decoded(codes: bytes, characters: dict[int, str]) -> str:
    return "".join(characters.get(int.from_bytes(codes[at : at + 2]), "") for at in range(0, len(codes), 2))


def _characters(font: pikepdf.Object) -> dict[int, str]:
    """Glyph number to characters, from the font's ToUnicode table; without one a reader hears nothing."""
    table = font.ToUnicode.read_bytes().decode("ascii", "replace")
    found: dict[int, str] = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for code, text in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            found[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, text in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            start = int.from_bytes(bytes.fromhex(text))
            for step in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + step] = chr(start + step)
    return found
