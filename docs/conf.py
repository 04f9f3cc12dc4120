"""How the documentation is built: ``make docs``."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

project = "linksim"
extensions = ["myst_parser", "reference_pages"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
html_theme = "furo"
html_title = "linksim"
html_show_copyright = False
html_show_sourcelink = False
templates_path: list[str] = []
