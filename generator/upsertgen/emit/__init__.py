"""Emit: the Api tree and the templates to files in memory, formatted, and each Python file proven.

In come an `Api`, `Templates` and `Settings`; out come the files of the distribution, by path. Start with
`distribution.py`. `files.py` says which files there are; `resources.py`, `readme.py` and `sandbox.py` say
what a template has to lay out, and `dcg.py` has models written; `encode.py` alone makes source of text from
a spec. Worker processes format (`formatting.py`); what comes back is held against its twin (`twin.py`,
`proof.py`). What the last run emitted from the same rendered text is taken over, so only what differs is
formatted.
"""
