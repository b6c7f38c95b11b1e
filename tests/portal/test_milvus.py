"""A request while the server that holds the index is away."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from matching import reviews
from matching.index import IndexUnreachable
from portal import flow, jobs, tasks
from portal.models import Job, JobState
from tests.portal.deeds import Ask, Run
from tests.staffing import sign_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("either_index", ["milvus"], indirect=True),
    pytest.mark.usefixtures("either_index"),
]
AWAY = "http://127.0.0.1:1"


@pytest.mark.usefixtures("painted")
def test_a_request_waits_for_the_server_and_goes_on_when_it_is_back(ask: Ask, run_jobs: Run, settings: Any) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    uri, settings.MILVUS_URI = settings.MILVUS_URI, AWAY
    (job_id,) = jobs.due()
    with pytest.raises(IndexUnreachable):
        tasks.run_job(job_id)
    job = Job.objects.get()
    assert (job.state, job.problem) == (JobState.WAITING, "IndexUnreachable")
    request.refresh_from_db()
    assert request.state == "confirmed"
    settings.MILVUS_URI = uri
    Job.objects.update(not_before=timezone.now())
    run_jobs()
    request.refresh_from_db()
    assert request.state == "searched"
    assert reviews.latest_search(request.pk).certificate["index_version"].startswith("milvus/")


@pytest.mark.usefixtures("painted")
def test_the_desk_says_so_where_it_looks_around_a_hit(
    ask: Ask, run_jobs: Run, settings: Any, client: Client, staff: User
) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    hit = reviews.latest_search(request.pk).hits.order_by("pk")[0]
    address = reverse("admin:rights_request_around", args=[request.pk, hit.pk])
    settings.MILVUS_URI = AWAY
    sign_in(client, staff)
    page = client.get(address, follow=True)
    assert "does not answer" in page.content.decode()
    assert page.status_code == 200
