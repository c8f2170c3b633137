"""How `adapter serve` ends: by a signal in order, and never leaving a process behind."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fuzz.server import environment, free_port, upgrade
from tests.integration.test_serve import (
    ADAPTER,
    API,
    FORM,
    START_SECONDS,
    Running,
    start,
    wait_for,
)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]


def children(pid: int) -> list[int]:
    """Return the processes below a process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == pid:
            child = int(stat.parent.name)
            found += [child, *children(child)]
    return found


def still_there(pids: list[int], seconds: float = 20) -> list[int]:
    """Return which of these processes have not ended after so long."""
    until = time.monotonic() + seconds
    while True:
        left = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        if not left or time.monotonic() >= until:
            return left
        time.sleep(0.1)


def workers(pids: list[int]) -> list[int]:
    """Return which of these processes are daily workers."""
    return [pid for pid in pids if b"--with-parent" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def said(running: Running) -> list[str]:
    """Return what stands in the log beside requests and what a server says in order."""
    expected = ("{", "Serving on ", "Account main, daily run of ")
    return [line for line in running.log.read_text().splitlines() if not line.startswith(expected)]


def signal_all(running: Running) -> None:
    """Send what a terminal sends: Ctrl-C reaches the whole group."""
    os.killpg(running.process.pid, signal.SIGINT)


@pytest.mark.parametrize(
    "send", [signal_all, lambda running: running.process.terminate()], ids=["ctrl-c", "term"]
)
def test_a_started_request_is_answered_while_the_server_stops(tmp_path, send):
    running = start(tmp_path, "--workers", "2")
    body = running.gen()
    head = (
        f"POST {API} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    callers = [socket.create_connection(("127.0.0.1", running.port), 30) for _ in range(6)]
    try:
        for each in callers:
            each.sendall(head + body[:9])
        # Answered by the same processes, so they have read the others' heads.
        for _ in range(20):
            assert running.request("GET", "/healthz")[0] == 200
        send(running)
        # From here on no new caller is let in.
        until = time.monotonic() + START_SECONDS
        while answers(running) and time.monotonic() < until:
            time.sleep(0.02)
        for each in callers:
            each.sendall(body[9:])
        replies = [each.recv(65536) for each in callers]
    finally:
        for each in callers:
            each.close()
        running.process.terminate()
        status = running.process.wait(40)
    assert [reply.startswith(b"HTTP/1.1 200 ") for reply in replies] == [True] * 6
    assert status == 0
    assert said(running) == []


def answers(running: Running) -> bool:
    try:
        return running.request("GET", "/healthz")[0] == 200
    except OSError:
        return False


@pytest.fixture(autouse=True)
def hears_ctrl_c() -> Iterator[None]:
    """What a shell runs in the background ignores Ctrl-C, and so does all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("tenths", range(2, 30, 4))
def test_ctrl_c_is_quiet_while_the_server_starts(tmp_path, tenths):
    environ = environment(tmp_path)
    upgrade(environ)
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [str(ADAPTER), "serve", "--bind", f"127.0.0.1:{free_port()}", "--workers", "2"],
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    time.sleep(tenths / 10)
    pids = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    # While it loads it ends by the signal itself, or with what click says of Ctrl-C.
    assert process.wait(40) in {0, 1, -signal.SIGINT}
    assert still_there(pids) == []
    text = re.sub(
        r"Serving on .*\n|Account main, daily run of .*\n|\{.*\n|\nAborted!\n", "", log.read_text()
    )
    assert text == ""


def test_ctrl_c_ends_every_process_soon(tmp_path):
    running = start(tmp_path, "--workers", "2", "--no-worker")
    pids = children(running.process.pid)
    try:
        assert workers(pids) == []
        assert running.post(API, running.gen())[0] == 200
    finally:
        signal_all(running)
        status = running.process.wait(10)
    assert status == 0
    assert len(pids) >= 2
    assert still_there(pids) == []
    assert said(running) == []


def test_a_term_signal_ends_every_process_soon(tmp_path):
    running = start(tmp_path)
    pids = children(running.process.pid)
    running.process.terminate()
    assert running.process.wait(10) == 0
    assert len(pids) >= 2
    assert still_there(pids) == []
    assert said(running) == []


def test_no_process_outlives_a_killed_server(tmp_path):
    running = start(tmp_path, "--workers", "2")
    pids = children(running.process.pid)
    running.process.kill()
    running.process.wait()
    left = still_there(pids)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(pids) >= 3
    assert left == []
    with closing(socket.socket()) as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", running.port))


def test_a_killed_worker_is_replaced_and_none_outlives_the_server(tmp_path):
    running = start(tmp_path)
    try:
        (first,) = workers(children(running.process.pid))
        os.kill(first, signal.SIGKILL)
        wait_for(running.log, running.process, "was started again")
        assert running.post(API, running.gen())[0] == 200
    finally:
        pids = children(running.process.pid)
        (second,) = workers(pids)
        running.process.kill()
        running.process.wait()
    left = still_there([second])
    for pid in still_there(pids, seconds=0):
        os.kill(pid, signal.SIGKILL)
    assert first != second
    assert left == []
