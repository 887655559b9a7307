"""What is printed of a command that typer can't parse: clearer sentences, in the user's language."""

import re
import sys
from difflib import SequenceMatcher
from typing import Any

from whatsit.i18n import Message, language, say
from whatsit.text import printable

# typer's sentences, those that hold another one first.
SENTENCES = {
    "usage.no_command_but": re.compile(r"No such command (?P<name>.*?)\. Did you mean (?P<others>.*?)\?"),
    "usage.invalid_for": re.compile(r"Invalid value for (?P<param>.*?): (?P<reason>.*)", re.DOTALL),
    "usage.invalid": re.compile(r"Invalid value: (?P<reason>.*)", re.DOTALL),
    "usage.no_command": re.compile(r"No such command (?P<name>.*)\.", re.DOTALL),
    "usage.no_argument": re.compile(r"Missing argument (?P<param>.*)\."),
    "usage.option_missing": re.compile(r"Missing option (?P<param>.*)\."),
    "usage.command_missing": re.compile(r"Missing command\."),
    "usage.extra": re.compile(r"Got unexpected extra argument\(s\) \((?P<args>.*)\)", re.DOTALL),
    "usage.needs_value": re.compile(r"Option (?P<option>.*) requires an argument\."),
    "usage.takes_no_value": re.compile(r"Option (?P<option>.*) does not take a value\."),
    "usage.not_one_of": re.compile(r"(?P<value>.*) is not one of (?P<choices>.*)\.", re.DOTALL),
}
_NOT_A_NUMBER = re.compile(
    r"'?(?P<value>.*?)'? is not (a valid (int|float)( range)?|in the range .*)\.", re.DOTALL
)
_QUOTED = re.compile(r"'([^']*)'")


def complain(error: Any) -> None:
    """Print what typer found wrong, as it does."""
    context, sentence = getattr(error, "ctx", None), error.format_message()
    if context is not None and sentence == context.get_help():  # which is what the program alone gives
        print(sentence, file=sys.stderr)
        return
    if context is not None:
        print(context.get_usage(), file=sys.stderr)
        print(say("parser.try_help", command=f"{context.command_path} --help"), end="\n\n", file=sys.stderr)
    sentence = _of_option(error) or _of_number(error) or _in_words(sentence)
    print(say("parser.error", reason=printable(sentence)), file=sys.stderr)


def _of_option(error: Any) -> str | None:
    """What to print where an option does not exist: one suggestion, the most similar."""
    option = getattr(error, "option_name", None)
    near = getattr(error, "possibilities", None)
    if option is None or not hasattr(error, "possibilities"):
        return None
    if not near:
        return say("usage.no_option", option=option)
    best = max(near, key=lambda one: SequenceMatcher(None, option, one).ratio())
    return say("usage.no_option_but", option=option, near=best)


def _of_number(error: Any) -> str | None:
    """What to print where an option needs a number, perhaps within bounds."""
    found, option = _NOT_A_NUMBER.fullmatch(error.message), getattr(error, "param", None)
    if not found or option is None:
        return None
    least, most = getattr(option.type, "min", None), getattr(option.type, "max", None)
    is_whole = option.type.name.startswith("int")
    kind = Message("usage.whole" if is_whole else "usage.number")
    if most is not None:
        kind = Message("usage.whole_between", least=least, most=most)
    elif least is not None:
        kind = Message("usage.whole_from" if is_whole else "usage.number_from", least=least)
    return say("usage.must_be", option=max(option.opts, key=len), kind=kind, value=found["value"])


def _in_words(sentence: str) -> str:
    """One of typer's sentences in the user's language; one that is not known stays as it is."""
    for code, pattern in SENTENCES.items():
        if found := pattern.fullmatch(sentence):
            values = found.groupdict()
            return say(
                code,
                **{
                    name: _in_words(one) if name == "reason" else _named(name, one)
                    for name, one in values.items()
                },
            )
    return sentence


def _named(name: str, value: str) -> str:
    """A value of a sentence; options stand without quotes."""
    return value.strip("'") if name == "option" else _quoted(value)


def _quoted(names: str) -> str:
    """Names between the quotes of the language instead of 'these'."""
    return names if language() == "en" else _QUOTED.sub("“\\1”", names).replace("”, “", "”、“")
