"""Requests that are wrong, each with the reason that it has to be given."""
