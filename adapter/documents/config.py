"""What an operator chooses about documents: who sends them and how they look."""

from dataclasses import dataclass
from enum import StrEnum


class PageSize(StrEnum):
    """The paper of PDFs."""

    A4 = "A4"
    LETTER = "Letter"


@dataclass(frozen=True, slots=True)
class BusinessConfig:
    """Who sends documents and mails: what stands at the top and the bottom of each page.

    `address` and `bank_details` are lines. `email` is the sender of mails, the name beside it is
    `name`.
    """

    name: str = ""
    address: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    website: str = ""
    vat_number: str = ""
    registration_number: str = ""
    bank_details: tuple[str, ...] = ()
    terms: str = ""


@dataclass(frozen=True, slots=True)
class DocumentConfig:
    """How one account's documents look.

    `accent` is `#rrggbb`. `logo` is a PNG or JPEG file; `templates` a folder whose files replace
    the packaged ones of the same name; `fallback_fonts` are font files for characters that the
    packaged font has not; blank ones look for a known font of the system.
    """

    accent: str = "#1f4e79"
    logo: str = ""
    page_size: PageSize = PageSize.A4
    templates: str = ""
    fallback_fonts: tuple[str, ...] = ()
