from tests.linksvc.api.conftest import Api, check_problem


def test_the_api_is_alive(api: Api) -> None:
    answer = api.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_an_unknown_address_is_a_problem(api: Api) -> None:
    check_problem(api.get("/v1/nothing"), 404, "route_not_found")
    check_problem(api.get("/healthz/"), 404, "route_not_found")
