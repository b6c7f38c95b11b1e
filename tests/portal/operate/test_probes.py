"""What balancers and Prometheus ask, and who may know."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from matching.models import Source
from portal import tasks
from portal.models import Job, JobKind
from portal.operate import probes
from rights.models import RightsRequest
from tests.portal.deeds import Ask

ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


def test_alive_touches_nothing_and_needs_no_host_name(client: Client) -> None:
    """Without the mark `django_db` a query would fail."""
    response = client.get("/healthz", headers={"host": "10.1.2.3"})
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response.cookies == {}
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_ready(client: Client) -> None:
    response = client.get("/readyz", headers={"host": "10.1.2.3"})
    assert (response.status_code, response.json()) == (200, {"not_ready": []})


@pytest.mark.django_db
def test_not_ready_names_what_is_missing_and_nothing_more(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CELERY_BROKER_URL = "redis://:hidden@127.0.0.1:1/0"
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"not_ready": ["broker"]})

    def refuse() -> None:
        raise OperationalError("no such server")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    monkeypatch.setattr(probes, "READY", ("database", "broker"))
    assert client.get("/readyz").json() == {"not_ready": ["database", "broker"]}


def figures(client: Client) -> dict[tuple[str, ...], float]:
    response = client.get("/metrics")
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


@pytest.mark.django_db
def test_figures_are_counted_when_they_are_asked_for(client: Client, ask: Ask, painted: Source) -> None:
    before = figures(client)
    assert before["regard_claims", "erasure", "received"] == 0
    assert ("regard_beat_timestamp_seconds",) not in before
    request = ask()
    job = Job.objects.create(request=request, kind=JobKind.SEARCH, not_before=timezone.now(), problem="Postponed")
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(seconds=500))
    Source.objects.update(reachable=False)
    tasks.pick_up()
    after = figures(client)
    assert after["regard_claims", "erasure", "received"] == after["regard_claims", "access", "received"] == 1
    assert after["regard_jobs", "waiting"] == after["regard_jobs_failed",] == 1
    assert 500 <= after["regard_oldest_job_seconds",] < 600
    assert after["regard_notices", "waiting"] >= 1
    assert after["regard_faces",] == 7
    assert after["regard_photos", "read"] == 6
    assert after["regard_sources_down",] == after["regard_sources",] == 1
    assert abs(after["regard_beat_timestamp_seconds",] - timezone.now().timestamp()) < 60
    assert 20 < after["regard_nearest_due_days",] < 40
    assert after["regard_overdue_requests",] == 0
    past = timezone.localdate() - timedelta(days=2)
    RightsRequest.objects.update(nominal_due=past, due=past)
    late = figures(client)
    assert (late["regard_overdue_requests",], late["regard_nearest_due_days",]) == (1, -2)


@pytest.mark.django_db
def test_metrics_are_for_this_machine_alone_while_there_is_no_token(client: Client) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
    assert client.get("/metrics", **ELSEWHERE).status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-for": "192.0.2.7"}).status_code == 404
    assert client.get("/metrics", headers={"x-forwarded-proto": "https"}).status_code == 404


@pytest.mark.django_db
def test_with_a_token_it_decides_wherever_somebody_asks_from(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "a long one"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer another"}).status_code == 404
    assert client.get("/metrics", headers={"authorization": "a long one"}).status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer a long one"}, **ELSEWHERE).status_code == 200
