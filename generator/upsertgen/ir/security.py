"""What an operation needs to be let in: its security requirements, and how clients send what they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from upsertgen.errors import Problems, did_you_mean, quoted
from upsertgen.ir.extensions import check_extension_names, read_security_scheme
from upsertgen.ir.reader import Reader
from upsertgen.ir.tree import Credential, Operation
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import Pointer
from upsertgen.specs.openapi import HEADER_NAME, TOKEN_SCHEMES, is_url
from upsertgen.specs.references import Node

Requirements: TypeAlias = tuple[tuple[tuple[SpecText, tuple[SpecText, ...]], ...], ...]
"""Alternatives, each of which names schemes with their scopes."""
Credentials: TypeAlias = tuple[tuple[Credential, ...], ...]
"""Alternatives, each of which needs all that it names."""

_BEARER = "Bearer"
_EXPECTED = "apiKey, http with basic or bearer, oauth2 or openIdConnect"
_MEND = (
    "rewrite it, in an overlay if the spec is not yours; a token with another word before it is http "
    "with bearer and x-security with a prefix"
)
_HEADERS_OF_HTTP = frozenset(
    "accept accept-encoding connection content-length content-type cookie expect host te trailer "
    "transfer-encoding upgrade".split()
)


class SecurityReader(Reader):
    """Reads what operations need, with the schemes that their documents declare."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader.specs, reader.problems)
        self._known: dict[tuple[str, Pointer, str], Credential | str] = {}

    def read(self, operation: Node) -> tuple[Requirements, Credentials | None]:
        """Return the security requirements of an operation, and what clients send to meet them.

        Those that no client can meet are passed over if there is another one, and a problem if not.

        Returns:
            The requirements; and alternatives, one of which has to be sent, the empty ones last. None if
            the specification says nothing of security.
        """
        declared = operation.value.get("security", operation.document.data.get("security"))
        if declared is None:
            return (), None
        place = operation.child("security") if "security" in operation.value else operation
        alternatives: dict[tuple[Credential, ...], None] = {}
        unfit: dict[str, str] = {}
        for requirement in declared:
            found = {name: self._credential(operation, place, name) for name in sorted(requirement)}
            if None in found.values():
                return (), None
            credentials = tuple(one for one in found.values() if isinstance(one, Credential))
            reason = next((one for one in found.values() if isinstance(one, str)), "")
            if reason or (reason := _clash(credentials)):
                unfit[" with ".join(map(quoted, requirement))] = reason
            else:
                alternatives[credentials] = None
        if declared and not alternatives:
            told = "; ".join(f"{name}: {reason}" for name, reason in unfit.items())
            self.problem(place, f"no client can meet the security {told}", _EXPECTED, _MEND)
        for name, reason in unfit.items() if alternatives else ():
            self.note(place, f"the security {name} is passed over: {reason}")
        named = tuple(
            tuple(
                (SpecText(name), tuple(SpecText(scope) for scope in sorted(scopes)))
                for name, scopes in sorted(requirement.items())
            )
            for requirement in declared
        )
        return named, tuple(sorted(alternatives, key=lambda one: not one))

    def _credential(self, operation: Node, place: Node, name: str) -> Credential | str | None:
        """Return what meets a scheme, or why nothing does; nothing, and a problem, if it is not declared."""
        document = operation.document
        schemes = Node(document, (), document.data)
        for step in ("components", "securitySchemes"):
            schemes = schemes.child(step) if step in schemes.value else Node(document, (), {})
        scheme = self.follow(schemes.child(name)) if name in schemes.value else None
        if scheme is None:
            self.problem(
                place,
                f"the security scheme {quoted(name)} is not declared",
                (
                    f"one of {', '.join(sorted(schemes.value))}"
                    if schemes.value
                    else "a scheme in components.securitySchemes"
                ),
                did_you_mean(name, schemes.value, "declare it in components.securitySchemes"),
            )
            return None
        key = scheme.document.key, scheme.pointer, name
        if key not in self._known:
            self._known[key] = self._read(scheme, name)
        return self._known[key]

    def _read(self, scheme: Node, name: str) -> Credential | str:
        check_extension_names(scheme, self.problems, "security scheme")
        prefix = read_security_scheme(scheme, self.problems).prefix
        value: dict[str, Any] = scheme.value
        kind, http = value["type"], str(value.get("scheme", "")).lower()
        if kind == "apiKey":
            return self._key(scheme, name, prefix)
        if kind == "http" and http == "basic":
            if prefix is not None:
                self._no_prefix(scheme, "http basic, before which there always is 'Basic'")
            return _in_header(name, "Authorization", None, is_basic=True)
        if kind in TOKEN_SCHEMES or (kind == "http" and http == "bearer"):
            url = self._token_url(scheme)
            return _in_header(name, "Authorization", prefix or SpecText(_BEARER), token_url=url)
        what = f"http {quoted(value['scheme'])}" if kind == "http" else str(kind)
        return f"{what} is nothing that clients can send"

    def _key(self, scheme: Node, name: str, prefix: SpecText | None) -> Credential | str:
        location, parameter = scheme.value["in"], scheme.value["name"]
        if location != "query" and not HEADER_NAME.match(parameter):
            return f"{quoted(parameter)} cannot be the name of a {location}"
        if location == "header" and parameter.lower() in _HEADERS_OF_HTTP:
            return f"the header {quoted(parameter)} is none for a key"
        if prefix is not None and location != "header":
            self._no_prefix(scheme, f"a key in a {location}")
        if location == "header":
            return _in_header(name, parameter, prefix)
        return Credential(
            SpecText(name), location, SpecText(parameter), place_of(location, parameter)
        )

    def _no_prefix(self, scheme: Node, what: str) -> None:
        self.problems.add(
            scheme.locate("x-security", "prefix", key=True),
            f"a prefix means nothing to {what}",
            "a prefix of a token or a key in a header",
            "remove it",
        )

    def _token_url(self, scheme: Node) -> SpecText | None:
        """Return where clients get tokens by themselves, if they can."""
        flows = scheme.value.get("flows") or {}
        if "clientCredentials" not in flows:
            return None
        url = flows["clientCredentials"].get("tokenUrl", "")
        place = scheme.child("flows", "clientCredentials", "tokenUrl")
        if is_url(url):
            if not url.lower().startswith("https:"):
                told = f"{quoted(url)} is without encryption: clients send secrets there only on one machine"
                self.note(place, told)
            return SpecText(url)
        self.note(
            place, f"{quoted(url)} is no absolute URL, so clients have to be told another one"
        )
        return None


