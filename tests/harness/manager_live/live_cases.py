#!/usr/bin/env python3
"""Golden cases, live: recorded with a real systemd, run again with real processes, under the mock manager or under a real one.

usage: live_cases.py --world mock --version 252|257 --libexec DIR --probe FILE --golden FILE [--cases a,b|all] [--jobs N] [--slow N]
       live_cases.py --world real --real-systemd FILE --libexec DIR --probe FILE --golden FILE …
Each case is compared with its recording: every state passed, the result and words of every command, the properties at each snapshot and
at the end. Times are not compared: pure tests do that. --slow N runs all of it N times slower, by the time shim, so that a busy machine's
delays stay small beside the cases' own. Exit 0 when all agree, 1 when one does not, 77 when this machine cannot do it.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# Those that change what the others see: they reload the manager, or ask it about all units.
ALONE = {"b36-daemonreload-in-autorestart", "f13-enabled", "f16-changed-on-disk", "f18-is-system-running", "f29-cli-queries"}
# Under a real systemd these depend on moments of a few milliseconds, or show its own folders; the pure tests hold them to the recording.
TIGHT = """a26 a30 b14 b21 b25 b30 b31 b35 b39 b40 b41 b47 b49 b60 b62 b72 c03 d10 e01 e06 f10 f12 v01 v05 v11""".split()
# One of each kind, for every run of the tests.
QUICK = """a02 a03 a05 a06 a09 a11 a15 a17 a20 a24 b01 b04 b05 b09 b13 b16 b22 b24 b25 b32 b34 b48 b58 b69 c02 c05 c09 c13 c17-stoppost-env-exit75
c24 c26 d03 d07 e02 e04 e09 e10 e13 f07 f15 f17 f19 f20 v02 v03 v06""".split()
PIDS = {"MainPID", "ExecMainPID", "ControlPID"}


def normal(text, name, state):
    """Words without what differs from run to run: the unit's and folder's names, pids, invocation ids, times."""
    text = text.replace(str(state), "@S").replace(name, "@U").replace("@STATE/@U", "@S")
    text = re.sub(r"\b[0-9a-f]{32}\b", "ID", text)
    text = re.sub(r"\b[IJ]\d+\b", "ID", text)
    text = re.sub(r"\b(?:[PX]\d+|\d{3,})\b", "N", text)
    return text.strip()


class Case:
    def __init__(self, golden, folder, probe, attempt):
        self.golden = golden
        self.name = golden["name"] + (f"-again{attempt}" if attempt else "")
        self.state = folder / ("s-" + self.name)
        self.probe = probe
        self.problems = []
        self.background = []

    def expand(self, text):
        scripts = " ".join(f"'{s}'" for s in self.golden["scripts"])
        return (text.replace("@X", f"{self.probe} @S {scripts}").replace("@P", str(self.probe)).replace("@S", str(self.state)).replace("@U", self.name))

    def write_units(self, folder):
        text = self.golden["unit"]
        if "[Service]" not in text:
            text = "[Service]\n" + text
        if not re.search(r"^ExecStart=", text, re.M) and self.golden["scripts"]:
            text += "\nExecStart=@X\n"
        (folder / f"{self.name}.service").write_text(self.expand(text) + "\n")
        for name, body in self.golden.get("extra_units", {}).items():
            (folder / self.expand(name)).write_text(self.expand(body) + "\n")

    def systemctl(self, arguments):
        words = ["systemctl", "--user"] + arguments
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def show(self, keys):
        text = self.systemctl(["show", self.name, "-p", ",".join(keys)])[1]
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def until(self, wanted, milliseconds):
        end = time.monotonic() + max(4 * milliseconds / 1000, 10)
        while time.monotonic() < end:
            have = self.show(wanted.keys())
            if all(have.get(k) == str(v) for k, v in wanted.items()):
                return True
            time.sleep(0.02)
        return False

    def wrong(self, where, expected, seen):
        self.problems.append(f"{where}: expected {expected!r}, seen {seen!r}")

    def starts(self):
        """The pids of the probe's starts, in order: P1, P2 …"""
        try:
            lines = (self.state / "events").read_text().splitlines()
        except OSError:
            return []
        return [line.split()[2] for line in lines if line.split()[3] == "start"]

    def compare_properties(self, where, expected):
        have = self.show(expected["props"].keys())
        starts = self.starts()
        for key, value in expected["props"].items():
            seen = have.get(key, "")
            if key == "Job":
                if (value != 0) != (seen not in ("", "0")):
                    self.wrong(f"{where} {key}", value, seen)
            elif key == "InvocationID":
                if bool(value) != bool(seen):
                    self.wrong(f"{where} {key}", value, seen)
            elif isinstance(value, str) and key in PIDS:
                known = re.fullmatch(r"P(\d+)", value)
                right = seen == starts[int(known[1]) - 1] if known and int(known[1]) <= len(starts) else seen not in ("", "0")
                if not right:
                    self.wrong(f"{where} {key}", value, f"{seen} (starts: {starts})")
            elif key == "ReloadResult" and seen == "":
                pass  # shown by D-Bus, not by every systemctl
            elif str(value) != seen:
                self.wrong(f"{where} {key}", value, seen)
        if where != "final":
            return  # three commands are not one moment: what lasts is asked at the end
        for verb in ("is-active", "is-failed"):
            word, code = expected[verb.replace("-", "_")]
            rc, out, _ = self.systemctl([verb, self.name])
            if (out.strip(), rc) != (word, code):
                self.wrong(f"{where} {verb}", (word, code), (out.strip(), rc))

    def compare_command(self, where, expected, rc, out, err):
        if "rc" in expected and rc != expected["rc"]:
            self.wrong(f"{where} rc", expected["rc"], f"{rc} {err.strip()}")
        for stream, seen in (("out", out), ("err", err)):
            if stream in expected and normal(seen, self.name, self.state) != normal(expected[stream], self.name, self.state):
                self.wrong(f"{where} {stream}", normal(expected[stream], self.name, self.state), normal(seen, self.name, self.state))

    def run(self, version, pool):
        recorded = self.golden["runs"][version]
        steps = iter(recorded["steps"])
        for step in self.golden["step_spec"]:
            kind = step[0]
            if kind == "w":
                time.sleep(step[1] / 1000)
            elif kind == "u":
                entry = next(steps)
                if self.until(step[1], step[2]) != entry.get("ok", True):
                    self.wrong(f"until {step[1]}", entry.get("ok", True), not entry.get("ok", True))
            elif kind == "k":
                pid = self.show(["MainPID"]).get("MainPID", "0")
                if pid != "0":
                    os.kill(int(pid), getattr(signal, "SIG" + step[1]))
            elif kind == "snap":
                self.compare_properties("snap " + step[1], next(e for e in steps if "snap" in e))
            elif kind in ("s", "b"):
                words = self.expand(step[1]).split()
                entry = next(e for e in steps if "cmd" in e)
                if kind == "b":
                    self.background.append((step[1], entry, pool.submit(self.systemctl, words)))
                else:
                    self.compare_command(step[1], entry, *self.systemctl(words))
            elif kind == "sh":
                entry = next(e for e in steps if "sh" in e)
                done = subprocess.run(self.expand(step[1]), shell=True, capture_output=True, text=True, timeout=60)
                self.compare_command("sh", entry, done.returncode, done.stdout, "")
        for words, entry, call in self.background:
            self.compare_command(words + " &", entry, *call.result(timeout=60))
        self.compare_properties("final", recorded["final"])

    def compare_states(self, version, transitions):
        seen = [transitions[0][0]] + [to for _, to in transitions] if transitions else []
        if seen != self.golden["runs"][version]["states"]:
            self.wrong("states", " ".join(self.golden["runs"][version]["states"]), " ".join(seen))


