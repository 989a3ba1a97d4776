"""Reductions of accounts that hold several coins."""
