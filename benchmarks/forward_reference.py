"""The bare references of `benchmarks/forward.py`: Flask views that forward with `requests`.

`/pass` sends the body on and hands the reply back. `/stored` parses the form, writes an attempt
durably, sends, and writes its end durably, behind the same write lock as the gateway's store.
`/translated` does so with a recurring invoice and three calls.
"""

import json
import os
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import requests
import sqlalchemy as sa
from flask import Flask, Response, request

from adapter.store import sqlite

UPSTREAM = os.environ["REFERENCE_UPSTREAM"]
path = Path(os.environ["REFERENCE_DATABASE"])
engine = sa.create_engine(f"sqlite:///{path}", pool_size=16, max_overflow=16)
sqlite.prepare(engine)
writer = engine.execution_options(adapter_write=True)
gate = sqlite.WriteGate(path, 10.0)
app = Flask(__name__)
local = threading.local()

attempts = sa.Table(
    "reference_attempts",
    sa.MetaData(),
    sa.Column("reference", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16)),
    sa.Column("request", sa.Text),
    sa.Column("result", sa.Text),
)
BEGIN = sa.insert(attempts)
END = (
    sa.update(attempts)
    .where(attempts.c.reference == sa.bindparam("held"))
    .values(state="done", result=sa.bindparam("answer"))
)


def session() -> requests.Session:
    if not hasattr(local, "session"):
        local.session = requests.Session()
        local.session.trust_env = False
    return local.session  # type: ignore[no-any-return]


@app.post("/pass")
def passed() -> Response:
    kind = {"Content-Type": request.headers["Content-Type"]}
    reply = session().post(UPSTREAM, request.get_data(), headers=kind, timeout=30)
    return Response(reply.content, reply.status_code, content_type=reply.headers["Content-Type"])


def begun(request_fields: Mapping[str, Any]) -> str:
    """Write an attempt durably; return its reference."""
    reference = uuid.uuid4().hex
    row = {"reference": reference, "state": "open", "request": json.dumps(request_fields)}
    with gate.hold(), writer.begin() as connection:
        connection.execute(BEGIN, row)
    return reference


def ended(reference: str, answer: Mapping[str, Any]) -> Response:
    """Write its end durably; return the reply."""
    with gate.hold(), writer.begin() as connection:
        connection.execute(END, {"held": reference, "answer": json.dumps(answer)})
    return Response(json.dumps(answer), content_type="application/json")


def asked(fields: Mapping[str, str]) -> Any:
    """Make one form-post call; return its reply."""
    body = urlencode({**fields, "identifier": "A", "secret": "B", "responsetype": "json"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return session().post(UPSTREAM, body, headers=kind, timeout=30).json()


@app.post("/stored")
def stored() -> Response:
    fields = dict(parse_qsl(request.get_data().decode()))
    reference = begun(fields)
    return ended(reference, asked(fields))


@app.post("/translated")
def translated() -> Response:
    sent = json.loads(request.get_data())
    reference = begun(sent)
    email = sent["client_email"]
    if asked({"action": "GetClientsDetails", "email": email})["result"] == "error":
        new = {"companyname": sent["client_invoice_name"], "email": email, "country": "ZA"}
        client_id = asked({"action": "AddClient", **new})["clientid"]
    for row in sent["data"]:
        item = {"clientid": client_id, "description": row[2], "amount": row[3], "recur": "1"}
        answer = asked({"action": "AddBillableItem", **item})
    return ended(reference, {"type": "success", "document_id": str(answer["billableid"])})
