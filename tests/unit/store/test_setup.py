"""Defaults of an empty store, and the catalogue file: applied, applied again, exported."""

import copy
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapter.backends.local.catalogue import list_products
from adapter.commands.model import ListProducts
from adapter.errors import InvalidCatalogue
from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.setup import (
    SetupChange,
    apply_catalogue,
    catalogue_text,
    ensure_defaults,
    export_catalogue,
    parse_catalogue,
)
from adapter.store.unit_of_work import DOCUMENT_ID, INVOICE_NUMBER, Store

DOCS = Path(__file__).parents[3] / "docs" / "catalogue.md"
EXAMPLE = DOCS.read_text(encoding="utf-8").split("```toml\n")[-1].split("```")[0]

DAYS = "CreateInvoiceDaysBefore"


@pytest.fixture
def apply(store, context):
    """Apply a catalogue, given as data or text, in a transaction of its own."""

    def run(catalogue, target=store):
        data = parse_catalogue(catalogue) if isinstance(catalogue, str) else catalogue
        with target.write() as uow:
            return apply_catalogue(uow, context(), data)

    return run


@pytest.fixture
def other_store(tmp_path):
    """Return a second store with its tables and not one row."""
    other = Store(StoreConfig(f"sqlite:///{tmp_path / 'other.db'}"))
    tables.metadata.create_all(other.engine)
    yield other
    other.close()


def _rows(store, table):
    with store.read() as uow:
        return uow.execute(sa.select(table).order_by(*table.primary_key)).mappings().all()


def _export(store):
    with store.read() as uow:
        return export_catalogue(uow)


def _everything(store):
    """Return all rows of all tables."""
    return {name: _rows(store, table) for name, table in tables.metadata.tables.items()}


def test_an_empty_store_gets_what_the_first_calls_need(store):
    (currency,) = _rows(store, tables.currencies)
    assert (currency["id"], currency["code"], currency["rate"]) == (1, "ZAR", Decimal(1))
    assert currency["is_default"]
    assert [row["id"] for row in _rows(store, tables.product_groups)] == [1]
    (method,) = _rows(store, tables.payment_methods)
    assert (method["module"], method["active"]) == ("banktransfer", True)
    assert _rows(store, tables.tax_rules) == []


def test_defaults_are_made_once(store):
    before = _everything(store)
    with store.write() as uow:
        ensure_defaults(uow, datetime(2026, 5, 1, tzinfo=UTC), "USD")
    assert _everything(store) == before


def test_the_first_currency_can_be_chosen(empty_store):
    with empty_store.write() as uow:
        ensure_defaults(uow, datetime(2026, 5, 1, tzinfo=UTC), "USD")
    (currency,) = _rows(empty_store, tables.currencies)
    assert (currency["id"], currency["code"], currency["prefix"]) == (1, "USD", "$")


def test_counters_begin_at_one_and_rows_continue_after_the_defaults(store):
    with store.write() as uow:
        assert uow.take(DOCUMENT_ID) == 1
        assert uow.take(INVOICE_NUMBER) == 1
        assert uow.insert(tables.product_groups, name="Next") == 2


