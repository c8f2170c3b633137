"""`docs/settings.md`, made from the schema."""

from collections.abc import Iterator
from datetime import time
from typing import Any

from adapter.settings.backends import EVERY_KIND, KINDS
from adapter.settings.load import CONFIG, DEFAULT_FILE
from adapter.settings.routes import RuleTables
from adapter.settings.schema import ACCOUNT_SECTIONS, SECTIONS
from adapter.settings.sections import Section, Spec
from adapter.settings.values import OFF, reader_name


def describe_settings() -> str:
    """Return `docs/settings.md`: every setting with its names, form, default and meaning."""
    lines = [
        "# Settings",
        "",
        "Settings stand in a TOML file and in the environment, which wins. The file is the one",
        f"that `{CONFIG}` names, else `{DEFAULT_FILE}` in the working directory if there is one.",
        "Every setting has a name in the environment too; lists are comma-separated there, and",
        "switches are `true` or `false`. An unknown setting is an error. `adapter config check`",
        "says what is wrong, or which values hold. This page is written by `adapter config docs`.",
        "",
    ]
    for section in SECTIONS:
        lines += _described(f"[{section.name}]", section, section.specs())
    for section in ACCOUNT_SECTIONS:
        title = ".".join(part for part in ("accounts.NAME", section.name) if part)
        lines += _described(f"[{title}]", section, section.specs("accounts.NAME"))
    backend = "accounts.NAME.backends.BACKEND"
    for kind, sections in KINDS.items():
        for section in sections:
            table = ".".join(part for part in (backend, section.name) if part)
            lines += _described(
                f'[{table}]` with `kind = "{kind}"', section, section.specs(backend)
            )
    lines += _described(f"[{backend}]", EVERY_KIND, EVERY_KIND.specs(backend))
    return "\n".join(lines).rstrip("\n") + "\n"


def _described(title: str, section: Section, specs: Iterator[Spec]) -> Iterator[str]:
    yield from (f"## `{title}`", "", section.about, "")
    yield from ("| setting | environment | form | default | meaning |", "|---|---|---|---|---|")
    for spec in specs:
        leaf = spec.key.rpartition(".")[2]
        default = "none: set it" if spec.required else _default(spec.default)
        yield f"| `{leaf}` | `{spec.env}` | {_form(spec.kind)} | {default} | {spec.about} |"
    yield ""


def _default(value: Any) -> str:
    shown = show_value(value)
    return ", ".join(f"`{part}`" for part in shown.split(",")) if shown else "blank"


def show_value(value: Any, kind: Any = str) -> str:
    """Return a value as the environment takes it; what None means depends on the kind."""
    if isinstance(value, RuleTables):
        return f"{len(value)} of them" if value else ""
    if isinstance(value, tuple):
        return ",".join(value)
    if value is None:
        return OFF if reader_name(kind) == "time" else ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:%H:%M}" if isinstance(value, time) else str(value)


def _form(kind: Any) -> str:
    names = {
        "bool": "switch",
        "int": "whole number",
        "float": "number",
        "str": "text",
        "list": "list",
        "ZoneInfo": "time zone",
        "time": "time of day or `off`",
        "Path": "file",
        "RuleTables": "tables",
    }
    return names.get(reader_name(kind)) or " or ".join(f"`{each}`" for each in kind)
