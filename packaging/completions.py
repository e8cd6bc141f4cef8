#!/usr/bin/env python3
"""Writes the completions of bash and zsh from what `metricstream --help` says: completions.py PROGRAM FOLDER makes
FOLDER/metricstream (bash) and FOLDER/_metricstream (zsh)."""

import re
import sys
from pathlib import Path

from help_text import Command, Option, read_command

BASH = """# bash completion of metricstream(1); made from what its --help says.

_metricstream() {{
  local cur prev words cword split
  _init_completion -s -n : || return

  local command= word
  for word in "${{words[@]:1:cword-1}}"; do
    case $command,$word in
{commands}
    esac
  done

  case $command,$prev in
{values}
  esac
  $split && return

  case $command,$cur in
{candidates}
  esac
}}

complete -F _metricstream metricstream
"""

ZSH = """#compdef metricstream
# zsh completion of metricstream(1); made from what its --help says.

{functions}

_metricstream "$@"
"""


def bash_completion(program: Command) -> str:
    commands = [f"      {key(command.words[:-1])},{command.words[-1]}) command={key(command.words)} ;;"
                for command in program.all() if command.words]
    candidates = [line for command in program.all() for line in bash_candidates(command)]
    return BASH.format(commands="\n".join(commands), values=bash_values(program), candidates="\n".join(candidates))


def key(words: list[str]) -> str:
    return "-".join(words)


def bash_values(program: Command) -> str:
    """What each option's value is completed by; those that have the same stand together."""
    patterns: dict[str, list[str]] = {}
    for command in program.all():
        for option in command.options:
            if option.value:
                patterns.setdefault(bash_action(option), []).extend(f"{key(command.words)},{n}" for n in option.names)
    return "\n".join(f"    {' | '.join(names)}) {action}return ;;" for action, names in patterns.items())


def bash_action(option: Option) -> str:
    if option.choices:
        return f"COMPREPLY=($(compgen -W '{' '.join(option.choices)}' -- \"$cur\")); "
    return {"DIR": "_filedir -d; ", "FILE": "_filedir; "}.get(option.value, "")


def bash_candidates(command: Command) -> list[str]:
    options = " ".join(name for option in command.options for name in option.names)
    lines = [f"    {key(command.words)},-*) COMPREPLY=($(compgen -W '{options}' -- \"$cur\")) ;;"]
    if command.subcommands:
        words = " ".join(each.words[-1] for each in command.subcommands)
        lines.append(f"    {key(command.words)},*) COMPREPLY=($(compgen -W '{words}' -- \"$cur\")) ;;")
    return lines


def zsh_completion(program: Command) -> str:
    return ZSH.format(functions="\n\n".join(zsh_function(command) for command in reversed(program.all())))


def zsh_function(command: Command) -> str:
    arguments = [argument for option in command.options for argument in zsh_option(option)]
    if not command.subcommands:
        if command.has_positional:
            arguments.append("'::url:_urls'")
        return f"{zsh_name(command)}() {{\n  _arguments -s{join_lines(arguments)}\n}}"
    arguments += ["'1:command:->command'", "'*::argument:->argument'"]
    names = [f"      {quote(each.words[-1] + ':' + each.summary)}" for each in command.subcommands]
    calls = [f"        {each.words[-1]}) {zsh_name(each)} ;;" for each in command.subcommands]
    return "\n".join([f"{zsh_name(command)}() {{", "  local context state state_descr line", "  typeset -A opt_args",
                      f"  _arguments -s -C{join_lines(arguments)}", "  case $state in", "    command)",
                      "      local -a commands=(", *names, "      )", "      _describe command commands ;;",
                      "    argument)", "      case $line[1] in", *calls, "      esac ;;", "  esac", "}"])


def zsh_name(command: Command) -> str:
    return "_" + "_".join(["metricstream", *command.words])


def join_lines(arguments: list[str]) -> str:
    return "".join(f" \\\n    {argument}" for argument in arguments)


def zsh_option(option: Option) -> list[str]:
    text = re.split(r"\.(?:\s|$)", option.help)[0].replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    if option.choices:
        value = f":{option.value}:({' '.join(option.choices)})"
    elif option.value:
        action = {"DIR": "_files -/", "FILE": "_files"}.get(option.value, " ")
        value = ":" + option.value.replace(":", "\\:") + ":" + action
    else:
        value = ""
    repeated = "*" if option.may_repeat else ""
    is_long_with_value = "=" if value else ""
    return [quote(f"{repeated}{name}{is_long_with_value}[{text}]{value}") for name in option.names]


def quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def main() -> None:
    program, folder = read_command(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metricstream").write_text(bash_completion(program))
    (folder / "_metricstream").write_text(zsh_completion(program))


if __name__ == "__main__":
    main()
