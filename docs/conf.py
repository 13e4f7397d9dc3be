"""How the documentation is built: `make docs`."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path

from sphinx.domains.python import PyObject
from sphinx.util.nodes import make_refnode

_PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]

project = "jwtkit"
author = "jwtkit contributors"
copyright = author
version = release = _PROJECT["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
root_doc = "index"
language = "en"
nitpicky = True

html_theme = "furo"
html_title = f"jwtkit {release}"
html_static_path = ["_static"]
html_css_files = ["jwtkit.css"]
html_show_sphinx = False
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

# In our docstrings a single backtick marks code, as in Markdown.
default_role = "code"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
maximum_signature_line_length = 88
python_maximum_signature_line_length = 88

# No other project's inventory is fetched at build time, so names of other projects stay plain text.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections|datetime|enum|typing|pathlib|os|re|types|abc|functools|contextlib)(\..*)?"),
    (
        r"py:.*",
        r"(Any|Awaitable|Callable|ClassVar|Iterable|Iterator|Literal|Mapping|Path|PathLike|Protocol|Self|Sequence)",
    ),
    (r"py:.*", r"(datetime|timedelta|optional|Enum|Exception|ValueError|dataclasses\..*)"),
    (r"py:.*", r"([a-z_]+\.)*_?[A-Z]"),  # type variables
    # Types of ours that signatures mention and no caller names.
    (r"py:.*", r"jwtkit\.(authority|jose\.jws|jose\.key_types|refresh\.rotation_keys|tokens\.policy)\..*"),
    (r"py:.*", r"jwtkit\.web\.oauth_endpoints\..*"),
    (r"py:.*", r"(APIRouter|AsyncEngine|Engine|MetaData|RouteName|URL)"),
    (r"py:.*", r"(cryptography|fastapi|starlette|pydantic|pytest|hypothesis|jwt|redis|sqlite3)(\..*)?"),
]


def _resolve_by_name(app, env, node, contnode):
    """Resolve a public name by its last part: signatures name the module a class is written in."""
    if node.get("refdomain") != "py":
        return None
    name = str(node.get("reftarget", "")).rsplit(".", 1)[-1]
    homes = [found for found in env.domains["py"].objects if found.rsplit(".", 1)[-1] == name]
    if len(homes) != 1:
        return None
    entry = env.domains["py"].objects[homes[0]]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, homes[0])


def _readable_signature(app, what, name, obj, options, signature, return_annotation):
    """Show defaults as what they are, not as the constants that hold them; a protocol takes no arguments."""
    if not signature:
        return None
    if signature == "(*args, **kwargs)":
        return "", return_annotation
    written = obj.__init__ if isinstance(obj, type) else obj
    scope = getattr(getattr(written, "__func__", written), "__globals__", {})

    def default(match):
        value = scope.get(match[2])
        return match[1] + _in_words(value) if isinstance(value, int | timedelta) else match[0]

    signature = re.sub(r"(= ?)(_?[A-Z][A-Z_]+)\b", default, signature.replace("<factory>", "..."))
    return signature, return_annotation


def _in_words(value):
    if isinstance(value, int):
        return str(value)
    for unit in ("days", "hours", "minutes", "seconds"):
        if value % timedelta(**{unit: 1}) == timedelta(0):
            return f"timedelta({unit}={value // timedelta(**{unit: 1})})"
    return repr(value)


def setup(app):
    app.connect("missing-reference", _resolve_by_name)
    app.connect("autodoc-process-signature", _readable_signature)
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
