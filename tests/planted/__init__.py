"""Planted bugs: sixteen ways to get the law wrong, each of which the tests must find."""
