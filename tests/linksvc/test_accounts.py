from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from linksvc.accounts import (
    SignedIn,
    check_password,
    create_user,
    ensure_workspace,
    find_signed_in,
    make_sign_in_link,
    use_sign_in_link,
)
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.models import SignInLink, User
from linksvc.shops import create_shop, find_shop
from tests import factories
from tests.factories import NOW

PASSWORD = "a horse, a battery, a staple"


def user(engine: Engine, password: str | None = None) -> int:
    with writing(engine) as session:
        return create_user(session, "Ana@Lumen.example", password, ensure_workspace(session, "Lumen", NOW), NOW, "fr")


def test_a_user_signs_in_with_address_and_password(engine: Engine) -> None:
    user_id = user(engine, PASSWORD)
    with reading(engine) as session:
        signed_in = check_password(session, " ana@lumen.EXAMPLE ", PASSWORD)
        assert signed_in == find_signed_in(session, user_id)
    assert signed_in == SignedIn(user_id, "ana@lumen.example", "fr", 1, "Lumen", "Europe/Paris", "EUR")


def test_a_wrong_address_or_password_signs_nobody_in(engine: Engine) -> None:
    user(engine, PASSWORD)
    with reading(engine) as session:
        for password in ("something else", "x" * 1_001):
            assert check_password(session, "ana@lumen.example", password) is None
        for email in ("bob@lumen.example", "ana@lumen.example\0"):
            assert check_password(session, email, PASSWORD) is None


def test_a_user_without_a_password_has_none_that_works(engine: Engine) -> None:
    user(engine)
    with reading(engine) as session:
        assert check_password(session, "ana@lumen.example", "") is None


def test_a_password_is_kept_as_argon2(engine: Engine) -> None:
    user(engine, PASSWORD)
    with reading(engine) as session:
        assert session.exec(select(User)).one().password_hash.startswith("$argon2id$")


def test_a_workspace_of_a_name_is_made_once(engine: Engine) -> None:
    with writing(engine) as session:
        assert ensure_workspace(session, "Lumen", NOW) == ensure_workspace(session, " Lumen ", NOW)


def test_an_address_is_taken_once(engine: Engine) -> None:
    user(engine)
    with pytest.raises(Conflict) as error:
        user(engine)
    assert error.value.code == "user_exists"


def test_an_unusable_user_is_refused(engine: Engine) -> None:
    with writing(engine) as session:
        workspace_id = ensure_workspace(session, "Lumen", NOW)
        for email in ("nobody", "a b@c", "@c", "a@" + "b" * 300, "a\0@b"):
            with pytest.raises(InvalidRequest):
                create_user(session, email, None, workspace_id, NOW)
        with pytest.raises(InvalidRequest):
            create_user(session, "a@b", "short", workspace_id, NOW)
        with pytest.raises(InvalidRequest):
            create_user(session, "a@b", None, workspace_id, NOW, "xx")


def test_nothing_is_made_for_a_workspace_that_is_not_there(engine: Engine) -> None:
    with writing(engine) as session:
        with pytest.raises(NotFound):
            create_user(session, "a@b", None, 7, NOW)
        with pytest.raises(NotFound):
            create_shop(session, 7, "Lyon", NOW)


def test_a_sign_in_link_works_once(engine: Engine) -> None:
    user_id = user(engine)
    with writing(engine) as session:
        token = make_sign_in_link(session, user_id, NOW)

    def use(_: int) -> SignedIn | None:
        with writing(engine) as session:
            return use_sign_in_link(session, token, NOW + timedelta(minutes=59))

    with ThreadPoolExecutor(8) as threads:
        answers = [answer for answer in threads.map(use, range(8)) if answer]
    assert [answer.user_id for answer in answers] == [user_id]


def test_a_sign_in_link_ends_and_is_forgotten(engine: Engine) -> None:
    user_id = user(engine)
    with writing(engine) as session:
        token = make_sign_in_link(session, user_id, NOW)
        assert use_sign_in_link(session, token, NOW + timedelta(hours=1)) is None
        assert use_sign_in_link(session, "something else", NOW) is None
        make_sign_in_link(session, user_id, NOW + timedelta(hours=2))
        assert len(session.exec(select(SignInLink)).all()) == 1


def test_a_token_is_not_in_the_database(engine: Engine) -> None:
    user_id = user(engine)
    with writing(engine) as session:
        token = make_sign_in_link(session, user_id, NOW)
        assert token not in session.exec(select(SignInLink)).one().token_hash


def test_a_shop_has_a_name_of_its_own_in_its_workspace(engine: Engine) -> None:
    lumen, other = factories.workspace(engine), factories.workspace(engine, "Other")

    def attempt(session: Session, workspace_id: int) -> int:
        return create_shop(session, workspace_id, " Lyon ", NOW)

    with writing(engine) as session:
        lyon = attempt(session, lumen)
        assert attempt(session, other) != lyon
        assert find_shop(session, lumen, "Lyon") == lyon
        assert find_shop(session, lumen, "Nice") is None
        with pytest.raises(Conflict):
            attempt(session, lumen)
        with pytest.raises(InvalidRequest):
            create_shop(session, lumen, "two\nlines", NOW)
