"""The form-post protocol: `<base>/includes/api.php`, one action a call, three reply formats."""

from adapter.protocols.whmcs.codec import WhmcsProtocol
from adapter.protocols.whmcs.quirks import Quirks

__all__ = ["Quirks", "WhmcsProtocol"]
