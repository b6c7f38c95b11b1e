"""What a first start puts into the database, and what later starts leave alone."""

import stat
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User

from matching.models import Source
from portal.models import ControllerProfile, Recipient
from portal.serve import keys, seed
from portal.serve.texts import TEXTS
from portal.staff import factors

pytestmark = pytest.mark.django_db


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_two_members_of_staff_can_sign_in_with_what_is_printed(tmp_path: Path) -> None:
    logins = seed.staff_logins(tmp_path)
    assert list(logins) == ["reviewer-one", "reviewer-two"]
    for name, password in logins.items():
        user = authenticate(username=name, password=password)
        assert user is not None
        assert user.is_staff
        assert factors.is_enrolled(user)
        assert factors.take(user, factors.current_code(user)[0])


def test_the_second_one_works_at_the_desk_and_manages_nobody(tmp_path: Path) -> None:
    seed.staff_logins(tmp_path)
    first, second = (User.objects.get(username=name) for name in seed.STAFF)
    assert first.has_perm("auth.change_user")
    assert not first.is_superuser
    assert second.has_perm("portal.decide_claims")
    assert not second.has_perm("auth.view_user")


def test_the_same_logins_are_printed_at_every_start(tmp_path: Path) -> None:
    logins = seed.staff_logins(tmp_path)
    assert seed.staff_logins(tmp_path) == logins
    assert User.objects.count() == 2
    assert mode(tmp_path / seed.LOGINS) == 0o600


def test_staff_that_exist_already_are_left_alone(tmp_path: Path, staff: User) -> None:
    assert seed.staff_logins(tmp_path) == {}
    assert User.objects.get() == staff


def test_the_demonstrations_controller_lacks_nothing_that_the_law_asks() -> None:
    seed.demo_controller()
    profile = ControllerProfile.load()
    profile.full_clean()
    assert sorted(profile.texts.values_list("language", flat=True)) == sorted(TEXTS) == ["de", "en", "fr"]
    for text in profile.texts.all():
        empty = [field.name for field in text._meta.fields if getattr(text, field.name) == ""]
        assert empty == []


def test_a_profile_that_staff_have_changed_stays_so() -> None:
    seed.demo_controller()
    ControllerProfile.objects.update(name="Ours")
    seed.demo_controller()
    assert ControllerProfile.load().name == "Ours"


def test_two_recipients_were_shown_the_demonstrations_pictures() -> None:
    source = Source.objects.create(url="file:///nowhere", name="demonstration")
    seed.demo_recipients(source)
    first = Recipient.objects.get(name="Agence Exemple")
    first.sources.clear()
    seed.demo_recipients(source)
    assert Recipient.objects.count() == 2
    assert not first.sources.exists()  # What staff have changed stays so.


def test_secrets_are_generated_once_and_only_for_their_owner(tmp_path: Path) -> None:
    assert keys.ensure(tmp_path)
    text = (tmp_path / keys.NAME).read_text(encoding="utf-8")
    assert mode(tmp_path / keys.NAME) == 0o600
    assert not keys.ensure(tmp_path)
    assert (tmp_path / keys.NAME).read_text(encoding="utf-8") == text
    assert "REGARD_SECRET_KEY=" in text
    assert "REGARD_KEYS=development:" in text
