"""What a setting is: its place in the file, its name in the environment, what it may be."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final, get_type_hints

PREFIX: Final = "ADAPTER_"

Check = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Spec:
    """One setting: where it stands, what it may be, what it does.

    `check` raises `ValueError` for a value that cannot be meant; without it the rules of
    `settings.values` hold. A `required` one has no default. `fills` is the key of the secret
    whose file this setting names.
    """

    key: str
    kind: Any
    default: Any
    about: str
    secret: bool = False
    check: Check | None = None
    required: bool = False
    fills: str = ""

    @property
    def env(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.key.replace(".", "_").upper()


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file: the configs it fills and what their fields mean.

    A field without a text is not a setting: another layer fills it. `checks` are by field. Those
    of `in_files`, and with `secret_files` every secret, can stand in a file instead, which
    `<name>_file` names.
    """

    name: str
    about: str
    configs: tuple[type, ...]
    texts: Mapping[str, str]
    checks: Mapping[str, Check] = field(default_factory=dict)
    secret_files: bool = False
    in_files: tuple[str, ...] = ()

    def specs(self, prefix: str = "") -> Iterator[Spec]:
        """Yield the section's settings in the order of their fields.

        Configs that share a field share the setting.
        """
        seen: set[str] = set()
        for config in self.configs:
            hints = get_type_hints(config)
            for each in fields(config):
                if each.name not in self.texts or each.name in seen:
                    continue
                seen.add(each.name)
                default = each.default
                if each.default_factory is not MISSING:
                    default = each.default_factory()
                key = ".".join(part for part in (prefix, self.name, each.name) if part)
                yield Spec(
                    key,
                    hints[each.name],
                    "" if default is MISSING else default,
                    self.texts[each.name],
                    not each.repr,
                    self.checks.get(each.name),
                    required=default is MISSING,
                )
                if each.name in self.in_files or (self.secret_files and not each.repr):
                    about = f"File that holds `{each.name}`, instead of `{each.name}` itself."
                    yield Spec(f"{key}_file", str, "", about, fills=key)


def config_of(values: Mapping[str, Any], kind: type, prefix: str) -> Any:
    """Return a config of one table's values; a field without a setting keeps its default."""
    return kind(
        **{
            each.name: values[f"{prefix}.{each.name}"]
            for each in fields(kind)
            if f"{prefix}.{each.name}" in values
        }
    )
