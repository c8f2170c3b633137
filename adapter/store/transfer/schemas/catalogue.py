"""The catalogue, products and custom fields; where series of numbers go on."""

from adapter.store.transfer.fields import Data, Id, Text, Whole
from adapter.store.transfer.schemas.base import Record, about, flag, text


class CatalogueSchema(Record):
    """The catalogue and the business settings; applied as `adapter setup` would."""

    catalogue = Data(
        required=True,
        example={"product_groups": [{"name": "Hosting"}]},
        **about("[catalogue.md](catalogue.md), as JSON"),
    )


class ProductSchema(Record):
    """A product, as in the catalogue; its group exists or comes with the catalogue."""

    id = Id(required=True)
    name = Text(blank=False, required=True, example="Web Space")
    group = Data(
        kind="text or id",
        example="Hosting",
        required=True,
        **about("name or id of a product group"),
    )
    type = Text(32, load_default="other")
    pay = Text(16, load_default="recurring")
    description = text(None)
    slug = text()
    module = text(64)
    auto_setup = text(16)
    hidden = flag()
    taxed = flag()
    stock = Data(kind='whole number or `"unlimited"`', example=25, load_default="unlimited")
    prorata_day = Whole(0, 31, load_default=0)
    prorata_next_month_day = Whole(0, 31, load_default=0)
    cycles_limit = Whole(load_default=0)
    prices = Data(
        example={"ZAR": {"monthly": "95.00"}},
        load_default=dict,
        **about("by currency and cycle, as in the catalogue"),
    )


class CustomFieldSchema(Record):
    """What is asked of clients, or with an order of a product; values go by its id."""

    id = Id(required=True)
    product = Id(optional=True, load_default=0, **about("0: a field of clients"))
    name = Text(blank=False, required=True, example="Operating system")
    description = text(None)
    required = flag()
    on_order = flag(default=True)
    position = Whole(load_default=0)


class NumberSchema(Record):
    """Where a series of ids or numbers goes on; what was passed already stays."""

    series = Text(64, required=True, blank=False, attribute="name", example="invoice_number")
    next = Id(required=True, attribute="next_value")
