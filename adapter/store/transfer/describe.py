"""The tables of docs/import.md, made from the schemas."""

import json
from collections.abc import Iterator
from typing import Any

from marshmallow import Schema, missing

from adapter.store.transfer.kinds import KINDS, LINES
from adapter.store.transfer.records import named_fields

BEGIN = "<!-- The tables below are written by `adapter config docs --import`. -->"


def describe_records() -> str:
    """Return every kind of record with its fields: type, unit, whether required, an example."""
    lines = [BEGIN, ""]
    for kind in KINDS.values():
        lines += [f"### `{kind.name}`", "", _sentence(kind.schema), ""]
        if kind.is_flat:
            lines += [f"As CSV: `{kind.plural}.csv`.", ""]
        lines += _table(kind.schema)
        if kind.lines is not None:
            inner: Any = kind.schema.fields[LINES]
            lines += [f"Each of its `{LINES}`:", "", *_table(inner.inner.schema)]
    return "\n".join(lines).rstrip() + "\n"


def _sentence(schema: Schema) -> str:
    return " ".join((type(schema).__doc__ or "").split())


def _table(schema: Schema) -> list[str]:
    rows = [
        "| field | type | unit | required | example |",
        "|---|---|---|---|---|",
        *(_row(name, each) for name, each in named_fields(schema)),
    ]
    return [*rows, ""]


def _row(name: str, each: Any) -> str:
    if name == LINES:
        return f"| `{name}` | list of objects | see below | yes | |"
    about = each.metadata.get("about", "")
    unit = "; ".join(filter(None, (each.unit, about)))
    example = json.dumps(each.example, ensure_ascii=False) if _has_example(each) else ""
    shown = f"`{example}`" if example else ""
    return f"| `{name}` | {each.kind} | {unit} | {_required(name, each)} | {shown} |"


def _has_example(each: Any) -> bool:
    return each.example not in {"", None} if isinstance(each.example, str) else bool(each.example)


def _required(name: str, each: Any) -> str:
    if each.required:
        return "yes"
    if "filled" in each.metadata:
        return f"no: {each.metadata['filled']}"
    if each.load_default is missing:
        return "no: not said"
    return "no: " + "".join(_defaults(name, each))


def _defaults(name: str, each: Any) -> Iterator[str]:
    default = each.load_default() if callable(each.load_default) else each.load_default
    said = each._serialize(default, name, None)  # noqa: SLF001 - a field without its object
    yield "blank" if said == "" else f"`{json.dumps(said)}`"
