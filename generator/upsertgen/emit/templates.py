"""The templates: where they are, and how they are rendered.

`templates/` mirrors what it emits. The path of a template is the path of its output, with `package` for
the generated package, `version` for an API version and `resource` for an object type. A file that does
not end in `.jinja` is copied. A folder of the user's own may hold files of the same paths, which replace
single ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upsertgen.errors import InvalidInput, Location, Problem
from upsertgen.spec_text import SpecText

if TYPE_CHECKING:
    import jinja2

_PACKAGED = Path(__file__).parent.parent / "templates"
_CHECKED_OUT = Path(__file__).parent.parent.parent.parent / "templates"


@dataclass(frozen=True)
class TemplateFile:
    """One file below `templates/`.

    Attributes:
        name: Its path there, with `/`.
        path: Where it is.
        overridden: Whether it is the user's own.
    """

    name: str
    path: Path
    overridden: bool


class Templates:
    """The templates of a run.

    Attributes:
        files: Every template and every plain file, by its name, sorted.

    Args:
        override: A folder of the user's own, if any.
        package: The name of the generated package, which plain files do not depend on.
    """

    def __init__(self, override: Path | None) -> None:
        builtin = _PACKAGED if _PACKAGED.is_dir() else _CHECKED_OUT
        self.files = {file.name: file for file in _files(builtin, overridden=False)}
        for file in _files(override, overridden=True) if override is not None else ():
            if file.name not in self.files:
                problem = Problem(
                    Location(file.path.as_posix()),
                    "there is no template of this path to replace",
                    f"one of {', '.join(sorted(self.files))}",
                    "correct its path below the templates folder",
                )
                raise InvalidInput([problem])
            self.files[file.name] = file
        self._environment: jinja2.Environment | None = None

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file, by its name."""
        return {
            name: hashlib.sha256(file.path.read_bytes()).hexdigest()
            for name, file in sorted(self.files.items())
        }

    def plain_files(self) -> list[TemplateFile]:
        """Return the files that are copied."""
        return [file for name, file in sorted(self.files.items()) if not name.endswith(".jinja")]

    def render(self, name: str, context: dict[str, Any]) -> str:
        """Render one template.

        Raises:
            InvalidInput: A template of the user's own is wrong.
        """
        import jinja2

        if self._environment is None:
            self._environment = self._build()
        try:
            return self._environment.get_template(name).render(context)
        except jinja2.TemplateSyntaxError as error:
            self._refuse(name, error.lineno, f"the template cannot be read ({error.message})")
        except (jinja2.TemplateError, TypeError) as error:
            self._refuse(name, 1, f"the template cannot be rendered ({error})")
        raise AssertionError("unreachable")

    def _refuse(self, name: str, line: int, wrong: str) -> None:
        path = self.files[name].path.as_posix()
        raise InvalidInput(
            [Problem(Location(path, line), wrong, "a Jinja template", "correct the template")]
        ) from None

    def _build(self) -> jinja2.Environment:
        import jinja2

        from upsertgen.emit import encode
        from upsertgen.emit.resources import policy_name

        files = self.files
        environment = jinja2.Environment(
            # Not HTML: each expression goes through the encoder of its context instead.
            autoescape=False,  # noqa: S701
            loader=jinja2.FunctionLoader(
                lambda name: files[name].path.read_text("utf-8") if name in files else None
            ),
            undefined=jinja2.StrictUndefined,
            finalize=_refuse_spec_text,
            keep_trailing_newline=True,
        )
        environment.filters.update(
            docstring=encode.docstring,
            identifier=encode.identifier,
            markdown=encode.markdown,
            markdown_code=encode.markdown_code,
            policy_name=policy_name,
            status_literal=repr,
            string_literal=encode.string_literal,
            toml_string=encode.toml_string,
            value_literal=encode.value_literal,
        )
        return environment


def _refuse_spec_text(value: Any) -> Any:
    if isinstance(value, SpecText):
        raise TypeError(
            "text from a spec stands in a template without an encoder, such as '| docstring(0)'"
        )
    return value


def _files(folder: Path, *, overridden: bool) -> Iterator[TemplateFile]:
    if not folder.is_dir():
        problem = Problem(
            Location(folder.as_posix()),
            "there is no such templates folder",
            "a folder",
            "correct --templates",
        )
        raise InvalidInput([problem])
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield TemplateFile(path.relative_to(folder).as_posix(), path, overridden)
