"""A server that keeps what the mapping `invoiceninja` sends, as far as Invoice Ninja v5 is used.

Ours, made after its public description: hashed ids, data in `data`, lists with `meta`.
"""

import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

NOUNS = ("clients", "recurring_invoices", "invoices", "payments")
CREATED_AT = 1_772_400_000
_NEEDED = {
    "clients": ("name", "contacts", "country_id"),
    "recurring_invoices": ("client_id", "frequency_id", "next_send_date", "line_items"),
    "invoices": ("client_id", "line_items"),
    "payments": ("client_id", "amount"),
}


class FakeNinja:
    """A WSGI application; `records` are by noun, oldest first, `seen` what came in."""

    def __init__(self, token: str = "TOKEN") -> None:
        self.token = token
        self.records: dict[str, list[dict[str, Any]]] = {noun: [] for noun in NOUNS}
        self.seen: list[tuple[str, str, dict[str, str], Any]] = []
        self._serial = itertools.count(1)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        raw = environ["wsgi.input"].read(length) if length else b""
        status, told = self.answer(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
            {name[5:].replace("_", "-").lower(): value for name, value in environ.items()},
            raw,
        )
        start(f"{status} Status", [("Content-Type", "application/json")])
        return [json.dumps(told).encode()]

    def answer(
        self, method: str, path: str, query: str, headers: dict[str, str], raw: bytes
    ) -> tuple[int, Any]:
        """Answer one request."""
        wanted = dict(parse_qsl(query))
        body = json.loads(raw) if raw else None
        self.seen.append((method, path, wanted, body))
        if headers.get("x-api-token") != self.token:
            return 403, {"message": "Invalid token"}
        _, _, _, noun, *rest = path.split("/")
        if noun not in NOUNS:
            return 404, {"message": "Not found"}
        if method == "POST":
            return self._create(noun, wanted, body)
        if rest:
            found = [each for each in self.records[noun] if each["id"] == rest[0]]
            return (200, {"data": found[0]}) if found else (404, {"message": "Not found"})
        return self._list(noun, wanted)

    def _create(self, noun: str, wanted: dict[str, str], body: Any) -> tuple[int, Any]:
        missing = [each for each in _NEEDED[noun] if not body.get(each)]
        known = {each["id"] for each in self.records["clients"]}
        if noun != "clients" and body.get("client_id") not in known:
            missing.append("client_id")
        if missing:
            return 422, {"message": f"The field {missing[0]} is required.", "errors": {}}
        return 200, {"data": self.put(noun, **body, started=wanted.get("start") == "true")}

    def put(self, noun: str, **record: Any) -> dict[str, Any]:
        """Keep a record; returns it with its id."""
        made = {
            "id": f"{noun[:2].upper()}{next(self._serial):08d}",
            "created_at": CREATED_AT,
            "updated_at": CREATED_AT,
            "is_deleted": False,
            "settings": {},
            "balance": 0,
            "credit_balance": 0,
            **record,
        }
        self.records[noun].append(made)
        return made

    def _list(self, noun: str, wanted: dict[str, str]) -> tuple[int, Any]:
        found = self.records[noun]
        if "client_id" in wanted:
            found = [each for each in found if each.get("client_id") == wanted["client_id"]]
        if "email" in wanted:
            found = [each for each in found if each["contacts"][0]["email"] == wanted["email"]]
        if wanted.get("sort") == "id|desc":
            found = found[::-1]
        size, page = int(wanted.get("per_page", 20)), int(wanted.get("page", 1))
        shown = found[(page - 1) * size : page * size]
        pages = max(1, -(-len(found) // size))
        pagination = {"total": len(found), "total_pages": pages, "current_page": page}
        return 200, {"data": shown, "meta": {"pagination": pagination}}
