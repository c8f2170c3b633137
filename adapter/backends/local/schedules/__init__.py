"""What an operator does with schedules: look at them, pause, resume, end and change them."""

from adapter.backends.local.schedules.changing import (
    ScheduleChange,
    change_schedule,
    end_schedule,
    pause_schedule,
)
from adapter.backends.local.schedules.listing import (
    ScheduleRow,
    changes_after,
    last_change,
    list_schedules,
    show_schedule,
)
from adapter.backends.local.schedules.resuming import resume_schedule

__all__ = [
    "ScheduleChange",
    "ScheduleRow",
    "change_schedule",
    "changes_after",
    "end_schedule",
    "last_change",
    "list_schedules",
    "pause_schedule",
    "resume_schedule",
    "show_schedule",
]
