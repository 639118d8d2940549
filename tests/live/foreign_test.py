#!/usr/bin/env python3
"""A gateway that is not ours, through a profile: what it does well passes, what it does badly fails, what it never claimed is skipped."""
import json, pathlib, subprocess, sys, tempfile, unittest

BIN = pathlib.Path(sys.argv.pop(1))
HERE = pathlib.Path(__file__).resolve().parent / "foreign"


class Foreign(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def profile(self, change):
        profile = json.loads((HERE / "small.json").read_text().replace("${here}", str(HERE)))
        change(profile)
        file = self.folder / "changed.json"
        file.write_text(json.dumps(profile, indent=2))
        return file

    def run_on(self, target, *scenarios):
        return subprocess.run([BIN / "simulate", *(word for name in scenarios for word in ("--scenario", name)), "--target", target, "--runs", self.folder / "runs", "--jobs", "2"],
                              capture_output=True, text=True)

    def test_a_handful_of_the_library_gives_a_scorecard(self):
        done = self.run_on(HERE / "small.json", "situation-16-fallback-named", "pool-two-providers-same-address", "billing-412-fireworks-suspended",
                           "malformed-html-under-200", "billing-402", "restart-idle", "cli-classify")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for words in ("scorecard of small", "situation-16-fallback-named   pass", "billing-412-fireworks-suspended   pass", "malformed-html-under-200   FAIL", "the target small cannot: stream, chat, hint, reason",
                      "skipped for want of an ability", "has the gateway's commands", "3 passed, 1 failed, 0 unknown, 3 skipped"):
            self.assertIn(words, done.stdout)
        # Each failure is one line of the card, with its check.
        card = done.stdout[done.stdout.index("scorecard of small"):]
        self.assertRegex(card, r"(?m)^  malformed +malformed-html-under-200  reply: expected rescued answered by spare; .*seen acme")

    def test_what_it_never_claimed_is_skipped_and_that_is_no_failure(self):
        done = self.run_on(HERE / "small.json", "restart-idle", "cli-classify")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("0 passed, 0 failed, 0 unknown, 2 skipped", done.stdout)

    def test_one_that_ends_at_once_is_not_judged_and_its_last_words_are_shown(self):
        target = self.profile(lambda profile: profile["config"].update(broken=True))
        done = self.run_on(target, "situation-16-fallback-named")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        for words in ("the target changed ended before it answered GET /alive", "small gateway: I cannot start like this"):
            self.assertIn(words, done.stdout)

    def test_one_that_never_answers_is_not_judged_and_its_last_words_are_shown(self):
        def change(profile):
            profile.update(ready_within="2s", command=["/bin/sh", "-c", "'echo waiting for nothing on ${port} >&2; exec sleep 1000'"])
        done = self.run_on(self.profile(change), "situation-16-fallback-named")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        for words in ("did not answer GET /alive on port", "within 2s of real time", "waiting for nothing on"):
            self.assertIn(words, done.stdout)

    def test_a_misspelt_ability_is_told_with_its_line_before_anything_runs(self):
        target = self.profile(lambda profile: profile["abilities"].append("strem"))
        done = self.run_on(target, "billing-402")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"changed\.json:\d+: .*no ability is called \"strem\"")
        self.assertIn('did you mean "stream"?', done.stderr)
        self.assertFalse((self.folder / "runs").exists())

    def test_the_profiles_of_the_library_can_be_read(self):
        for file in sorted((pathlib.Path(__file__).resolve().parents[2] / "scenarios/targets").glob("*.json")):
            done = self.run_on(file, "cli-classify")
            # 2 is a mistake in it, or a program that is not installed here.
            self.assertTrue(done.returncode == 0 or "is not installed here" in done.stderr, done.stderr)


unittest.main(verbosity=1)
