#!/usr/bin/env python3
"""What `simulate` promises: exit codes 0, 1, 2, 3, all problems at once with their places, the same verdict when judged again."""
import json, pathlib, subprocess, sys, tempfile, unittest

BIN = pathlib.Path(sys.argv.pop(1))
ROOT = pathlib.Path(__file__).resolve().parents[2]


def simulate(*args, text=None):
    return subprocess.run([BIN / "simulate", *map(str, args)], input=text, capture_output=True, text=True)


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def scenario(self, change):
        scenario = json.loads((ROOT / "scenarios/billing-402.json").read_text())
        change(scenario)
        file = self.folder / "changed.json"
        file.write_text(json.dumps(scenario, indent=2))
        return file

    def run_file(self, file, *more):
        return simulate("--scenario", file, "--runs", self.folder / "runs", *more)

    def test_a_pass_is_0_and_tells_what_happened(self):
        done = self.run_file("billing-402")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for words in ("READY=1", "402", "key-a", "key-b", "billing-402   pass"):
            self.assertIn(words, done.stdout)

    def test_the_folder_of_runs_may_be_relative(self):
        done = subprocess.run([BIN.absolute() / "simulate", "--scenario", "billing-402", "--runs", "here", "--keep"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue((self.folder / "here/latest/history.jsonl").exists())

    def test_each_mutant_of_the_first_issue_is_1_with_its_evidence(self):
        for mutant in ("dies-on-402", "no-hint-on-402", "hammers-empty-key"):
            done = self.run_file("billing-402", "--target", f"mutant:{mutant}")
            self.assertEqual(done.returncode, 1, mutant + done.stdout)
            for words in ("FAIL", "expected", "seen", "repeat", f"--target mutant:{mutant}"):
                self.assertIn(words, done.stdout, mutant)

    def test_all_problems_of_a_file_are_told_at_once_with_2(self):
        def change(scenario):
            scenario["titel"] = scenario.pop("title")
            scenario["steps"][0]["send"]["text"] = 7
            scenario["providers"]["acme"]["script"][0]["fault"] = "420"
        file = self.scenario(change)
        file.write_text(file.read_text().replace('"why"', '"why": "twice",\n  "why"', 1))
        done = self.run_file(file)
        self.assertEqual(done.returncode, 2)
        for words in ("titel", "did you mean", "420", "twice" if False else "why", "changed.json:"):
            self.assertIn(words, done.stderr)
        self.assertGreaterEqual(done.stderr.count("changed.json:"), 4, done.stderr)

    def test_a_fault_that_never_fires_is_3(self):
        def change(scenario):
            scenario["providers"]["acme"]["script"].append({"when": {"model": "never-asked"}, "fault": "500"})
            scenario["steps"] = scenario["steps"][:1]
            scenario["expect"] = [{"check": "gateway.survives"}]
        done = self.run_file(self.scenario(change))
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("unknown", done.stdout)

    def test_nothing_to_run_and_unknown_names_are_2(self):
        self.assertEqual(simulate().returncode, 2)
        done = simulate("--scenario", "biling-402")
        self.assertEqual(done.returncode, 2)
        self.assertIn('did you mean "billing-402"', done.stderr)
        self.assertEqual(simulate("--scenario", "billing-402", "--report", "juint:x").returncode, 2)
        self.assertEqual(simulate("--scenario", "billing-402", "--target", "fast-gateway", "--runs", self.folder / "runs").returncode, 2)
        done = simulate("--scenario", "billing-402", "--target", "mutant:retry-billing", "--runs", self.folder / "runs")
        self.assertEqual(done.returncode, 2)
        self.assertIn('no mutant is called "retry-billing"', done.stderr)
        self.assertIn('did you mean "retries-billing"', done.stderr)

    def test_virtual_time_refuses_what_only_processes_can_do(self):
        for more, flag in ((("--target", "mutant:dies-on-402"), "--target"), (("--manager", "systemd"), "--manager"), (("--speed", "3"), "--speed"),
                           (("--real-time",), "--real-time"), (("--serve",), "--serve")):
            done = self.run_file("billing-402", "--world", "virtual", *more)
            self.assertEqual((done.returncode, done.stderr.startswith(flag)), (2, True), done.stdout + done.stderr)

    def test_a_virtual_run_can_be_interrupted(self):
        file = self.scenario(lambda scenario: scenario.update(steps=[{"repeat": {"times": 900, "steps": [{"repeat": {"times": 1_000, "steps": [{"send": {"text": "ping"}}]}}]}}],
                                                              expect=[{"check": "gateway.survives"}]))
        run = subprocess.Popen([BIN / "simulate", "--scenario", file, "--world", "virtual", "--runs", self.folder / "runs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with self.assertRaises(subprocess.TimeoutExpired):
            run.wait(timeout=1)
        run.send_signal(2)
        out, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 3, out[-500:] + err)
        self.assertIn(b"interrupted", err)

    def test_an_exploration_never_calls_nothing_a_success_and_loses_no_file(self):
        there = self.folder / "there.json"
        there.write_text("mine")
        for args in (("--for", "0s"), ("--runs", "0"), ("--only", "3", "--for", "1s"), ("--runs", "5", "--out", there), ("--runs", "5", "--out", self.folder / "no/x.json")):
            done = simulate("explore", *args)
            self.assertEqual((done.returncode, done.stdout), (2, ""), args)
        self.assertEqual(there.read_text(), "mine")

    def test_one_run_of_an_exploration_is_shown_written_and_repeated(self):
        file = self.folder / "one.json"
        done = simulate("explore", "--seed", "1", "--only", "6001", "--out", file)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("repeated 1 runs", done.stdout)
        self.assertEqual(self.run_file(file, "--world", "virtual").returncode, 0)
        told = json.loads(simulate("explore", "--seed", "1", "--only", "6001", "--json").stdout)
        self.assertEqual((told["runs"], told["repeated"], told["violation"], told["differs"]), (1, 1, None, None))
        self.assertIn(told["digest"], done.stdout)

    def test_an_exploration_that_is_ended_tells_what_it_found(self):
        run = subprocess.Popen([BIN / "simulate", "explore", "--for", "10m"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with self.assertRaises(subprocess.TimeoutExpired):
            run.wait(timeout=2)
        run.terminate()
        out, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 143, out + err)
        self.assertIn("interrupted", out)
        self.assertIn("no violation", out)

    def test_an_old_run_is_judged_the_same(self):
        first = self.run_file("billing-402", "--keep")
        again = simulate("judge", self.folder / "runs/latest")
        self.assertEqual((first.returncode, again.returncode), (0, 0), again.stdout + again.stderr)

    def test_reports_are_written(self):
        files = {kind: self.folder / f"report.{kind}" for kind in ("junit", "json", "html")}
        done = self.run_file("billing-402", *[word for kind, file in files.items() for word in ("--report", f"{kind}:{file}")])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("<testsuite", files["junit"].read_text())
        json.loads(files["json"].read_text())
        self.assertIn("billing-402", files["html"].read_text())

    def test_evidence_becomes_a_scenario_that_runs(self):
        evidence = "HTTP/1.1 402 Payment Required\r\ncontent-type: application/json\r\n\r\n{\"error\":{\"message\":\"Insufficient credits\"}}"
        out = self.folder / "imported.json"
        done = simulate("import", "-", "--out", out, text=evidence)
        self.assertEqual(done.returncode, 0, done.stderr)
        ran = self.run_file(out)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_an_interrupt_leaves_nothing_running(self):
        import signal, time
        process = subprocess.Popen([BIN / "simulate", "--scenario", "server-error-503-outage-and-return", "--real-time", "--runs", self.folder / "runs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3, out + err)
        self.assertIn("interrupted; nothing was left running", err)
        # What happened until then is kept and shown.
        self.assertIn("POST /v1/chat/completions", out)
        left = subprocess.run(["pgrep", "-f", str(self.folder)], capture_output=True, text=True).stdout
        self.assertEqual(left, "")


unittest.main(verbosity=1)
