"""`chronomux completion`: a script by which bash and zsh complete command lines."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

__all__ = ["add_arguments", "run"]

EXAMPLES = """\
examples:
  source <(chronomux completion)                            for this shell
  chronomux completion >~/.local/share/bash-completion/completions/chronomux
  echo 'source <(chronomux completion)' >>~/.zshrc          behind compinit
"""
# Without candidates the shell completes names of files.
SCRIPT = """\
# Completes chronomux in bash, and in zsh behind compinit.
if [ -n "${ZSH_VERSION:-}" ]; then autoload -U +X bashcompinit && bashcompinit; fi

_chronomux() {
    local word verb='' candidates=''
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
            -*) ;;
            *) verb=$word; break ;;
        esac
    done
    case "$verb $before" in
@values@
        *)
            case "$verb $current" in
@options@
            esac
            ;;
    esac
    COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o default -F _chronomux chronomux
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES


def run(options: argparse.Namespace) -> int:
    print(script(), end="")
    return 0


def script() -> str:
    """The script, for the verbs and options that there are."""
    from chronomux.cli.entry import VERBS, parser_of

    values, choices = [], [f'" "*) candidates="{" ".join(VERBS)} --help --version" ;;']
    for verb in VERBS:
        names = []
        for flags, values_of in _options(parser_of(verb), verb):
            names += flags
            if values_of:
                given = "|".join(f'"{verb} {flag}"' for flag in flags)
                values.append(f'{given}) candidates="{" ".join(values_of)}" ;;')
        choices.append(f'"{verb} -"*) candidates="{" ".join(names)}" ;;')
    return SCRIPT.replace("@values@", _indented(values, 8)).replace(
        "@options@", _indented(choices, 16)
    )


def _options(
    parser: argparse.ArgumentParser, verb: str
) -> Iterator[tuple[list[str], list[str]]]:
    """(flags, values that are allowed) of the options of a verb."""
    # argparse tells nobody what it was told but by these.
    for verbs in parser._subparsers._group_actions if parser._subparsers else ():
        assert isinstance(verbs.choices, dict)
        for action in verbs.choices[verb]._actions:
            if action.option_strings:
                yield (
                    list(action.option_strings),
                    [str(choice) for choice in action.choices or ()],
                )


def _indented(lines: list[str], width: int) -> str:
    return "\n".join(" " * width + line for line in lines)
