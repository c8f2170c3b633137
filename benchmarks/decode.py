"""Decoding 1,000 rows of 8 columns: forms against PHP's parse_str, JSON against json.loads.

    python benchmarks/decode.py

Claims, each a ratio of medians from this one run, taken in turns on the same bytes: a form costs
at most 10 times PHP's own `parse_str`, a JSON body at most 2 times a bare `json.loads`, limits and
row checks included. Exits 1 where one fails, 2 without php-cli. Then, without a claim, what the
most expensive bodies of 8 MiB cost.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from adapter.errors import Malformed
from adapter.protocols.base import Limits
from adapter.protocols.jsonbody import decode_json, rows
from adapter.protocols.phpform import decode_form, encode_form

ROUNDS = 15
CALLS = 20
LIMITS = Limits()
MOST = LIMITS.body_bytes

TIME_PHP = """<?php
$text = file_get_contents($argv[1]);
for ($i = 0; $i < 20; $i++) { parse_str($text, $params); }
if (count($params['data']) !== 1000) { exit(1); }
while (fgets(STDIN) !== false) {
    $times = [];
    for ($i = 0; $i < (int) $argv[2]; $i++) {
        unset($params);
        $start = hrtime(true);
        parse_str($text, $params);
        $times[] = hrtime(true) - $start;
    }
    sort($times);
    echo $times[intdiv(count($times), 2)], "\\n";
    flush();
}
"""


def document() -> dict[str, object]:
    lines = [
        [f"SKU-{n}", n % 9 + 1, f"Hosting, plan {n} (10 GB & more)", 199.99, "ZAR", 1, 15.0, 0]
        for n in range(1000)
    ]
    return {"username": "api", "password": "secret", "ClientID": 7, "data": lines}


def median_of(call: Callable[[], object]) -> float:
    """Return the median time of a few calls in milliseconds."""
    times = []
    for _ in range(CALLS):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1e6


def read_form(raw: bytes) -> None:
    assert len(decode_form(raw, LIMITS)["data"]) == 1000


def read_json(raw: bytes) -> None:
    assert len(rows(decode_json(raw, LIMITS)["data"], LIMITS)) == 1000


def measure_form(php: str, raw: bytes) -> tuple[float, float]:
    """Return (ours, PHP's) medians for the same bytes, the two taking turns."""
    with tempfile.TemporaryDirectory() as folder:
        script, text = Path(folder, "time.php"), Path(folder, "form.txt")
        script.write_text(TIME_PHP)
        text.write_bytes(raw)
        command = [php, "-n", "-d", "max_input_vars=100000", str(script), str(text), str(CALLS)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            ours, theirs = [], []
            for _ in range(ROUNDS + 1):
                print(file=process.stdin, flush=True)
                theirs.append(int(process.stdout.readline()) / 1e6)
                ours.append(median_of(lambda: read_form(raw)))
            process.stdin.close()
    return statistics.median(ours[1:]), statistics.median(theirs[1:])


def measure_json(raw: bytes) -> tuple[float, float]:
    """Return (ours, json.loads) medians for the same bytes, the two taking turns."""
    ours, theirs = [], []
    for _ in range(ROUNDS + 1):
        theirs.append(median_of(lambda: json.loads(raw)))
        ours.append(median_of(lambda: read_json(raw)))
    return statistics.median(ours[1:]), statistics.median(theirs[1:])


def report(name: str, reference: str, medians: tuple[float, float], most: float) -> bool:
    ours, theirs = medians
    held = ours <= most * theirs
    print(
        f"| {name} | {ours:.2f} ms | {reference} {theirs:.2f} ms "
        f"| {ours / theirs:.2f} | at most {most:g} | {'held' if held else 'MISSED'} |",
        flush=True,
    )
    return held


def hostile_forms() -> dict[str, bytes]:
    return {
        "one value, no escapes": b"a=" + b"x" * (MOST - 2),
        "nothing but escapes": b"a=" + b"%41" * (MOST // 3 - 1),
        "nothing but %25": b"a=" + b"%25" * (MOST // 3 - 1),
        "nothing but %": b"%" * MOST,
        "nothing but =": b"=" * MOST,
        "nothing but &": b"&" * MOST,
        "bytes that are no UTF-8": b"a=" + b"\xff" * (MOST - 2),
        "brackets": b"a" + b"[]" * (MOST // 2 - 1),
        "39,999 appended": b"a[]=1&" * 39_999,
        "39,999 names of 60 levels": (b"a" + b"[]" * 60 + b"=1&") * 39_999,
    }


def hostile_json() -> dict[str, bytes]:
    return {
        "one text": b'{"a":"' + b"x" * (MOST - 8) + b'"}',
        "text of commas": b'{"a":"' + b"," * (MOST - 8) + b'"}',
        "text of brackets": b'{"a":"' + b"[" * (MOST - 8) + b'"}',
        "text of nested brackets": b'{"a":"' + (b"[" * 70 + b"]" * 70) * (MOST // 141) + b'"}',
        "nothing but [": b'{"a":' + b"[" * (MOST - 5),
        "list of numbers": b'{"a":[' + b"1," * (MOST // 2 - 8) + b"1]}",
        "one number": b'{"a":' + b"1" * (MOST - 6) + b"}",
    }


def cost(call: Callable[[], object]) -> str:
    start = time.process_time()
    answer = "read"
    try:
        call()
    except Malformed as error:
        answer = str(error)
    return f"{(time.process_time() - start) * 1e3:.0f} ms | {answer}"


def main() -> int:
    php = shutil.which("php")
    if php is None:
        print("php-cli is not installed", file=sys.stderr)
        return 2
    sent = document()
    lines = sent["data"]
    assert isinstance(lines, list)
    keyed = {**sent, "data": [{str(n): cell for n, cell in enumerate(row)} for row in lines]}
    encoded = encode_form(sent)
    raw_brackets = encoded.replace(b"%5B", b"[").replace(b"%5D", b"]")
    print("| 1,000 rows x 8 columns | ours | reference | ratio | target | |")
    print("|---|---|---|---|---|---|")
    held = [
        report("form, `%5B0%5D`", "parse_str", measure_form(php, encoded), 10),
        report("form, `[0]`", "parse_str", measure_form(php, raw_brackets), 10),
        report("JSON, lists", "json.loads", measure_json(json.dumps(sent).encode()), 2),
        report("JSON, objects", "json.loads", measure_json(json.dumps(keyed).encode()), 2),
    ]
    print("\n| hostile, 8 MiB | CPU | answer |\n|---|---|---|")
    for name, raw in hostile_forms().items():
        print(f"| form: {name} | {cost(partial(decode_form, raw[:MOST], LIMITS))} |")
    for name, raw in hostile_json().items():
        print(f"| JSON: {name} | {cost(partial(decode_json, raw, LIMITS))} |")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
