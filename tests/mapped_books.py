"""The books of `tests.books` behind a mapping: JSON by POST, and a list to look things up in."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from adapter.backends.base import Connector, Proof
from adapter.backends.mapped import MappedConfig, MappedConnector, load_mapping
from adapter.backends.mapped.ids import IdBook
from adapter.backends.transport import Transport
from tests.books import Books
from tests.faults_proxy import Reply, Seen

MAPPING = """
mapping: 1
name: books
message: body.error
commands:
  CreateBillableItem:
    proof: {proof}
    ignores:
      client_id: the books are one client's
      amount: the books keep no amounts
      quantity: as above
      unit: as above
      action: the books bill nothing
      recur_every: as above
      recur_unit: as above
      recur_times: as above
      due_on: as above
    steps:
      - name: noted
        method: POST
        url: /documents
        json: {{reference: {{$eval: reference}}, words: {{$eval: command.description}}}}
    result:
      kind: BillableItemCreated
      fields: {{billable_item_id: {{value: steps.noted.body.id, as: integer}}}}
{look_up}
"""
LOOK_UP = """
    look_up:
      steps:
        - name: listed
          url: /documents
          query: {{{name}: {{$eval: {value}}}}}
          find: {{in: body.documents, where: {{{name}: {value}}}}}
      absent: "!(steps.listed.found)"
      result:
        kind: BillableItemCreated
        fields: {{billable_item_id: {{value: steps.listed.found.id, as: integer}}}}
"""
_LOOKED_UP_BY = {
    Proof.REFERENCE: {"name": "reference", "value": "reference"},
    Proof.NATURAL: {"name": "words", "value": "command.description"},
}


def mapping_of(proof: Proof) -> str:
    """Return the mapping file of books with this kind of proof."""
    by = _LOOKED_UP_BY.get(proof)
    return MAPPING.format(proof=proof.value, look_up="" if by is None else LOOK_UP.format(**by))


def mapped_connector(
    name: str, url: str, transport: Transport, file: Path, book: IdBook
) -> Connector:
    """Return the product's connector of a mapping file."""
    config = MappedConfig(str(file), url)
    mapping = load_mapping(str(file))
    return MappedConnector(name, mapping, config, transport, book, monotonic=time.monotonic)


def answer(books: Books, seen: Seen) -> Reply:
    """Note a document, or list those that are asked for."""
    if seen.method == "POST":
        asked = json.loads(seen.body)
        return _said({"id": books.note(asked["reference"], asked["words"])})
    ((name, (value,)),) = parse_qs(urlsplit(seen.target).query, strict_parsing=True).items()
    found = books.find(name, value)
    rows = [] if found is None else [{"id": found, name: value}]
    return _said({"documents": rows})


def _said(data: Any) -> Reply:
    return Reply(json.dumps(data).encode(), headers={"Content-Type": "application/json"})
