"""The law: plain integers, standard library only, no clock, no file, no randomness. Start at docs/law.md."""