def history_transitions(history):
    found = {}
    for line in history.splitlines():
        entry = json.loads(line)
        if entry["kind"] == "state" and entry["from"] != entry["to"]:
            found.setdefault(entry["unit"], []).append((entry["from"], entry["to"]))
    return found


def real_transitions(libexec):
    """By the way the harness itself takes: the journal, read as history."""
    # Root's own manager writes to the system's journal.
    words = ["journalctl", "--no-pager", "-o", "json"] + ([] if os.getuid() == 0 else ["--user"])
    journal = subprocess.run(words, capture_output=True).stdout
    return history_transitions(subprocess.run([libexec / "brownout-manager", "--read-journal"], input=journal, capture_output=True).stdout.decode())


def pick(golden, wanted):
    cases, missing = [], []
    for word in wanted:
        matches = [c for c in golden["cases"] if c["name"] == word or c["name"].startswith(word + "-")]
        (cases.extend(matches[:1]) if matches else missing.append(word))
    return cases, missing


def run_all(arguments, cases, units, transitions):
    for case in cases:
        case.write_units(units)
    # What another loaded unit refers to is not collected, like an enabled unit.
    kept = [c.name + ".service" for c in cases if c.golden["kept"]]
    keeper = f"kept-{len(os.listdir(units))}.target"
    (units / keeper).write_text("[Unit]\nAfter=" + " ".join(kept) + "\n")
    run = lambda *words: subprocess.run(["systemctl", "--user", *words], check=True, timeout=60)
    run("daemon-reload")
    run("start", keeper)
    with concurrent.futures.ThreadPoolExecutor(64) as pool, concurrent.futures.ThreadPoolExecutor(arguments.jobs) as lanes:
        jobs = {lanes.submit(case.run, arguments.version, pool): case for case in cases}
        for job in concurrent.futures.as_completed(jobs):
            if job.exception():
                jobs[job].problems.append(f"could not be run: {job.exception()!r}")
    states = transitions()
    for case in cases:
        case.compare_states(arguments.version, states.get(case.name + ".service", []))


