"""Documents of the store as pages: one reader, by the word that a document's link carries."""

from adapter.backends.local.pages.documents import document_page, recorded_number
from adapter.backends.local.pages.letters import LetterWriter
from adapter.backends.local.pages.linked import LinkedPages
from adapter.backends.local.pages.statements import statement_page

__all__ = [
    "LetterWriter",
    "LinkedPages",
    "document_page",
    "recorded_number",
    "statement_page",
]
