"""The manifest of an index of segments: which segments count. It is replaced whole, and read whole or not at all."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from matching.index.base import IndexDamaged
from matching.index.faces import Digest
from matching.index.segment_files import Segment

MANIFEST: Final = "manifest.json"
LAYOUT: Final = 3
"""Of the files. Another one is rebuilt from the database."""
CHECKSUM: Final = "sha256"
"""Of the manifest's other values, in the manifest."""


@dataclass(frozen=True)
class Manifest:
    """The state of the index: a counter that grows with every change, the engine, the segments, the faces in them."""

    version: int
    engine: str
    dimension: int
    segments: tuple[Segment, ...] = ()
    digest: Digest = (0, 0, 0)
    layout: int = LAYOUT

    def label(self) -> str:
        """The version as it stands in certificates."""
        return f"segments/{self.version}"


def read(root: Path) -> Manifest | None:
    """The state in force; None before the first. Raises: IndexDamaged if it was altered, or is of another layout."""
    try:
        raw = json.loads((root / MANIFEST).read_bytes())
        if raw["layout"] != LAYOUT or raw.pop(CHECKSUM) != _checksum(raw):
            raise IndexDamaged(MANIFEST)
        segments = tuple(Segment(**{**item, "gone": tuple(item["gone"])}) for item in raw["segments"])
        return Manifest(**{**raw, "segments": segments, "digest": tuple(raw["digest"])})
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(MANIFEST) from error


def write(root: Path, manifest: Manifest) -> None:
    """Make this the state in force: a reader sees the old one or this one."""
    values = asdict(manifest)
    partial = root / f"{MANIFEST}.partial"
    with partial.open("w") as file:
        json.dump(values | {CHECKSUM: _checksum(values)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(root / MANIFEST)


def _checksum(values: dict[str, Any]) -> str:
    """SHA-256 in hex of a manifest's values, however they are laid out."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
