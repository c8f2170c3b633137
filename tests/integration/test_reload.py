"""SIGHUP: routes change while requests are under way, and no request sees both."""

import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Gateway, OpenGateway
from tests.integration.test_front_door import API, FORM, call, port_of
from tests.upstream import Reply, Upstream, upstream

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

CALLS = 200
TABLE = """
[accounts.main.backends.NAME]
kind = "forward"
protocol = "whmcs"
url = "http://127.0.0.1:PORT/includes/api.php"
"""


def settings(first: Upstream, second: Upstream, chosen: str) -> str:
    tables = [
        TABLE.replace("NAME", name).replace("PORT", str(each.port))
        for name, each in (("one", first), ("two", second))
    ]
    return "".join(tables) + f'[accounts.main.routes]\nupstream = "{chosen}"\n'


def hang_up(gateway: Gateway) -> None:
    assert gateway.process is not None
    os.kill(gateway.process.pid, signal.SIGHUP)


def wait_for(gateway: Gateway, text: str, times: int) -> None:
    until = time.monotonic() + 30
    while gateway.log.read_text().count(text) < times:
        assert time.monotonic() < until, gateway.log.read_text()[-2000:]
        time.sleep(0.02)


def started(
    open_gateway: OpenGateway, folder: Path, text: str, workers: int
) -> tuple[Gateway, Path]:
    file = folder / "adapter.toml"
    file.write_text(text)
    threads = str(CALLS + 60)  # connections are not spread evenly over processes
    gateway = open_gateway(
        workers=workers, ADAPTER_CONFIG=str(file), ADAPTER_SERVER_THREADS=threads
    )
    return gateway, file


def ask(port: int) -> str:
    status, _, body = call(port, "POST", API, [("Content-Type", FORM)], b"action=who")
    return f"{status} {body.decode()}"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reload_under_200_calls_in_flight_fails_none_and_mixes_none(
    open_gateway, tmp_path, workers
):
    with upstream() as first, upstream() as second:
        first.replies["who"] = lambda: Reply(body=b"one")
        second.replies["who"] = lambda: Reply(body=b"two")
        gateway, file = started(open_gateway, tmp_path, settings(first, second, "one"), workers)
        port = port_of(gateway)
        first.hold.clear()
        with ThreadPoolExecutor(CALLS + 50) as pool, ExitStack() as at_last:
            # The upstream would hold its callers for ever, whatever goes wrong here.
            at_last.callback(first.hold.set)
            early = [pool.submit(ask, port) for _ in range(CALLS)]
            until = time.monotonic() + 30
            while len(first.seen) < CALLS:
                assert time.monotonic() < until, len(first.seen)
                time.sleep(0.02)
            file.write_text(settings(first, second, "two"))
            hang_up(gateway)
            wait_for(gateway, '"event":"settings read again"', workers)
            assert f'"file":"{file}"' in gateway.log.read_text()
            late = [pool.submit(ask, port) for _ in range(50)]
            assert Counter(each.result() for each in late) == {"200 two": 50}
            first.hold.set()
            assert Counter(each.result() for each in early) == {"200 one": CALLS}
        assert (len(first.seen), len(second.seen)) == (CALLS, 50)


def test_calls_all_along_two_reloads_are_all_answered(open_gateway, tmp_path):
    with upstream() as first, upstream() as second:
        first.replies["who"] = lambda: Reply(body=b"one")
        second.replies["who"] = lambda: Reply(body=b"two")
        gateway, file = started(open_gateway, tmp_path, settings(first, second, "one"), 2)
        port, ended = port_of(gateway), threading.Event()

        def keep_asking() -> Counter[str]:
            seen: Counter[str] = Counter()
            while not ended.is_set():
                seen[ask(port)] += 1
            return seen

        with ThreadPoolExecutor(4) as pool, ExitStack() as at_last:
            at_last.callback(ended.set)
            asking = [pool.submit(keep_asking) for _ in range(4)]
            for number, chosen in enumerate(("two", "one"), 1):
                file.write_text(settings(first, second, chosen))
                hang_up(gateway)
                wait_for(gateway, '"event":"settings read again"', 2 * number)
            ended.set()
            total: Any = sum((each.result() for each in asking), Counter())
        assert set(total) <= {"200 one", "200 two"}
        assert total["200 one"] > 0


def test_an_invalid_file_is_refused_by_key_and_the_old_one_stays(open_gateway, tmp_path):
    with upstream() as first, upstream() as second:
        text = settings(first, second, "one")
        gateway, file = started(open_gateway, tmp_path, text, 1)
        port = port_of(gateway)
        for broken, key in (
            (text + 'default = "three"\n', "accounts.main.routes.default: no backend three"),
            (text + "[", "not readable as TOML"),
            (text + "[server]\nworkers = 3\n", "server: cannot be changed"),
        ):
            file.write_text(broken)
            hang_up(gateway)
            wait_for(gateway, key, 1)
        assert ask(port) == "200 served who"
        assert len(first.seen) == 1
        # A process that is started anew has the old ones too, not what lies there by now.
        log = gateway.log.read_text()
        assert log.count("the old ones stay") == 3
        assert '"event":"settings read again"' not in log
