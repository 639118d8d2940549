"""The tidy check must find each thing it bans: a check that cannot fail proves nothing."""
import pathlib
import subprocess
import sys
import tempfile

TIDY = sys.argv[1]
CASES = [
    ("gateway/core/a.cpp", '#include "simulator/core/x.h"\n', "gateway/core/a.cpp:1: error: \"simulator/core/x.h\" is banned in gateway/core"),
    ("simulator/core/a.cpp", '#include "gateway/core/x.h"\n', "is banned in simulator/core"),
    ("base/a.cpp", '#include "gateway/core/x.h"\n', "is banned in base"),
    ("harness/live/a.cpp", '#include "gateway/net/x.h"\n', "is banned in harness/live"),
    ("gateway/core/a.cpp", "int x;\nauto t = std::chrono::steady_clock::now();\n", "gateway/core/a.cpp:2: error: reading a clock"),
    ("gateway/core/a.cpp", "std::this_thread::sleep_for(1s);\n", "sleeping is banned"),
    ("simulator/core/a.cpp", "std::mutex m;\n", "a thread or lock is banned"),
    ("harness/checks/a.cpp", "int r = rand();\n", "a random call"),
    ("gateway/wire/a.cpp", "#include <boost/asio.hpp>\n", "<boost/asio> is banned"),
    ("gateway/core/a.h", "int x;\n", "without #pragma once"),
    ("gateway/core/a.cpp", "int x;\n" * 501, "501 lines are banned"),
]
CLEAN = [
    ("gateway/net/a.cpp", '#include "gateway/core/x.h"\nauto t = std::chrono::steady_clock::now();\n'),
    ("gateway/core/a.cpp", "// std::mutex in a comment, and sleep(1)\nauto text = \"rand()\";\n"),
    ("gateway/core/a.cpp", "int x;\n" * 500),
]


def run(name, text):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for top in ("base", "gateway", "simulator", "harness", "tests"):
            (root / top).mkdir()
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        result = subprocess.run([sys.executable, TIDY, folder], capture_output=True, text=True)
        return result.returncode, result.stdout


bad = 0
for name, text, expected in CASES:
    code, out = run(name, text)
    if code != 1 or expected not in out:
        bad += 1
        print(f"{name}: expected {expected!r}, got exit {code}: {out}")
for name, text in CLEAN:
    code, out = run(name, text)
    if code != 0:
        bad += 1
        print(f"{name}: expected clean, got: {out}")
print(f"{len(CASES) + len(CLEAN) - bad} passed, {bad} failed")
sys.exit(1 if bad else 0)
