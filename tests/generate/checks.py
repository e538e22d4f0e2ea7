"""What every check does, why, an example and how safe its fix is: `curator/checks/checks.md`."""

from __future__ import annotations

TARGET = "curator/checks/checks.md"

FAMILIES = {
    "CUR1": "Normalization: what the service tore apart, merged or flattened",
    "CUR2": "Instances and geometry",
    "CUR3": "Values",
    "CUR4": "References and state",
    "CUR5": "Identifier risk",
}


def generate() -> str:
    from curator.checks import checks, sections, summary

    text = [
        "# Checks\n",
        "Generated from the checks' own docstrings by `python -m tests.generate checks`: do not edit."
        " `curator rules explain CODE` shows the same.\n",
    ]
    for prefix, title in FAMILIES.items():
        family = [check for check in checks() if check.code.startswith(prefix)]
        text.append(f"## {title}\n")
        text.append("| code | name | severity | finds |\n|---|---|---|---|")
        text.extend(
            f"| [{check.code}](#{check.code.lower()}) | {check.name} | {check.severity} | {summary(check)} |"
            for check in family
        )
        text.append("")
    for check in checks():
        text.append(f'### <a id="{check.code.lower()}"></a>{check.code} {check.name}\n')
        for name, words in sections(check).items():
            text.append(f"**{name}** {words}\n" if name else f"{words}\n")
    return "\n".join(text)
