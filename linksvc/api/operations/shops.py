"""Shops and their stores: where codes are redeemed. Offers and redemptions name them by these ids."""

from typing import Self

from pydantic import Field
from sqlmodel import Session

from linksvc.api.once import answer_once
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Line, Parameters, Payload
from linksvc.database import reading
from linksvc.errors import Forbidden, NotFound
from linksvc.public_ids import format_id, parse_id
from linksvc.shops import ListedShop, create_shop, page_of_shops
from linksvc.stores import ListedStore, create_store, stores_of

PAGE_MOST = 1_000


class NamePayload(Payload):
    name: Line = Field(description="As its till and the reports call it.", examples=["Lyon"])


class StoreAnswer(Answer):
    id: str
    name: str

    @classmethod
    def of(cls, store: ListedStore) -> Self:
        return cls(id=format_id("store", store.id), name=store.name)


class ShopAnswer(Answer):
    id: str
    name: str
    stores: tuple[StoreAnswer, ...] = Field(description="Its branches, by name.")

    @classmethod
    def of(cls, shop: ListedShop, stores: tuple[ListedStore, ...]) -> Self:
        own = tuple(StoreAnswer.of(store) for store in stores if store.shop_id == shop.id)
        return cls(id=format_id("shop", shop.id), name=shop.name, stores=own)


class ShopsQuery(Parameters):
    after: str = Field("", max_length=40, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class ShopsAnswer(Answer):
    shops: tuple[ShopAnswer, ...]
    next_after: str | None


def add_shop(call: Call[NamePayload, None]) -> Prepared:
    if call.caller.shop_id is not None:
        raise Forbidden("This key belongs to one shop. Make a key without --shop.", code="key_of_a_shop")

    def work(session: Session) -> ShopAnswer:
        shop_id = create_shop(session, call.workspace_id, call.body.name, call.now())
        return ShopAnswer.of(ListedShop(shop_id, call.body.name), ())

    return answer_once(call, work)


def read_shops(call: Call[None, ShopsQuery]) -> ShopsAnswer:
    """The oldest first; a shop's key sees its own alone."""
    after, limit = parse_id("shop", call.query.after) if call.query.after else 0, call.query.limit
    with reading(call.engine) as session:
        found = page_of_shops(session, call.workspace_id, call.caller.shop_id, after, limit + 1)
        stores = stores_of(session, call.workspace_id, [shop.id for shop in found[:limit]])
    shops = tuple(ShopAnswer.of(shop, stores) for shop in found[:limit])
    return ShopsAnswer(shops=shops, next_after=shops[-1].id if len(found) > limit else None)


def add_store(call: Call[NamePayload, None]) -> Prepared:
    shop_id = call.ids["shop_id"]
    if call.caller.shop_id not in (None, shop_id):
        raise NotFound("There is no such shop in this workspace.", code="shop_not_found")

    def work(session: Session) -> StoreAnswer:
        store_id = create_store(session, call.workspace_id, shop_id, call.body.name, call.now())
        return StoreAnswer.of(ListedStore(store_id, shop_id, call.body.name))

    return answer_once(call, work)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/shops",
        name="add_shop",
        summary="Add a shop",
        tag="shops",
        scope="shops:write",
        handler=add_shop,
        body=NamePayload,
        idempotency_key="optional",
        status=201,
        answer=ShopAnswer,
        failures=(
            Failure(403, "key_of_a_shop", "The key belongs to one shop."),
            Failure(409, "shop_exists", "The workspace has a shop of that name."),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/shops",
        name="read_shops",
        summary="List the shops and their stores",
        description="The oldest first. A shop's key sees its own alone.",
        tag="shops",
        scope="shops:read",
        handler=read_shops,
        query=ShopsQuery,
        answer=ShopsAnswer,
        failures=(Failure(404, "not_found", "`after` is no shop's id."),),
    ),
    Operation(
        method="POST",
        path="/v1/shops/{shop_id}/stores",
        name="add_store",
        summary="Add a store to a shop",
        tag="shops",
        scope="shops:write",
        handler=add_store,
        body=NamePayload,
        idempotency_key="optional",
        status=201,
        answer=StoreAnswer,
        failures=(
            Failure(404, "shop_not_found", "There is no such shop in this workspace, or the key is another shop's."),
            Failure(409, "store_exists", "The shop has a store of that name."),
        ),
    ),
)
