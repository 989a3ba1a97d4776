"""Scenarios: stories in TOML, each teaches one thing; played by tests and by readers.

``schema.json`` describes the format key by key, ``opening`` how positions come about. Drawn populations have their own
modules (``population``, ``shape``, ``draws``).
"""
