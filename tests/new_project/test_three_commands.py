"""What README.md says of beginning a project runs as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.new_project.documents import by_property
from tests.servers import PROGRAM_PATIENCE

README = Path(__file__).parent.parent.parent / "README.md"


def test_three_commands_lead_from_a_document_to_a_client_that_works(tmp_path: Path) -> None:
    _, _, text = README.read_text("utf-8").partition("\n## Use it for another API\n")
    install, *lines = re.findall(r"^    (.*)$", text, flags=re.MULTILINE)[:3]
    assert install.startswith("pip install ")
    (tmp_path / "openapi.json").write_text(json.dumps(by_property()), "utf-8")
    done = subprocess.run(
        # What is installed stays: the client is imported from where it is.
        [
            "bash",
            "-ec",
            "\n".join([*lines[:1], f"{lines[1]} PYTHON={sys.executable} INSTALL=true"]),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": "generated",
        },
        capture_output=True,
        text=True,
        timeout=PROGRAM_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Next: check each word marked 'guessed'" in done.stdout
    assert "1 passed" in done.stdout
    assert "test_records_are_upserted" in next((tmp_path / "tests").glob("*.py")).read_text("utf-8")
