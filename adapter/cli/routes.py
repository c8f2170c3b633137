"""`adapter routes`: where each action goes, and why."""

from collections.abc import Iterator
from typing import Any

import click

from adapter.assemble import assemble_protocols, known_account
from adapter.assemble.elsewhere import routes_of
from adapter.bridge.routing import LOCAL, PASS, Decision, Routes, Rule
from adapter.cli.base import account_option
from adapter.cli.output import say_facts, say_table
from adapter.protocols.base import LegacyProtocol
from adapter.settings import AccountSettings, load_settings
from adapter.settings.routes import client_name, is_client, nearest

_BY_CLIENT = "by client"
# What knows clients by every name that calls have for them.
_ANY_CLIENT = Rule(LOCAL)


@click.group()
def routes() -> None:
    """Show which backend executes each action, or explain one decision."""


@routes.command()
@account_option
def show(*, account: str) -> None:
    """List every action of both protocols with its command, backend and what sends it there."""
    settings = load_settings()
    chosen = known_account(settings, account)
    table = routes_of(chosen)
    rows = [
        (protocol.name, action, command, *_row(chosen, table, command, protocol.name))
        for protocol in assemble_protocols(settings)
        for action in sorted(protocol.actions())
        for command in _commands(protocol, action)
    ]
    rows += _others(chosen, assemble_protocols(settings))
    say_table(("protocol", "action", "command", "backend", "because"), rows)


@routes.command()
@click.argument("action")
@click.option("--client", metavar="ID", help="The client's id or e-mail address.")
@click.option("--protocol", "name", metavar="NAME", help="Where both know the action.")
@account_option
def test(*, action: str, client: str | None, name: str | None, account: str) -> None:
    """Say where one action goes for one client, and why. The name of a command will do too."""
    if client is not None and not is_client(client):
        raise click.BadParameter(
            f"{client} can be no client: give an id or an e-mail address", param_hint="--client"
        )
    settings = load_settings()
    chosen = known_account(settings, account)
    protocols = assemble_protocols(settings)
    if name is not None and name not in {each.name for each in protocols}:
        known = ", ".join(each.name for each in protocols)
        raise click.BadParameter(f"no protocol {name}; known are {known}")
    asked = [each for each in protocols if name is None or each.name == name]
    found = [
        (protocol.name, command)
        for protocol in asked
        for command in _commands(protocol, action.lower())
    ]
    commands = {
        command for each in protocols for act in each.actions() for command in _commands(each, act)
    }
    if not found and action in commands:
        found = [("", action)]
    if not found:
        _explain_unknown(chosen, asked, action)
        return
    names = () if client is None else (client_name(client),)
    table = routes_of(chosen)
    for protocol, command in found:
        decision = table.choose(command, names)
        say_facts(
            [
                ("account", account),
                ("protocol", protocol or "any"),
                ("command", command),
                ("client", client or "none named"),
                ("backend", _named(chosen, decision.backend, protocol)),
                ("because", _because(table, command, decision, is_asked=client is not None)),
            ]
        )


def _because(table: Routes, command: str, decision: Decision, *, is_asked: bool) -> str:
    """Return a decision's reason, with what keeps the account's client rules from applying."""
    rules = table.rules or ((_ANY_CLIENT,) if is_asked else ())
    if not rules or any(rule.can_tell(command) for rule in rules):
        return decision.reason
    by_name = _ANY_CLIENT.can_tell(command)
    named = "no client by id: no share" if by_name else "no client: no client rule"
    return f"{decision.reason} (names {named} applies)"


def _commands(protocol: LegacyProtocol[Any], action: str) -> list[str]:
    return [kind.__name__ for kind in protocol.commands(action)]


def _row(account: AccountSettings, table: Routes, command: str, protocol: str) -> tuple[str, str]:
    decision = table.choose(command)
    usual = _named(account, decision.backend, protocol)
    if table.plain(command) is not None:
        return usual, _because(table, command, decision, is_asked=False)
    numbers = [
        f"rule {number}: {_named(account, rule.backend, protocol)}"
        for number, rule in enumerate(table.rules, 1)
        if rule.covers(command)
    ]
    return _BY_CLIENT, ", ".join([*numbers, f"else {usual}"])


def _others(
    account: AccountSettings, protocols: tuple[LegacyProtocol[Any], ...]
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield what becomes of actions that the gateway does not serve."""
    for protocol in protocols:
        upstream = _upstream(account, protocol.name)
        backend = "refused" if upstream is None else f"{PASS} ({upstream})"
        yield protocol.name, "(any other)", "", backend, "routes.upstream"


def _upstream(account: AccountSettings, protocol: str) -> str | None:
    return next(
        (name for name in account.routes.upstreams if account.backends[name].protocol == protocol),
        None,
    )


def _named(account: AccountSettings, backend: str, protocol: str) -> str:
    """Return a backend's name; what would pass but has no upstream to pass to is refused."""
    if backend != PASS or not protocol:
        return backend
    upstream = _upstream(account, protocol)
    return "refused" if upstream is None else f"{PASS} ({upstream})"


def _explain_unknown(
    account: AccountSettings, protocols: list[LegacyProtocol[Any]], action: str
) -> None:
    known = sorted({each for protocol in protocols for each in protocol.actions()})
    passing = [
        (each.name, upstream)
        for each in protocols
        if (upstream := _upstream(account, each.name)) is not None
    ]
    if not passing:
        raise click.ClickException(
            f"no action {action} is served, and nothing passes to an upstream: "
            f"{nearest(action.lower(), known)}"
        )
    for protocol, upstream in passing:
        say_facts(
            [
                ("account", account.account.name),
                ("protocol", protocol),
                ("command", "none: the gateway does not serve it"),
                ("backend", f"{PASS} ({upstream})"),
                ("because", "routes.upstream"),
            ]
        )
