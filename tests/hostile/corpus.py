"""Hostile texts, each with what it attacks.

What a text would do if it got out of its quotes is always the same and always seen: it creates a file
`pwned` in the current folder, or sets `builtins.pwned`.
"""

# ruff: noqa: RUF001
from __future__ import annotations

import builtins
import keyword
from itertools import chain

_DO = "__import__('pathlib').Path('pwned').touch()"
_SET = "setattr(__import__('builtins'),'pwned',1)"
_ENDS = {
    "a line feed": "\n",
    "a carriage return": "\r",
    "both": "\r\n",
    "a form feed": "\x0c",
    "a vertical tab": "\x0b",
    "a next line": "\x85",
    "a line separator": "\u2028",
    "a paragraph separator": "\u2029",
    "a file separator": "\x1c",
    "a group separator": "\x1d",
    "a record separator": "\x1e",
}
ATTACKS: dict[str, list[str]] = {
    "quotes of a string literal": [
        *('"', "'", '""', "''", "\"'", "'\""),
        '"' * 7,
        "'" * 7,
    ],
    "the end of a string literal": [
        f'"+{_DO}+"',
        f"'+{_DO}+'",
        f'");{_DO};("',
        f"');{_DO};('",
        f'"]; {_DO} #',
        f'"}}; {_DO} #',
        f'",\n{_DO},\n"',
        f'"\n{_DO}\n"',
        f"'\n{_DO}\n'",
    ],
    "the end of a docstring": [
        *('"""', "'''", '""""', '"""""', '""""""', 'text"', 'text""', 'text"""'),
        f'"""\n{_DO}\n"""',
        f'"""\n    {_DO}\n    """',
        f'"""\n        {_DO}\n        """',
        f"'''\n{_DO}\n'''",
        f'""" + {_DO} + """',
        f'text"""; {_DO} #',
        f'\\"""\n{_DO}\n"""',
        f'\\\\"""\n{_DO}\n"""',
        f'""\\""\n{_DO}\n"""',
        f'"\u200b""\n{_DO}\n"""',
    ],
    "the quote after a backslash": [
        *("\\", "\\\\", "\\\\\\", "text\\", "text\\\\", 'text\\"', "text\\'", "\\\n", "\\N"),
        *("\\N{", "\\x", "\\x4", "\\u", "\\u12", "\\U0011ffff", "\\777", "\\N{QUOTATION MARK}"),
        *("\\x22", "\\042"),
        f"\\x22+{_DO}+\\x22",
        f"\\N{{QUOTATION MARK}}+{_DO}#",
        f'\\", {_DO}) #',
    ],
    **{f"a comment, ended by {name}": [f"text{end}{_DO}"] for name, end in _ENDS.items()},
    **{
        f"text that begins or ends with {name}": [f"{end}text", f"text{end}"]
        for name, end in _ENDS.items()
    },
    "indentation": [
        *("\n\n\n", "   ", "\t", "\ttext\t", " text ", "\u00a0text\u00a0", "\u3000"),
        "\n- a\n- b\n\n1. c",
        f"\n    {_DO}",
        f"\n\t{_DO}",
        f"text\n\n{_DO}\n\ntext",
    ],
    "the end of a C string": [
        *("\0", "text\0", "\0text"),
        f"text\0\n{_DO}",
    ],
    "the eyes, by the direction of text": [
        *("\u202e", "\u202dtext\u202c", "\u2066text\u2069", "\u2067", "\u200f", "\u200e"),
        "\u061c",
        f"\u202e #\u2066 {_DO}\u2069\u2066",
    ],
    "the eyes, by what is not seen": [
        *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\ufefftext", "\u00ad", "\u180e"),
        *("\u3164", "\U000e0041", "\ufe0f", "\u115f", "\u2800", "a\u0300\u0301\u0302"),
        *("\U0001f600", "\ufdd0", "\ufffe", "\uffff", "\ufffd", "\ue000", "\U0010ffff"),
    ],
    "a terminal": [
        *("\x1b[2J", "\x1b]0;pwned\x07", "\x07", "\x08", "\x7f", "\x9b31m", "\x1b"),
    ],
    "UTF-8": [
        *("\ud800", "text\udfff", "\udcff", "\ud83d\ude00"),
    ],
    "names, by normalisation": [
        *("field", "K", "\ufb01eld", "\uff49\uff44", "\u2160", "ªlpha", "\u212bngstrom"),
        *("\u017f", "ı", "İ", "ｉｍｐｏｒｔ", "𝐢𝐝", "ﬁ", "x²", "ℌ", "µ", "μ"),
    ],
    "the eyes, by alike letters": [
        *("іd", "ехес", "ο", "рaypal", "ѕ", "Α", "і"),
    ],
    "the encoding that a file says it has": [
        *("coding=utf-7", "coding:latin-1", "-*- coding: utf-7 -*-"),
        "vim: set fileencoding=rot13 :",
        f"coding: utf-7 +AAo-{_DO}+AAo-",
        f"+ACIAIgAi-\n{_DO}",
        f"coding=utf-7 +ACIAIgAi-+AAo-{_DO}+AAo-+ACIAIgAi-",
    ],
    "Jinja": [
        *"{{ }} {% %} {# #} {% ${7*7} #{7*7} #{ {{{{".split(),
        *("{{ 7 * 7 }}", "{% raw %}", "{% endraw %}", "{%- if x -%}"),
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ self.__init__.__globals__.__builtins__ }}",
        "{{ cycler.__init__.__globals__.os.system('touch pwned') }}",
        *("{% include '/etc/passwd' %}", "{# text", "<%= 7 * 7 %>", "{{ settings }}"),
    ],
    "an f-string or a format string": [
        *(
            "{ } {} {0} {x} {!r} {0!r:>10} {: {x:{y}} {x!z} {{x} {x=} % %s %d %(x)s %n %% "
            "%s%s%s%s%s%s %99999999d {0:99999999} $x $(x) {self.__class__.__init__.__globals__}"
        ).split(),
        *("`touch pwned`", "$(touch pwned)", "; touch pwned", "| touch pwned"),
        "&& touch pwned",
        f"{{{_DO}}}",
    ],
    "a comment": [
        *("#", "#!python", "# text", "# type: ignore", "# fmt: off"),
        f"text # {_DO}",
    ],
    "a statement": [
        *(
            "a.b a[b] a(b) * **x @x ; , : -> := ... = == 0 1e999 -1 0x10 1_000 NaN Infinity "
            "true null ~ 2025-09-01 on"
        ).split(),
        *("import os", "import os; os.system('touch pwned')", "exec('1')", "raise SystemExit"),
        _DO,
        _SET,
        f"lambda: {_DO}",
        f"x={_DO}",
        f"x: int = {_DO}",
        f"x):\n    {_DO}\ndef y(",
        f"str = {_DO}, y: str",
        f"None, x={_DO}",
        f"Field(default_factory=lambda: {_DO})",
        f"A(BaseModel):\n    {_DO}\nclass B",
    ],
    "an identifier, by a word of Python": [
        *"print exec eval async_ class_".split(),
        *keyword.kwlist,
        *keyword.softkwlist,
    ],
    "an identifier, by a name with a meaning": [
        *(
            "__init__ __class__ __name__ __builtins__ __import__ __getattr__ __all__ __slots__ "
            "__dict__ __annotations__ __pydantic_extra__ __pydantic_validator__ __private "
            "_private _ __ ___ __debug__ __file__ __path__ __doc__ model_config model_fields "
            "model_validate root self cls super mro Client AsyncClient Operation Call POLICY "
            "TypeAdapter Field Literal Annotated Any BaseModel RequestModel TYPE_CHECKING UNSET "
            "annotations cached_property property upsert iter_upsert records options "
            "encode_body client models typed_dicts close errors sandbox testing main setup "
            "_runtime _bulk _cli conftest builtins typing pydantic logging body CommaSeparated "
            "Sequence Mapping datetime UUID Harmless-0 /Harmless-0 str int dict list type "
            "object len open input isinstance"
        ).split(),
        *(name for name in dir(builtins) if name[0].isupper() and "Warn" in name),
    ],
    "a field of JSON Schema": [
        *(
            "$ref $id $defs $schema $anchor properties allOf default enum const "
            "additionalProperties discriminator title x-python-import customTypePath items "
            "#/$defs/Client #/components/schemas/Nothing # ~0 ~1 a/b ~ %2F v1#"
        ).split(),
    ],
    "a path": [
        *(
            ". .. ../ ../../pwned / // /pwned /etc/passwd ./x x/ x/../y ~ ~/pwned ~root C:pwned "
            "file:///x %2e%2e%2f %00 ..%c0%af x.py __init__.py x.pth pwned.yaml .git con CON "
            "aux nul prn com1 LPT9 con.yaml x. x:y x*y x?y x|y x<y -rf --help - .hidden "
            "x.tar.gz A a"
        ).split(),
        *("..\\..\\pwned", "C:\\pwned", "\\\\server\\share", "x\0.py", "x ", " x"),
    ],
    "a URL": [
        *(
            "?x=1 #x /a?b /a#b /../a /./a /%2e%2e/a /a//b /a/{b /a} /{} /{a}{b} "
            "http://example.invalid https:// https://x@y https://x:y@z/ //example.invalid "
            "https://[::1 javascript:1 https://api.example.com:99999999 "
            "https://api.example.com/../x https://api.example.com/{x} https://api.example.com?x "
            "data:,x"
        ).split(),
        *("https://api.example.com\r\nX-Evil: 1", "https://api.example.com/\n"),
        *("https://exa mple.com", "/a b", "/a\\b", "/é"),
    ],
    "the headers of a request": [
        *"X: Content-Length Host Cookie Authorization Transfer-Encoding text/html */*".split(),
        *("X\r\nX-Evil: 1", "X-Evil: 1", "X\nY", "X\rY", "X Y", "authorization ", "X-\0"),
        *("application/json\r\nX-Evil: 1", "application/json; charset=utf-7"),
        *("application/json;\x00", "X-é"),
    ],
    "TOML": [
        *("[x]", "[[x]]", '"\n[tool.evil]\nx = "', '"""', "'''"),
        *('x"\n[project.scripts]\npwned = "pwned:pwned', "x = 1"),
        *('"]\n[build-system]\nrequires = ["pwned"', "\\uD800", "\\e"),
    ],
    "Markdown": [
        *(
            "``` ~~~ ` `` *x* **x** _x_ __x__ ~~x~~ [x](https://example.invalid) "
            "![x](https://example.invalid/x) | |---| --- === *** www.example.invalid "
            "https://example.invalid/x <https://example.invalid> @x #1 &#96; [^1] $$x$$ :x:"
        ).split(),
        *("# x", "## x", "- x", "* x", "+ x", "1. x", "99) x", "> x", "` `"),
        *("[x]: https://example.invalid", "| a | b |", "    x", "\\`x`"),
        *("x\n\n# y\n\n[click](javascript:alert(1))", "\\"),
        f"```\n\n```python\n{_DO}\n```",
    ],
    "a page of documentation": [
        *(
            "??? ???+ !!! === /// ::: --8<-- ;--8<-- [TOC] [[x]] [x] [x][y] [^1]: "
            "{:.x} {.x} {#x} `x`{.x} `b|c` ~x~ ^x^ ==x== ^^x^^ ++x++ {++x++} {--x--} {>>x<<} $x$ \\(x\\) "
            "\\[x\\] :smile: a:x:b a@b.example ftp://example.invalid/x mailto:a@b.example (c) 1/2 +/- "
            "klzzwxh:0000 wzxhzdk:0 %%x%% &#60;b> \\<b> \\\\<b> \\`<b>\\` `<b>` `` a``b `a``b` `a`b`c`"
        ).split(),
        *(
            "??? note",
            '???+ "x"',
            '!!! danger "x"',
            '=== "Sync"',
            "/// details",
            '--8<-- "/etc/passwd"',
        ),
        *(
            "*[status]: pwned",
            "[^1]: pwned",
            "Term\n: pwned",
            ": pwned",
            "text[^1]",
            "- [ ] x",
            "[ ] x",
        ),
        *(
            "{: onclick=alert(1) }",
            "text {: onclick=alert(1) }",
            "`x`{: onclick=alert(1) }",
            "{ #x }",
        ),
        *(
            "#!python x",
            "`#!python x`",
            ":::python x",
            "::: upsertgen.cli",
            "a `b` `c` d",
            "`a` `<b> `",
        ),
        *(
            "<javascript:alert(1)>",
            "[x](javascript:alert(1))",
            '[x](# "y")',
            "![x](x.svg){: onload=x }",
        ),
        *(
            "<a@b.example>",
            "a|b\n-|-\n1|2",
            "| a |",
            "a  \nb",
            "a\\\nb",
            "\x02klzzwxh:0000\x03",
            "\x02amp\x03",
        ),
        *(
            "---\ntitle: x\n---\n",
            "title: x",
            "text <!-- x",
            "<?php",
            "<!DOCTYPE x",
            "`<!--`",
            "`<script>`",
        ),
        *(
            "+--+",
            "\t\ttext",
            "    ```\n    x",
            "> [!NOTE]\n> x",
            "<details markdown>",
            "\\|",
            "a\\|b",
            "`a\\|b`",
        ),
    ],
    "HTML": [
        *(
            "< > & &lt; <x> </x> <!-- --> --!> <![CDATA[ ]]> <?x?> <br> </details> <details> "
            "</summary> </code> </script> </style> </title> <script>alert(1)</script> "
            "--><script>alert(1)</script><!--"
        ).split(),
        *('"><script>alert(1)</script>', "' onmouseover='alert(1)"),
        "<img src=x onerror=alert(1)>",
    ],
    "YAML and JSON": [
        *"*x << --- ... [x] | >- },".split(),
        *("- x", "x: y", "!!python/object/apply:os.system [touch pwned]", "&x *x", "? x"),
        *("%YAML 1.1", "{x: y}", "''", '"x": 1,', "\\u0022", "// x"),
    ],
    "a regular expression": [
        *(
            "(a+)+$ ^(a|a)*$ ( [ a{99999} (?P<x>a)(?P=x) (?=a) (?i) $ ^ (?# [[:alpha:]] "
            "a{0,4294967296}"
        ).split(),
        *("\\", "\\1", "\\p{L}"),
        ".*" * 20,
    ],
    "JSONPath": [
        *"$ $. $..* $[?@ $.paths.*".split(),
        "$[?match(@.a, '(a+)+')]",
        "$" + ".x" * 200,
        "$[" * 300,
    ],
    "bounds": [
        "",
        "x" * 10_000,
        "x " * 5_000,
        "_" * 10_000,
        '"' * 9_999,
        "\\" * 9_999,
        "`" * 9_999,
        "{" * 9_999,
        "(" * 999,
        "\n" * 9_999,
        "9" * 5_000,
        "é" * 5_000,
        "\u202e" * 2_000,
        "a." * 3_000,
        "x" * 300,
    ],
}
"""Hostile texts, by what they attack."""
CORPUS = tuple(dict.fromkeys(chain.from_iterable(ATTACKS.values())))
"""Every hostile text, each once."""
