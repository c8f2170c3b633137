"""A backend that a mapping file describes: its steps carried out, its replies told apart."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from typing import Any, Final, TypeVar

from adapter.backends.base import Deadline, Proof
from adapter.backends.mapped.auth import Authenticator
from adapter.backends.mapped.checks import error_for
from adapter.backends.mapped.ids import IdBook
from adapter.backends.mapped.model import CommandMapping, End, Failure, Mapped, ReplyRule, Step
from adapter.backends.mapped.names import ExpressionError
from adapter.backends.mapped.requests import request_of, written_headers
from adapter.backends.mapped.results import Record, build
from adapter.backends.outbound import Exchanges
from adapter.backends.transport import UpstreamReply
from adapter.commands.canonical import from_data, kinds_of, to_data
from adapter.commands.context import Context
from adapter.commands.model import UNSET, Command, Effect
from adapter.commands.results import Result
from adapter.errors import (
    AdapterError,
    BackendOverloaded,
    BadAnswer,
    CannotExpress,
    ClientNotFound,
    InvalidField,
    InvalidMapping,
    InvoiceNotFound,
    NotFound,
    NotSent,
    OutOfBounds,
    Rejected,
    StateError,
    TransportLost,
)

T = TypeVar("T")

_UNAUTHORISED: Final = 401
_LONGEST_REASON: Final = 500
_NOT_FOUND: Final[Mapping[str, type[NotFound]]] = {
    "client": ClientNotFound,
    "invoice": InvoiceNotFound,
}
# What a reply means that no rule of the file speaks of.
_USUAL: Final = (
    (range(200, 300), End.DONE),
    (range(300, 400), End.UNKNOWN),
    (range(408, 410), End.UNKNOWN),
    (range(425, 426), End.UNKNOWN),
    (range(429, 430), End.NOT_SENT),
    (range(400, 500), End.REFUSED),
)


@dataclass(frozen=True, slots=True)
class MappedConfig:
    """A backend of kind `mapped`.

    `mapping` is the name of a shipped mapping or the path of a file. `url` replaces the file's
    address. `identifier` and `secret` are what the file's `auth` asks for. `values` replace the
    file's own, each as `name=value` (`collection_method=send_invoice`).
    """

    mapping: str = ""
    url: str = ""
    identifier: str = ""
    secret: str = field(default="", repr=False)
    values: tuple[str, ...] = ()


@dataclass(slots=True)
class _Course:
    """What was done so far: what expressions see, and whether anything cannot be done again."""

    scope: dict[str, Any]
    acted: bool = False
    in_look_up: bool = False


def _named(values: Iterable[str]) -> dict[str, str]:
    """Return `name=value` texts by name. Raises `InvalidField`."""
    found = {}
    for each in values:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise InvalidField("values", "form", f"{each!r} is not of the form name=value")
        found[name] = value
    return found


class MappedConnector:
    """Carries commands out as a mapping says. Raises `InvalidMapping` for a config that misfits.

    `book` holds the numbers that stand for the backend's own ids; `monotonic` counts seconds.
    """

    def __init__(  # noqa: PLR0913 - everything it works with
        self,
        name: str,
        mapping: Mapped,
        config: MappedConfig,
        network: Exchanges,
        book: IdBook,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self.name = name
        self._mapping = mapping
        self._network = network
        self._book = book
        self._base = (config.url or mapping.url).rstrip("/")
        if not self._base.startswith(("http://", "https://")):
            raise InvalidMapping(mapping.file, "url", "is missing", "write it, or set the url")
        values = _named(config.values)
        unknown = sorted(set(values) - set(mapping.values))
        if unknown:
            remedy = f"known are {', '.join(mapping.values) or 'none'}"
            raise InvalidMapping(mapping.file, f"values.{unknown[0]}", "is not known", remedy)
        self._values = {**mapping.values, **values}
        self._auth = Authenticator(
            mapping.auth, self._base, config.identifier, config.secret, network, monotonic
        )

    def proof(self, command: Command) -> Proof:
        """Return how a command can be looked up. Raises `CannotExpress`."""
        return self._of(command).proof

    def send(self, command: Command, context: Context, deadline: Deadline) -> Result:
        """Carry out a command; errors as the seam says, and `TransportLost` as it comes."""
        if context.dry_run:
            raise CannotExpress("a dry run")
        mapping = self._of(command)
        course = self._begun(mapping, command, context)
        self._refuse(mapping, course)
        is_read = command.effect is Effect.READS
        try:
            for step in mapping.steps:
                self._step(step, course, deadline, is_read=is_read)
        except ExpressionError as error:
            raise BadAnswer from error
        return self._result(mapping.result, course)

    def look_up(self, command: Command, context: Context, deadline: Deadline) -> Result | None:
        """Find what an earlier attempt made; None where it is proved that there is nothing."""
        mapping = self._of(command)
        look_up = mapping.look_up
        if look_up is None:
            raise BadAnswer
        try:
            course = self._begun(mapping, command, context)
            course.in_look_up = True
            for step in look_up.steps:
                self._step(step, course, deadline, is_read=True)
            if look_up.absent.of(course.scope):
                return None
        except (StateError, ExpressionError, Rejected, CannotExpress) as error:
            raise BadAnswer from error
        return self._result(look_up.result, course)

    def _of(self, command: Command) -> CommandMapping:
        name = type(command).__name__
        found = self._mapping.commands.get(name)
        if found is None:
            raise CannotExpress(f"{name}: the mapping {self._mapping.name} has no such command")
        return found

    def _begun(self, mapping: CommandMapping, command: Command, context: Context) -> _Course:
        scope: dict[str, Any] = {
            "command": _whole(command),
            "reference": context.reference,
            "today": context.today.isoformat(),
            "values": self._values,
            "tables": self._mapping.tables,
            "steps": {},
            "vars": {},
        }
        ids: dict[str, str | None] = {}
        for name, each in mapping.ids.items():
            number = each.of.of(scope)
            ids[name] = None if number is None else self._theirs(each.noun, number)
        scope["ids"] = ids
        for name, reading in mapping.variables:
            scope["vars"][name] = reading.of(scope)
        return _Course(scope)

    def _theirs(self, noun: str, number: int) -> str:
        found = self._book.theirs(noun, number)
        if found is None:
            raise _NOT_FOUND.get(noun, NotFound)(number)
        return found

    def _refuse(self, mapping: CommandMapping, course: _Course) -> None:
        """Raise `CannotExpress` for what the backend has no way to say."""
        for refusal in mapping.refusals:
            scopes = [course.scope]
            if refusal.each is not None:
                items = refusal.each.of(course.scope) or []
                scopes = [
                    {**course.scope, "item": item, "index": index}
                    for index, item in enumerate(items)
                ]
            if any(self._rendered(refusal.when.render, scope, course) for scope in scopes):
                raise CannotExpress(refusal.what)

    def _step(self, step: Step, course: _Course, deadline: Deadline, *, is_read: bool) -> None:
        scope = course.scope
        if step.when is not None and not step.when.of(scope):
            scope["steps"][step.name] = None
        elif step.each is None:
            scope["steps"][step.name] = self._exchange(step, scope, course, deadline, is_read)
        else:
            scope["steps"][step.name] = [
                self._exchange(
                    step, {**scope, "item": item, "index": index}, course, deadline, is_read
                )
                for index, item in enumerate(step.each.of(scope) or [])
            ]
        for failure in step.fails:
            if failure.when.of(scope):
                raise self._after(course, _failed(failure))
        for name, reading in step.then:
            scope["vars"][name] = reading.of(scope)

    def _exchange(
        self,
        step: Step,
        scope: Mapping[str, Any],
        course: _Course,
        deadline: Deadline,
        is_read: bool,  # noqa: FBT001 - handed on from one place
    ) -> dict[str, Any]:
        """Send one request and return what its reply says; raises for every other end."""
        try:
            reply = self._sent(step, scope, course, deadline)
        except NotSent as error:
            raise self._after(course, error) from error
        except TransportLost as error:
            if step.acts or is_read:
                raise
            # Nothing that changes anything has left.
            raise self._after(course, NotSent(error.reason)) from error
        body = _json(reply)
        told = {"status": reply.status, "body": body}
        end, error_code = self._end_of(step.replies, reply.status, told)
        if end is End.DONE and body is None and reply.body.strip():
            end = End.UNKNOWN  # a page of something in between, or half a reply
        if end is End.UNKNOWN:
            raise BadAnswer
        if end is End.NOT_SENT:
            raise self._after(course, BackendOverloaded(f"status {reply.status}"))
        if end is End.REFUSED:
            raise self._after(course, self._refusal(error_code, told))
        if end is End.ABSENT:
            return {"status": reply.status, "body": None, "found": None}
        if step.acts and not step.reusable:
            course.acted = True
        return {**told, "found": self._found(step, scope, told)}

    def _sent(
        self, step: Step, scope: Mapping[str, Any], course: _Course, deadline: Deadline
    ) -> UpstreamReply:
        headers = {
            "Accept": "application/json",
            **self._rendered(partial(written_headers, self._mapping.headers), scope, course),
        }
        for last in (False, True):
            signed = self._auth.headers(deadline)
            write = partial(request_of, step, self._base, headers={**headers, **signed})
            request = self._rendered(write, scope, course)
            reply = self._network.exchange(request, deadline)
            if last or reply.status != _UNAUTHORISED or not self._auth.renews:
                return reply
            self._auth.forget(signed)
        return reply

    def _rendered(self, write: Callable[..., T], scope: Mapping[str, Any], course: _Course) -> T:
        """Return what is written; where it cannot be, nothing of it has left."""
        try:
            return write(scope=scope)
        except ExpressionError as error:
            raise self._after(course, CannotExpress(f"this: {error}")) from error
        except CannotExpress as error:
            raise self._after(course, error) from error

    def _after(self, course: _Course, error: AdapterError) -> AdapterError:
        """Return what is raised for an error that says that nothing was done.

        After a step that did something which the next attempt would do again it does not hold.
        """
        return BadAnswer() if course.acted else error

    def _end_of(
        self, rules: tuple[ReplyRule, ...], status: int, told: Mapping[str, Any]
    ) -> tuple[End, str]:
        for rule in rules:
            if any(status in each for each in rule.statuses) and (
                rule.when is None or rule.when.of(told)
            ):
                return rule.end, rule.error
        usual = (end for statuses, end in _USUAL if status in statuses)
        return next(usual, End.UNKNOWN), ""

    def _refusal(self, code: str, told: Mapping[str, Any]) -> AdapterError:
        if code:
            return _error(code)
        message = None if self._mapping.message is None else self._mapping.message.of(told)
        return Rejected(f"status {told['status']}: {message or ''}"[:_LONGEST_REASON])

    def _found(self, step: Step, scope: Mapping[str, Any], told: Mapping[str, Any]) -> Any:
        find = step.find
        if find is None:
            return None
        wanted = [(part, value.of(scope)) for part, value in find.where]
        items = find.items.of(told)
        if not isinstance(items, list):
            raise BadAnswer
        for item in items:
            if all(part.of(item) == value for part, value in wanted):
                return item
        if find.more is not None and find.more.of(told):
            raise BadAnswer
        return None

    def _result(self, record: Record, course: _Course) -> Result:
        try:
            data = build(record, course.scope, self._book)
            found = from_data(kinds_of(Result)[record.kind], data)
        except (ExpressionError, InvalidField, OutOfBounds) as error:
            raise BadAnswer from error
        if not isinstance(found, Result):
            raise BadAnswer
        return found


def _error(code: str) -> AdapterError:
    kind = error_for(code)  # known since the file was read
    return AdapterError() if kind is None else kind()


def _failed(failure: Failure) -> AdapterError:
    return _error(failure.error) if failure.error else CannotExpress(failure.what)


def _json(reply: UpstreamReply) -> Any:
    """Return the JSON of a reply, numbers with a point as text; None for anything else."""
    try:
        return json.loads(reply.body, parse_float=str)
    except (ValueError, RecursionError):
        return None


def _whole(value: Any) -> Any:
    """Return a command as JSON values with every field there; what is not set is null."""
    if isinstance(value, tuple | list):
        return [_whole(each) for each in value]
    if is_dataclass(value) and not hasattr(value, "hundredths"):
        return {
            each.name: None if (part := getattr(value, each.name)) is UNSET else _whole(part)
            for each in fields(value)
        }
    return to_data(value)
