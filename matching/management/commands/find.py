"""`manage.py find PHOTO`: what would be found for a photograph, and how that is known."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching import search
from matching.engine import get_engine
from matching.index import Watch, get_index
from matching.metrics import Metric
from matching.models import Face
from matching.space_search import together

PROBLEMS = {
    "no_face": "no face was found in it",
    "several_faces": "it shows several faces; cut out the one that is meant",
    "face_too_small": "the face is too small",
    "blurred": "the face is blurred",
    "unreadable": "it cannot be read as a picture",
}


class Command(BaseCommand):
    """Nothing is stored."""

    help = "Print the hits and the coverage certificate for a photograph of one person."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("photo", type=Path)
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--preview",
            type=int,
            metavar="N",
            help="print at once the N faces that are likely the nearest, from the approximate index, and no more",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            probe = search.probe(options["photo"].read_bytes())
        except OSError as error:
            raise CommandError(f"{options['photo']} cannot be opened: {error.strerror}.") from error
        except search.ProbeProblem as problem:
            raise CommandError(f"The photograph cannot be searched with: {PROBLEMS[problem.code]}.") from problem
        if options["preview"]:
            for face_id, distance in get_index().preview(probe[get_engine().name], count=options["preview"]):
                self.stdout.write(f"{distance:.3f}  face {face_id}")
            self.stdout.write("This is a preview: it may lack some. Without --preview everything is compared.")
            return
        findings = search.find(together([probe]), watch=Watch(progress=self._progress))
        faces = Face.objects.select_related("photo__source").in_bulk([hit.face_id for hit in findings.hits])
        rows: list[dict[str, Any]] = [
            {
                "source": face.photo.source.name,
                "path": face.photo.path,
                "distance": round(Metric(hit.metric).of(hit.distance), 4),
                "metric": str(hit.metric),
                "band": str(hit.band),
                "box": [face.left, face.top, face.right, face.bottom],
                "taken_at": face.photo.taken_at.isoformat() if face.photo.taken_at else None,
                "source_url": face.photo.source_url,
            }
            for hit in findings.hits
            if (face := faces.get(hit.face_id))
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"hits": rows, "certificate": findings.certificate}, indent=2))
            return
        for row in rows:
            taken = (row["taken_at"] or "no date")[:10]
            other = "" if row["metric"] == Metric.EUCLIDEAN else f" ({row['metric'].replace('_', ' ')})"
            self.stdout.write(f"{row['distance']:.3f}  {row['band']:8}  {taken}  {row['source']}: {row['path']}{other}")
        self._certificate(findings.certificate, len(rows))

    def _progress(self, compared: int) -> None:
        """How far the pass is, on a terminal: one line that is written over."""
        if self.stderr.isatty():
            self.stderr.write(f"{compared:,} faces compared", str, ending="\r")

    def _certificate(self, certificate: dict[str, Any], hits: int) -> None:
        complete = "complete" if certificate["complete"] else "NOT COMPLETE"
        self.stdout.write(
            f"\n{hits} hits. The search is {complete}: {certificate['faces_scanned']} of {certificate['faces_held']} "
            f"faces scanned in {certificate['photos_held']} photos "
            f"({certificate['photos_unreadable']} unreadable, {certificate['photos_without_face']} without a face, "
            f"{certificate['photos_looked_at']} of them looked at), "
            f"bands up to {certificate['bands']['match']} and {certificate['bands']['possible']}, "
            f"{certificate['engine']}, index {certificate['index_version']}."
        )
        for space in certificate["spaces"]:
            problem = f", NOT COMPLETE: {space['problem'].replace('_', ' ')}" if not space["complete"] else ""
            self.stdout.write(
                f"Own templates {space['engine']}: {space['faces_scanned']} of {space['faces_held']} scanned, "
                f"{space['metric'].replace('_', ' ')}, bands {space['bands']['match']} and {space['bands']['possible']}"
                f"{problem}."
            )
        for measured in certificate["bands"]["measured"]:
            self.stdout.write(_measured(measured))


def _measured(measured: dict[str, Any]) -> str:
    """How often the bands were wrong, on one collection."""
    rates = "; ".join(
        f"up to {measured[band]['up_to']}: {_share(measured[band]['false_match'])} of different people taken for one, "
        f"{_share(measured[band]['false_non_match'])} of one person missed"
        for band in ("match", "possible")
    )
    return f"Measured on {measured['on']} on {measured['people']} people ({measured['data']}): {rates}."


def _share(share: dict[str, Any]) -> str:
    return f"{share['errors']} of {share['pairs']} pairs (95 % interval {share['low']:.2%} to {share['high']:.2%})"
