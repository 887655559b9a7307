"""The command line: parse, call one function, print."""

import sys

from whatsit.cli.app import app
from whatsit.errors import WhatsitError


def main() -> None:
    """Run the command line; a WhatsitError is one sentence on stderr and exit code 2, Ctrl-C is 130."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        app(standalone_mode=True)
    except WhatsitError as error:
        if debug:
            raise
        print(f"whatsit: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(
            "whatsit: stopped; what was finished is kept, and the same command goes on from there.",
            file=sys.stderr,
        )
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        print(
            f"whatsit: internal fault: {type(error).__name__}: {error}. "
            "Run it again with --debug and report what it prints, with `whatsit env`.",
            file=sys.stderr,
        )
        sys.exit(1)
