"""The bare references of `benchmarks/http_calls.py`: the least work that compares, on Flask.

`/gen` parses the form with the standard library and makes one due probe through SQLAlchemy;
`/recurring` parses the JSON and commits the same number of rows durably behind the same lock.
"""

import datetime as dt
import json
import os
from pathlib import Path
from urllib.parse import parse_qsl

import sqlalchemy as sa
from flask import Flask, Response, request

from adapter.store import sqlite

path = Path(os.environ["REFERENCE_DATABASE"])
engine = sa.create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=8)
sqlite.prepare(engine)
writer = engine.execution_options(adapter_write=True)
gate = sqlite.WriteGate(path, 10.0)
app = Flask(__name__)

DUE = sa.text("SELECT id FROM services WHERE next_invoice_on <= :horizon LIMIT 1")
rows = sa.Table(
    "reference_rows",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("parent", sa.Integer),
    sa.Column("text", sa.Text),
    sa.Column("amount", sa.Integer),
)
ROWS = int(os.environ.get("REFERENCE_ROWS", "13"))


@app.post("/gen")
def gen() -> Response:
    fields = dict(parse_qsl(request.get_data().decode()))
    horizon = dt.date(2026, 1, 1) + dt.timedelta(days=14)
    with engine.connect() as connection:
        due = connection.execute(DUE, {"horizon": horizon.isoformat()}).first()
    body = json.dumps({"result": "success", "numcreated": str(int(due is not None))})
    return Response(body, content_type="application/json" if fields else "text/plain")


@app.post("/recurring")
def recurring() -> Response:
    fields = json.loads(request.get_data())
    lines = fields["data"]
    values = [{"parent": n, "text": lines[n % len(lines)][2], "amount": 1} for n in range(ROWS)]
    with gate.hold(), writer.begin() as connection:
        connection.execute(sa.insert(rows), values)
    body = json.dumps({"type": "success", "document_id": "1", "message": "done"})
    return Response(body, content_type="application/json")
