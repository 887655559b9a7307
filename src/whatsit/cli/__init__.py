"""The command line: parse, call one function, print."""

import io
import os
import sys

from whatsit.cli.app import app
from whatsit.errors import WhatsitError

TRAINING_NEEDS = ("torch", "torchvision", "timm", "onnx", "safetensors", "sklearn", "matplotlib")


def main() -> None:
    """Run the command line: a mistake in the input is one sentence and exit code 2, Ctrl-C is 130."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal of another alphabet gets escapes, not a crash
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app(standalone_mode=True)
    except SystemExit as end:
        if end.code == 130:  # what typer makes of Ctrl-C
            _leave("stopped; what was finished is kept, and the same command goes on from there.", 130)
        raise
    except BrokenPipeError:  # `whatsit ... | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        _leave(*_explain(error))


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, WhatsitError):
        return str(error), 2
    if isinstance(error, ModuleNotFoundError) and error.name in TRAINING_NEEDS:
        needs = f"This needs {error.name}, which is not installed."
        return f"{needs} Install what training takes: pip install 'whatsit[train]'.", 2
    fault = f"internal fault: {type(error).__name__}: {error}."
    return f"{fault} Run it again with --debug and report what it prints, with `whatsit env`.", 1


def _leave(sentence: str, code: int) -> None:
    print(f"whatsit: {sentence}", file=sys.stderr)
    sys.exit(code)
