from tests import factories
from tests.linksvc.api.conftest import Api, check_problem


def add(api: Api, path: str, name: str, **options: str) -> str:
    answer = api.post(path, json={"name": name}, **options)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_shops_are_added_and_listed_with_their_stores(api: Api) -> None:
    office = api.make_key()
    paris = add(api, "/v1/shops", " Paris ", key=office)
    stores = [add(api, f"/v1/shops/{paris}/stores", name, key=office) for name in ("Opéra", "Bastille")]
    listed = api.get("/v1/shops", key=office).json()
    assert listed == {
        "shops": [
            {"id": f"shp_{api.shop_id}", "name": "Lyon", "stores": []},
            {
                "id": paris,
                "name": "Paris",
                "stores": [{"id": stores[1], "name": "Bastille"}, {"id": stores[0], "name": "Opéra"}],
            },
        ],
        "next_after": None,
    }
    check_problem(api.post("/v1/shops", json={"name": "Paris"}, key=office), 409, "shop_exists")
    again = api.post(f"/v1/shops/{paris}/stores", json={"name": "Opéra"}, key=office)
    check_problem(again, 409, "store_exists")


def test_a_request_that_is_repeated_makes_one_shop(api: Api) -> None:
    office, headers = api.make_key(), {"Idempotency-Key": "paris"}
    first, again = (api.post("/v1/shops", json={"name": "Paris"}, headers=headers, key=office) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert len(api.get("/v1/shops", key=office).json()["shops"]) == 2


def test_the_list_of_shops_comes_in_pages(api: Api) -> None:
    office = api.make_key()
    for i in range(4):
        add(api, "/v1/shops", f"Shop {i}", key=office)
    names, after = [], ""
    while after is not None:
        page = api.get("/v1/shops", params={"limit": 2, "after": after} if after else {"limit": 2}, key=office).json()
        names.append([shop["name"] for shop in page["shops"]])
        after = page["next_after"]
    assert names == [["Lyon", "Shop 0"], ["Shop 1", "Shop 2"], ["Shop 3"]]
    check_problem(api.get("/v1/shops", params={"after": "off_1"}, key=office), 404, "not_found")


def test_a_shops_key_sees_its_own_shop_alone_and_adds_stores_to_no_other(api: Api) -> None:
    other = factories.shop(api.engine, api.workspace_id, "Paris")
    foreign = factories.shop(api.engine, factories.workspace(api.engine, "Other"), "Lille")
    assert [shop["name"] for shop in api.get("/v1/shops").json()["shops"]] == ["Lyon"]
    check_problem(api.post("/v1/shops", json={"name": "Nice"}), 403, "key_of_a_shop")
    for shop_id in (other, foreign):
        answer = api.post(f"/v1/shops/shp_{shop_id}/stores", json={"name": "Gare"})
        check_problem(answer, 404, "shop_not_found")
    unheard = api.post(f"/v1/shops/shp_{foreign}/stores", json={"name": "Gare"}, key=api.make_key())
    check_problem(unheard, 404, "shop_not_found")
    add(api, f"/v1/shops/shp_{api.shop_id}/stores", "Gare")
    assert [shop["name"] for shop in api.get("/v1/shops", key=api.make_key()).json()["shops"]] == ["Lyon", "Paris"]
