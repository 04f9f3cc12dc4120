"""How the documentation is built: ``make docs``."""

import sys
from pathlib import Path

from linksim.startup import import_tensorflow

sys.path.append(str(Path(__file__).parent))
import_tensorflow()  # once without its chatter; autodoc imports every module

project = "linksim"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "api_pages",
    "reference_pages",
]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
html_theme = "furo"
html_title = "linksim"
html_show_copyright = False
html_show_sourcelink = False
templates_path: list[str] = []

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True, "ignore-module-all": True}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
suppress_warnings = ["ref.python"]  # `Clip` in a docstring: any of that name will do
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Input", "params_style"), ("Output", "returns_style")]

# An extra that the documentation is built without.
autodoc_mock_imports = ["torch"]

# Every page would copy thousands of names into its side bar, for minutes.
toc_object_entries = False
