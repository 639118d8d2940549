#!/usr/bin/env python3
"""The include rule and the banned calls of ARCHITECTURE.md, file by file.

usage: ci/tidy.py [ROOT]      exit 0 when clean, 1 with one line for each problem: file:line: error: X is banned in Y, use Z
"""
import pathlib
import re
import sys

# Who may include whom: the first rule whose folder is a prefix of the file decides. A folder may always include itself.
RULES = [
    ("base", []),
    ("gateway/wire", ["base", "gateway/core", "gateway/classify"]),
    ("gateway/classify", ["base", "gateway/core", "gateway/wire"]),
    ("gateway/core", ["base", "gateway/wire", "gateway/classify"]),
    ("gateway/net", ["base", "gateway/core", "gateway/wire", "gateway/classify", "gateway/store"]),
    ("gateway/store", ["base", "gateway/core", "gateway/wire", "gateway/classify"]),
    ("gateway/service", ["base", "gateway/core", "gateway/wire", "gateway/classify", "gateway/store"]),
    ("gateway/cli", ["base", "gateway"]),
    ("simulator/core", ["base"]),
    ("simulator/catalogue", ["base", "simulator/core"]),
    ("simulator/net", ["base", "simulator/core", "simulator/catalogue"]),
    ("simulator/cli", ["base", "simulator"]),
    ("harness/explore", ["base", "gateway/core", "gateway/wire", "gateway/classify", "simulator/core", "simulator/catalogue",
                         "harness/manager", "harness/scenario", "harness/history", "harness/dialogue", "harness/checks"]),
    ("harness/timewarp", []),
    ("harness/manager", ["base"]),
    ("harness/history", ["base"]),
    # What a client says and hears, for both worlds.
    ("harness/dialogue", ["base", "harness/scenario", "harness/history"]),
    # The providers part of a scenario is the simulator's vocabulary: one loader, in simulator/core.
    ("harness/scenario", ["base", "simulator/core", "simulator/catalogue"]),
    ("harness/import", ["base", "harness/scenario", "simulator/core"]),
    ("harness/checks", ["base", "harness/history", "harness/scenario"]),
    ("harness/report", ["base", "harness/history", "harness/scenario", "harness/checks"]),
    ("harness/live", ["base", "harness/timewarp", "harness/history", "harness/dialogue", "harness/scenario", "harness/manager", "harness/checks", "harness/report"]),
    ("harness/cli", ["base", "harness", "simulator/core", "simulator/catalogue"]),
    ("tests", ["base", "gateway", "simulator", "harness"]),
]

# The thin layers: they may read clocks, sleep and start threads.
THIN = ("base/net", "gateway/net", "gateway/service", "gateway/store", "gateway/cli", "simulator/net", "simulator/cli",
        "harness/live", "harness/cli", "harness/manager/process_driver", "harness/manager/front", "harness/manager/server",
        "harness/manager/cli", "harness/timewarp", "tests")

CALLS = [
    (r"\b(?:steady_clock|system_clock|high_resolution_clock)::now\b|\bclock_gettime\s*\(|\bgettimeofday\s*\(|(?<![\w.:>])time\s*\(\s*(?:NULL|nullptr|0)\s*\)",
     "reading a clock", "the `now` that comes with the event"),
    (r"\bsleep_for\b|\bsleep_until\b|\busleep\s*\(|\bnanosleep\s*\(|(?<![\w.:>])sleep\s*\(", "sleeping", "a timer action"),
    (r"\bstd::(?:jthread|thread|async|mutex|shared_mutex|condition_variable)\b", "a thread or lock", "one owner and net::post"),
    (r"(?<![\w.:>])s?rand\s*\(|\bstd::(?:mt19937|random_device|uniform_int_distribution|uniform_real_distribution|shuffle)\b",
     "a random call of the library", "base/random.h"),
    (r"#\s*include\s*<iostream>|\bstd::c(?:out|err)\b", "iostream", "a value returned to the caller"),
]
# Pure folders hold no sockets, processes or files either.
PURE_INCLUDES = re.compile(r"#\s*include\s*<(sys/socket\.h|netinet/|arpa/inet\.h|unistd\.h|fcntl\.h|sys/wait\.h|sys/epoll\.h|"
                           r"boost/asio|boost/beast|boost/process|httplib\.h|sqlite3\.h|thread|mutex|condition_variable|iostream)")
GET_INT = re.compile(r"\.get<\s*(?:int|unsigned|long|std::u?int\d+_t|std::size_t|size_t)\s*>\s*\(")
HARD_LIMIT = 500


def rule_for(path):
    best = None
    for folder, allowed in RULES:
        if (path + "/").startswith(folder + "/") and (best is None or len(folder) > len(best[0])):
            best = (folder, allowed)
    return best


def strip_comments(text):
    # Keeps line numbers; good enough for C++ without raw strings that hold comment marks.
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return [re.sub(r'(?<!:)//.*', "", line) for line in text.split("\n")]


def without_strings(line):
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', line)


def check(root):
    problems = []
    for top in ("base", "gateway", "simulator", "harness", "tests"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".cpp", ".c") or "node_modules" in path.parts:
                continue
            name = path.relative_to(root).as_posix()
            raw = path.read_text(encoding="utf-8")
            lines = strip_comments(raw)
            folder = rule_for(name)
            thin = name.startswith(THIN)
            if not name.startswith("tests") and len(lines) > HARD_LIMIT + 1:
                problems.append(f"{name}:{HARD_LIMIT}: error: {len(lines) - 1} lines are banned in one file, use several (at most {HARD_LIMIT})")
            if path.suffix == ".h" and "#pragma once" not in raw:
                problems.append(f"{name}:1: error: a header without #pragma once is banned, use one")
            for number, line in enumerate(lines, 1):
                found = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
                if found and folder:
                    target = found.group(1)
                    own = target.startswith(folder[0] + "/")
                    allowed = any(target.startswith(a + "/") for a in folder[1])
                    known = target.split("/")[0] in ("base", "gateway", "simulator", "harness", "tests")
                    if not known and not name.startswith("tests"):
                        problems.append(f'{name}:{number}: error: "{target}" is banned in {folder[0]}, use the full path from the root')
                    elif known and not own and not allowed and not name.startswith("tests"):
                        problems.append(f'{name}:{number}: error: "{target}" is banned in {folder[0]}, use what it may include: {", ".join(folder[1]) or "nothing"}')
                if not thin and not name.startswith("base/"):
                    hit = PURE_INCLUDES.search(line)
                    if hit:
                        problems.append(f"{name}:{number}: error: <{hit.group(1)}> is banned in {folder[0] if folder else name}, use the thin layer beside it")
                if not thin:
                    code = without_strings(line)
                    for pattern, what, instead in CALLS:
                        if re.search(pattern, code):
                            problems.append(f"{name}:{number}: error: {what} is banned in {folder[0] if folder else name}, use {instead}")
    return problems


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    problems = check(root)
    for line in problems:
        print(line)
    print(f"tidy: {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
