"""The demo: its books, its outbox, its prices, and all of it against a service."""
