"""A report as one HTML file: no scripts, nothing loaded from anywhere, readable in print."""

from __future__ import annotations

from curator.printable import printable
from curator.report.evidence import Evidence
from curator.report.sections import evidence_lines, sections, sign_off, summary

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Campaign {{ found.campaign[:12] }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid #8884; }
td:first-child { overflow-wrap: anywhere; min-width: 8rem; }
thead th { border-bottom: 2px solid #8888; }
tr { break-inside: avoid; }
svg text { font: 13px system-ui, sans-serif; fill: currentColor; } svg rect { fill: #3d7ea6; }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 3rem; margin-top: 4rem; }
.sign div { border-top: 1px solid; padding-top: .3rem; }
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
{% if bars %}
<h2>Changes by kind</h2>
<svg role="img" aria-label="changes by kind" width="100%" height="{{ bars|length * 24 }}" viewBox="0 0 640 {{ bars|length * 24 }}" preserveAspectRatio="xMinYMin">
{% for bar in bars %}<text x="0" y="{{ loop.index0 * 24 + 16 }}">{{ bar.name }}</text><rect x="90" y="{{ loop.index0 * 24 + 4 }}" width="{{ bar.width }}" height="16" rx="2"/><text x="{{ bar.width + 98 }}" y="{{ loop.index0 * 24 + 16 }}">{{ bar.count }}</text>
{% endfor %}</svg>
{% endif %}
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
<div class="sign">{% for line in sign_off %}<div>{{ line }}</div>{% endfor %}</div>
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
        bars=_bars(evidence.actions),
        sign_off=sign_off(),
    )


def _bars(counts: dict[str, int]) -> list[dict[str, str | int]]:
    """Return one bar a kind of change, up to 450 units wide."""
    most = max(counts.values(), default=1)
    return [
        {"name": name, "count": f"{count:,}", "width": max(2, round(450 * count / most))}
        for name, count in counts.items()
    ]
