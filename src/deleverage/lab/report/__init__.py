"""A report on an event: one folder of pages that need no network."""
