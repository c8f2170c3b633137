"""The engine's calendar against the oracle, and the oracle against a wall calendar."""

import json
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from tests.oracle import dates
from tests.oracle.sweep import (
    JANUARY,
    Tally,
    compare_days,
    compare_form_post,
    compare_frequencies,
    days_of,
)

FIRST_YEAR, LAST_YEAR, COUNT = 2023, 2028, 480
DAYS = 2192
# A zone with its offsets from UTC in January and in July, in hours.
ZONES = {
    "UTC": (0, 0),
    "Africa/Johannesburg": (2, 2),
    "America/New_York": (-5, -4),
    "Pacific/Kiritimati": (14, 14),
    "Pacific/Apia": (13, 13),
    "Asia/Kolkata": (5.5, 5.5),
}
EVERY_DAY = [day for year in range(FIRST_YEAR, LAST_YEAR + 1) for day in days_of(year)]
# One in 29 days of all years, and the first sixty of a leap year.
SOME_DAYS = [*EVERY_DAY[::29], *EVERY_DAY[365 : 365 + 60]]
LAST_DAYS = [day for day in EVERY_DAY if day.day >= 28 and day.month in {1, 2, 8}]


def test_the_years_have_their_days():
    assert len(EVERY_DAY) == DAYS
    assert {day.day for day in SOME_DAYS} == set(range(1, 32))
    assert date(2024, 2, 29) in SOME_DAYS


def test_the_oracle_counts_days_as_everybody_does():
    for year in range(1900, 3600):
        for month in range(1, 13):
            first = date(year, month, 1).toordinal()
            assert dates.day_number(year, month, 1) == first
    assert dates.month_length(12 * 2024 + 1) == 29
    assert dates.month_length(12 * 2100 + 1) == 28


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            dates.occurrences(dates.Anchor(12 * 2024, 31), "monthly", 4),
            ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"],
        ),
        (
            dates.occurrences(dates.Anchor(12 * 2024 + 1, 29), "annually", 5),
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
        ),
        (
            dates.occurrences(dates.Anchor(12 * 2023 + 11, 31), "bi-weekly", 3),
            ["2023-12-31", "2024-01-14", "2024-01-28"],
        ),
        (
            dates.stepped(dates.Anchor(12 * 2025, 31), 1, 4),
            ["2025-01-31", "2025-02-28", "2025-03-28", "2025-04-28"],
        ),
        (
            dates.anchored(dates.Anchor(12 * 2025 + 1, 28), 1, 3, 31),
            ["2025-02-28", "2025-03-31", "2025-04-30"],
        ),
    ],
)
def test_the_oracle_says_what_a_wall_calendar_says(found, expected):
    assert [str(date.fromordinal(number)) for number in found] == expected


def test_a_difference_is_told():
    tally = Tally()
    tally.check("monthly", date(2024, 1, 31), [1, 2, 3], [1, 2, 4])
    assert tally.differences == ["monthly from 2024-01-31, number 2: 3, not 4"]


def test_the_engine_agrees_on_some_days():
    assert compare_days(compare_frequencies, SOME_DAYS, 40).differences == []
    assert compare_days(compare_form_post, SOME_DAYS, 24).differences == []


@pytest.fixture
def put_into_zone(monkeypatch):
    """Put this process into a time zone until the test ends."""

    def put(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield put
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("zone", ZONES)
def test_the_zone_of_the_process_moves_no_date(zone, put_into_zone):
    put_into_zone(zone)
    assert time.localtime(JANUARY).tm_gmtoff == ZONES[zone][0] * 3600
    assert compare_days(compare_frequencies, LAST_DAYS[::9], 25).differences == []


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
def test_the_engine_agrees_on_every_day_in_every_zone(zone):
    sweep = subprocess.run(  # noqa: S603 - this interpreter and our own module
        [
            *(sys.executable, "-m", "tests.oracle.sweep"),
            *map(str, (FIRST_YEAR, LAST_YEAR, COUNT, 1 if zone == "UTC" else 29)),
        ],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TZ": zone},
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(sweep.stdout)
    assert report["differences"] == []
    assert report["offsets"] == [hours * 3600 for hours in ZONES[zone]]
    # occurrences alone, before look-ups and steps
    assert report["compared"] > DAYS * 9 * COUNT
