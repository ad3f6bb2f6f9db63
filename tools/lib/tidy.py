#!/usr/bin/env python3
"""Runs clang-tidy 19 over a compile database, in parallel; what was clean before is not looked at again.

Usage: tidy.py BUILD_FOLDER [JOBS]

A source is known to be clean by a hash of all that could change the answer: the source, the project's headers that it
reaches, its compile command, .clang-tidy, and the versions of the tool and of the libraries. The hashes are kept
in ~/.cache/sallyport/tidy, so a fresh clone is quick as well. Findings are never kept.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "sallyport/tidy"
KEPT_FOR = 30 * 24 * 3600  # seconds after which a hash that was of no use is dropped
OWN_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


class Headers:
    """Which of the project's headers a source reaches, and their text."""

    def __init__(self):
        self.known = {}

    def read(self, path):
        if path not in self.known:
            text = (ROOT / path).read_bytes()
            included = [ROOT / name.decode() for name in OWN_INCLUDE.findall(text)]
            self.known[path] = (hashlib.sha256(text).digest(),
                                [p.relative_to(ROOT) for p in included if p.is_file()])
        return self.known[path]

    def closure(self, path):
        reached, waiting = set(), [path]
        while waiting:
            path = waiting.pop()
            if path not in reached:
                reached.add(path)
                waiting += self.read(path)[1]
        return sorted(reached)


# Tests and benchmarks are built with all warnings and run under the sanitizers; to look at them here as well would
# double the time.
LEFT_OUT = (ROOT / "tests", ROOT / "bench")


def jobs_of(database):
    """(source, command) of the project's own sources; those that were generated are not of interest."""
    for entry in json.loads((database / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["directory"], entry["file"])
        if any(source.is_relative_to(folder) for folder in LEFT_OUT):
            continue
        if source.is_relative_to(ROOT) and not source.is_relative_to(database):
            yield source.relative_to(ROOT), entry.get("command") or " ".join(entry["arguments"])


def fingerprints(database):
    """source -> hash of all that could change what clang-tidy says about it."""
    common = hashlib.sha256(output("clang-tidy-19", "--version") + (ROOT / ".clang-tidy").read_bytes())
    common.update(output("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "lib*-dev", "nlohmann-json3-dev"))
    headers, found = Headers(), {}
    for source, command in jobs_of(database):
        digest = common.copy()
        digest.update(command.replace(str(ROOT), ".").encode())
        for path in headers.closure(source):
            digest.update(str(path).encode() + headers.read(path)[0])
        found[source] = digest.hexdigest()
    return found


def tidy(database, source):
    """The findings in the source and its headers: empty when it is clean."""
    done = subprocess.run(["clang-tidy-19", "-p", str(database), "--quiet", str(ROOT / source)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return "" if done.returncode == 0 else done.stdout.strip() or done.stderr.strip()


def drop_old():
    for path in CACHE.iterdir():
        if time.time() - path.stat().st_mtime > KEPT_FOR:
            path.unlink(missing_ok=True)


def main():
    database = pathlib.Path(sys.argv[1]).resolve()
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else len(os.sched_getaffinity(0))
    CACHE.mkdir(parents=True, exist_ok=True)
    prints = fingerprints(database)
    due = []
    for source, digest in prints.items():
        if (CACHE / digest).exists():
            (CACHE / digest).touch()
        else:
            due.append(source)
    print(f"tidy: {len(prints)} sources, {len(prints) - len(due)} known to be clean", flush=True)
    told, bad = set(), 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(tidy, database, source): source for source in due}
        for done, future in enumerate(concurrent.futures.as_completed(running), 1):
            source, findings = running[future], future.result()
            if findings:
                bad += 1
            else:
                (CACHE / prints[source]).touch()
            print(f"[{done}/{len(due)}] {source}", flush=True)
            # A finding in a header comes with each of its users; once is enough.
            for finding in re.split(r"\n(?=/\S+:\d+:\d+: (?:error|warning):)", findings):
                if finding and finding not in told:
                    told.add(finding)
                    print(finding.replace(f"{ROOT}/", ""), flush=True)
    drop_old()
    print(f"tidy: {len(told)} findings in {bad} sources" if bad else "tidy: clean")
    return 1 if bad or not prints else 0


if __name__ == "__main__":
    sys.exit(main())
