"""Templates: the packaged ones, and an operator's that replace them by name.

A caller's text is a value, never a template. One of the operator's that cannot be used is logged
and the packaged one is used: no document fails for it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapter.billing.money import Money
from adapter.documents.model import Page

T = TypeVar("T")

# Says what is wrong with the operator's own file; the caller's document goes on without it.
Warn = Callable[[str], None]

_PACKAGED: Final = files("adapter.documents") / "templates"
# Not allowed in XML, and nothing to see on paper.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", re.UNICODE
)


class BadTemplate(Exception):
    """A template cannot be used; the text says which and why."""


def packaged_names() -> tuple[str, ...]:
    """Return the name of every packaged template, as an operator's folder spells it."""
    return tuple(sorted(_names(_PACKAGED, "")))


def _names(folder: Any, prefix: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _names(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name


class Templates:
    """Renders by name; `folder` blank means the packaged ones only."""

    def __init__(self, folder: str, warn: Warn) -> None:
        self._folder = Path(folder) if folder else None
        self._warn = warn
        self._packaged = _environment(jinja2.FunctionLoader(_packaged_source))
        self._own = (
            None
            if self._folder is None
            else _environment(
                jinja2.ChoiceLoader(
                    [
                        jinja2.FileSystemLoader(self._folder),
                        jinja2.FunctionLoader(_packaged_source),
                    ]
                )
            )
        )

    def overridden(self) -> tuple[str, ...]:
        """Return the packaged names that the operator's folder replaces."""
        if self._folder is None:
            return ()
        return tuple(name for name in packaged_names() if (self._folder / name).is_file())

    def use(self, name: str, values: Mapping[str, Any], finish: Callable[[str], T]) -> T:
        """Return what `finish` makes of a template; a bad one of the operator's is passed over.

        `finish` raises `BadTemplate` for a text it cannot use.
        """
        if self._own is not None:
            try:
                return self.try_own(name, values, finish)
            except BadTemplate as error:
                self._warn(f"{error}; the packaged template is used")
        return finish(self._packaged.get_template(name).render(values))

    def try_own(self, name: str, values: Mapping[str, Any], finish: Callable[[str], T]) -> T:
        """Return the same, from the operator's folder; raises `BadTemplate`."""
        environment = self._own or self._packaged
        try:
            return finish(environment.get_template(name).render(values))
        except jinja2.TemplateSyntaxError as error:
            raise BadTemplate(f"template {error.name}, line {error.lineno}: {error}") from error
        except (
            jinja2.TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            OSError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            raise BadTemplate(f"template {name}: {error}") from error


@cache
def _packaged_source(name: str) -> str | None:
    entry = _PACKAGED.joinpath(*name.split("/"))
    return entry.read_text(encoding="utf-8") if entry.is_file() else None


def _environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=jinja2.select_autoescape(("html", "xml"), default=False),
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(money=money, decimal=plain_decimal, day=day)
    return environment


def _printable(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return _UNPRINTABLE.sub("", value)
    return value


def money(value: Money | None, page: Page | None = None) -> str:
    """Write an amount with thousands separated; with a page, with its currency's affixes."""
    if value is None:
        return ""
    text = f"{abs(value.amount):,.2f}"
    if page is not None:
        text = f"{page.currency_prefix}{text}{page.currency_suffix}"
        if not (page.currency_prefix or page.currency_suffix):
            text = f"{page.currency} {text}"
    return f"-{text}" if value.hundredths < 0 else text


def plain_decimal(value: Decimal | None, places: int = 0) -> str:
    """Write a quantity or price without trailing zeros, with `places` decimals at least."""
    if value is None:
        return ""
    text = f"{value:,f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(places, "0")
    return f"{whole}.{decimals}" if decimals else whole


def day(value: date | None, page: Page) -> str:
    """Write a date as the page's business does."""
    return "" if value is None else value.strftime(page.date_format)
