"""The pure domain: money, calendar, VAT, and what a run should issue."""
