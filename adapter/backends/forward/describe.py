"""`docs/translation.md`, made from the tables that the connector itself works by."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from adapter.backends.forward.config import CLIENTS
from adapter.backends.forward.connector import LOOKS
from adapter.backends.forward.items import REFUSED_ALWAYS, REFUSED_UNDECLARED
from adapter.backends.forward.translate import CLIENT_SAID, TRANSLATED, refusal
from adapter.commands.model import Command, Effect

_WORDS: Final = {"whmcs": "form-post", "invoicesonline": "positional"}
_INTRO: Final = """\
# Translation

What becomes of each command that callers of one protocol send when its route leads to an upstream
that speaks the same protocol or the other one. This page is written by
`adapter config docs --translation`.

*Same fields*: the call goes out as its caller wrote it, every field in order; only credentials,
business id and the format of the reply are the route's. The reply is read into the result that
the built-in store would give, an error text into its error; times in replies are read in the
account's zone. An error that stands in neither protocol's table is shown in the upstream's words,
one about the route's own credentials is not shown.

*Refused*: nothing that changes anything is sent, and the caller's error names what cannot be said.

*Looked up by*: how an attempt whose end is unknown is found again. Where nothing is named, it
waits for the operator and is never sent again. A change is found by being in force; where another
value holds, it is not sent again either, because that value may be somebody's later change. A dry
run is refused everywhere.
"""


def describe_translation() -> str:
    """Return `docs/translation.md`."""
    lines = [_INTRO]
    for caller, upstream in product(CLIENTS, CLIENTS):
        lines += _direction(caller, upstream)
    lines += _listed(
        "A recurring invoice at a form-post upstream",
        "Each line becomes one item that recurs. On the day they fall due its items join whatever "
        "else of the client is due. Always refused:",
        REFUSED_ALWAYS,
    )
    lines += _listed(None, "Refused until the backend's `terms` declare it:", REFUSED_UNDECLARED)
    said = ", ".join(f"`{name}`" for name in CLIENT_SAID)
    lines.append(
        f"A client that is made there is given its name as company name, and {said}; with any "
        "other detail it is refused. A client of the same e-mail address and another name is "
        "refused too: there an address is one client's."
    )
    return "\n".join(lines).rstrip("\n") + "\n"


def _direction(caller: str, upstream: str) -> Iterator[str]:
    yield from (f"## {_WORDS[caller]} callers, {_WORDS[upstream]} upstream", "")
    yield from ("| command | what becomes of it | looked up by |", "|---|---|---|")
    kinds = CLIENTS[caller](None).expresses()
    for kind in sorted(kinds, key=lambda kind: kind.__name__):
        becomes, by = _same(upstream, kind) if caller == upstream else _other(upstream, kind)
        yield f"| {kind.__name__} | {becomes} | {by} |"
    yield ""


def _same(upstream: str, kind: type[Command]) -> tuple[str, str]:
    look = LOOKS[upstream].get(kind)
    if kind.effect is Effect.READS or look is None:
        return "same fields", "a read"
    return "same fields", look.by if look.find else f"nothing: {look.by}"


def _other(upstream: str, kind: type[Command]) -> tuple[str, str]:
    translation = TRANSLATED[upstream].get(kind)
    if translation is None:
        return f"refused: {refusal(upstream, kind)}", ""
    return f"translated: {translation.about}", translation.by or "a read"


def _listed(title: str | None, about: str, entries: Iterable[str]) -> Iterator[str]:
    if title is not None:
        yield from (f"## {title}", "")
    yield from (about, "")
    yield from (f"- {entry}" for entry in entries)
    yield ""
