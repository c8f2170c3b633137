"""`docs/commands.md`: every command, from its own docstring, and which calls come to it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from adapter.commands.canonical import kinds_of
from adapter.commands.model import Command
from adapter.commands.results import Result

# Calls of one protocol by the command that they come to.
Calls = Mapping[str, Sequence[str]]

_INTRO: Final = """\
# Commands

Everything that can be asked of the gateway, whoever asks. Both legacy protocols are translated
into these, the command line and [the canonical wire](canonical.md) use them as they are, and
backends carry them out; `routes.commands` and mapping files name them
([settings.md](settings.md), [mapped-backends.md](mapped-backends.md)). This page is written by
`adapter config docs --commands`.

A command *creates* something, *changes* something or *reads*. Its name leads to its fields, as
JSON Schema; `adapter config mapping COMMAND` prints them as a table. Calls stand in lower case, as
`--allow` of a credential, metrics and logs spell them: actions of the form-post API, endpoints of
the positional-array API without `.php`. Commands without a call come from the command line or over
the canonical wire.
"""


def describe_commands(form_post: Calls, positional: Calls) -> str:
    """Return `docs/commands.md`; the calls of each protocol are given by the command's name."""
    lines = [_INTRO]
    kinds = sorted(kinds_of(Command).values(), key=lambda kind: (_noun(kind), kind.__name__))
    for noun, group in groupby(kinds, _noun):
        lines += (f"## {noun.replace('_', ' ').capitalize()}", "")
        lines += ("| command | | what it does | form-post | positional |", "|---|---|---|---|---|")
        lines += (_row(kind, form_post, positional) for kind in group)
        lines.append("")
    lines += _results()
    return "\n".join(lines).rstrip("\n") + "\n"


def _noun(kind: type[Command]) -> str:
    return kind.__module__.rpartition(".")[2]


def _row(kind: type[Command], *protocols: Calls) -> str:
    name = kind.__name__
    calls = (", ".join(f"`{call}`" for call in sorted(each.get(name, ()))) for each in protocols)
    cells = (f"[{name}](schema/{name}.json)", kind.effect.value, _first_line(kind), *calls)
    return f"| {' | '.join(cells)} |"


def _results() -> Iterator[str]:
    yield from ("## Results", "", "What a command is answered with, in the past tense.", "")
    yield from ("| result | |", "|---|---|")
    for name, kind in sorted(kinds_of(Result).items()):
        yield f"| [{name}](schema/{name}.json) | {_first_line(kind)} |"
    yield ""
    yield "[Error.json](schema/Error.json) lists every error."


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").split("\n\n", maxsplit=1)[0].replace("\n    ", " ").strip()
