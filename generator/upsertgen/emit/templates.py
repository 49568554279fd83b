"""The templates: where they are, and how they are rendered.

`templates/` mirrors what it emits. The path of a template is the path of its output, with `package` for
the generated package, `version` for an API version and `resource` for an object type. A file that does
not end in `.jinja` is copied. A folder of the user's own may hold files of the same paths, which replace
single ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upsertgen.errors import InvalidInput, Location, Problem, Problems, did_you_mean, quoted
from upsertgen.spec_text import SpecText

if TYPE_CHECKING:
    import jinja2

_PACKAGED = Path(__file__).parent.parent / "templates"
_CHECKED_OUT = Path(__file__).parent.parent.parent.parent / "templates"

_CODES: dict[str, bytes] = {}
_ENCODERS = (
    "docstring file_name header_name header_value html_text identifier json_text markdown markdown_code "
    "markdown_literal one_line page_code page_text plain_name record_literal shell_word string_literal "
    "toml_string url_path value_literal whole_docstring "
).split()
"""What templates make source of text with, by the names that `upsertgen.emit.encode` has for them."""


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
    """

    def __init__(self, override: Path | None) -> None:
        builtin = _PACKAGED if _PACKAGED.is_dir() else _CHECKED_OUT
        self._ours = {file.name: file for file in _files(builtin, overridden=False)}
        self.files = dict(self._ours)
        problems = Problems()
        for file in _files(override, overridden=True) if override is not None else ():
            if file.name in self.files:
                _check_text(file, problems)
            else:
                problems.add(
                    Location(file.path.as_posix()),
                    f"there is no template {quoted(file.name)} to replace",
                    "the path of one of upsertgen's templates below the templates folder",
                    did_you_mean(file.name, self.files, "correct its path", cutoff=0.4),
                )
            self.files[file.name] = file
        problems.raise_if_any()
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

    def plain_text(self, name: str, *, ours: bool = False) -> str:
        """Return a file that is no template; ours, if that is asked for and the user has another."""
        return (self._ours if ours else self.files)[name].path.read_text("utf-8")

    def render(self, name: str, context: dict[str, Any], *, ours: bool = False) -> str:
        """Render one template.

        Args:
            name: The template.
            context: What it lays out.
            ours: Whether with our own template, also if the user has another.

        Raises:
            InvalidInput: A template of the user's own is wrong.
        """
        import jinja2

        if self._environment is None:
            self._environment = self._build()
        if ours and self.files[name].overridden:
            source = self._ours[name].path.read_text("utf-8")
            return self._environment.from_string(source).render(context)
        try:
            return self._environment.get_template(name).render(context)
        except jinja2.TemplateSyntaxError as error:
            self.refuse_override(
                error.name or name, f"the template cannot be read: {error.message}", error.lineno
            )
            raise
        except Exception as error:
            # Whatever an expression of a user's template raises, the person who wrote it has to know where.
            place = self._place(error)
            self.refuse_override(
                place[0] if place else name,
                f"the template cannot be rendered: {error}",
                place[1] if place else 1,
            )
            raise

    def refuse_override(self, name: str, wrong: str, line: int = 1) -> None:
        """Raise `InvalidInput` if a template is the user's own; if it is ours, the fault is not theirs.

        Args:
            name: The template.
            wrong: What is wrong with it.
            line: The line, counted from 1.
        """
        file = self.files[name]
        if file.overridden:
            place = Location(file.path.as_posix(), line)
            problem = Problem(
                place,
                " ".join(wrong.split()),
                "a template of Jinja that gives what upsertgen's own gives, and maybe more",
                "correct the template",
            )
            raise InvalidInput([problem]) from None

    def _place(self, error: Exception) -> tuple[str, int] | None:
        """Return the innermost template, and the line in it, that an error passed through."""
        names = {str(file.path): name for name, file in self.files.items()}
        places = [
            (names[frame.f_code.co_filename], line)
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename in names
        ]
        return places[-1] if places else None

    def _build(self) -> jinja2.Environment:
        from upsertgen.emit.annotations import import_lines
        from upsertgen.emit.bulk_methods import roles_name
        from upsertgen.emit.resources import policy_name

        files = self.files

        def load(name: str) -> tuple[str, str, None] | None:
            path = files[name].path if name in files else None
            return (path.read_text("utf-8"), str(path), None) if path is not None else None

        environment = encoding_environment(load)
        environment.filters |= {
            "import_lines": import_lines,
            "policy_name": policy_name,
            "roles_name": roles_name,
        }
        return environment


def encoding_environment(
    load: Callable[[str], tuple[str, str, None] | None],
) -> jinja2.Environment:
    """Return what renders templates that make source: text from a spec goes through an encoder, or fails.

    Args:
        load: Given the name of a template: its text and its path.
    """
    import jinja2

    from upsertgen.emit import encode

    environment = jinja2.Environment(
        # Not HTML: each expression goes through the encoder of its context instead.
        autoescape=False,  # noqa: S701
        loader=jinja2.FunctionLoader(load),
        undefined=jinja2.StrictUndefined,
        finalize=_refuse_spec_text,
        keep_trailing_newline=True,
        bytecode_cache=_compiled(),
    )
    environment.filters.update({name: getattr(encode, name) for name in _ENCODERS})
    return environment


def _compiled() -> jinja2.BytecodeCache:
    """Return the compiled templates of earlier runs: those of this process, and of others.

    They are kept where Python keeps compiled modules; compiling them is a good part of a small run.
    """
    import jinja2
    from jinja2.bccache import Bucket

    class Compiled(jinja2.FileSystemBytecodeCache):
        def load_bytecode(self, bucket: Bucket) -> None:
            if bucket.key in _CODES:
                bucket.bytecode_from_string(_CODES[bucket.key])
            else:
                super().load_bytecode(bucket)

        def dump_bytecode(self, bucket: Bucket) -> None:
            _CODES[bucket.key] = bucket.bytecode_to_string()
            # As for modules: nothing is kept where nothing can be.
            with contextlib.suppress(OSError):
                if not sys.dont_write_bytecode:
                    Path(self.directory).mkdir(exist_ok=True)
                    super().dump_bytecode(bucket)

    return Compiled(str(Path(__file__).parent / "__pycache__"))


def _refuse_spec_text(value: Any) -> Any:
    """Return what an expression of a template gives, if it is text or a number of ours.

    Anything else, such as a list, would show what is in it without an encoder.
    """
    if isinstance(value, SpecText):
        raise TypeError(
            "text from a spec stands in a template without an encoder, such as '| docstring(0)'"
        )
    import jinja2

    if value is None or isinstance(value, (str, int, float, jinja2.Undefined)):
        # What is undefined raises an error of its own.
        return value
    raise TypeError(f"a {type(value).__name__} stands in a template without an encoder")


def _check_text(file: TemplateFile, problems: Problems) -> None:
    try:
        file.path.read_text("utf-8")
    except UnicodeDecodeError:
        problems.add(
            Location(file.path.as_posix()), "this is not UTF-8", "text in UTF-8", "save it as UTF-8"
        )


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
