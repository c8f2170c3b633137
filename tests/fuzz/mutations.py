"""Break requests the way clients, proxies and attackers do; everything drawn from one `Random`."""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from urllib.parse import quote

from adapter.protocols.base import WireRequest

Mutation = Callable[[WireRequest, Random], WireRequest]

FORM = "application/x-www-form-urlencoded"
CONTENT_TYPES = (
    "",
    FORM,
    f"{FORM}; charset=UTF-8",
    f"{FORM}; charset=utf-16",
    "application/json",
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "b" * 300,
    "multipart/mixed; boundary=x",
    "application/octet-stream",
    "application/x-www-form-urlencoded, multipart/form-data",
)
NUMBERS = (
    b"0",
    b"-1",
    b"1.5",
    b"1e9",
    b"00",
    b"+1",
    b" 1",
    b"1 ",
    b"0x10",
    b"1_0",
    b"NaN",
    b"Infinity",
    b"-0",
    b"9" * 19,
    b"9223372036854775808",
    b"-9223372036854775809",
    b"9" * 400,
    b"1." + b"3" * 400,
    b"\xd9\xa1\xd9\xa2",
    b"1,2",
    b"1;2",
    b"[]",
    b"null",
    b"true",
    b"",
)
ODD_BYTES = (
    b"\x00",
    b"%00",
    b"\xff",
    b"%ff",
    b"%",
    b"%1",
    b"%zz",
    b"%u0041",
    b"\xed\xa0\x80",
    b"%ED%A0%80",
    b"\xc0\xaf",
    b"\xf0\x9f\x92\xa9",
    b"\\ud800",
    b"\\u0000",
    b"\r\n",
    b"\n",
    b"'",
    b'"',
    b"<",
    b"&amp;",
    b";",
    b"=",
    b"&",
    b"[",
    b"]",
    b"[]",
    b"[a",
    b"+",
    b".",
    b"${any}",
    b"{{7*7}}",
    b"\xef\xbb\xbf",
    b"\x1b[31m",
)
NAMES = (
    b"action",
    b"responsetype",
    b"clientid",
    b"serviceids",
    b"serviceids[]",
    b"serviceids[0]",
    b"addonids[x]",
    b"domainids[][]",
    b"noemails",
    b"username",
    b"identifier",
    b"accesskey",
    b"BID",
    b"data",
    b"data[0][0]",
    b"data[0]",
    b"data[0][3][1]",
    b"data[99999999999][0]",
    b"ClientID",
    b"Recurrs",
    b"limitnum",
    b"limitstart",
    b"a b.c",
    b"[x]",
    b"x[",
    b"x[[a]",
    b"",
    b"apiformat",
)
WORDS = (b"json", b"xml", b"nvp", b"JSON", b"GenInvoices", b"geninvoices", b"monthly", b"x" * 300)
_NUMBER = re.compile(rb"[0-9]+")
_LARGEST = 200_000


def pairs(data: bytes) -> list[bytes]:
    """Return the raw pairs of a form."""
    return data.split(b"&") if data else []


def _somewhere(random: Random, size: int) -> int:
    return random.randrange(size) if size else 0


def _part(request: WireRequest, random: Random) -> str:
    """Return which part to change: the body, and the query where there is one."""
    if not request.body:
        return "query"
    return "query" if request.query and random.random() < 0.2 else "body"


def _edit(
    request: WireRequest, random: Random, edit: Callable[[bytes], bytes], part: str | None = None
) -> WireRequest:
    part = part or _part(request, random)
    changed = edit(getattr(request, part))[:_LARGEST]
    if part == "body":
        return replace(request, body=changed, announced_length=len(changed))
    return replace(request, query=_sendable(changed))


def _sendable(query: bytes) -> bytes:
    """Return a query without the bytes that cannot stand in a request line."""
    return bytes(byte for byte in query if 0x20 < byte < 0x7F and byte != ord("#"))


def flip(request: WireRequest, random: Random) -> WireRequest:
    """Change a few single bytes."""

    def edit(data: bytes) -> bytes:
        made = bytearray(data)
        for _ in range(random.choice((1, 1, 1, 2, 8))):
            if made:
                made[_somewhere(random, len(made))] ^= 1 << random.randrange(8)
        return bytes(made)

    return _edit(request, random, edit)


def cut(request: WireRequest, random: Random) -> WireRequest:
    """Drop the end."""
    return _edit(request, random, lambda data: data[: _somewhere(random, len(data) + 1)])


