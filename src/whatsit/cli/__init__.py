"""The command line: parse, call one function, print."""

import gc
import io
import os
import sys
import traceback
from contextlib import suppress
from typing import get_args

from whatsit.config import Language
from whatsit.errors import WhatsitError
from whatsit.extras import extra_of, missing
from whatsit.i18n import Message, chosen, speak
from whatsit.text import printable


def main() -> None:
    """Run the command line: a mistake in the input is one sentence and exit code 2, Ctrl-C is 130."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal of another alphabet gets escapes, not a crash
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            _take_language(sys.argv)
            if sys.argv[1:2] == ["help"]:
                sys.argv[1:] = [*sys.argv[2:], "--help"]
            code = _run()
        finally:
            sys.stdout.flush()  # a full disk can still be reported here
            if "torch" not in sys.modules:  # whose libraries would complain of what is left
                gc.freeze()  # or Python looks through all objects once more before it ends
    except SystemExit as end:
        if end.code == 1:  # what typer makes of `whatsit ... | head`, which has read enough
            _discard_output()
            sys.exit(0)
        raise
    except KeyboardInterrupt:
        _stop()
    except Exception as error:
        if debug:
            traceback.print_exc()
        _leave(*_explain(error))
    else:
        if code == 130:  # what typer makes of Ctrl-C
            _stop()
        sys.exit(code)


def _take_language(words: list[str]) -> None:
    """Speak the language of --lang, of the environment or English; take --lang out. Raises WhatsitError."""
    speak(chosen(words[1:], os.environ))
    place = 1
    while place < len(words) and words[place] != "--":
        option, is_joined, name = words[place].partition("=")
        if option != "--lang":
            place += 1
            continue
        if not is_joined:
            if place + 1 == len(words):
                raise WhatsitError(Message("cli.language_missing"))
            name = words[place + 1]
        if (lang := next((one for one in get_args(Language) if one == name), None)) is None:
            raise WhatsitError(Message("cli.language_unknown", name=name))
        speak(lang)
        del words[place : place + (1 if is_joined else 2)]


def _run() -> int:
    """Parse and carry out a command in the current language; its exit code."""
    from whatsit.cli.app import app  # which needs the language for its help

    try:
        code = app(standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):  # as typer's own have
            raise
        from whatsit.cli.complaints import complain

        complain(error)
        return int(error.exit_code)  # type: ignore[attr-defined]
    return code if isinstance(code, int) else 0


def _explain(error: Exception) -> tuple[str, int]:
    """What to print of an error, and the exit code."""
    if isinstance(error, WhatsitError):
        return str(error), 2
    if isinstance(error, ModuleNotFoundError) and extra_of(error.name):
        return str(missing(Message("cli.this"), error.name)), 2
    if isinstance(error, OSError) and error.strerror:
        if not error.filename:
            return str(Message("cli.system", reason=error.strerror)), 2
        return str(Message("cli.system_at", path=error.filename, reason=error.strerror)), 2
    if isinstance(error, MemoryError):
        return str(Message("cli.memory")), 2
    return str(Message("cli.fault", kind=type(error).__name__, text=str(error))), 1


def _stop() -> None:
    """End at once: all is saved by now, and Python would wait for threads that decode something large."""
    try:
        _leave(str(Message("cli.stopped")), 130)
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(130)


def _leave(sentence: str, code: int) -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _discard_output()
    print(f"whatsit: {printable(sentence)}", file=sys.stderr)
    sys.exit(code)


def _discard_output() -> None:
    """Send what still waits for a closed pipe or a full disk nowhere, or Python complains when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
