#!/usr/bin/env python3
"""Holds the sources to tools/layers.txt: which folder may include which, and what is said nowhere.

Usage: lint_layers.py [ROOT]. Prints `file:line: what is wrong` for each violation; exit status 1 if there is one.
"""

import fnmatch
import pathlib
import re
import sys

SOURCE_FOLDERS = ("engine", "actors", "topologies", "connectors", "tools", "bench", "tests")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
# Comments, strings and characters, so that the bans look at code only. A string stays a string, for includes.
NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)  # the look-behind is for 50'000


class RulesError(Exception):
    """tools/layers.txt itself is wrong."""


def blank(text):
    """As many lines, and nothing on them."""
    return re.sub(r"[^\n]", " ", text)


def folder_matches(pattern, folder):
    """Whether the pattern, whose `*` is one folder name, is the folder."""
    parts, given = pattern.split("/"), folder.split("/")
    return len(parts) == len(given) and all(fnmatch.fnmatchcase(g, p) for p, g in zip(parts, given))


def place_matches(place, path):
    """Whether a fence's place (a folder or a file pattern) holds the file."""
    return path.startswith(place.rstrip("/") + "/") or fnmatch.fnmatchcase(path, place)


class Rules:
    def __init__(self, text):
        self.allowed = {}  # folder pattern -> the folder patterns that it names
        self.fences = []  # (prefix, places)
        self.banned_headers = []  # (header, why)
        self.banned_words = []  # (regex, folder, why)
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.lstrip().startswith("#"):
                self._read(line, f"tools/layers.txt:{number}")
        for folder in self.allowed:
            self._reach(folder, ())

    def _read(self, line, where):
        if match := re.fullmatch(r"ban include (\S+): (.+)", line):
            self.banned_headers.append(match.groups())
        elif match := re.fullmatch(r"ban (.+) in (\S+): (.+)", line):
            self.banned_words.append((re.compile(match[1]), match[2], match[3]))
        elif match := re.fullmatch(r"fence (\S+): (.+)", line):
            self.fences.append((match[1], match[2].split()))
        elif match := re.fullmatch(r"([\w/*]+):((?: +[\w/*]+)*)", line):
            if match[1] in self.allowed:
                raise RulesError(f"{where}: {match[1]} is there twice")
            self.allowed[match[1]] = match[2].split()
        else:
            raise RulesError(f"{where}: not a rule: {line}")

    def _reach(self, folder, path):
        if folder in path:
            raise RulesError("tools/layers.txt: a circle: " + " -> ".join(path + (folder,)))
        if folder not in self.allowed:
            raise RulesError(f"tools/layers.txt: {path[-1]} names {folder}, which has no rule")
        reached = set()
        for named in self.allowed[folder]:
            reached |= {named} | self._reach(named, path + (folder,))
        return reached

    def unit(self, path):
        """The rule of the file's folder, and the folder: the deepest that has a rule."""
        folders = path.split("/")[:-1]
        for length in range(len(folders), 0, -1):
            folder = "/".join(folders[:length])
            # A rule in so many words goes before one with a star.
            for pattern in sorted(self.allowed, key=lambda p: p.count("*")):
                if folder_matches(pattern, folder):
                    return pattern, folder
        return None, None

    def include_of_own(self, path, header):
        """What is wrong with including the project's header, or None."""
        rule, folder = self.unit(path)
        target_rule, target = self.unit(header)
        if target_rule is None:
            return f"{header} is in no folder that tools/layers.txt knows"
        if target == folder or target_rule in self._reach(rule, ()) - {rule}:
            return None
        return f"{folder} may not include {target} ({header})"

    def include_of_others(self, path, header):
        """What is wrong with including the third-party header, or None."""
        for banned, why in self.banned_headers:
            if header == banned:
                return f"{header} is banned: {why}"
        for prefix, places in self.fences:
            if header.startswith(prefix) and not any(place_matches(p, path) for p in places):
                return f"{header} is fenced: only {', '.join(places)} may include it"
        return None


def check_file(rules, path, text):
    """Yields (line, what is wrong)."""
    if rules.unit(path)[0] is None:
        yield 1, "this folder has no rule in tools/layers.txt"
        return
    uncommented = NOT_CODE.sub(lambda m: blank(m[0]) if m[0].startswith("/") else m[0], text)
    for match in INCLUDE.finditer(uncommented):
        header = match[2]
        line = uncommented.count("\n", 0, match.start(1)) + 1
        if header.split("/")[0] in SOURCE_FOLDERS and "/" in header:
            wrong = rules.include_of_own(path, header)
            if match[1] == "<":
                wrong = wrong or f'own headers are included with quotes: "{header}"'
        elif match[1] == '"':
            wrong = f'"{header}": an include is the path from the root, such as "engine/core/record.hpp"'
        else:
            wrong = rules.include_of_others(path, header)
        if wrong:
            yield line, wrong
    code = NOT_CODE.sub(lambda m: blank(m[0]), text)
    for regex, folder, why in rules.banned_words:
        if place_matches(folder, path):
            for match in regex.finditer(code):
                yield code.count("\n", 0, match.start()) + 1, f"'{match[0].strip()}' is banned here: {why}"


def sources(root):
    for folder in SOURCE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp") and path.is_file():
                yield path.relative_to(root).as_posix(), path


def check_tree(root):
    """All violations below the root, as lines of text, and how many files were read."""
    rules = Rules((root / "tools/layers.txt").read_text(encoding="utf-8"))
    found, files = [], 0
    for name, path in sources(root):
        files += 1
        found += [f"{name}:{line}: {what}" for line, what in
                  sorted(check_file(rules, name, path.read_text(encoding="utf-8", errors="replace")))]
    return found, files


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    try:
        found, files = check_tree(root)
    except (RulesError, OSError) as error:
        print(error)
        return 1
    print(*found, sep="\n", end="\n" if found else "")
    print(f"layers: {files} files, {len(found)} violations")
    return 1 if found or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
