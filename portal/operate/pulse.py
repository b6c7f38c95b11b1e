"""When the beat last reached a worker. A row, because beat, workers and web server share nothing else."""

from datetime import datetime
from typing import Final

from django.utils import timezone

from portal.models import Pulse

BEAT: Final = "beat"


def beat() -> None:
    """Write down that the beat sent its task and a worker does it."""
    Pulse.objects.update_or_create(name=BEAT, defaults={"at": timezone.now()})


def last_beat() -> datetime | None:
    """When that was last, if ever."""
    return Pulse.objects.filter(name=BEAT).values_list("at", flat=True).first()
