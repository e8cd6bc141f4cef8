"""Asks bash and zsh, as a user would by the tabulator, to complete every command line of the program: each command and option that
its --help names has to be among what they offer, and nothing else. completion_test.py PROGRAM COMPLETIONS_FOLDER"""

import os
import pty
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from help_of import commands, options_of, subcommands_of

PROGRAM, FOLDER = sys.argv.pop(1), Path(sys.argv.pop(1))
DEADLINE_S = 60
END = "-- end of offers"

# Answers each line of its input, words between blanks, as readline would call for it.
BASH = """
source /usr/share/bash-completion/bash_completion
source "$1"
while IFS= read -r line; do
  COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
  read -ra COMP_WORDS <<<"${line//=/ = }"
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _metricstream metricstream "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
  printf '%s\\n' "${COMPREPLY[@]}" "$2"
done
"""

# The tabulator writes down what is offered.
ZSH = """
fpath=({folder} $fpath)
autoload -Uz compinit && compinit -u -D
compadd() {{
  local -a offers
  # These ask for matches, and offer none.
  if [[ " $* " != *' -'[[:alnum:]]#[OAD][[:alnum:]]#' '* ]]; then
    builtin compadd -O offers "$@"
    print -rl -- $offers >>{answers}
  fi
  builtin compadd "$@"
}}
setopt extended_glob
complete_and_show_nothing() {{ _main_complete; compstate[list]= compstate[insert]= }}
zle -C offer complete-word complete_and_show_nothing
answer() {{ zle offer; print -r -- '{END}' >>{answers}; BUFFER= }}
zle -N answer
bindkey '^I' answer
print -r -- '{END}' >>{answers}
"""


def lines_by_offers() -> list[tuple[str, set[str]]]:
    """Command lines, and what completes each, in the folder above FOLDER."""
    lines = []
    for words in commands(PROGRAM):
        line = " ".join(["metricstream", *words]) + " "
        lines.append((line + "-", options_of(PROGRAM, words)))
        if subcommands_of(PROGRAM, words):
            lines.append((line, subcommands_of(PROGRAM, words)))
    lines.append(("metricstream serve --wal-sync ", {"always", "os"}))
    lines.append(("metricstream serve --architecture=p", {"pool"}))
    lines.append(("metricstream serve --wal-sync os --log-f", {"--log-format"}))
    lines.append(("metricstream serve --data-dir complet", {FOLDER.name}))
    return lines


def ask_bash(lines: list[str]) -> list[set[str]]:
    bash = subprocess.run(["bash", "--norc", "-c", BASH, "bash", FOLDER / "metricstream", END], check=True, text=True,
                          cwd=FOLDER.parent, input="".join(line + "\n" for line in lines), capture_output=True,
                          timeout=DEADLINE_S)
    return read_answers(bash.stdout)


def read_answers(text: str) -> list[set[str]]:
    """Those that are complete."""
    return [set(answer.split()) for answer in text.split(END)[:-1]]


def ask_zsh(lines: list[str]) -> list[set[str]]:
    with tempfile.TemporaryDirectory() as folder:
        answers, setup = Path(folder, "answers"), Path(folder, "setup.zsh")
        answers.touch()
        setup.write_text(ZSH.format(folder=FOLDER, answers=answers, END=END))
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(FOLDER.parent)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "TERM": "dumb", "HOME": folder})
        try:
            results = []
            for number, text in enumerate([f"source {setup}\n", *(line + "\t" for line in lines)]):
                os.write(terminal, text.encode())
                results.append(wait_for_answer(answers, terminal, number))
            return results[1:]
        finally:
            os.close(terminal)  # hangs up, which ends the shell
            os.waitpid(pid, 0)


def wait_for_answer(answers: Path, terminal: int, number: int) -> set[str]:
    deadline = time.monotonic() + DEADLINE_S
    os.set_blocking(terminal, False)
    while time.monotonic() < deadline:
        try:
            os.read(terminal, 1 << 16)  # a terminal that nobody reads stops who writes to it
        except BlockingIOError:
            time.sleep(0.005)
        complete = read_answers(answers.read_text())
        if len(complete) > number:
            return complete[number]
    raise TimeoutError(f"zsh has not answered request {number}")


class Completion(unittest.TestCase):
    def check(self, ask) -> None:
        lines = lines_by_offers()
        answers = ask([line for line, _ in lines])
        self.assertEqual(len(answers), len(lines))
        for (line, expected), offered in zip(lines, answers):
            with self.subTest(line=line):
                self.assertEqual(offered, expected)

    def test_bash_offers_every_command_and_option(self) -> None:
        self.check(ask_bash)

    def test_zsh_offers_every_command_and_option(self) -> None:
        self.check(ask_zsh)


if __name__ == "__main__":
    unittest.main()
