"""`manage.py prepare_models`: convert the face network for ONNX Runtime and see that it agrees with dlib."""

from typing import Any

from django.core.management.base import BaseCommand

from matching.engine import get_engine


class Command(BaseCommand):
    """May be run again at any time: what is converted and intact stays."""

    help = "Convert the face network, check it against dlib, and say which of the two will encode faces."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        engine = get_engine()
        engine.prepare()
        self.stdout.write(f"Faces are encoded by {engine.runtime}.")
