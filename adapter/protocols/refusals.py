"""Texts of another gateway that are no refusals, though they stand where refusals do."""

import re
from typing import Final

from adapter.errors import BadAnswer, OutcomeLost, OutcomeUnknown

_REFERENCE: Final = "\x00"
_SILENT: Final = re.compile(
    "|".join(
        re.escape(text).replace(re.escape(_REFERENCE), ".*")
        for text in (
            # Whatever broke, it may have broken after the deed.
            "Internal Error",
            str(BadAnswer()),
            # A run says after it what it had done before.
            f"{OutcomeUnknown()}{_REFERENCE}",
            str(OutcomeLost(_REFERENCE, "")),
        )
    )
).fullmatch


def is_silent(text: str) -> bool:
    """Tell whether an error text leaves open what was done."""
    return _SILENT(text) is not None
