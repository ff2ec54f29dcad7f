"""Commands as a page shows them, a shell that runs them, and a comparison of what they print with what the page says.

In a `console` block, `$ ` begins a command and `> ` continues it; other lines are what it prints on standard output and error. `…` stands for
any text in a line, and alone on a line for any number of lines; runs of blanks, empty lines and the length of rules do not count.
"""

import os
import re
import subprocess


def commands(block):
    """[(command, printed lines)]"""
    out = []
    for line in block.splitlines():
        if line.startswith("$ "):
            out.append((line[2:], []))
        elif line.startswith("> ") and out and not out[-1][1]:
            out[-1] = (out[-1][0] + "\n" + line[2:], [])
        elif out:
            out[-1][1].append(line)
    return out


def squeezed(lines):
    plain = (re.sub(r"([=-])\1{2,}", r"\1\1", re.sub(r"[ \t]+", " ", line)).strip() for line in lines)
    return [line for line in plain if line]


def matches(wanted, got):
    """Whether the printed lines are those that the page shows; both squeezed."""
    if not wanted:
        return not got
    if wanted[0] == "…":
        return any(matches(wanted[1:], got[i:]) for i in range(len(got) + 1))
    pattern = ".*".join(re.escape(part) for part in wanted[0].split("…"))
    return bool(got) and re.fullmatch(pattern, got[0]) is not None and matches(wanted[1:], got[1:])


class Shell:
    """One shell for all commands of a page, so that they share variables and functions."""

    MARK = "the command ended with"

    def __init__(self, folder, environment):
        self.folder = str(folder)
        self.process = subprocess.Popen(
            ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, env=environment)

    def run(self, command):
        """The printed lines and the exit status."""
        # From a file, so that a command which reads its input does not read the commands after it.
        path = os.path.join(self.folder, ".command")
        with open(path, "w") as file:
            file.write("set -o pipefail\n" + command + "\n")
        self.process.stdin.write(f". '{path}' < /dev/null; printf '\\n%s %s\\n' '{self.MARK}' $?\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.startswith(self.MARK):
                return lines, int(line.split()[-1])
            lines.append(line.rstrip("\n"))
        return lines, self.process.wait()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
