#!/usr/bin/env python3
"""Runs ctest in a build folder, and tells which tests were skipped and why before ctest's closing lines.

Usage: run_ctest.py BUILD_FOLDER [CTEST_ARGUMENT…]

A test program holds many tests, and ctest counts programs: a test that skips itself would go unseen. With
SALLYPORT_REQUIRE_ALL=1 a skipped test is a failure.
"""

import os
import pathlib
import re
import subprocess
import sys

CLOSING = re.compile(r"\d+% tests passed, ")
SKIPPED = re.compile(r"^\[  SKIPPED \] (\S+) \(\d+ ms\)$")
REASON = re.compile(r"^\S+:\d+: Skipped$")


def skipped_tests(log):
    """(test, reason) of each skipped test in the output of the test programs."""
    found, reason, in_reason = [], [], False
    for line in log.splitlines():
        if match := SKIPPED.match(line):
            found.append((match[1], " ".join(reason) or "no reason given"))
            reason, in_reason = [], False
        elif line.startswith("[ RUN "):
            reason, in_reason = [], False
        elif REASON.match(line):
            in_reason = True
        elif in_reason and line.strip():
            reason.append(line.strip())
    return found


def jobs():
    return os.environ.get("CTEST_PARALLEL_LEVEL") or str(len(os.sched_getaffinity(0)))


def main():
    folder, arguments = pathlib.Path(sys.argv[1]), sys.argv[2:]
    log = folder / "Testing/Temporary/LastTest.log"
    log.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", str(folder), "--output-on-failure", "--no-tests=error", "-j", jobs(), *arguments]
    closing = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as ctest:
        for line in ctest.stdout:
            if closing or CLOSING.match(line):
                closing.append(line)
            else:
                print(line, end="", flush=True)
    code = ctest.returncode
    skipped = skipped_tests(log.read_text(errors="replace")) if log.exists() else []
    for test, reason in skipped:
        print(f"SKIPPED {test}: {reason}")
    if skipped and os.environ.get("SALLYPORT_REQUIRE_ALL") == "1":
        print(f"FAILED: SALLYPORT_REQUIRE_ALL=1 and {len(skipped)} tests were skipped")
        code = code or 1
    print("", *closing, sep="", end="", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
