"""An issued document -> HTML, PDF and mail text.

What a page shows is one value (`model`), made elsewhere; templates turn it into HTML, into the
layout of a PDF, and into mails. Nothing here reads a store or the network.
"""
