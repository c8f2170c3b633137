"""Books kept elsewhere, three dialects to write in them, and a connector for each.

`Books.answer` is a backend behind a `FaultProxy`: it notes one document a request and finds it
again by our reference or by what it says. The three connectors have the shapes of the product's
own: a form, a positional list, and the command model as JSON.
"""

import json
import threading
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from adapter.backends.base import Deadline, Proof
from adapter.backends.transport import OutboundRequest, Transport, UpstreamReply
from adapter.commands.canonical import read_result, result_data
from adapter.commands.context import Context
from adapter.commands.model import Command, CreateBillableItem
from adapter.commands.results import BillableItemCreated, Result
from adapter.errors import BadAnswer, InvalidField
from tests.faults_proxy import Reply, Seen

OK = 200


@dataclass(frozen=True)
class Document:
    document_id: int
    reference: str
    words: str


@dataclass
class Books:
    """The documents, in the order in which they were noted. A reply names the document's id."""

    documents: list[Document] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, reference: str, words: str) -> int:
        with self.lock:
            made = Document(len(self.documents) + 1, reference, words)
            self.documents.append(made)
            return made.document_id

    def find(self, name: str, value: str) -> int | None:
        with self.lock:
            found = [each for each in self.documents if getattr(each, name) == value]
        return found[0].document_id if found else None


class Dialect:
    """One way of writing: what is sent, how the books read it, how their answer is read."""

    name: ClassVar[str]
    path: ClassVar[str]

    def written(self, asked: dict[str, str]) -> tuple[str, bytes]:
        """Return content type and body."""
        raise NotImplementedError

    def asked(self, body: bytes) -> dict[str, str]:
        raise NotImplementedError

    def told(self, document_id: int | None) -> bytes:
        raise NotImplementedError

    def read(self, body: bytes) -> int | None:
        """Return the id in a reply, None for none; raises `BadAnswer`."""
        raise NotImplementedError

    def answer(self, books: Books, seen: Seen) -> Reply:
        asked = self.asked(seen.body)
        if "by" in asked:
            return Reply(self.told(books.find(asked["by"], asked["value"])))
        return Reply(self.told(books.note(asked["reference"], asked["words"])))


class Form(Dialect):
    name = "form-post"
    path = "/includes/api.php"

    def written(self, asked: dict[str, str]) -> tuple[str, bytes]:
        return "application/x-www-form-urlencoded", urlencode(asked).encode()

    def asked(self, body: bytes) -> dict[str, str]:
        return dict(parse_qsl(body.decode()))

    def told(self, document_id: int | None) -> bytes:
        return json.dumps({"result": "success", "id": document_id}).encode()

    def read(self, body: bytes) -> int | None:
        reply = _object(body)
        if reply.get("result") != "success":
            raise BadAnswer
        return _id(reply.get("id"))


class Positional(Dialect):
    name = "positional"
    path = "/api/GenerateNewThing.php"
    columns = ("reference", "words", "by", "value")

    def written(self, asked: dict[str, str]) -> tuple[str, bytes]:
        return "application/json", json.dumps(
            [asked.get(name, "") for name in self.columns]
        ).encode()

    def asked(self, body: bytes) -> dict[str, str]:
        row = zip(self.columns, json.loads(body), strict=True)
        return {name: value for name, value in row if value}

    def told(self, document_id: int | None) -> bytes:
        # Text whose start cannot be taken for the whole.
        return f"{document_id or 0:04d};".encode()

    def read(self, body: bytes) -> int | None:
        if len(body) != len(b"0000;") or not body.endswith(b";") or not body[:-1].isdigit():
            raise BadAnswer
        return int(body[:-1]) or None


class Canonical(Dialect):
    name = "canonical"
    path = "/canonical/commands"

    def written(self, asked: dict[str, str]) -> tuple[str, bytes]:
        return "application/json", json.dumps(asked).encode()

    def asked(self, body: bytes) -> dict[str, str]:
        return _object(body)

    def told(self, document_id: int | None) -> bytes:
        made = None if document_id is None else result_data(BillableItemCreated(document_id))
        return json.dumps(made).encode()

    def read(self, body: bytes) -> int | None:
        try:
            data = json.loads(body)
            if data is None:
                return None
            result = read_result(data)
        except (ValueError, InvalidField) as error:
            raise BadAnswer from error
        if not isinstance(result, BillableItemCreated):
            raise BadAnswer
        return result.billable_item_id


DIALECTS = {each.name: each for each in (Form(), Positional(), Canonical())}


class BooksConnector:
    """Writes a `CreateBillableItem` in the books; `proof_of` is how it can be found again."""

    def __init__(
        self, name: str, dialect: Dialect, url: str, transport: Transport, proof: Proof
    ) -> None:
        self.name = name
        self._dialect = dialect
        self._url = url
        self._transport = transport
        self._proof = proof

    def proof(self, command: Command) -> Proof:
        return self._proof

    def send(self, command: Command, context: Context, deadline: Deadline) -> Result:
        asked = {"reference": context.reference, "words": _words(command)}
        document_id = self._ask(asked, deadline)
        if document_id is None:
            raise BadAnswer
        return BillableItemCreated(document_id)

    def look_up(self, command: Command, context: Context, deadline: Deadline) -> Result | None:
        name, value = {
            Proof.REFERENCE: ("reference", context.reference),
            Proof.NATURAL: ("words", _words(command)),
        }[self._proof]
        document_id = self._ask({"by": name, "value": value}, deadline)
        return None if document_id is None else BillableItemCreated(document_id)

    def _ask(self, asked: dict[str, str], deadline: Deadline) -> int | None:
        kind, body = self._dialect.written(asked)
        url = f"{self._url}{self._dialect.path}"
        request = OutboundRequest("POST", url, {"Content-Type": kind}, body)
        reply: UpstreamReply = self._transport.exchange(request, deadline)
        if reply.status != OK:
            raise BadAnswer
        return self._dialect.read(reply.body)


def _words(command: Command) -> str:
    assert isinstance(command, CreateBillableItem)
    return command.description


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadAnswer from error
    if not isinstance(data, dict):
        raise BadAnswer
    return data


def _id(value: object) -> int | None:
    if value is not None and type(value) is not int:
        raise BadAnswer
    return value
