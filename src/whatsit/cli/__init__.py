"""The command line: parse, call one function, print."""

import gc
import io
import os
import sys
import traceback
from contextlib import suppress

from whatsit.cli.app import app
from whatsit.errors import WhatsitError
from whatsit.extras import extra_of, missing
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
            app()
        finally:
            sys.stdout.flush()  # here a full disk can still be told
            if "torch" not in sys.modules:  # whose libraries would complain of what is left
                gc.freeze()  # or Python looks through all objects once more before it ends
    except SystemExit as end:
        if end.code == 130:  # what typer makes of Ctrl-C
            _stop()
        if end.code == 1:  # and of `whatsit ... | head`, which has read enough
            _discard_output()
            sys.exit(0)
        raise
    except KeyboardInterrupt:
        _stop()
    except Exception as error:
        if debug:
            traceback.print_exc()
        _leave(*_explain(error))


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, WhatsitError):
        return str(error), 2
    if isinstance(error, ModuleNotFoundError) and extra_of(error.name):
        return str(missing("This", error.name)), 2
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}. Check free space and permissions.", 2
    if isinstance(error, MemoryError):
        return "There is not enough memory. Close other programs, or use a smaller --size.", 2
    fault = f"internal fault: {type(error).__name__}: {error}."
    return f"{fault} Run it again with --debug and report what it prints, with `whatsit env`.", 1


def _stop() -> None:
    """End at once: all is saved by now, and Python would wait for threads that decode something large."""
    try:
        _leave("stopped; nothing is lost.", 130)
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
