#!/usr/bin/env python3
"""The mutation score: every mutant must be caught by a scenario, and every scenario must catch the mutants it names.

usage: tests/mutants/score.py BIN_DIR [--jobs N] [--only MUTANT]
Prints a line for each mutant and the score; exit 0 only at 100 %.
"""
import argparse, collections, concurrent.futures, json, pathlib, re, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def scenarios():
    for folder in (ROOT / "scenarios", ROOT / "scenarios/regressions"):
        for file in sorted(folder.glob("*.json")):
            if not file.name.endswith(".schema.json"):
                yield file.stem, json.loads(file.read_text())


def run(simulate, scenario, mutant, runs):
    command = [simulate, "--scenario", scenario, "--target", f"mutant:{mutant}", "--quiet", "--runs", runs]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--only")
    args = parser.parse_args()
    simulate = str(args.bin / "simulate")
    listing = subprocess.run([args.bin.parent / "libexec/brownout/mutant-gateway"], capture_output=True, text=True, env={}).stderr
    mutants = re.findall(r"^  (\S+)$", listing, re.M)
    if not mutants:
        sys.exit(f"score: mutant-gateway lists no mutants:\n{listing}")
    catchers, slow = collections.defaultdict(list), set()
    for name, scenario in scenarios():
        if "slow" in scenario.get("tags", []):
            slow.add(name)
        for mutant in scenario.get("catches", []):
            catchers[mutant].append(name)
    unknown = sorted(set(catchers) - set(mutants))
    # A slow scenario is asked only where no quick one names the mutant.
    pairs = [(m, s) for m in mutants if not args.only or m == args.only for s in catchers[m] if s not in slow or all(c in slow for c in catchers[m])]
    with tempfile.TemporaryDirectory() as runs, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = dict(zip(pairs, pool.map(lambda pair: run(simulate, pair[1], pair[0], runs), pairs)))
    caught, wrong = 0, []
    shown = [m for m in mutants if not args.only or m == args.only]
    for mutant in shown:
        hits = [s for s in catchers[mutant] if results.get((mutant, s), (None,))[0] == 1]
        misses = [s for s in catchers[mutant] if (mutant, s) in results and results[mutant, s][0] != 1]
        caught += bool(hits)
        print(f"{mutant:30} {'caught by ' + ', '.join(hits) if hits else 'NOT CAUGHT'}" + (f"   named in vain by {', '.join(misses)}" if misses else ""))
        wrong += [(mutant, s) for s in misses]
    for mutant, scenario in wrong[:20]:
        code, text = results[mutant, scenario]
        print(f"-- {scenario} against mutant:{mutant} ended with {code}:\n" + "\n".join("   " + line for line in text.splitlines()[:6]))
    for mutant in unknown:
        print(f"no mutant is called {mutant}, named by {', '.join(catchers[mutant])}")
    print(f"mutation score: {caught} of {len(shown)} ({100 * caught / len(shown):.0f} %), {len(pairs)} pairs, {len(wrong)} named in vain")
    return 0 if caught == len(shown) and not wrong and not unknown else 1


sys.exit(main())
