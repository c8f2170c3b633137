"""Delivery: once where all goes well, at least once where it does not, never out of order."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapter.documents.config import BusinessConfig
from adapter.documents.mail import Letter, Outdated, Undeliverable
from adapter.outbox.config import MailConfig, Transport
from adapter.outbox.deliver import Deliverer, MailAccount
from adapter.outbox.transport import FileTransport, NotNow, Refused, TransportDown
from adapter.store.outbox import Status, enqueue_many, list_rows, mail_row

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
EVERY = tuple(Status)


@dataclass
class Post:
    """A transport that answers as told, and the clocks around it."""

    store: Any
    context: Any
    config: MailConfig = MailConfig(retry_seconds=10, max_attempts=3)
    answers: list[Any] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)
    letters: list[Any] = field(default_factory=list)
    closed: int = 0
    now: datetime = START

    def __post_init__(self) -> None:
        self.account = MailAccount(
            name="main",
            store=self.store,
            business=BusinessConfig(name="Kaap, Hosting", email="billing@kaap.example"),
            config=self.config,
            write=self.write,
            transport=self,
            now=lambda: self.now,
            wall=lambda: self.now,
            jitter=lambda: 1.0,
        )
        self.deliverer = Deliverer(self.account)

    def write(self, row):
        answer = self.letters.pop(0) if self.letters else None
        if answer is not None:
            raise answer
        return Letter(("a@example.com",), f"Document {row.document_id}", "text\n", "<p>html")

    def send(self, message):
        answer = self.answers.pop(0) if self.answers else ""
        if isinstance(answer, Exception):
            raise answer
        self.sent.append(message)
        return answer

    def close(self):
        self.closed += 1

    def queue(self, *document_ids):
        with self.store.write() as uow:
            at = self.context(now=self.now)
            enqueue_many(uow, [mail_row(at, "t", 7, each) for each in document_ids])

    def states(self):
        with self.store.read() as uow:
            return [(row.status.value, row.last_error) for row in list_rows(uow, EVERY)]

    def subjects(self):
        return [message["Subject"] for message in self.sent]


@pytest.fixture
def post(store, context):
    made = Post(store, context)
    made.deliverer.round()
    return made


def test_each_mail_leaves_once(post):
    post.queue(1, 2)
    done = post.deliverer.round()
    assert (done.sent, done.expired, done.troubles) == (2, 0, ())
    assert post.deliverer.round().sent == 0
    assert post.subjects() == ["Document 1", "Document 2"]
    assert post.states() == [("sent", "")] * 2
    assert post.closed == 3


def test_a_message_has_its_headers_both_texts_and_a_stable_id(post):
    post.queue(1)
    post.answers = [NotNow("451 later")]
    post.deliverer.round()
    post.now += timedelta(minutes=1)
    post.deliverer.round()
    (message,) = post.sent
    with post.store.read() as uow:
        (row,) = list_rows(uow, EVERY)
    assert message["Message-ID"] == f"<{row.message_id}@kaap.example>"
    assert message["From"] == '"Kaap, Hosting" <billing@kaap.example>'
    assert message["To"] == "a@example.com"
    assert message["Date"] == "Mon, 02 Mar 2026 08:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_body(("plain",)).get_content() == "text\n"
    assert message.get_body(("html",)).get_content() == "<p>html\n"


def test_a_mail_that_is_not_taken_is_tried_again_later_and_later_then_given_up(post):
    post.queue(1)
    waits = []
    for _ in range(3):
        post.answers = [NotNow("451 later")]
        (trouble,) = post.deliverer.round().troubles
        with post.store.read() as uow:
            (row,) = list_rows(uow, EVERY)
        if row.due_at is not None:
            waits.append((row.due_at - post.now).total_seconds())
            post.now = row.due_at
    assert waits == [10, 20]
    assert trouble == "mail 1: dead after 3 tries: 451 later"
    assert post.states() == [("dead", "451 later")]


def test_a_server_that_is_down_is_left_alone_and_wears_nothing_out(post):
    post.queue(1, 2, 3)
    post.answers = [TransportDown("refused")]
    (trouble,) = post.deliverer.round().troubles
    assert trouble == "no mail can leave: refused"
    assert post.states() == [("waiting", "refused"), ("waiting", ""), ("waiting", "")]
    assert post.deliverer.round().sent == 0
    post.now += timedelta(seconds=10)
    assert post.deliverer.round().sent == 3
    assert sorted(post.subjects()) == ["Document 1", "Document 2", "Document 3"]


@pytest.mark.parametrize("error", [Undeliverable("no address"), Refused("550 unknown")])
def test_what_can_never_leave_is_a_dead_letter_and_keeps_no_other(post, error):
    post.queue(1, 1)
    if isinstance(error, Refused):
        post.answers = [error]
    else:
        post.letters = [error]
    done = post.deliverer.round()
    assert done.sent == 1
    assert done.troubles == (f"mail 1: dead: {error}",)
    assert post.states() == [("dead", str(error)), ("sent", "")]


def test_old_news_expires_visibly(post):
    post.queue(1)
    post.letters = [Outdated("three days late")]
    post.deliverer.round()
    assert post.sent == []
    assert post.states() == [("expired", "three days late")]


def test_a_defect_of_one_mail_is_told_and_keeps_no_other(post):
    post.queue(1, 2)
    post.letters = [ZeroDivisionError("oops")]
    done = post.deliverer.round()
    assert (done.sent, done.troubles) == (1, ("mail 1: ZeroDivisionError: oops",))
    assert post.states()[0] == ("waiting", "ZeroDivisionError: oops")


def test_mail_older_than_its_bound_expires(post):
    post.queue(1)
    post.now += timedelta(hours=25)
    assert post.deliverer.round().expired == 1
    assert post.states() == [("expired", "too old to be sent")]


def test_mail_from_before_it_was_switched_on_expires(store, context):
    post = Post(store, context)
    post.queue(1)
    post.now += timedelta(minutes=1)
    assert post.deliverer.round().expired == 1
    assert post.states() == [("expired", "queued before mail was switched on")]


def test_without_a_transport_mail_waits(store, context):
    post = Post(store, context, MailConfig(transport=Transport.NONE))
    post.queue(1)
    assert post.deliverer.round().sent == 0
    assert post.states() == [("waiting", "")]


def test_a_header_with_a_line_break_is_a_dead_letter(post):
    post.queue(1)
    post.write = None
    account = post.account
    bad = Letter(("a@example.com",), "x\r\nBcc: evil@example.com", "t", "h")
    deliverer = Deliverer(
        MailAccount(
            **{
                **{name: getattr(account, name) for name in account.__slots__},
                "write": lambda _: bad,
            }
        )
    )
    deliverer.round()
    ((status, why),) = post.states()
    assert status == "dead"
    assert "header" in why
    assert post.sent == []


def test_files_hold_one_message_each_and_replace_themselves(post, tmp_path):
    transport = FileTransport(tmp_path / "a" / "mail")
    post.queue(1)
    post.deliverer.round()
    (message,) = post.sent
    assert transport.send(message) == transport.send(message) == ""
    (file,) = (tmp_path / "a" / "mail").iterdir()
    assert file.name == f"{message['Message-ID'].strip('<>').partition('@')[0]}.eml"
    assert b"\r\nSubject: Document 1\r\n" in file.read_bytes()


def test_a_folder_that_cannot_be_written_is_a_way_that_is_down(post, tmp_path):
    (tmp_path / "mail").write_text("a file")
    post.queue(1)
    post.deliverer.round()
    with pytest.raises(TransportDown):
        FileTransport(tmp_path / "mail").send(post.sent[0])
