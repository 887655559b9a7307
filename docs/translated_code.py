"""Blocks of code in the site's language: their comments, and what a command prints."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import init
from sphinx.transforms import SphinxTransform


class TranslatedCode(SphinxTransform):
    """Sphinx translates blocks of code as reStructuredText, which MyST does not read."""

    default_priority = 19  # just before Sphinx translates all other messages

    def apply(self, **kwargs: object) -> None:
        folders = [Path(self.env.srcdir) / folder for folder in self.config.locale_dirs]
        catalog, found = init(folders, self.config.language, self.env.docname)
        for block in self.document.findall(nodes.literal_block) if found else ():
            text = catalog.gettext(block.rawsource or block.astext())
            block.rawsource, block[:] = text, [nodes.Text(text)]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(TranslatedCode)
    return {"parallel_read_safe": True}
