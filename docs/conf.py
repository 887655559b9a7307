"""The site of the documentation: `make docs` builds it into build/docs, without any network."""

import sys
from pathlib import Path

from whatsit.version import __version__

project, author = "Whatsit", "the Whatsit authors"
version = release = __version__
sys.path.insert(0, str(Path(__file__).parent))
extensions = ["myst_parser", "sphinx.ext.autodoc", "command_reference"]
html_theme = "furo"
html_title = "Whatsit"
html_show_copyright = False
html_static_path = ["static"]
html_css_files = ["output.css"]
exclude_patterns = ["_build"]
nitpicky = False
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links to the README and other files of the source
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_mock_imports = []
locale_dirs = ["locale"]
gettext_compact = False
