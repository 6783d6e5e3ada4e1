"""Runs the `console` blocks of a Markdown file in one shell and compares what they print.

A line `$ command` is run; the lines below it are what it prints. `…` inside a line stands for any text, alone on a
line for any number of lines.
"""

import os
import re
import subprocess
import sys

END = "-- end of output --"


def steps(markdown):
    for block in re.findall(r"^```console\n(.*?)^```", markdown, re.M | re.S):
        for step in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, expected = step.partition("\n")
            yield command, expected.rstrip("\n")


def pattern(expected):
    lines = []
    for line in expected.split("\n"):
        if line == "…":
            lines.append(r"(?:.*\n)*?")
        elif line or expected:
            lines.append("[^\n]*?".join(re.escape(part) for part in line.split("…")) + r"[ ]*\n")
    return "".join(lines)


def run(shell, command):
    shell.stdin.write(f"{command}\nprintf '\\n%s\\n' '{END}'\n")
    shell.stdin.flush()
    printed = ""
    for line in shell.stdout:
        if line == f"{END}\n":
            return printed[:-1] if printed.endswith("\n") else printed
        printed += line
    sys.exit(f"the shell ended in: {command}")


def main():
    markdown = open(sys.argv[1], encoding="utf-8").read()
    shell = subprocess.Popen(
        ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
        start_new_session=True,
    )
    count = 0
    try:
        for command, expected in steps(markdown):
            printed = run(shell, command)
            if printed and not printed.endswith("\n"):
                printed += "\n"
            if not re.fullmatch(pattern(expected), printed):
                sys.exit(f"$ {command}\n--- expected\n{expected}\n--- printed\n{printed}")
            count += 1
    finally:
        os.killpg(shell.pid, 9)
    if count == 0:
        sys.exit("the README has no tour")
    print(f"{count} commands of the tour print what the README says")


main()
