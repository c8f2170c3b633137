"""The upstream of `benchmarks/forward.py`: fixed replies, at once or after `UPSTREAM_DELAY`."""

import asyncio
import os
from typing import Any

DELAY = float(os.environ.get("UPSTREAM_DELAY", "0"))
REPLY = b'{"result":"success","status":"success","billableid":12,"clientid":7}'
# Every client is new there.
ABSENT = b'{"result":"error","message":"Client Not Found"}'
HEADERS = [("content-type", "application/json"), ("set-cookie", "session=1; path=/")]


class Upstream:
    """One reply to every action but the look-up of a client."""

    async def __rsgi__(self, _scope: Any, proto: Any) -> None:
        """Read the body, wait, answer."""
        asked = await proto()
        if DELAY:
            await asyncio.sleep(DELAY)
        proto.response_bytes(200, HEADERS, ABSENT if b"GetClientsDetails" in asked else REPLY)


app = Upstream()
