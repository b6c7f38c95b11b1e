"""`manage.py check_index [--repair]`: whether the index is what was written, and holds what the database holds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.index import FaceIndex, every_index


class Command(BaseCommand):
    """Without --repair nothing is changed."""

    help = "Compare every file of the index with its checksum, and the faces in it with the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="read what is damaged or missing from the database")

    def handle(self, *args: Any, **options: Any) -> None:
        repaired = [self._look_at(index, repair=options["repair"]) for index in every_index()]
        if not all(repaired):
            raise CommandError("The index needs repair: check_index --repair. Searches repair what they notice.")
        if not options["repair"]:
            self.stdout.write("The index is whole.")

    def _look_at(self, index: FaceIndex, *, repair: bool) -> bool:
        """Whether one index is whole now. Raises: CommandError if it could not be repaired."""
        problems = index.problems()
        for problem in problems:
            self.stdout.write(f"{index.engine}: {problem}")
        if repair:
            version = index.sync(thorough=True)
            index.compact()
            index.build_previews()
            left = index.problems()
            if left:
                raise CommandError(f"Not repaired: {', '.join(left)}.")
            self.stdout.write(f"Repaired. The index of {index.engine} is {version}.")
        return repair or not problems
