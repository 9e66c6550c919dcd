from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.ad_hoc_links import create_link, find_link
from linksvc.campaigns import NewCampaign, create_campaign
from linksvc.database import open_engine, reading, writing
from linksvc.domains import Domain, add_domain, list_domains, prefer, remove_domain
from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.keys import Keyring
from linksvc.link_terms import LinkTerms
from linksvc.links import CAMPAIGN_LINK, NewLink, add_campaign_link
from linksvc.models import Link, ShortDomain
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from tests import factories
from tests.factories import NOW


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"short_url": "https://s.lumen.example", "public_url": "https://app.lumen.example"})


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


def add(engine: Engine, settings: Settings, workspace_id: int, address: str, preferred: bool = False) -> Domain:
    with writing(engine) as session:
        return add_domain(session, settings, workspace_id, address, preferred, NOW)


def make_link(engine: Engine, settings: Settings, keyring: Keyring, workspace_id: int) -> str:
    with writing(engine) as session:
        link = create_link(session, ShortLinks(keyring, settings), workspace_id, NewLink("https://shop.example/"), NOW)
        assert find_link(session, ShortLinks(keyring, settings), workspace_id, link.id) == link
    return link.short_url.rpartition("/")[0]


@pytest.mark.parametrize(
    ("written", "host", "short_url"),
    [
        ("go.example.com", "go.example.com", "https://go.example.com"),
        (" HTTPS://Go.Example.com/ ", "go.example.com", "https://go.example.com"),
        ("http://go.example.com:8080", "go.example.com", "http://go.example.com:8080"),
        ("é.example.com", "xn--9ca.example.com", "https://xn--9ca.example.com"),
    ],
)
def test_a_host_is_kept_as_trackers_compare_it(
    engine: Engine, settings: Settings, workspace_id: int, written: str, host: str, short_url: str
) -> None:
    domain = add(engine, settings, workspace_id, written)
    assert (domain.host, domain.short_url, domain.preferred) == (host, short_url, False)
    with writing(engine) as session:
        assert list_domains(session, workspace_id) == (domain,)
        assert remove_domain(session, workspace_id, written, NOW) == 0
        assert list_domains(session, workspace_id) == ()


@pytest.mark.parametrize(
    "written",
    [
        "",
        "localhost",
        "printer",
        "192.0.2.1",
        "8.8.8.8",
        "[2606:4700::1111]",
        "go.example.com/path",
        "go.example.com?x",
        "ftp://go.example.com",
        "https://user@go.example.com",
        "go example.com",
        "go.example.com:0",
        "go.example.com:99999",
        "go.*.com",
        "https://S.lumen.example",
        "app.lumen.example:8000",
    ],
)
def test_what_cannot_be_a_short_domain_is_refused(sqlite_url: str, settings: Settings, written: str) -> None:
    engine = open_engine(sqlite_url)
    with pytest.raises(InvalidRequest) as refused:
        add(engine, settings, factories.workspace(engine), written)
    assert (refused.value.code, refused.value.errors[0].field) == ("domain_invalid", "domain")
    engine.dispose()


def test_new_links_are_written_on_the_preferred_domain(
    engine: Engine, settings: Settings, keyring: Keyring, workspace_id: int
) -> None:
    stranger = factories.workspace(engine, "Stranger")
    assert make_link(engine, settings, keyring, workspace_id) == "https://s.lumen.example"
    add(engine, settings, workspace_id, "one.example.com", preferred=True)
    add(engine, settings, workspace_id, "two.example.com", preferred=True)
    assert make_link(engine, settings, keyring, workspace_id) == "https://two.example.com"
    assert make_link(engine, settings, keyring, stranger) == "https://s.lumen.example"
    with writing(engine) as session:
        prefer(session, workspace_id, "ONE.example.com")
        assert [domain.preferred for domain in list_domains(session, workspace_id)] == [True, False]
    assert make_link(engine, settings, keyring, workspace_id) == "https://one.example.com"
    with writing(engine) as session:
        prefer(session, workspace_id, None)
    assert make_link(engine, settings, keyring, workspace_id) == "https://s.lumen.example"


def test_a_campaigns_link_is_written_on_the_domain_of_its_day(engine: Engine, settings: Settings, workspace_id: int) -> None:
    add(engine, settings, workspace_id, "one.example.com", preferred=True)
    campaign_id = factories.campaign(engine, workspace_id, destination_url="")
    with writing(engine) as session:
        add_campaign_link(session, workspace_id, campaign_id, "https://shop.example/", NOW)
        prefer(session, workspace_id, None)
    with reading(engine) as session:
        link = session.get(Link, (campaign_id, CAMPAIGN_LINK))
        assert link and link.short_url == "https://one.example.com"


