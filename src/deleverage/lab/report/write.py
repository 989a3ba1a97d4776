"""Write a report: pages, the script they share, and the documents they were made of, into one folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deleverage.lab.page import environment
from deleverage.lab.report import charts, views
from deleverage.lab.report.parts import Parts

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]

PAGES: tuple[tuple[str, str, Callable[[Parts], Json]], ...] = (
    ("index.html", "Overview", views.index),
    ("waves.html", "Waves", views.wave_page),
    ("policies.html", "Policies", views.policies),
    ("paid.html", "Who paid", views.paid),
    ("audit.html", "Audit", views.audit),
    ("sources.html", "Sources and figures", views.sources),
)
DOCUMENT = "report.json"


def write_report(parts: Parts, out: Path, show: Progress) -> list[Path]:
    """Write everything and return the files; OSError or ValueError where the folder cannot be written."""
    texts = {}
    for done, (file, name, view) in enumerate(PAGES):
        show("pages", done, len(PAGES))
        shown = {**_frame(parts, file, name), **view(parts)}
        texts[file] = environment().get_template(f"report/{file}.j2").render(shown)
    texts[DOCUMENT] = json.dumps(document(parts), indent=2, ensure_ascii=True, allow_nan=False) + "\n"
    out.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (out / file).write_text(text, "utf-8")
    charts.write_script(out)
    show("pages", len(PAGES), len(PAGES))
    return [out / file for file in (*texts, charts.SCRIPT)]


def document(parts: Parts) -> Json:
    """Return what the pages show, for machines."""
    lines = [vars(line) for line in parts.lines]
    body = {"event": parts.event.name, "checklist": lines, "regret": parts.regret, "audit": parts.audit}
    return {**parts.head, **body, "compare": parts.compared, "compare_why_not": parts.why_not}


def _frame(parts: Parts, file: str, name: str) -> Json:
    return {
        "title": name,
        "event": parts.event.name,
        "pages": [(page, title) for page, title, _ in PAGES],
        "this": file,
        "program": parts.head["program"],
        "script": charts.SCRIPT,
        "words": parts.regret["definitions"],
    }
