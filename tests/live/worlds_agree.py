#!/usr/bin/env python3
"""Virtual = live over the library: the same verdict and the same normalised history for each scenario that both worlds can run.

usage: worlds_agree.py BIN_DIR          prints the agreement and the scenarios that are live only, with the reason; exit 1 on a difference
"""
import collections, json, pathlib, subprocess, sys, tempfile

BIN = pathlib.Path(sys.argv[1])


def runs(folder, *args):
    report = folder / "report.json"
    subprocess.run([BIN / "simulate", "--all", "--keep", "--runs", folder, "--report", f"json:{report}", *args], capture_output=True, text=True)
    verdicts, histories = {}, {}
    for run in sorted(folder.glob("*/run.json")):
        name = pathlib.Path(json.loads(run.read_text())["scenario"]).stem
        history = run.parent / "history.jsonl"
        if history.exists():
            histories[name] = [json.loads(line) for line in history.read_text().splitlines()]
    for scenario in json.loads(report.read_text())["runs"]:
        verdicts[scenario["scenario"]] = (scenario["verdict"], scenario.get("skipped", ""))
    return verdicts, histories


def normalise(history):
    """What must be equal: attempts by provider and key with their answers, replies, the unit's states until the end of the steps."""
    attempts, replies, states, over = collections.Counter(), {}, [], False
    for entry in history:
        lane, kind = entry["lane"], entry["kind"]
        over = over or (lane == "harness" and kind == "teardown")
        if lane == "provider" and kind == "answer":
            attempts[entry["provider"], entry.get("credential") or "", entry["status"], entry["fault"]] += 1
        elif lane == "client" and kind == "reply":
            replies[entry["as"]] = (entry["status"], entry.get("reason", ""), entry.get("text", ""), entry["ended"])
        elif lane == "manager" and kind == "state" and not over and entry["unit"].endswith(".service"):
            states.append(entry["to"])
    # Live, a reload is a job of the manager's; the virtual world hands the new configuration over directly.
    while "reload" in states:
        at = states.index("reload")
        del states[at:at + 2]
    return attempts, replies, states


def timed(history):
    """Probabilities, herds and clocks make numbers differ between two live runs, too: there only replies are compared."""
    asked = [entry for entry in history if entry["lane"] == "client" and entry["kind"] == "request"]
    return len(asked) > 8 or any(entry["lane"] == "client" and entry["kind"] == "reply" and entry["ended"] == "hung-up" for entry in history)


def main():
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        live, live_histories = runs(pathlib.Path(one), "--jobs", "4")
        virtual, virtual_histories = runs(pathlib.Path(two), "--world", "virtual")
    agreed, differ, only = 0, [], []
    for name, (verdict, _) in sorted(live.items()):
        there, why = virtual.get(name, ("missing", ""))
        if there == "skipped":
            only.append(f"{name}: {why}")
            continue
        if verdict != there:
            differ.append(f"{name}: live {verdict}, virtual {there}")
            continue
        a, b = normalise(live_histories[name]), normalise(virtual_histories[name])
        words = ("attempts", "replies", "states")
        wrong = [words[i] for i in ((1,) if timed(live_histories[name]) else (0, 1, 2)) if a[i] != b[i]]
        if timed(live_histories[name]):
            wrong = [w for w in wrong if {r[:2] for r in a[1].values()} != {r[:2] for r in b[1].values()}]
        if wrong:
            differ.append(f"{name}: {', '.join(wrong)} differ\n    live    {[a[words.index(w)] for w in wrong]}\n    virtual {[b[words.index(w)] for w in wrong]}"[:900])
        else:
            agreed += 1
    for line in only:
        print("live only  " + line)
    for line in differ:
        print("DIFFERENT  " + line)
    total = agreed + len(differ)
    print(f"virtual = live: {agreed} of {total} ({100 * agreed / max(total, 1):.0f} %), {len(only)} live only")
    return 1 if differ or not total else 0


sys.exit(main())
