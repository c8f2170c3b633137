"""Texts are compared exactly on every engine: case, accents and blanks at the end count."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapter.store import tables

COUNTERS = tables.counters.c
ALIKE = [
    "resume",
    "Resume",
    "résumé",
    "re\u0301sume\u0301",
    "resume ",
    " resume",
    "straße",
    "strasse",
]


def test_a_key_takes_each_of_them(store):
    with store.write() as uow:
        for value, name in enumerate(ALIKE, 100):
            uow.insert(tables.counters, name=name, next_value=value)
    with store.read() as uow:
        for value, name in enumerate(ALIKE, 100):
            query = sa.select(COUNTERS.next_value).where(COUNTERS.name == name)
            assert uow.execute(query).scalars().all() == [value]


def test_what_is_not_unique_is_found_by_its_own_spelling_only(store):
    with store.write() as uow:
        for name in ALIKE:
            uow.insert(tables.product_groups, name=name, position=1)
    groups = tables.product_groups.c
    with store.read() as uow:
        for name in ALIKE:
            found = uow.execute(sa.select(groups.name).where(groups.name == name)).scalars().all()
            assert found == [name]
        listed = sa.select(groups.name).where(groups.position == 1).order_by(groups.name)
        assert uow.execute(listed).scalars().all() == sorted(ALIKE)
        kinds = sa.select(sa.func.count(sa.distinct(groups.name))).where(groups.position == 1)
        assert uow.execute(kinds).scalar() == len(ALIKE)


def test_columns_of_two_tables_compare_exactly(store):
    with store.write() as uow:
        uow.insert(tables.product_groups, name="Resume ", position=2)
        uow.insert(tables.client_groups, name="Resume", discount_percent=Decimal(0))
    groups, others = tables.product_groups.c, tables.client_groups.c
    with store.read() as uow:
        joined = sa.select(groups.id).join_from(
            tables.product_groups, tables.client_groups, groups.name == others.name
        )
        assert uow.execute(joined).all() == []


@pytest.mark.parametrize("text", ["🧾 Ünïcode", "a\\b'c\"d%e", "  both ends  ", "x" * 255])
def test_texts_come_back_as_they_were(store, text):
    with store.write() as uow:
        group_id = uow.insert(tables.product_groups, name=text, position=3)
    with store.read() as uow:
        row = uow.row(tables.product_groups, group_id)
    assert row is not None
    assert row["name"] == text
