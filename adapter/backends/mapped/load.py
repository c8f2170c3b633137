"""Mapping files, read and checked at start: whatever is wrong is one error with its place."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from adapter.backends.mapped.commands import read_command
from adapter.backends.mapped.compiling import named, reading_at, template_at
from adapter.backends.mapped.model import Auth, AuthKind, Mapped
from adapter.backends.mapped.names import ANY, Names, typed
from adapter.backends.mapped.node import Node, wrong
from adapter.backends.mapped.steps import Shared, read_replies
from adapter.errors import InvalidMapping

_VERSION: Final = 1
_MAPPING_KEYS: Final = (
    "mapping", "name", "about", "url", "auth", "headers", "values", "tables", "replies", "message",
    "commands", "shared",
)  # fmt: skip


def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mappings that come with the package."""
    folder = files("adapter.backends.mapped") / "mappings"
    return tuple(sorted(each.name.removesuffix(".yaml") for each in folder.iterdir()))


def load_mapping(mapping: str) -> Mapped:
    """Read a shipped mapping by its name, else a YAML or TOML file by its path.

    Raises `InvalidMapping` with file, key and remedy.
    """
    if mapping in shipped_mappings():
        shipped = files("adapter.backends.mapped") / "mappings" / f"{mapping}.yaml"
        return _mapped(_parsed(mapping, shipped.read_text(encoding="utf-8"), is_toml=False))
    path = Path(mapping)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        shipped_names = ", ".join(shipped_mappings())
        remedy = f"name a readable file or one of {shipped_names}"
        raise InvalidMapping(mapping, "(file)", f"cannot be read: {error}", remedy) from error
    try:
        return _mapped(_parsed(str(path), text, is_toml=path.suffix == ".toml"))
    except RecursionError as error:
        what = "something in it holds itself, or is nested too deeply"
        raise InvalidMapping(mapping, "(file)", what, "write it out flat") from error


def _parsed(file: str, text: str, *, is_toml: bool) -> Node:
    try:
        tree = tomllib.loads(text) if is_toml else yaml.load(text, Loader=_OnceLoader)  # noqa: S506 - a SafeLoader
    except (tomllib.TOMLDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        told = " ".join(str(error).split())
        raise InvalidMapping(file, "(file)", f"cannot be parsed: {told}", "correct it") from error
    return Node(file, "", tree)


class _OnceLoader(yaml.SafeLoader):
    """The safe loader, which reads texts as they stand and refuses a key that comes twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} comes twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


# Dates and `on`, `yes`, `no` stay the texts that they are.
_OnceLoader.yaml_implicit_resolvers = {
    first: [
        (tag, expression)
        for tag, expression in resolvers
        if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_OnceLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf")
)


def _mapped(root: Node) -> Mapped:
    root.only(_MAPPING_KEYS)
    if root.get("mapping").value != _VERSION:
        raise wrong(
            root.get("mapping"), "is not 1", "write `mapping: 1`, the version of this form"
        )
    values = {name: each.text() for name, each in root.get("values").items() if named(each, name)}
    tables = root.get("tables").plain()
    roots = {
        "values": dict.fromkeys(values, typed(str)),
        "tables": {name: ANY for name, _ in root.get("tables").items()},
        "reference": typed(str),
        "today": typed(str),
    }
    shared = Shared(roots, read_replies(root.get("replies")))
    commands = {
        name: read_command(each, name, shared) for name, each in root.need("commands").items()
    }
    if not commands:
        raise wrong(root.get("commands"), "there is no command", "map at least one")
    return Mapped(
        name=root.need("name").text(),
        file=root.file,
        url=_url(root.get("url")),
        auth=_auth(root.get("auth")),
        headers=template_at(root.get("headers"), Names(roots)),
        values=values,
        tables=tables or {},
        message=reading_at(root.get("message"), Names({"status": ANY, "body": ANY})),
        commands=commands,
    )


def _url(node: Node) -> str:
    if node.value is None:
        return ""
    parts = urlsplit(node.text())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise wrong(
            node, "is no http or https URL", "write the address, or leave it to the settings"
        )
    return node.text().rstrip("/")


def _auth(node: Node) -> Auth:
    node.only(("kind", "header", "token_url", "scope"))
    kind = node.get("kind").choice(AuthKind, AuthKind.NONE)
    auth = Auth(
        kind,
        node.get("header").text(""),
        node.get("token_url").text(""),
        node.get("scope").text(""),
    )
    for wanted, at, given in (
        (AuthKind.HEADER, "header", auth.header),
        (AuthKind.OAUTH2, "token_url", auth.token_url),
    ):
        if kind is wanted and not given:
            raise wrong(node.get(at), f"{kind} needs it", f"write {at}")
    return auth
