"""Experiments around the law: real events moved through it, and pages that show what happened."""
