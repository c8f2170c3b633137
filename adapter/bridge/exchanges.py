"""One request with its reply: what contracts, recordings, replay and comparison are made of."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Self

from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.protocols.base import WireRequest, WireResponse

REDACTED = "redacted"

# Fields of either protocol whose values are secrets, whoever they belong to.
SECRET_FIELDS = (
    "password",
    "secret",
    "accesskey",
    "password2",
    "servicepassword",
    "rootpw",
    "securityqans",
    "card_number",
    "cardnum",
    "cvv",
    "bank_account",
    "bank_code",
)
# A shorter text of a command may stand anywhere by chance; its field is redacted by name.
_SHORTEST_SECRET = 6
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_NAMES = "|".join(SECRET_FIELDS)
_IN_FORM = re.compile(rb"(?i)((?:^|[?&])(?:%s)=)[^&]*" % _NAMES.encode())
_IN_JSON = re.compile(rb'(?i)("(?:%s)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|[^\s,}\]"]+)' % _NAMES.encode())
_IN_PART = re.compile(
    rb'(?is)(name="?(?:%s)"?\r?\n(?:[^\r\n]+\r?\n)*\r?\n).*?(?=\r?\n--)' % _NAMES.encode()
)


@dataclass(frozen=True, slots=True)
class ReplyMask:
    """A piece of a reply's body (bytes `start` to `end`) that differs from call to call.

    `kind` is a mask kind of the contract format; `name` says what later exchanges use it as.
    """

    start: int
    end: int
    kind: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its reply, with what they meant where that is known.

    Built with `captured`, which takes the secrets out. `at` is an aware UTC time. `masks` are in
    order and do not overlap.
    """

    request: WireRequest
    reply: WireResponse
    account: str
    at: datetime | None = None
    command: Command | None = None
    result: Result | None = None
    masks: tuple[ReplyMask, ...] = field(default=())

    @classmethod
    def captured(  # noqa: PLR0913 - one exchange is all of these
        cls,
        request: WireRequest,
        reply: WireResponse,
        account: str,
        *,
        at: datetime | None = None,
        command: Command | None = None,
        result: Result | None = None,
        masks: tuple[ReplyMask, ...] = (),
        secrets: Iterable[str | None] = (),
    ) -> Self:
        """Return the exchange without its secrets.

        `secrets` are the credential values of this call: they are found in any of their
        spellings. Values of fields that hold secrets by name go too, in request and reply. Masks
        are kept only where redaction left the body as it was.
        """
        known = (*(text for text in secrets if text), *_command_secrets(command))
        clean_reply = replace(
            reply,
            body=redact(reply.body, known),
            headers=_redact_headers(reply.headers, known),
        )
        return cls(
            request=replace(
                request,
                query=redact(request.query, known),
                body=redact(request.body, known),
                headers=_redact_headers(request.headers, known),
            ),
            reply=clean_reply,
            account=account,
            at=at,
            command=_without_secrets(command),
            result=result,
            masks=masks if clean_reply.body == reply.body else (),
        )

    def expected_body(self) -> bytes:
        """Return the reply's body as a contract expects it: masked pieces as placeholders."""
        parts: list[bytes] = []
        at = 0
        for mask in self.masks:
            text = f"any:{mask.kind}" if mask.name is None else f"save:{mask.name}:{mask.kind}"
            parts += [self.reply.body[at : mask.start], b"${", text.encode(), b"}"]
            at = mask.end
        return b"".join(parts) + self.reply.body[at:]


def redact(data: bytes, secrets: Iterable[str] = ()) -> bytes:
    """Return `data` without these secrets and without values of fields that hold secrets."""
    mark = REDACTED.encode()
    data = redact_values(data, secrets)
    data = _IN_FORM.sub(rb"\1" + mark, data)
    data = _IN_JSON.sub(rb'\1"' + mark + b'"', data)
    return _IN_PART.sub(rb"\1" + mark, data)


def redact_values(data: bytes, secrets: Iterable[str]) -> bytes:
    """Return `data` without these secrets, in whatever spelling they stand there."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        data = _spellings(secret).sub(REDACTED.encode(), data)
    return data


@lru_cache(maxsize=32)
def _spellings(secret: str) -> "re.Pattern[bytes]":
    """Match a secret byte by byte: as it is, percent-encoded, or escaped as in JSON."""
    parts: list[bytes] = []
    for character in secret:
        one = [re.escape(character.encode())]
        one.append(b"".join(b"%%(?i:%02x)" % byte for byte in character.encode()))
        units = character.encode("utf-16-be")
        one.append(
            b"".join(
                rb"\\u(?i:%s)" % units[at : at + 2].hex().encode()
                for at in range(0, len(units), 2)
            )
        )
        if character in '"\\/':
            one.append(rb"\\" + re.escape(character.encode()))
        if character == " ":
            one.append(rb"\+")
        parts.append(b"(?:" + b"|".join(one) + b")")
    return re.compile(b"".join(parts))


def _redact_headers(headers: Mapping[str, str], secrets: Iterable[str]) -> dict[str, str]:
    return {
        name: REDACTED
        if name.lower() in _SECRET_HEADERS
        else redact(value.encode("utf-8", "surrogateescape"), secrets).decode(
            "utf-8", "surrogateescape"
        )
        for name, value in headers.items()
    }


def _command_secrets(command: Command | None) -> tuple[str, ...]:
    """Return the texts of the command's fields that stay out of its repr."""
    if command is None or not is_dataclass(command):
        return ()
    hidden = (getattr(command, each.name) for each in fields(command) if not each.repr)
    return tuple(
        value for value in hidden if isinstance(value, str) and len(value) >= _SHORTEST_SECRET
    )


def _without_secrets(command: Command | None) -> Command | None:
    if command is None or not is_dataclass(command):
        return command
    hidden = {
        each.name: REDACTED
        for each in fields(command)
        if not each.repr and isinstance(getattr(command, each.name), str)
    }
    return replace(command, **hidden)