def test_the_documented_example_becomes_rows(apply, store):
    report = apply(EXAMPLE)
    assert SetupChange("products", "Web Space", "created", ("prices",)) in report.changes
    assert SetupChange("settings", "TaxEnabled", "changed") in report.changes
    assert SetupChange("next", "document_id", "changed") in report.changes
    # ZAR, bank transfer and 14 days are as the defaults made them.
    assert report.unchanged == 3
    zar, usd = _rows(store, tables.currencies)
    assert (usd["code"], usd["number_format"], usd["rate"]) == ("USD", 2, Decimal("0.05432"))
    assert (zar["is_default"], usd["is_default"]) == (True, False)
    products = {row["name"]: row for row in _rows(store, tables.products)}
    web, fixed = products["Web Space"], products["Fixed Term"]
    assert (web["id"], web["group_id"], web["taxed"], web["pay_type"]) == (
        10,
        2,
        True,
        "recurring",
    )
    assert (web["stock"], web["prorata_day"]) == (None, None)
    assert (fixed["id"], fixed["stock"], fixed["prorata_day"]) == (11, 25, 1)
    assert (fixed["prorata_next_month_day"], fixed["cycles_limit"]) == (20, 12)
    prices = {
        (row["item_kind"], row["item_id"], row["currency_id"], row["term"]): (
            row["price"],
            row["setup_fee"],
        )
        for row in _rows(store, tables.prices)
    }
    assert prices == {
        ("product", 10, 1, "monthly"): (9500, 0),
        ("product", 10, 1, "annually"): (95000, 5000),
        ("product", 10, 2, "monthly"): (595, 0),
        ("product", 11, 1, "quarterly"): (25000, 0),
        ("product", 12, 1, "onetime"): (45000, 0),
        ("addon", 1, 1, "monthly"): (2500, 0),
        ("register", 1, 1, "1"): (9900, 0),
        ("register", 1, 1, "2"): (19500, 0),
        ("transfer", 1, 1, "1"): (0, 0),
        ("renew", 1, 1, "1"): (10900, 0),
    }
    (tld,) = _rows(store, tables.tlds)
    assert tld["tld"] == "co.za"
    (promotion,) = _rows(store, tables.promotions)
    assert (promotion["promotion_type"], promotion["value"]) == ("Percentage", Decimal(10))
    assert (promotion["cycles"], promotion["applies_to"]) == (
        "Monthly,Annually,1Years",
        "10,D.co.za",
    )
    assert (promotion["starts_on"], promotion["expires_on"]) == (None, date(2026, 12, 31))
    (group,) = _rows(store, tables.client_groups)
    assert (group["discount_percent"], group["separate_invoices"]) == (Decimal("7.5"), True)
    (rule,) = _rows(store, tables.tax_rules)
    assert (rule["level"], rule["country"], rule["state"], rule["rate"]) == (1, "ZA", "", 15)
    with store.write(keep=False) as uow:
        assert uow.settings.company_name == "Example Hosting"
        assert uow.settings.tax_enabled
        assert uow.take(DOCUMENT_ID) == 1001
        assert uow.take(INVOICE_NUMBER) == 501


def test_a_second_application_changes_nothing(apply, store):
    first = apply(EXAMPLE)
    before = _everything(store)
    second = apply(EXAMPLE)
    assert second.changes == ()
    assert second.unchanged == len(first.changes) + first.unchanged
    assert _everything(store) == before


def test_an_export_gives_another_store_the_same_catalogue(apply, store, other_store):
    apply(EXAMPLE)
    exported = _export(store)
    apply(catalogue_text(exported), other_store)
    assert _export(other_store) == exported
    for table in (tables.products, tables.prices, tables.tlds, tables.promotions):
        columns = [
            column for column in table.c if table is not tables.prices or column.key != "id"
        ]
        with store.read() as one, other_store.read() as two:
            query = sa.select(*columns).order_by(*columns[:4])
            assert one.execute(query).all() == two.execute(query).all()
    assert apply(exported, other_store).changes == ()


def test_applying_an_export_to_its_own_store_changes_nothing(apply, store):
    apply(EXAMPLE)
    assert apply(_export(store)).changes == ()


def test_an_export_says_every_key(apply, store):
    apply(EXAMPLE)
    exported = _export(store)
    assert exported["products"][0] == {
        "id": 10,
        "name": "Web Space",
        "group": "Hosting",
        "type": "hostingaccount",
        "pay": "recurring",
        "description": "10 GB of space",
        "slug": "",
        "module": "",
        "auto_setup": "payment",
        "hidden": False,
        "taxed": True,
        "stock": "unlimited",
        "prorata_day": 0,
        "prorata_next_month_day": 0,
        "cycles_limit": 0,
        "prices": {
            "ZAR": {
                "monthly": "95.00",
                "annually": {"price": "950.00", "setup_fee": "50.00"},
            },
            "USD": {"monthly": "5.95"},
        },
    }
    assert exported["tlds"][0]["tld"] == ".co.za"
    assert list(exported["tlds"][0]["register"]["ZAR"]) == ["1", "2"]
    assert exported["settings"] == {"CompanyName": "Example Hosting", "TaxEnabled": "on"}
    assert exported["next"] == {"document_id": 1001, "invoice_number": 501}


