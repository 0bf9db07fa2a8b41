"""The route of a recipient, and the deliveries a mail asks for."""

from __future__ import annotations

import pytest
from support.composing import a_route

from bridge.compose import route as routing
from bridge.config.schema import Config

SUPPORT = a_route(name="support", recipients=["support@example.com"])
SALES = a_route(name="sales", recipients=["sales@example.com", "/(offers|orders)-[0-9]+@example\\.com/"])
SHOP = a_route(name="shop", brand="shop", recipients=["@shop.example"])
ROUTES = (SUPPORT, SALES, SHOP)


@pytest.mark.parametrize(
    ("recipient", "name"),
    [
        ("support@example.com", "support"),
        ("SUPPORT@Example.COM", "support"),
        ("<support@example.com>", "support"),
        ("support+x@example.com", "support"),
        ("support+a+b@example.com", "support"),
        ("orders-12@example.com", "sales"),
        ("ORDERS-12@example.com", "sales"),
        ("anybody@shop.example", "shop"),
        ("supporter@example.com", None),
        ("x.support@example.com", None),
        ("orders-12@example.com.evil.example", None),
        ("orders-x@example.com", None),
        ("a@sub.shop.example", None),
        ("@shop.example", None),
        ("", None),
        ("a" * 400 + "@shop.example", None),
    ],
)
def test_the_first_route_that_takes_a_recipient_gets_it(recipient: str, name: str | None) -> None:
    found = routing.find(ROUTES, recipient)
    assert (found.name if found else None) == name


def test_the_order_of_the_routes_decides_between_two() -> None:
    everything = a_route(name="rest", recipients=["@example.com"])
    assert routing.find((SUPPORT, everything), "support@example.com") is SUPPORT
    assert routing.find((everything, SUPPORT), "support@example.com") is everything


def test_a_plus_address_of_its_own_is_matched_exactly() -> None:
    vip = a_route(name="vip", recipients=["support+vip@example.com"])
    assert routing.find((vip, SUPPORT), "support+vip@example.com") is vip
    assert routing.find((vip, SUPPORT), "support+other@example.com") is SUPPORT


@pytest.mark.parametrize(
    ("recipient", "name"),
    [
        ("postmaster", "support"),
        ("Postmaster@shop.example", "shop"),
        ("postmaster@example.com", "support"),
        ("postmaster@elsewhere.example", None),
    ],
)
def test_postmaster_reaches_the_first_route_of_its_domain(recipient: str, name: str | None) -> None:
    found = routing.find(ROUTES, recipient)
    assert (found.name if found else None) == name


def test_one_mail_to_two_routes_asks_for_two_deliveries() -> None:
    """Case 121."""
    recipients = ("sales@example.com", "nobody@else.example", "support@example.com", "orders-1@example.com")
    found = routing.targets(ROUTES, (*recipients, "sales@example.com"))
    assert [(target.route, target.brand, target.recipients) for target in found] == [
        ("sales", "acme", ("sales@example.com", "orders-1@example.com")),
        ("support", "acme", ("support@example.com",)),
    ]


@pytest.mark.parametrize(
    ("recipient", "part"),
    [
        ("support+abc@example.com", "abc"),
        ("Support+ABC@example.com", "abc"),
        ("support+a+b@example.com", "a+b"),
        ("support@example.com", ""),
        ("support+@example.com", ""),
        ("nonsense", ""),
    ],
)
def test_the_plus_part_stands_between_plus_and_at(recipient: str, part: str) -> None:
    assert routing.plus(recipient) == part


def test_own_addresses_are_those_that_are_named_not_whole_domains() -> None:
    config = Config.model_construct(
        routes=ROUTES,
        sender=Config.model_fields["sender"].default.model_copy(update={"own": ("Help@Example.org",)}),
    )
    assert routing.own_addresses(config) == {
        "support@example.com",
        "sales@example.com",
        "help@example.org",
    }
