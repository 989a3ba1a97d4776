"""One self-contained HTML page from a run's or an event's JSON document: to be read, printed and sent on.

Rules of this module: the document is all it knows; labels in it are treated as hostile (everything is escaped by the
template engine); no script, no request to anywhere, no float. Numbers are shown to the cent, halves to even, where the
currency is divided finer, and exactly in the conservation sum.
"""

from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from deleverage.lab.page_event import event_view
from deleverage.lab.page_run import run_view

_VIEWS = {"run": ("run.html.j2", run_view), "event": ("event.html.j2", event_view)}


def render(document: dict[str, Any]) -> str:
    """Return the page of a document of kind ``run`` or ``event``."""
    kind = document.get("kind")
    if kind not in _VIEWS:
        raise ValueError(f"documents of kind {kind!r} have no page, known are {', '.join(_VIEWS)}")
    template, view = _VIEWS[kind]
    return environment().get_template(template).render(view(document))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return what makes pages of the templates: everything escaped, nothing undefined."""
    return Environment(
        loader=PackageLoader("deleverage.lab", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
