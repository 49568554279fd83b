"""The colours of drawings: those of the pages that the client and the generator write."""

from __future__ import annotations

from collections.abc import Mapping

SCHEMES = ("light", "dark")

COLOURS: Mapping[str, Mapping[str, str]] = {
    "light": {
        "ground": "#ffffff",
        "ink": "#1a1f26",
        "quiet": "#5a6572",
        "line": "#dde2e8",
        "edge": "#66717e",
        "step": "#eef1f4",
        "good": "#146c3c",
        "good_ground": "#e1f3e8",
        "mixed": "#7a4a00",
        "mixed_ground": "#fdf0d5",
        "bad": "#b3261e",
        "bad_ground": "#fce8e6",
        "answered": "#2f6fed",
        "refused": "#c8372d",
    },
    "dark": {
        "ground": "#161b22",
        "ink": "#e7ebf0",
        "quiet": "#9aa5b1",
        "line": "#2b333d",
        "edge": "#8a94a0",
        "step": "#222933",
        "good": "#7fdda6",
        "good_ground": "#123222",
        "mixed": "#f2c46d",
        "mixed_ground": "#3a2a0a",
        "bad": "#ff9a92",
        "bad_ground": "#40191a",
        "answered": "#6f9dff",
        "refused": "#ff7a70",
    },
}
"""For each scheme what each colour is for."""
