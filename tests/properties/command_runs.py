"""Runs of the commands about properties, in this process."""

from __future__ import annotations

import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command

from tests.bulk.command_runs import VERSION, Said


class PropertiesCommand:
    """The commands, in the current folder.

    Args:
        capture: What catches what they say.
        url: Where the account is.
    """

    def __init__(self, capture: pytest.CaptureFixture[str], url: str = "") -> None:
        self._capture = capture
        self._url = url

    def __call__(self, *arguments: str) -> Said:
        """Run one of them."""
        self._capture.readouterr()
        code = run_command(CATALOGUE, ["properties", *arguments])
        return Said(code, *self._capture.readouterr())

    def asking(self, *arguments: str) -> Said:
        """Run one that asks the account."""
        return self(*arguments, "--base-url", self._url)

    def pull(self, *arguments: str) -> Said:
        """Write files of object types."""
        return self.asking("pull", *arguments, "--api-version", VERSION)