def drop(request: WireRequest, random: Random) -> WireRequest:
    """Drop a stretch."""

    def edit(data: bytes) -> bytes:
        at = _somewhere(random, len(data))
        return data[:at] + data[at + random.randrange(1, 12) :]

    return _edit(request, random, edit)


def insert(request: WireRequest, random: Random) -> WireRequest:
    """Insert odd bytes."""

    def edit(data: bytes) -> bytes:
        at = _somewhere(random, len(data) + 1)
        return data[:at] + random.choice(ODD_BYTES) + data[at:]

    return _edit(request, random, edit)


def repeat(request: WireRequest, random: Random) -> WireRequest:
    """Repeat a stretch, sometimes many times."""

    def edit(data: bytes) -> bytes:
        at = _somewhere(random, len(data))
        piece = data[at : at + random.randrange(1, 40)]
        return data[:at] + piece * random.choice((2, 3, 50, 1000)) + data[at:]

    return _edit(request, random, edit)


def number(request: WireRequest, random: Random) -> WireRequest:
    """Replace a number."""

    def edit(data: bytes) -> bytes:
        found = list(_NUMBER.finditer(data))
        if not found:
            return data + b"&clientid=" + random.choice(NUMBERS)
        one = random.choice(found)
        return data[: one.start()] + random.choice(NUMBERS) + data[one.end() :]

    return _edit(request, random, edit)


def _on_pairs(change: Callable[[list[bytes], Random], None]) -> Mutation:
    def mutate(request: WireRequest, random: Random) -> WireRequest:
        def edit(data: bytes) -> bytes:
            rows = pairs(data)
            change(rows, random)
            return b"&".join(rows)

        return _edit(request, random, edit)

    mutate.__name__ = change.__name__.lstrip("_")
    return mutate


def _remove_pair(rows: list[bytes], random: Random) -> None:
    if rows:
        del rows[_somewhere(random, len(rows))]


def _double_pair(rows: list[bytes], random: Random) -> None:
    if rows:
        one = random.choice(rows)
        name, _, value = one.partition(b"=")
        again = random.choice((one, name, name + b"=", name + b"[]=" + value, name + b"[a]=1"))
        rows.insert(_somewhere(random, len(rows) + 1), again)


def _rename_pair(rows: list[bytes], random: Random) -> None:
    if rows:
        at = _somewhere(random, len(rows))
        name, equals, value = rows[at].partition(b"=")
        new = random.choice(
            (
                random.choice(NAMES),
                name.upper(),
                name + b"[]",
                name + b"[0]",
                name + b"[0][x]",
                name.replace(b"[", b"%5B").replace(b"]", b"%5d"),
                name.replace(b"[", b"%255B"),
                b"+" + name,
                b"%00" + name,
                name + b"%00",
                b"".join(b"%%%02X" % byte for byte in name),
            )
        )
        rows[at] = new + equals + value


def _refill_pair(rows: list[bytes], random: Random) -> None:
    if rows:
        at = _somewhere(random, len(rows))
        name, _, _ = rows[at].partition(b"=")
        rows[at] = name + b"=" + random.choice((*NUMBERS, *ODD_BYTES, *WORDS))


def _add_pair(rows: list[bytes], random: Random) -> None:
    value = random.choice((*NUMBERS, *ODD_BYTES, *WORDS))
    rows.insert(_somewhere(random, len(rows) + 1), random.choice(NAMES) + b"=" + value)


def _many_pairs(rows: list[bytes], random: Random) -> None:
    name = random.choice(NAMES)
    form = random.choice((b"%s[]=1", b"%s[%%d]=1", b"%s[x][%%d]=1", b"%s%%d=1")) % name
    count = random.choice((20, 300, 5000))
    rows += [form % n if b"%d" in form else form for n in range(count)]


def _shuffle_pairs(rows: list[bytes], random: Random) -> None:
    random.shuffle(rows)


def _nest_deep(rows: list[bytes], random: Random) -> None:
    depth = random.choice((3, 63, 64, 65, 1000))
    rows.append(random.choice(NAMES) + random.choice((b"[]", b"[0]", b"[a]")) * depth + b"=1")