def check_security(
    versions: Iterable[Iterable[tuple[Node, Operation]]], problems: Problems
) -> None:
    """Note schemes of one name that documents of a version declare differently, and operations without any.

    Args:
        versions: The operations of each version, with their nodes.
        problems: Where to note them.
    """
    for operations in map(tuple, versions):
        known: dict[SpecText, tuple[Credential, Operation]] = {}
        for node, operation in operations:
            for credential in _of(operation):
                first, owner = known.setdefault(credential.scheme, (credential, operation))
                if first != credential:
                    problems.add(
                        node.locate(key=True),
                        f"the security scheme {quoted(credential.scheme.raw)} is another one than at "
                        f"{owner.location}",
                        "one meaning of a name in all documents of a version",
                        "give one of them another name",
                    )
        for node, operation in operations:
            if known and operation.credentials is None:
                text = "the operation names no security, so clients send no credentials with it"
                problems.add_note(node.locate(key=True), text)


def place_of(location: str, parameter: str) -> str:
    """Return where in a request a parameter stands, as one text."""
    return f"{location} {parameter.lower() if location == 'header' else parameter}"


def _in_header(
    name: str,
    header: str,
    prefix: SpecText | None,
    *,
    is_basic: bool = False,
    token_url: SpecText | None = None,
) -> Credential:
    place = place_of("header", header)
    return Credential(
        scheme=SpecText(name),
        location="header",
        parameter=SpecText(header),
        place=place,
        prefix=prefix,
        is_bearer=place == "header authorization" and prefix == SpecText(_BEARER),
        is_basic=is_basic,
        token_url=token_url,
    )


def _of(operation: Operation) -> Iterator[Credential]:
    for alternative in operation.credentials or ():
        yield from alternative


def _clash(credentials: tuple[Credential, ...]) -> str:
    """Return why some credentials cannot be sent at once; nothing if they can."""
    seen: dict[str, Credential] = {}
    for one in credentials:
        other = seen.setdefault(one.place, one)
        if other is not one:
            return f"both are sent as the {one.location} {quoted(one.parameter.raw)}"
    return ""
