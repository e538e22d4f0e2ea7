"""Our two themes. Colours carry meaning: green is added or well, red removed or failed, yellow changed."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="curator-dark",
    primary="#6cb6ff",
    secondary="#8ddb8c",
    accent="#f2b26b",
    foreground="#cdd6df",
    background="#10151b",
    surface="#161d25",
    panel="#212b36",
    success="#7ccf8a",
    warning="#e8c26a",
    error="#f0787f",
    dark=True,
    variables={
        "row-cursor": "#274a70",
        "row-cursor-blurred": "#222e3b",
        "row-dim": "#76879a",
        "row-title": "#f1f5f9",
        "match-background": "#6a5417",
        "footer-key-foreground": "#f2b26b",
        "block-cursor-background": "#274a70",
        "block-cursor-foreground": "#f1f5f9",
        "block-cursor-text-style": "none",
        "border": "#6cb6ff",
        "scrollbar": "#2b3846",
        "scrollbar-background": "#10151b",
    },
)
LIGHT = Theme(
    name="curator-light",
    primary="#1764a8",
    secondary="#27733f",
    accent="#9a5200",
    foreground="#27313b",
    background="#fbfcfd",
    surface="#f1f4f7",
    panel="#e2e8ee",
    success="#1c7a3d",
    warning="#8a6200",
    error="#b3261e",
    dark=False,
    variables={
        "row-cursor": "#c4ddf5",
        "row-cursor-blurred": "#dde6ee",
        "row-dim": "#6d7a87",
        "row-title": "#0c1116",
        "match-background": "#ffe08a",
        "footer-key-foreground": "#9a5200",
        "block-cursor-background": "#c4ddf5",
        "block-cursor-foreground": "#0c1116",
        "block-cursor-text-style": "none",
        "border": "#1764a8",
        "scrollbar": "#c3cdd7",
        "scrollbar-background": "#fbfcfd",
    },
)
