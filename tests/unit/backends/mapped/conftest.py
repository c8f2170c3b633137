"""A book of numbers in memory, and networks that end in this process."""

import json
from urllib.parse import urlsplit

import pytest

from adapter.backends.base import Deadline
from adapter.backends.transport import UpstreamReply

DEADLINE = Deadline(10.0, lambda: 0.0)


class Book:
    """Numbers from 1, for every noun."""

    def __init__(self):
        self.known = {}

    def ours(self, noun, theirs):
        return self.known.setdefault((noun, theirs), len(self.known) + 1)

    def theirs(self, noun, ours):
        return next(
            (
                theirs
                for (kind, theirs), number in self.known.items()
                if (kind, number) == (noun, ours)
            ),
            None,
        )


class Script:
    """Answers requests one after the other, from a list of replies and errors; keeps them."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.sent = []

    def exchange(self, request, deadline):
        self.sent.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        status, body = reply
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return UpstreamReply(status, {}, raw)


class Within:
    """A network that ends in a server object of ours; `then` is raised after a deed."""

    def __init__(self, server):
        self.server = server
        self.then = None

    def exchange(self, request, deadline):
        parts = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, told = self.server.answer(
            request.method, parts.path, parts.query, headers, request.body
        )
        if self.then is not None and request.method == "POST":
            error, self.then = self.then, None
            raise error
        return UpstreamReply(status, {}, json.dumps(told).encode())


@pytest.fixture
def book():
    return Book()
