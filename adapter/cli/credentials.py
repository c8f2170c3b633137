"""`adapter credentials`: who may call, and with what."""

import difflib
import sys
from dataclasses import dataclass

import click

from adapter.assemble import Workplace, assemble_protocols, known_account, server_key
from adapter.bridge.addresses import AddressList
from adapter.bridge.canonical import ACTIONS as CANONICAL_ACTIONS
from adapter.bridge.canonical import CANONICAL
from adapter.bridge.management import ACTIONS as MANAGE_ACTIONS
from adapter.bridge.management import MANAGE
from adapter.bridge.secrets import (
    SecretDigests,
    digest_generated,
    digest_human,
    generate_secret,
    looks_like_md5,
    md5_hex,
)
from adapter.cli.base import account_option, workplace
from adapter.cli.output import say, say_facts, say_table, warn
from adapter.settings import MAIN, Settings, load_settings
from adapter.store.credentials import (
    CredentialRow,
    insert_credential,
    list_credentials,
    revoke_credential,
)

_CALLER = "cli"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a credential may do; empty means everything."""

    protocols: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


_UNBOUNDED = Bounds()


@click.group()
def credentials() -> None:
    """Add, list and revoke credentials. They stand in the first account's database."""


@credentials.command()
@click.argument("name")
@click.option("--secret-stdin", is_flag=True, help="Read the secret from standard input.")
@click.option("--secret-md5-stdin", is_flag=True, help="Read the secret's hex MD5 instead.")
@click.option("--protocol", "protocols", multiple=True, metavar="P", help="Only this protocol.")
@click.option("--allow", "actions", multiple=True, metavar="ACTION", help="Only this action.")
@click.option("--ip", "addresses", multiple=True, metavar="ADDRESS", help="Only from here.")
@account_option
def add(  # noqa: PLR0913 - the options of one command
    *,
    name: str,
    secret_stdin: bool,
    secret_md5_stdin: bool,
    protocols: tuple[str, ...],
    actions: tuple[str, ...],
    addresses: tuple[str, ...],
    account: str,
) -> None:
    """Add a credential that opens ACCOUNT; print what the caller needs.

    Without a secret option identifier and secret are generated, and the secret is shown this once.
    With one, NAME is the identifier (the login that a caller sends as username).
    """
    if not name.strip() or not name.isprintable():
        raise click.BadParameter("must not be blank", param_hint="NAME")
    settings = load_settings()
    business_id = known_account(settings, account).account.business_id
    bounds = Bounds(
        _known_protocols(settings, protocols),
        _known_actions(settings, protocols, actions),
        _known_addresses(settings, addresses),
    )
    if secret_stdin and secret_md5_stdin:
        raise click.UsageError("--secret-stdin and --secret-md5-stdin: only one can be given")
    with workplace(MAIN, settings) as place:
        if secret_stdin or secret_md5_stdin:
            digests = digest_human(_given_md5(is_md5=secret_md5_stdin))
            facts = [("identifier", _insert(place, name, name, account, digests, bounds))]
        else:
            identifier, secret = add_generated(settings, place, name, account, bounds)
            facts = [("identifier", identifier), ("secret", secret)]
    say_facts([*facts, ("business id", business_id)])


@credentials.command("list")
@account_option
def list_(account: str) -> None:
    """List the credentials that open ACCOUNT, revoked ones too."""
    with workplace(MAIN) as place, place.store.read() as uow:
        rows = list_credentials(uow)
    say_table(
        ("name", "identifier", "secret", "protocols", "actions", "addresses", "created", "state"),
        [
            (
                row.name,
                row.identifier,
                row.secret_kind,
                ",".join(row.protocols) or "all",
                ",".join(row.actions) or "all",
                ",".join(row.addresses) or "all",
                f"{row.created_at:%Y-%m-%d %H:%M}",
                "live" if row.revoked_at is None else f"revoked {row.revoked_at:%Y-%m-%d %H:%M}",
            )
            for row in rows
            if row.account == account
        ],
    )


@credentials.command()
@click.argument("name")
@account_option
def revoke(name: str, account: str) -> None:
    """End a credential; it is refused from its next request on."""
    with workplace(MAIN) as place, place.store.write() as uow:
        live = [row for row in list_credentials(uow) if row.revoked_at is None]
        if not any(row.name == name and row.account == account for row in live):
            raise click.ClickException(f"Account {account} has no live credential {name}")
        revoke_credential(uow, name, place.context(_CALLER).now)
    say(f"Revoked {name}")


def add_generated(
    settings: Settings,
    place: Workplace,
    name: str,
    account: str,
    bounds: Bounds = _UNBOUNDED,
) -> tuple[str, str]:
    """Store a generated credential in the first account; return its identifier and secret."""
    secret = generate_secret()
    digests = digest_generated(server_key(settings), secret)
    return _insert(place, name, generate_secret(), account, digests, bounds), secret


def _insert(  # noqa: PLR0913 - one row
    place: Workplace,
    name: str,
    identifier: str,
    account: str,
    digests: SecretDigests,
    bounds: Bounds,
) -> str:
    row = CredentialRow(
        name=name,
        identifier=identifier,
        account=account,
        secret_kind=digests.kind,
        secret_digest=digests.digest,
        created_at=place.context(_CALLER).now,
        secret_md5_digest=digests.md5_digest,
        actions=bounds.actions,
        addresses=bounds.addresses,
        protocols=bounds.protocols,
    )
    with place.store.write() as uow:
        insert_credential(uow, row)
    return identifier


def _given_md5(*, is_md5: bool) -> str:
    """Return the lower-case hex MD5 of the secret on standard input, which may be it already."""
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise click.ClickException("The secret must not be blank")
    if not is_md5:
        return md5_hex(given)
    if not looks_like_md5(given.strip().lower()):
        raise click.ClickException("The MD5 must be 32 hex digits")
    return given.strip().lower()


def _known_protocols(settings: Settings, protocols: tuple[str, ...]) -> tuple[str, ...]:
    known = [*(each.name for each in assemble_protocols(settings)), CANONICAL, MANAGE]
    for each in protocols:
        if each not in known:
            raise click.BadParameter(
                f"{each}: known are {', '.join(known)}", param_hint="--protocol"
            )
    return protocols


def _known_actions(
    settings: Settings, protocols: tuple[str, ...], actions: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the actions in lower case; each must be one of a protocol the credential may use."""
    known = {
        action
        for each in assemble_protocols(settings)
        if not protocols or each.name in protocols
        for action in each.actions()
    }
    if CANONICAL in protocols:
        known |= CANONICAL_ACTIONS
    if MANAGE in protocols:
        known |= MANAGE_ACTIONS
    for action in actions:
        if action.lower() not in known:
            close = difflib.get_close_matches(action.lower(), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise click.BadParameter(f"no action {action}{hint}", param_hint="--allow")
    return tuple(action.lower() for action in actions)


def _known_addresses(settings: Settings, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses; one that the gateway would refuse before looking gets a warning."""
    allowed = AddressList(settings.access.allowed_addresses)
    for address in addresses:
        try:
            AddressList([address])
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--ip") from error
        if "/" not in address and address not in allowed:
            warn(f"{address} is not in access.allowed_addresses: add it there too")
    return addresses
