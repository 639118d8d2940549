"""usage: same_digest.py SIMULATE: two processes, one with two threads, must come to the same digest."""
import re
import subprocess
import sys


def digest(simulate, *more):
    run = subprocess.run([simulate, "explore", "--runs", "2500", "--seed", "5", "--exhaustive", "1", *more], capture_output=True, text=True, timeout=280)
    found = re.search(r"^(\d+) runs .*digest ([0-9a-f]{16})$", run.stdout, re.MULTILINE)
    if run.returncode != 0 or not found:
        sys.exit(f"exit {run.returncode}\n{run.stdout}{run.stderr}")
    return found.groups()


first, second = digest(sys.argv[1]), digest(sys.argv[1], "--jobs", "2")
if first != second:
    sys.exit(f"one process: {first}; another, with two threads: {second}")
if first[0] != "2500":
    sys.exit(f"{first[0]} runs were made instead of 2500")
print(f"the same digest in two processes: {first[1]}")
