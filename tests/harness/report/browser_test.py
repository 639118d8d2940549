#!/usr/bin/env python3
"""The HTML page in a real browser: headless Chromium renders a page with a pass and a failure; a script in it filters, and tells what it sees.

usage: browser_test.py BIN_DIR        exit 77: skipped, with the reason, where there is no Chromium
"""
import json, pathlib, re, shutil, subprocess, sys, tempfile, unittest

BIN = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else None
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# Runs in the page, after its own script; the answer comes back as the title.
PROBE = """<script>
const visible = row => !row.hidden;
const answer = {
  errors: window.errors, rows: rows.length, failures: failures.length,
  failureShown: failures.every(f => f.offsetParent !== null),
  verdicts: [...document.querySelectorAll('section.run')].map(s => [...s.classList].find(c => c.startsWith('v-'))),
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  loads: performance.getEntriesByType('resource').map(r => r.name),
};
box.value = 'lane:provider 402'; filter();
answer.filtered = rows.filter(visible).map(r => [r.dataset.lane, r.textContent.includes('402')]);
answer.told = told.textContent;
answer.open = [...document.querySelectorAll('details.story')].some(d => d.open);
box.value = ''; filter();
answer.restored = rows.filter(visible).length;
document.title = JSON.stringify(answer);
</script></body>"""
CATCH = "<head><script>window.errors=[];addEventListener('error',e=>window.errors.push(e.message));</script>"


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        pages = {}
        for target in ("gateway", "mutant:no-hint-on-402"):
            page = folder / f"{target.replace(':', '-')}.html"
            subprocess.run([BIN / "simulate", "--scenario", "billing-402", "--target", target, "--runs", folder / "runs", "--report", f"html:{page}"], capture_output=True)
            pages[target] = page.read_text()
        cls.pages = pages

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def look(self, target, width):
        page = self.pages[target].replace("<head>", CATCH, 1).replace("</body>", PROBE)
        file = pathlib.Path(self.folder.name) / "probed.html"
        file.write_text(page)
        profile = tempfile.mkdtemp(dir=self.folder.name)
        done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", f"--window-size={width},900", "--dump-dom", file.as_uri()],
                              capture_output=True, text=True, timeout=100)
        title = re.search(r"<title>(.*?)</title>", done.stdout, re.S)
        self.assertTrue(title and title[1].startswith("{"), f"the page's script did not finish: {done.stdout[:300]} {done.stderr[-500:]}")
        return json.loads(title[1].replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))

    def test_a_pass_and_a_failure_are_told_and_the_filter_filters(self):
        for target, verdict, failures in (("gateway", "v-pass", 0), ("mutant:no-hint-on-402", "v-fail", 1)):
            seen = self.look(target, 1280)
            self.assertEqual(seen["errors"], [])
            self.assertEqual(seen["loads"], [], "a self-contained page loads nothing")
            self.assertEqual(seen["verdicts"], [verdict])
            self.assertGreaterEqual(seen["failures"], failures)
            self.assertTrue(seen["failureShown"], "a failed check must not be hidden in a closed part")
            self.assertTrue(seen["filtered"])
            self.assertTrue(all(lane == "provider" and about for lane, about in seen["filtered"]), seen["filtered"])
            self.assertEqual(seen["told"], f"{len(seen['filtered'])} of {seen['rows']} lines")
            self.assertTrue(seen["open"], "what the filter found must be in sight")
            self.assertEqual(seen["restored"], seen["rows"])

    def test_it_fits_narrow_and_wide_windows(self):
        for width in (520, 1280, 2200):
            self.assertLessEqual(self.look("mutant:no-hint-on-402", width)["wide"], 0, f"the page is wider than a window of {width}")


if CHROMIUM is None:
    print("skipped: Chromium is not installed (apt-get install chromium)")
    sys.exit(77)
unittest.main(verbosity=1)