def test_awkward_text_survives_the_file(apply, store, other_store):
    name = 'A "quoted" \\ name\n\t\x7f ünï €'
    apply({"product_groups": [{"name": name}], "settings": {"CompanyName": name}})
    text = catalogue_text(_export(store))
    assert tomllib.loads(text)["product_groups"][1]["name"] == name
    apply(text, other_store)
    assert _export(other_store)["settings"]["CompanyName"] == name


def test_a_change_touches_what_it_names(apply, store):
    apply(EXAMPLE)
    report = apply(
        {
            "products": [
                {
                    "name": "Web Space",
                    "group": "Hosting",
                    "hidden": True,
                    "prices": {"ZAR": {"monthly": "99.00", "quarterly": 280}},
                }
            ]
        }
    )
    assert report.changes == (
        SetupChange("products", "Web Space", "changed", ("hidden", "prices")),
    )
    product = _export(store)["products"][0]
    assert product["hidden"]
    assert product["description"] == "10 GB of space"
    assert product["prices"] == {
        "ZAR": {"monthly": "99.00", "quarterly": "280.00"},
        "USD": {"monthly": "5.95"},
    }
    last = _rows(store, tables.audit)[-1]
    assert (last["deed"], last["noun"], last["record_id"]) == ("change", "product", 10)
    assert last["detail"] == {
        "label": "Web Space",
        "changes": {"hidden": {"old": False, "new": True}, "prices": "changed"},
    }


def test_an_empty_price_list_withdraws_a_currency(apply, store):
    apply(EXAMPLE)
    apply({"products": [{"id": 10, "prices": {"USD": {}}}]})
    assert list(_export(store)["products"][0]["prices"]) == ["ZAR"]


def test_an_entry_with_its_id_can_be_renamed_and_moved(apply, store):
    apply(EXAMPLE)
    report = apply({"products": [{"id": 10, "name": "Space", "group": 3}]})
    assert report.changes == (SetupChange("products", "Space", "changed", ("group", "name")),)
    product = _rows(store, tables.products)[0]
    assert (product["id"], product["name"], product["group_id"]) == (10, "Space", 3)


def test_products_may_name_groups_as_the_file_renames_them(apply, store):
    apply(
        {
            "product_groups": [{"id": 1, "name": "Hosting"}, {"name": "Work"}],
            "products": [
                {"name": "A", "group": "Hosting"},
                {"name": "B", "group": "Work"},
                {"name": "C", "group": 1},
            ],
        }
    )
    assert [row["group_id"] for row in _rows(store, tables.products)] == [1, 2, 1]
    with pytest.raises(InvalidCatalogue, match=r"products\[1\]\.group: there is no such"):
        apply({"products": [{"name": "D", "group": "Products"}]})


def test_rows_of_one_name_are_told_apart_by_id(apply, store):
    with store.write() as uow:
        for _ in range(2):
            uow.insert(tables.products, group_id=1, name="Twin", pay_type="free")
    with pytest.raises(InvalidCatalogue, match=r"products\[1\]: fits several \(id 1, 2\)"):
        apply({"products": [{"name": "Twin", "group": 1, "hidden": True}]})
    twins = [{"id": 1, "hidden": True}, {"id": 2}, {"id": 7, "name": "Twin", "group": 1}]
    report = apply({"products": twins})
    assert [change.deed for change in report.changes] == ["changed", "created"]
    assert [row["id"] for row in _rows(store, tables.products)] == [1, 2, 7]


