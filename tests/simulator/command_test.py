#!/usr/bin/env python3
"""The command `simulator` as a person runs it: record and play back, control on a Unix socket, the journal followed, spaces."""
import http.client, json, pathlib, re, signal, socket, subprocess, sys, tempfile, time, unittest, urllib.request

BIN = pathlib.Path(sys.argv.pop(1))
SIMULATOR = BIN / "simulator"
ROOT = pathlib.Path(__file__).resolve().parents[2]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(url, key="any-key", stream=False):
    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": "ping"}]}
    request = urllib.request.Request(url + "/chat/completions", json.dumps(body).encode(), {"content-type": "application/json", "authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, *args):
        process = subprocess.Popen([SIMULATOR, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.end, process)
        return process, json.loads(process.stdout.readline())

    def end(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()

    def serve(self, provider, *args):
        file = self.folder / "scenario.json"
        file.write_text(json.dumps({"providers": {"acme": provider}}))
        return self.start("serve", "--scenario", file, *args)[1]

    def test_a_recording_keeps_replies_and_pauses_and_no_secret_and_plays_back(self):
        secret = "sk-test-0123456789abcdefghijklmnop"
        ready = self.serve({"credentials": {"key-a": {"secret": secret}}, "reply": {"text": "one two three", "gap": "60ms"},
                            "script": [{"fault": "402", "when": {"nth": 2}}]})
        out = self.folder / "recorded.json"
        process, proxy = self.start("record", "--upstream", ready["providers"]["acme"]["url"], "--out", out)
        first, second = ask(proxy["url"] + "/v1", secret, stream=True), ask(proxy["url"] + "/v1", secret)
        self.assertEqual((first[0], second[0]), (200, 402))
        self.end(process)

        text = out.read_text()
        self.assertNotIn(secret, text)
        plan = json.loads(text)["providers"]["recorded"]["script"][0]["plan"]
        waits = [step["wait"] for step in plan if "wait" in step]
        self.assertGreaterEqual(len(waits), 2, text)
        again = self.start("serve", "--scenario", out)[1]["providers"]["recorded"]["url"] + "/v1"
        begun = time.monotonic()
        self.assertEqual(ask(again, stream=True), first)
        self.assertGreaterEqual(time.monotonic() - begun, 0.12)
        self.assertEqual(ask(again), second)

    def test_control_answers_on_a_unix_socket_too(self):
        path = str(self.folder / "control.sock")
        ready = self.serve({}, "--control-socket", path)
        connection = UnixConnection(path)
        self.addCleanup(connection.close)
        connection.request("POST", "/rules", json.dumps({"changes": [{"provider": "acme", "rules": [{"fault": "402"}]}]}), {"content-type": "application/json"})
        reply = connection.getresponse()
        self.assertEqual((reply.status, json.loads(reply.read())["ok"]), (200, True))
        self.assertEqual(ask(ready["providers"]["acme"]["base_url"])[0], 402)

    def test_the_journal_is_followed_as_it_grows(self):
        ready = self.serve({})
        with urllib.request.urlopen(ready["control"] + "/journal/follow?since=0", timeout=20) as stream:
            ask(ready["providers"]["acme"]["base_url"])
            seen = []
            while "end" not in seen:
                line = stream.readline().decode()
                if line.startswith("data: "):
                    seen.append(json.loads(line[6:])["event"])
        self.assertLess(seen.index("attempt"), seen.index("answer"))
        self.assertLess(seen.index("answer"), seen.index("end"))

    def test_rules_are_armed_in_one_space_alone(self):
        ready = self.serve({})
        url = ready["providers"]["acme"]["url"]
        body = json.dumps({"changes": [{"provider": "acme", "rules": [{"fault": "503"}]}]}).encode()
        urllib.request.urlopen(urllib.request.Request(ready["control"] + "/rules?space=one", body, {"content-type": "application/json"})).close()
        self.assertEqual([ask(f"{url}{space}/v1")[0] for space in ("/space/one", "/space/two", "")], [503, 200, 200])

    def test_the_table_of_faults_the_schema_and_the_document_agree(self):
        def told(*command):
            return subprocess.run([*command], capture_output=True, text=True, check=True).stdout
        rows = {row["name"]: row for row in json.loads(told(SIMULATOR, "faults", "--format", "json"))}
        everything = {row["name"] for row in json.loads(told(SIMULATOR, "faults", "--format", "json", "--catalogue"))}
        schema = json.loads(told(BIN / "simulate", "schema"))["definitions"]["fault"]["anyOf"]
        self.assertEqual({each["const"] for each in schema if "const" in each}, everything)
        document = re.findall(r"^\| `([^`]+)` \| (?:`([^`]*)`)? *\| (\S+) \| (.*) \|$", (ROOT / "docs/simulator.md").read_text(), re.M)
        self.assertEqual({name: (params, ending, summary) for name, params, ending, summary in document if name in rows},
                         {name: (row["params"], row["ending"], row["summary"]) for name, row in rows.items()})
        self.assertEqual(told(BIN / "simulate", "faults", "--json"), told(SIMULATOR, "faults", "--format", "json"))


unittest.main()
