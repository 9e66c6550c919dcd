from tests import factories
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.test_conversions import claim


def test_claimed_conversions_are_listed_apart_page_by_page(api: Api) -> None:
    campaign_id = factories.produced_campaign(api.engine, api.workspace_id, 1)
    claim(api.engine, campaign_id, 3)
    path = f"/v1/campaigns/cmp_{campaign_id}"
    first = api.get(f"{path}/conversions?limit=2").json()
    assert first["total"] == 3
    assert [(one["n"], one["order_ref"], one["claimed"]) for one in first["conversions"]] == [
        (0, "A-2", {"amount": 4_990, "currency": "EUR"}),
        (0, "A-1", None),
    ]
    rest = api.get(f"{path}/conversions", params={"after": first["next_after"]}).json()
    assert ([one["order_ref"] for one in rest["conversions"]], rest["next_after"]) == (["A-0"], None)
    assert api.get(f"{path}/funnel").json()["revenue"] == []
    check_problem(api.get(f"{path}/conversions?after=x"), 422, "cursor_invalid")
    check_problem(api.get("/v1/campaigns/cmp_99/conversions"), 404, "campaign_not_found")
