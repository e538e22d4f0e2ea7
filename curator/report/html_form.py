"""A report as one HTML file: no scripts, nothing loaded from anywhere, readable in print."""

from __future__ import annotations

from curator.printable import printable
from curator.report.evidence import Evidence
from curator.report.sections import evidence_lines, sections, summary

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Campaign {{ found.campaign[:12] }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
thead th { border-bottom: 2px solid #8888; }
tr { break-inside: avoid; }
</style>
</head>
<body>
<h1>Campaign {{ found.campaign[:12] }}: {{ found.title|shown or "without a title" }}</h1>
{% macro told(pairs) %}
<dl>
{% for name, text in pairs %}<dt>{{ name }}</dt><dd>{{ text|shown }}</dd>
{% endfor %}</dl>
{% endmacro %}
{{ told(summary) }}
{% for section in sections %}
<h2>{{ section.title }}</h2>
<table>
<thead><tr>{% for heading in section.headings %}<th scope="col">{{ heading }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in section.rows %}<tr>{% for cell in row %}<td>{{ cell|shown }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
</table>
{% if section.note %}<p>{{ section.note }}</p>{% endif %}
{% endfor %}
<h2>Evidence</h2>
{{ told(evidence) }}
</body>
</html>
"""


def as_html(evidence: Evidence) -> str:
    """Return the evidence as one page; every text is escaped."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = printable
    return environment.from_string(_PAGE).render(
        found=evidence,
        summary=list(summary(evidence)),
        sections=list(sections(evidence)),
        evidence=list(evidence_lines(evidence)),
    )
