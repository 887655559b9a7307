"""`python -m whatsit.fastai1 old.ipynb`: a notebook of fastai 1 gets today's imports."""

import os
import sys
import traceback
from argparse import ArgumentParser
from pathlib import Path
from typing import NoReturn, get_args

from whatsit.config import Language
from whatsit.errors import WhatsitError
from whatsit.fastai1 import __all__, widgets
from whatsit.fastai1.converter.arguments import accepted
from whatsit.fastai1.converter.converting import convert, described
from whatsit.fastai1.converter.rewriting import HERE, MODELS, WIDGETS
from whatsit.i18n import Message, chosen, say, speak
from whatsit.text import printable


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WhatsitError(Message("rewriting.usage"))


def main() -> None:
    """Convert what the command line names; a mistake in it is one sentence and exit code 2."""
    speak(chosen(sys.argv[1:], os.environ))
    try:
        _convert(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has read enough; Python would complain when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        _leave(say("cli.stopped"), 130)
    except WhatsitError as error:
        _leave(str(error), 2)
    except OSError as error:
        _leave(say("cli.system_at", path=error.filename, reason=error.strerror), 2)
    except Exception as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        _leave(say("cli.fault", kind=type(error).__name__, text=str(error)), 1)


def _convert(words: list[str]) -> None:
    parser = _Parser(add_help=False)
    parser.add_argument("old", type=Path, nargs="?")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--lang", choices=get_args(Language))
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--help", "-h", action="store_true")
    given = parser.parse_args(words)
    if given.help or not given.old:
        print(say("rewriting.help"))
        return
    names = {HERE: [*__all__, "__version__"], WIDGETS: widgets.__all__, MODELS: ()}
    done = convert(given.old, given.out, names, accepted())
    print(say("rewriting.written", out=printable(done.out), count=done.imports))
    if done.places:
        print(say("rewriting.list"))
        print("\n".join(described(done)))


def _leave(sentence: str, code: int) -> NoReturn:
    print(f"whatsit: {printable(sentence)}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