def test_two_groups_of_one_name_are_exported_by_id(apply, store, other_store):
    with store.write() as uow:
        uow.insert(tables.product_groups, name="Products")
        uow.insert(tables.products, group_id=2, name="A", pay_type="free", product_type="other")
    exported = _export(store)
    assert exported["products"][0]["group"] == 2
    apply(exported, other_store)
    assert _export(other_store) == exported


def test_the_files_default_currency_replaces_the_stores(apply, store):
    apply({"currencies": [{"code": "USD", "rate": 1, "default": True}]})
    assert [(row["code"], row["is_default"]) for row in _rows(store, tables.currencies)] == [
        ("ZAR", False),
        ("USD", True),
    ]
    apply({"currencies": [{"code": "ZAR", "default": True}, {"code": "USD", "prefix": "$"}]})
    assert [row["is_default"] for row in _rows(store, tables.currencies)] == [True, False]


def test_the_first_currency_of_an_empty_store_is_the_default(apply, other_store):
    apply({"currencies": [{"code": "EUR"}, {"code": "USD", "rate": "1.08"}]}, other_store)
    assert [(r["id"], r["is_default"]) for r in _rows(other_store, tables.currencies)] == [
        (1, True),
        (2, False),
    ]


def test_a_currency_without_amounts_can_change_its_code(apply, store):
    apply({"currencies": [{"id": 1, "code": "USD", "prefix": "$", "suffix": " USD"}]})
    assert [row["code"] for row in _rows(store, tables.currencies)] == ["USD"]
    apply(
        {
            "addons": [{"name": "A", "prices": {"USD": {"monthly": 1}}}],
        }
    )
    with pytest.raises(InvalidCatalogue, match="USD is in use"):
        apply({"currencies": [{"id": 1, "code": "EUR"}]})
    apply({"currencies": [{"code": "EUR", "rate": 2}]})
    with pytest.raises(InvalidCatalogue, match="another currency has it"):
        apply({"currencies": [{"id": 1, "code": "EUR"}]})


def test_counters_go_only_upward(apply, store):
    apply({"next": {"document_id": 100, "custom_number": 7}})
    with store.write() as uow:
        assert uow.take(DOCUMENT_ID, 5) == 100
    assert apply({"next": {"document_id": 100}}).changes == ()
    assert apply({"next": {"document_id": 104}}).changes == ()
    assert apply({"next": {"document_id": 106}}).changes != ()
    assert _export(store)["next"] == {"custom_number": 7, "document_id": 106}


def test_settings_are_read_in_any_casing_and_type(apply, store):
    apply({"settings": {"taxenabled": True, "CREATEINVOICEDAYSBEFORE": 3, "TaxType": "Inclusive"}})
    with store.read() as uow:
        assert (uow.settings.tax_enabled, uow.settings.tax_inclusive) == (True, True)
        assert uow.settings.days_in_advance == 3
    apply({"settings": {"TaxEnabled": False}})
    with store.read() as uow:
        assert not uow.settings.tax_enabled


