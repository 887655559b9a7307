"""Which records this user wrote: signed with a key that never leaves the user's cache folder."""

import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from whatsit.project.cache import cache_dir
from whatsit.project.records import read_file

LENGTH = 32  # bytes of the key


def signature(place: Path, kind: str, values: Any) -> str:
    """The signature of a job in its folder: a copy elsewhere is not signed."""
    text = json.dumps([os.path.realpath(place), kind, values], sort_keys=True).encode()
    return hmac.new(_key(), text, hashlib.sha256).hexdigest()


def is_signed(signed: str, place: Path, kind: str, values: Any) -> bool:
    """Whether this user signed it."""
    return hmac.compare_digest(signed, signature(place, kind, values))


def _key() -> bytes:
    """This user's key, made when it is first needed."""
    file = cache_dir() / "jobs.key"
    while True:
        with suppress(FileNotFoundError):
            if len(key := read_file(file)) == LENGTH:
                return key
            file.unlink()  # damaged: what it signed is not trusted any longer
        file.parent.mkdir(parents=True, exist_ok=True)
        whole = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
        handle = os.open(whole, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_bytes(LENGTH))
        try:
            os.link(whole, file)  # fails where another process was faster, whose key is taken then
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(whole, file)
        with suppress(FileNotFoundError):
            whole.unlink()