def nest_json(request: WireRequest, random: Random) -> WireRequest:
    """Nest a JSON body too deep, or wrap it."""

    def edit(data: bytes) -> bytes:
        depth = random.choice((1, 60, 100, 5000))
        return random.choice(
            (
                b"[" * depth + data + b"]" * depth,
                b'{"a":' * depth + data + b"}" * depth,
                b"[" * depth,
                b'{"data":' + b"[" * depth + b"]" * depth + b"}",
                data[:-1] + b',"data":' + b"[" * depth + b"]" * depth + b"}",
                data.replace(b"[", b"{").replace(b"]", b"}"),
                data.replace(b'"', b"'"),
                b"\xef\xbb\xbf" + data,
                data + data,
                b'"' + data + b'"',
                data.decode("latin-1").encode("utf-16"),
            )
        )

    return _edit(request, random, edit, "body")


def encode_body(request: WireRequest, random: Random) -> WireRequest:
    """Escape all of the body, once too often or byte by byte."""

    def edit(data: bytes) -> bytes:
        if random.random() < 0.5:
            return quote(data, safe="=&").encode()
        return b"".join(b"%%%02x" % byte if byte not in b"=&" else bytes([byte]) for byte in data)

    return _edit(request, random, edit, "body")


def content_type(request: WireRequest, random: Random) -> WireRequest:
    """Label the body as something else."""
    headers = {name: value for name, value in request.headers.items() if name != "content-type"}
    label = random.choice(CONTENT_TYPES)
    return replace(request, headers=headers | ({"content-type": label} if label else {}))


def as_multipart(request: WireRequest, random: Random) -> WireRequest:
    """Send the pairs of a form as parts, some of them broken."""
    boundary = b"b0undary"
    parts = []
    for row in pairs(request.body):
        name, _, value = row.partition(b"=")
        disposition = b'Content-Disposition: form-data; name="' + name + b'"'
        broken = random.random()
        if broken < 0.05:
            disposition = disposition[: random.randrange(len(disposition))]
        elif broken < 0.1:
            disposition += b'; filename="a.txt"'
        elif broken < 0.15:
            disposition += b"\r\nContent-Transfer-Encoding: base64"
        blank = b"\r\n" if broken < 0.2 else b"\r\n\r\n"
        parts.append(b"--" + boundary + b"\r\n" + disposition + blank + value + b"\r\n")
    body = b"".join(parts) + random.choice((b"--" + boundary + b"--\r\n", b"", b"--" + boundary))
    return replace(
        request,
        body=body,
        announced_length=len(body),
        headers=request.headers
        | {"content-type": f"multipart/form-data; boundary={boundary.decode()}"},
    )


def to_query(request: WireRequest, random: Random) -> WireRequest:
    """Move pairs of the body into the query, all or some."""
    rows = pairs(request.body)
    moved = [row for row in rows if random.random() < random.choice((0.5, 1.0))]
    kept = b"&".join(row for row in rows if row not in moved)
    query = _sendable(b"&".join(([request.query] if request.query else []) + moved))
    return replace(request, query=query[:8000], body=kept, announced_length=len(kept))


def method(request: WireRequest, random: Random) -> WireRequest:
    """Use another method."""
    return replace(
        request, method=random.choice(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "POST"))
    )


def path(request: WireRequest, random: Random) -> WireRequest:
    """Misspell the path."""
    text = request.path[1:]
    at = _somewhere(random, len(text))
    return replace(
        request,
        path="/"
        + random.choice(
            (
                text.upper(),
                "sub/" + text,
                text + "/",
                text[:at] + random.choice("%/.x") + text[at:],
                text[:at],
                text.replace("/", "//"),
                text.replace("api", "../api"),
            )
        ),
    )


def chunked(request: WireRequest, _: Random) -> WireRequest:
    """Send the body without a length."""
    return replace(request, announced_length=None)


MUTATIONS: tuple[Mutation, ...] = (
    flip,
    flip,
    cut,
    drop,
    insert,
    insert,
    repeat,
    number,
    number,
    _on_pairs(_remove_pair),
    _on_pairs(_double_pair),
    _on_pairs(_rename_pair),
    _on_pairs(_rename_pair),
    _on_pairs(_refill_pair),
    _on_pairs(_refill_pair),
    _on_pairs(_add_pair),
    _on_pairs(_many_pairs),
    _on_pairs(_shuffle_pairs),
    _on_pairs(_nest_deep),
    nest_json,
    encode_body,
    content_type,
    as_multipart,
    to_query,
    method,
    path,
    chunked,
)


def mutate(request: WireRequest, random: Random) -> tuple[WireRequest, str]:
    """Return a request broken in one to three ways, and the names of the ways."""
    names = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        one = random.choice(MUTATIONS)
        request = one(request, random)
        names.append(one.__name__)
    return request, "+".join(names)
