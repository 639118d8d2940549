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
