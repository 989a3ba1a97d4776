"""Policies of the lab: golden books, worked examples, properties, and the command."""