def test_a_host_belongs_to_one_workspace(engine: Engine, settings: Settings, workspace_id: int) -> None:
    stranger = factories.workspace(engine, "Stranger")
    add(engine, settings, workspace_id, "go.example.com")
    for asking, code in ((workspace_id, "domain_exists"), (stranger, "domain_taken")):
        with pytest.raises(Conflict) as refused:
            add(engine, settings, asking, "https://GO.example.com:8443")
        assert refused.value.code == code
    with writing(engine) as session:
        for act in (lambda: remove_domain(session, stranger, "go.example.com", NOW), lambda: prefer(session, stranger, "x")):
            with pytest.raises(NotFound) as not_found:
                act()
            assert not_found.value.code == "domain_not_found"
        assert list_domains(session, stranger) == ()


def test_a_removed_domain_comes_back_to_its_workspace_and_to_no_other_while_links_are_on_it(
    engine: Engine, settings: Settings, keyring: Keyring, workspace_id: int
) -> None:
    stranger = factories.workspace(engine, "Stranger")
    add(engine, settings, workspace_id, "https://go.example.com:8443", preferred=True)
    make_link(engine, settings, keyring, workspace_id)
    with writing(engine) as session:
        assert remove_domain(session, workspace_id, "go.example.com", NOW) == 1
    assert make_link(engine, settings, keyring, workspace_id) == "https://s.lumen.example"
    with pytest.raises(Conflict) as refused:
        add(engine, settings, stranger, "go.example.com")
    assert refused.value.code == "domain_taken"
    back = add(engine, settings, workspace_id, "go.example.com")
    assert back == replace(back, short_url="https://go.example.com", preferred=False)


def test_a_removed_domain_without_links_is_free(engine: Engine, settings: Settings, workspace_id: int) -> None:
    stranger = factories.workspace(engine, "Stranger")
    add(engine, settings, workspace_id, "go.example.com")
    with writing(engine) as session:
        remove_domain(session, workspace_id, "go.example.com", NOW)
    add(engine, settings, stranger, "go.example.com")
    with reading(engine) as session:
        assert list_domains(session, workspace_id) == ()
        assert len(list_domains(session, stranger)) == 1


def test_trackers_see_every_change_of_a_host_as_a_newer_revision(
    engine: Engine, settings: Settings, workspace_id: int
) -> None:
    def revision() -> int:
        with reading(engine) as session:
            return session.exec(select(ShortDomain.revision)).one()

    add(engine, settings, workspace_id, "go.example.com")
    added = revision()
    with writing(engine) as session:
        remove_domain(session, workspace_id, "go.example.com", NOW + timedelta(hours=1))
    removed = revision()
    add(engine, settings, workspace_id, "go.example.com")
    assert added < removed < revision()


def test_no_link_leads_to_a_short_domain(
    engine: Engine, settings: Settings, keyring: Keyring, workspace_id: int, subtests: pytest.Subtests
) -> None:
    other = factories.workspace(engine, "Another")
    add(engine, settings, other, "go.example.com")
    short_links = ShortLinks(keyring, settings)
    away = "https://shop.example/"
    for address in ("https://s.lumen.example/", "http://S.Lumen.example:8000/AbCdEfGhIjK?x", "https://go.example.com"):
        for new, code in (
            (NewLink(address), "destination_invalid"),
            (NewLink(away, terms=LinkTerms(fallback_url=address)), "fallback_invalid"),
        ):
            with subtests.test(address=address, code=code):
                with pytest.raises(InvalidRequest) as refused, writing(engine) as session:
                    create_link(session, short_links, workspace_id, new, NOW)
                assert refused.value.code == code
                assert "Short links stand on" in refused.value.detail
    with writing(engine) as session:
        remove_domain(session, other, "go.example.com", NOW)
        assert create_link(session, short_links, workspace_id, NewLink("https://go.example.com"), NOW)


def test_no_campaign_leads_to_a_short_domain(engine: Engine, settings: Settings, workspace_id: int) -> None:
    new = NewCampaign(
        name="Circle",
        kind="marketing",
        text="Bonjour {{ link }} {{ stop }}",
        sender="36180",
        destination_url="https://s.lumen.example/AbCdEfGhIjK",
        offer_id=None,
        rate_per_s=10,
        audience="all",
    )
    with pytest.raises(InvalidRequest, match="Short links stand on"), writing(engine) as session:
        create_campaign(session, workspace_id, new, NOW, settings.short_url)
