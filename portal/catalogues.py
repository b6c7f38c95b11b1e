"""Compiling the message catalogues, without GNU gettext: polib writes what Django reads."""

import os
from pathlib import Path

import polib
from django.conf import settings


def compile_all() -> list[Path]:
    """Compile every catalogue whose text is newer than its compiled form; the ones compiled.

    Raises:
        OSError: a catalogue cannot be read, or its folder cannot be written to.
    """
    compiled = []
    for folder in map(Path, settings.LOCALE_PATHS):
        for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                continue
            partial = target.with_name(f"{target.name}.{os.getpid()}")
            polib.pofile(str(source), encoding="utf-8").save_as_mofile(str(partial))
            partial.rename(target)  # Whole or not at all: another process may be reading.
            compiled.append(target)
    return compiled
