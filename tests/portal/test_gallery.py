"""No page is forgotten when all pages are photographed."""

from pathlib import Path

from tests.browser.gallery import NONE, SHOWN, addresses, why_not, write_index


def test_every_address_is_photographed_or_there_is_a_reason_why_not() -> None:
    names = addresses()
    assert "citizens:status" in names
    assert sorted(name for name in names - SHOWN if not why_not(name)) == []
    assert SHOWN - names == {"mailbox:list", "mailbox:mail"}


def test_no_reason_is_left_over() -> None:
    used = {why_not(name) for name in addresses() - SHOWN}
    assert set(NONE.values()) == used
    assert not {name for name in NONE if "*" not in name} - addresses()
    assert not SHOWN & set(NONE)


def test_the_gallery_shows_every_picture(tmp_path: Path) -> None:
    for name in ("desk-01-login-390-light", "desk-01-login-1280-dark", "front-390-light"):
        (tmp_path / f"{name}.png").touch()
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert page.count("<img") == 3
    assert page.count("<h2") == 2
