"""Style sheets and scripts: inside a page, or as files whose names change with their content."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

STATIC = Path(__file__).with_name("static")
KINDS = {".css": "text/css", ".js": "text/javascript"}


@dataclass(frozen=True)
class Asset:
    """A file of the kit: its `name`, such as "album.js", and its `text`."""

    name: str
    text: str

    @cached_property
    def served(self) -> str:
        """Its name for a server, which a browser may keep forever."""
        stem, _, kind = self.name.rpartition(".")
        return f"{stem}.{hashlib.sha256(self.text.encode()).hexdigest()[:12]}.{kind}"

    @cached_property
    def csp(self) -> str:
        """The source of a content security policy that allows this text inside a page, and nothing else."""
        digest = base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()
        return f"'sha256-{digest}'"


@cache
def asset(name: str) -> Asset:
    """A file of the kit."""
    return Asset(name, (STATIC / name).read_text(encoding="utf-8"))


@cache
@cache
def static_files() -> dict[str, tuple[str, bytes]]:
    """All files of the kit by the name that pages link to, with media type and content."""
    assets = (asset(file.name) for file in sorted(STATIC.iterdir()) if file.suffix in KINDS)
    return {one.served: (KINDS[Path(one.name).suffix], one.text.encode()) for one in assets}
