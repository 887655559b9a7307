"""Text that any terminal, file and figure can take."""


def printable(text: object) -> str:
    """A path or label on one line, whatever it holds; what is no text is escaped."""
    if isinstance(text, str) and text.isprintable():
        return text
    sound = str(text).encode("utf-8", "backslashreplace").decode()
    return sound if sound.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in sound)
