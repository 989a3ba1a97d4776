"""Reductions of whole accounts that hold several coins: rules, the programme they are measured by, and the gap."""
