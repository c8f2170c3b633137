"""Links to documents: downloads and mails without a login, by the key in the link.

Whatever is wrong with a link, the answer is the same: there is nothing here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from adapter.backends.local.pages import LinkedPages
from adapter.bridge.service import Outcome
from adapter.commands.links import DOWNLOAD, EMAIL, Links
from adapter.errors import AdapterError, StoreUnavailable
from adapter.protocols.base import WireRequest, WireResponse
from adapter.store.outbox import Requested

_SCRIPT: Final = re.compile(
    r".*/scripts/(download|email)\.php", re.IGNORECASE | re.DOTALL
).fullmatch
_SCRIPTS: Final[Mapping[str, str]] = {"download": DOWNLOAD, "email": EMAIL}
_MAX_QUERY: Final = 2_000
_MAX_DIGITS: Final = 18
# Sent by browsers and mail programs that look at a link before anybody has opened it.
_AHEAD: Final = ("purpose", "sec-purpose", "x-purpose", "x-moz")
_TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class LinksConfig:
    """Where links lead, and what they need.

    `base_url` is what callers reach the gateway by; blank: the address it listens on. With
    `links_without_key` those of the original's shape are answered too.
    """

    base_url: str = ""
    links_without_key: bool = False


_ANSWERS: Final[Mapping[Requested, tuple[int, str]]] = {
    Requested.QUEUED: (200, "The document will be sent by e-mail."),
    Requested.ALREADY: (200, "The document was sent by e-mail already."),
    Requested.TOO_MANY: (429, "Too many e-mails were asked for; please try again in an hour."),
}


@dataclass(frozen=True, slots=True)
class _Named:
    """What a link names."""

    kind: str
    record_id: int
    number: int


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """One account behind links."""

    name: str
    links: Links
    pages: LinkedPages


@dataclass(frozen=True, slots=True)
class DocumentLinks:
    """Answers links of every account. Holds no state of a request."""

    accounts: tuple[LinkedAccount, ...]
    name: str = "links"

    def matches(self, path: str) -> bool:
        """Tell whether a request path is a link's."""
        return _SCRIPT(path) is not None

    def answer(self, request: WireRequest, request_id: str) -> Outcome:
        """Answer one link; only a GET that a person makes sends a mail."""
        found = _SCRIPT(request.path)
        script = _SCRIPTS[found[1].lower()] if found else DOWNLOAD
        if request.method not in {"GET", "HEAD"}:
            return _said(script, 405, "Method Not Allowed", {"Allow": "GET, HEAD"})
        values = _values(request.query)
        document = _named(values)
        if document is None:
            return _nothing(script)
        try:
            for account in self.accounts:
                if account.links.holds(script, values):
                    reply = _reply(account, script, document, request, request_id)
                    if reply is not None:
                        return reply
        except StoreUnavailable as error:
            return _said(script, 503, "Please try again", {"Retry-After": "5"}, error.code)
        return _nothing(script)

    def refuse(self, _request: WireRequest, _error: AdapterError) -> Outcome:
        """Answer a request whose body is too large: a link has none."""
        return _said(DOWNLOAD, 413, "Content Too Large")

    def crashed(self, _request: WireRequest) -> Outcome:
        """Answer a request that a defect stopped."""
        return _said(DOWNLOAD, 500, "Internal Error", result=AdapterError.code)


def _reply(
    account: LinkedAccount,
    script: str,
    document: _Named,
    request: WireRequest,
    request_id: str,
) -> Outcome | None:
    if script == EMAIL:
        if request.method == "HEAD" or _is_ahead(request.headers):
            return _said(script, 200, "Open this link to have the document sent by e-mail.")
        answer = account.pages.mail(document.kind, document.record_id, document.number, request_id)
        if answer is None:
            return None
        status, text = _ANSWERS[answer]
        return _said(script, status, text, account=account.name)
    file = account.pages.download(document.kind, document.record_id, document.number)
    if file is None:
        return None
    headers = {
        "Content-Disposition": f'inline; filename="{file.name}"',
        # No page of another site shows a document in a frame.
        "Content-Security-Policy": "frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
    }
    response = WireResponse(200, file.content, file.content_type, headers)
    return Outcome(response, script, account.name)


def _is_ahead(headers: Mapping[str, str]) -> bool:
    said = " ".join(headers.get(name, "") for name in _AHEAD).lower()
    return "prefetch" in said or "preview" in said or "prerender" in said


def _values(query: bytes) -> dict[str, str]:
    if len(query) > _MAX_QUERY:
        return {}
    pairs = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)
    values = dict(pairs)
    # A name that is given twice could be read in two ways.
    return values if len(values) == len(pairs) else {}


def _named(values: Mapping[str, str]) -> _Named | None:
    record, number = values.get("id", ""), values.get("did", "")
    if not (_is_number(record) and _is_number(number)):
        return None
    return _Named(values.get("type", ""), int(record), int(number))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _nothing(script: str) -> Outcome:
    return _said(script, 404, "Not Found", result="not_found")


def _said(  # noqa: PLR0913 - the parts of one reply
    script: str,
    status: int,
    text: str,
    headers: Mapping[str, str] | None = None,
    result: str = "ok",
    account: str = "",
) -> Outcome:
    response = WireResponse(status, f"{text}\n".encode(), _TEXT, dict(headers or {}))
    return Outcome(response, script, account, result=result)
