"""An independent model of the law: slow, obvious, in rational numbers; it shares no code with what it tests."""

from tests.model.model import Model

__all__ = ["Model"]
