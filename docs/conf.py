"""The site of the documentation: `make docs` builds build/docs and build/docs/zh, without any network."""

import sys
from pathlib import Path

from whatsit.version import __version__

project, author = "Whatsit", "the Whatsit authors"
version = release = __version__
sys.path.insert(0, str(Path(__file__).parent))
extensions = ["myst_parser", "sphinx.ext.autodoc", "command_reference", "public_names", "translated_code"]
myst_enable_extensions = ["attrs_block"]
default_role = "code"  # in docstrings
html_theme = "furo"
html_title = "Whatsit"
html_show_copyright = False
html_static_path = ["static"]
html_css_files = ["output.css", "cards.css", "tables.css"]
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
exclude_patterns = ["_build", "_templates", "locale"]
nitpicky = False
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links to the README and other files of the source
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 90
locale_dirs = ["locale"]
gettext_compact = False
gettext_location = False
gettext_additional_targets = ["literal-block"]  # comments in code, and what a command prints
catalogs = Path(__file__).parent / "locale/zh_CN/LC_MESSAGES"
html_context = {"in_chinese": [path.stem for path in catalogs.glob("*.po")]}
