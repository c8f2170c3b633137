"""The root of all errors."""

from typing import ClassVar


class AdapterError(Exception):
    """Anything the gateway answers with an error."""

    code: ClassVar[str] = "internal"