def test_a_limit_of_cycles_moves_the_queue(apply, store):
    apply({"products": [{"id": 5, "name": "A", "group": 1}]})
    due_on = date(2026, 3, 10)
    with store.write() as uow:
        uow.insert(
            tables.services,
            client_id=1,
            product_id=5,
            cycle="Monthly",
            status="Active",
            generation_count=3,
            next_due_on=due_on,
            next_invoice_on=due_on,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    apply({"products": [{"id": 5, "cycles_limit": 3}]})
    assert _rows(store, tables.services)[0]["next_invoice_on"] is None
    apply({"products": [{"id": 5, "cycles_limit": 4}]})
    assert _rows(store, tables.services)[0]["next_invoice_on"] == due_on


def test_an_export_leaves_out_prices_that_cannot_be_asked_for(apply, store, other_store):
    apply({"products": [{"id": 1, "name": "A", "group": 1, "prices": {"ZAR": {"monthly": 5}}}]})
    with store.write() as uow:
        uow.insert(
            tables.prices,
            item_kind="product",
            item_id=1,
            currency_id=1,
            term="annually",
            price=-100,
        )
    assert _export(store)["products"][0]["prices"] == {"ZAR": {"monthly": "5.00"}}
    apply({"products": [{"id": 1, "pay": "onetime"}]})
    # As an order reads it: the one-time price stands in the monthly place.
    assert _export(store)["products"][0]["prices"] == {"ZAR": {"onetime": "5.00"}}
    apply({"products": [{"id": 1, "pay": "free"}]})
    exported = _export(store)
    assert "prices" not in exported["products"][0]
    apply(exported, other_store)
    assert _export(other_store) == exported


def _at(data, **changes):
    return copy.deepcopy(data) | changes


PRODUCT = {"name": "A", "group": 1}


def _priced(prices, **changes):
    return {"products": [PRODUCT | changes | {"prices": prices}]}


@pytest.mark.parametrize(
    ("catalogue", "path", "detail"),
    [
        ({"product": []}, "product", "unknown key"),
        ({"products": {}}, "products", "must be a list"),
        ({"products": [1]}, "products[1]", "must be a table"),
        ({"products": [PRODUCT | {"colour": "red"}]}, "products[1].colour", "unknown key"),
        ({"products": [PRODUCT, {"group": 1}]}, "products[2].name", "is missing"),
        ({"products": [{"name": "A"}]}, "products[1].group", "is missing"),
        ({"products": [{"id": 7, "name": "A"}]}, "products[1].group", "is missing"),
        ({"products": [{"name": " ", "group": 1}]}, "products[1].name", "must not be blank"),
        ({"products": [PRODUCT | {"name": 5}]}, "products[1].name", "must be text"),
        ({"products": [PRODUCT | {"name": "A" * 256}]}, "products[1].name", "at most 255"),
        ({"products": [PRODUCT | {"group": "X"}]}, "products[1].group", "no such product group"),
        ({"products": [PRODUCT | {"group": 9}]}, "products[1].group", "no such product group"),
        ({"products": [PRODUCT | {"group": True}]}, "products[1].group", "name or id"),
        ({"products": [PRODUCT | {"type": "vps"}]}, "products[1].type", "must be one of"),
        ({"products": [PRODUCT | {"hidden": "no"}]}, "products[1].hidden", "true or false"),
        ({"products": [PRODUCT | {"stock": -1}]}, "products[1].stock", "'unlimited' for none"),
        ({"products": [PRODUCT | {"prorata_day": 32}]}, "products[1].prorata_day", "1 to 31"),
        ({"products": [PRODUCT | {"prorata_day": False}]}, "products[1].prorata_day", "1 to 31"),
        ({"products": [PRODUCT | {"id": 0}]}, "products[1].id", "whole number from 1"),
        ({"products": [PRODUCT | {"id": 3}, PRODUCT | {"id": 3}]}, "products[2].id", "twice"),
        ({"products": [PRODUCT, PRODUCT]}, "products[2]", "is there already: products[1]"),
        ({"products": [PRODUCT, PRODUCT | {"id": 3}]}, "products[2]", "is there already"),
        ({"product_groups": [{"id": 9, "name": "Products"}]}, "product_groups[1].id", "with id 1"),
        (_priced([]), "products[1].prices", "must be a table"),
        (_priced({"zar": {}}), "products[1].prices.zar", "three capital letters"),
        (_priced({"USD": {}}), "products[1].prices.USD", "no such currency"),
        (_priced({"ZAR": 5}), "products[1].prices.ZAR", "must be a table"),
        (_priced({"ZAR": {"daily": 5}}), "products[1].prices.ZAR.daily", "no billing cycle"),
        (_priced({"ZAR": {"free": 5}}), "products[1].prices.ZAR.free", "no billing cycle"),
        (
            _priced({"ZAR": {"monthly": 5, "Monthly": 5}}),
            "products[1].prices.ZAR.Monthly",
            "stands twice",
        ),
        (_priced({"ZAR": {"monthly": 5.5}}), "products[1].prices.ZAR.monthly", "best as text"),
        (_priced({"ZAR": {"monthly": "x"}}), "products[1].prices.ZAR.monthly", "be a number"),
        (_priced({"ZAR": {"monthly": "NaN"}}), "products[1].prices.ZAR.monthly", "be a number"),
        (_priced({"ZAR": {"monthly": -1}}), "products[1].prices.ZAR.monthly", "from 0"),
        (_priced({"ZAR": {"monthly": "1.005"}}), "products[1].prices.ZAR.monthly", "2 decimals"),
        (_priced({"ZAR": {"monthly": 10**12}}), "products[1].prices.ZAR.monthly", "from 0 to"),
        (
            _priced({"ZAR": {"monthly": {"setup_fee": 1}}}),
            "products[1].prices.ZAR.monthly.price",
            "is missing",
        ),
        (
            _priced({"ZAR": {"monthly": {"price": 1, "fee": 1}}}),
            "products[1].prices.ZAR.monthly.fee",
            "unknown key",
        ),
        (
            _priced({"ZAR": {"onetime": 5}}),
            "products[1].prices.ZAR.onetime",
            'does not go with pay = "recurring"',
        ),
        (
            _priced({"ZAR": {"monthly": 5}}, pay="onetime"),
            "products[1].prices.ZAR.monthly",
            'does not go with pay = "onetime"',
        ),
        (_priced({"ZAR": {"monthly": 5}}, pay="free"), "products[1].prices.ZAR.monthly", "free"),
        ({"currencies": [{"code": "KWD", "rate": 1}]}, "currencies[1].code", "two decimals"),
        ({"currencies": [{"code": "zar"}]}, "currencies[1].code", "three capital letters"),
        ({"currencies": [{"code": "USD"}]}, "currencies[1].rate", "is missing"),
        ({"currencies": [{"code": "USD", "rate": 0}]}, "currencies[1].rate", "above 0"),
        ({"currencies": [{"code": "ZAR", "rate": 2}]}, "currencies[1].rate", "must be 1"),
        ({"currencies": [{"code": "ZAR", "default": False}]}, "currencies", "be the default"),
        (
            {
                "currencies": [
                    {"code": "ZAR", "default": True},
                    {"code": "USD", "rate": 1, "default": True},
                ]
            },
            "currencies[2].default",
            "another one",
        ),
        (
            {"currencies": [{"code": "USD", "rate": 2}, {"id": 1, "code": "USD"}]},
            "currencies[2]",
            "is there already",
        ),
        ({"tlds": [{"tld": "co za"}]}, "tlds[1].tld", "top-level domain"),
        ({"tlds": [{"tld": "com"}, {"tld": ".COM"}]}, "tlds[2]", "is there already"),
        (
            {"tlds": [{"tld": "com", "renew": {"ZAR": {"11": 1}}}]},
            "tlds[1].renew.ZAR.11",
            "number of years",
        ),
        (
            {"tlds": [{"tld": "com", "renew": {"ZAR": {"1": {"price": 1}}}}]},
            "tlds[1].renew.ZAR.1",
            "must be a number",
        ),
        ({"promotions": [{"code": "A"}]}, "promotions[1].type", "is missing"),
        (
            {"promotions": [{"code": "A", "type": "Percentage", "cycles": ["daily"]}]},
            "promotions[1].cycles",
            "neither a billing cycle",
        ),
        (
            {"promotions": [{"code": "A", "type": "Percentage", "applies_to": ["A1"]}]},
            "promotions[1].applies_to",
            "neither a product id",
        ),
        (
            {"promotions": [{"code": "A", "type": "Percentage", "requires": "1"}]},
            "promotions[1].requires",
            "list of text",
        ),
        (
            {"promotions": [{"code": "A", "type": "Percentage", "starts_on": "soon"}]},
            "promotions[1].starts_on",
            "must be a date",
        ),
        (
            {
                "promotions": [
                    {
                        "code": "A",
                        "type": "Percentage",
                        "starts_on": datetime(2026, 1, 1, tzinfo=UTC),
                    }
                ]
            },
            "promotions[1].starts_on",
            "must be a date",
        ),
        ({"payment_methods": [{"module": "x"}]}, "payment_methods[1].name", "is missing"),
        ({"payment_methods": [{"id": 1, "module": "x"}]}, "payment_methods[1].id", "unknown"),
        ({"tax_rules": [{"country": "ZA"}]}, "tax_rules[1].rate", "is missing"),
        ({"tax_rules": [{"rate": 101}]}, "tax_rules[1].rate", "from 0 to 100"),
        ({"tax_rules": [{"rate": 1, "country": "za"}]}, "tax_rules[1].country", "capital"),
        ({"tax_rules": [{"rate": 1, "level": 3}]}, "tax_rules[1].level", "from 1 to 2"),
        ({"tax_rules": [{"rate": 1}, {"rate": 2}]}, "tax_rules[2]", "is there already"),
        ({"settings": []}, "settings", "must be a table"),
        ({"settings": {"APIAllowedIPs": ""}}, "settings.APIAllowedIPs", "no such setting"),
        ({"settings": {"TaxType": "no"}}, "settings.TaxType", "Exclusive or Inclusive"),
        (
            {"settings": {"CreateInvoiceDaysBefore": -3}},
            "settings.CreateInvoiceDaysBefore",
            "from 0 to 3650",
        ),
        (
            {"settings": {"CreateInvoiceDaysBefore": 4000000}},
            "settings.CreateInvoiceDaysBefore",
            "to 3650",
        ),
        ({"settings": {"TaxType": 1.5}}, "settings.TaxType", "must be text"),
        ({"settings": {"Email": "a", "email": "b"}}, "settings.email", "stands twice"),
        ({"next": {"order_nr": 5}}, "next.order_nr", "unknown key"),
        ({"next": {"document_id": 0}}, "next.document_id", "whole number from 1"),
        ({"next": {"document_id": True}}, "next.document_id", "whole number from 1"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(apply, store, catalogue, path, detail):
    before = _everything(store)
    whole = _at({"client_groups": [{"name": "Written only if all is right"}]}, **catalogue)
    with pytest.raises(InvalidCatalogue) as caught:
        apply(whole)
    assert caught.value.path == path
    assert detail in caught.value.detail
    assert str(caught.value) == f"{path}: {caught.value.detail}"
    assert _everything(store) == before


def test_every_mistake_of_a_file_is_named_at_once(apply, store):
    before = _everything(store)
    with pytest.raises(InvalidCatalogue) as caught:
        apply(
            {
                "widgets": [],
                "currencies": [{"code": "EUR"}],
                "products": [
                    {"name": "Web", "group": "None", "taxed": "yes", "colour": "red"},
                    {"name": "Mail", "prices": {"ZAR": {"monthly": "x", "weekly": 1}}},
                    {"name": "Shop", "group": "None"},
                    {"name": "Bulk", "group": "Products", "prices": {"XYZ": {"monthly": 1}}},
                ],
                "tax_rules": ["15"],
                "custom_fields": [{"name": "Rack", "product": 99}],
                "settings": {"TaxType": "no", "Colour": "red"},
                "next": {"document_id": 0},
            }
        )
    assert [path for path, _ in caught.value.mistakes] == [
        "widgets",
        "products[1].colour",
        "products[1].taxed",
        "products[2].group",
        "products[2].prices.ZAR.monthly",
        "products[2].prices.ZAR.weekly",
        "tax_rules[1]",
        "settings.TaxType",
        "settings.Colour",
        "next.document_id",
        "currencies[1].rate",
        "products[3].group",
    ]
    *lines, last = str(caught.value).splitlines()
    assert lines == [f"{path}: {detail}" for path, detail in caught.value.mistakes]
    assert last == "12 mistakes: nothing was written"
    assert _everything(store) == before


def test_what_names_a_wrong_entry_is_no_mistake_as_well(apply):
    with pytest.raises(InvalidCatalogue) as caught:
        apply(
            {
                "currencies": [{"code": "EUR", "rate": "x"}],
                "product_groups": [{"name": "Servers", "colour": "red"}],
                "products": [
                    {"name": "Web", "group": "Servers", "prices": {"EUR": {"monthly": 1}}},
                    {"id": 5, "name": "Mail", "group": "Products", "hidden": "yes"},
                ],
                "custom_fields": [{"name": "Rack", "product": 5}],
            }
        )
    assert [path for path, _ in caught.value.mistakes] == [
        "currencies[1].rate",
        "product_groups[1].colour",
        "products[2].hidden",
    ]


def test_of_very_many_mistakes_the_first_are_shown(apply):
    with pytest.raises(InvalidCatalogue) as caught:
        apply({"tlds": [{"tld": 1}] * 60})
    lines = str(caught.value).splitlines()
    assert len(caught.value.mistakes) == 60
    assert [lines[49].partition(":")[0], *lines[50:]] == [
        "tlds[50].tld",
        "... and 10 more",
        "60 mistakes: nothing was written",
    ]


def test_what_others_are_named_by_cannot_change(apply, store):
    apply(EXAMPLE)
    with pytest.raises(InvalidCatalogue, match=r"promotions\[1\]\.code: cannot be changed"):
        apply({"promotions": [{"id": 1, "code": "AUTUMN"}]})
    with pytest.raises(InvalidCatalogue, match=r"tlds\[1\]\.tld: cannot be changed"):
        apply({"tlds": [{"id": 1, "tld": ".com"}]})
    assert apply({"tlds": [{"id": 1}], "promotions": [{"id": 1}]}).changes == ()


def test_text_that_is_no_toml_is_refused():
    with pytest.raises(InvalidCatalogue) as caught:
        parse_catalogue("[[products")
    assert caught.value.path == "file"


def test_decimals_in_the_file_are_exact(apply, store):
    apply(
        '[[tax_rules]]\nrate = 15.5\n[[addons]]\nname = "A"\n[addons.prices.ZAR]\nmonthly = 0.29'
    )
    assert _rows(store, tables.tax_rules)[0]["rate"] == Decimal("15.5")
    assert _rows(store, tables.prices)[0]["price"] == 29


def test_a_dry_run_reports_and_keeps_nothing(store, context):
    before = _everything(store)
    with store.write(keep=False) as uow:
        report = apply_catalogue(uow, context(dry_run=True), parse_catalogue(EXAMPLE))
    assert report.changes
    assert _everything(store) == before


def test_custom_fields_belong_to_clients_or_to_a_product(store, context):
    product = {"id": 10, "name": "Web", "group": "Products"}
    asked = {"name": "Operating system", "product": 10, "required": True}
    hidden = {"name": "Rack", "product": 10, "on_order": False}
    catalogue = {"products": [product], "custom_fields": [asked, hidden, {"name": "VIP"}]}
    with store.write() as uow:
        report = apply_catalogue(uow, context(), catalogue)
        assert [change.label for change in report.changes if change.section != "products"] == [
            "10 Operating system",
            "10 Rack",
            "0 VIP",
        ]
        assert not apply_catalogue(uow, context(), catalogue).changes
        exported = export_catalogue(uow)["custom_fields"]
        assert exported[0] | asked == exported[0]
        (found,) = list_products(uow, ListProducts(), context()).products
        assert [(each.name, each.required) for each in found.custom_fields] == [
            ("Operating system", True)
        ]
        with pytest.raises(InvalidCatalogue, match=r"custom_fields\[1\].product: there is no"):
            apply_catalogue(uow, context(), {"custom_fields": [asked | {"product": 99}]})