def run_below(arguments):
    """Runs this program again: under the time shim, and within a real systemd's namespaces."""
    shim = arguments.libexec / "timewarp.so"
    clock = f"{1 / arguments.slow}:{time.clock_gettime_ns(time.CLOCK_MONOTONIC)}:{time.clock_gettime_ns(time.CLOCK_REALTIME)}"
    words = [sys.executable, *sys.argv]
    environment = dict(os.environ)
    if arguments.world == "real":
        check = subprocess.run([arguments.real_systemd, "--check"], capture_output=True, text=True)
        if check.returncode:
            print("skipped:", check.stderr.strip())
            return 77
        warp = ["--shim", shim, "--timewarp", clock] if arguments.slow != 1 else []
        words = [arguments.real_systemd, "--debug", *warp, "--", *words]
    else:
        environment.update(LD_PRELOAD=str(shim), TIMEWARP=clock, ASAN_OPTIONS="verify_asan_link_order=0")
    return subprocess.run(words, env=environment).returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--world", choices=["mock", "real"], required=True)
    parser.add_argument("--version")
    parser.add_argument("--libexec", type=pathlib.Path)
    parser.add_argument("--probe", type=pathlib.Path, required=True)
    parser.add_argument("--golden", type=pathlib.Path, required=True)
    parser.add_argument("--cases")
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--slow", type=float, default=1)
    parser.add_argument("--real-systemd", type=pathlib.Path)
    arguments = parser.parse_args()
    inside = "BROWNOUT_REAL_SYSTEMD" in os.environ
    if (arguments.world == "real" and not inside) or (arguments.slow != 1 and "TIMEWARP" not in os.environ):
        return run_below(arguments)
    golden = json.loads(arguments.golden.read_text())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lc-", dir="/tmp"))
    manager = None
    try:
        if arguments.world == "mock":
            home, runtime, log = folder / "h", folder / "r", folder / "log"
            units = home / ".config/systemd/user"
            units.mkdir(parents=True)
            os.environ.update(HOME=str(home), XDG_CONFIG_HOME=str(home / ".config"), XDG_RUNTIME_DIR=str(runtime),
                              PATH=f"{arguments.libexec / 'fronts'}:{os.environ['PATH']}")
            ready, told = os.pipe()
            manager = subprocess.Popen([arguments.libexec / "brownout-manager", "--runtime-dir", runtime, "--log", log, "--compat", arguments.version,
                                        "--owner", str(os.getpid()), "--ready-fd", str(told)], pass_fds=[told])
            os.close(told)
            if os.read(ready, 1) != b"r":
                print("the mock manager did not start")
                return 1
            transitions = lambda: history_transitions(log.read_text())
        else:
            units = pathlib.Path(os.environ["HOME"]) / ".config/systemd/user"
            said = subprocess.run(["systemctl", "--user", "--version"], capture_output=True, text=True).stdout
            major = int(re.search(r"systemd (\d+)", said)[1])
            arguments.version = arguments.version or {252: "252", 257: "257"}.get(major)
            if arguments.version is None:
                print(f"this machine has systemd {major}; recordings are of 252 and 257")
                return 77
            transitions = lambda: real_transitions(arguments.libexec)
        everything = [c["name"] for c in golden["cases"] if c["name"] not in ALONE and c["name"].split("-")[0] not in TIGHT]
        picked, missing = pick(golden, QUICK if not arguments.cases else everything if arguments.cases == "all" else arguments.cases.split(","))
        if missing:
            print("no such case:", " ".join(missing))
            return 1
        picked = [c for c in picked if arguments.version in c["runs"]]
        cases = [Case(c, folder, arguments.probe, 0) for c in picked]
        run_all(arguments, cases, units, transitions)
        # A busy machine delays a command by more than a case allows now and then; a wrong manager is wrong every time.
        for attempt in range(1, 3):
            again = {c.golden["name"]: Case(c.golden, folder, arguments.probe, attempt) for c in cases if c.problems}
            if not again or len(again) > len(cases) / 2:
                break
            arguments.jobs = 4
            run_all(arguments, list(again.values()), units, transitions)
            cases = [again.get(c.golden["name"], c) for c in cases]
        for case in cases:
            print(f"{'FAIL' if case.problems else 'ok  '} {case.golden['name']}")
            for problem in case.problems:
                print("       " + problem)
        failed = sum(bool(c.problems) for c in cases)
        print(f"{arguments.world} {arguments.version}: {len(cases) - failed} of {len(cases)} cases as recorded")
        return 1 if failed or not cases else 0
    finally:
        if manager:
            manager.terminate()
            manager.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
