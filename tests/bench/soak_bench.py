"""Mixed faults against the real gateway for a while: callers that behave, hang up, stall and send garbage, while its provider fails in
many ways. Fails when memory, descriptors or threads grow, or when the gateway ends.

usage: ci/bench soak [--for 60s] [--callers N]
"""
import argparse, json, os, pathlib, random, re, resource, signal, socket, subprocess, sys, tempfile, threading, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("BROWNOUT_BIN", ROOT / "build/bin"))
FAULTS = ["402", "429", "500", "503", "529", "401", "accept-rst", "accept-fin", "cut-before-headers-rst", "cut-before-headers-fin", "cut-in-headers-fin", "cut-after-events-rst",
          "cut-after-events-fin", "cut-after-headers-rst", "keep-alive-race", "hang-before-headers", "hang-after-events", "drip-bytes", "slow-random", "missing-terminal", "length-too-long",
          "length-too-short", "length-until-close", "chunk-size-garbage", "chunk-truncated", "chunk-end-missing", "headers-oversized", "status-line-garbage", "json-malformed", "sse-malformed",
          "stream-error-event", "error-in-200", "empty-200", "html-502", "body-large", "gzip-unasked"]
GARBAGE = [b"\x16\x03\x01\x02\x00\n", b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"x" * 100_000,
           b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]


def seconds(text):
    number, unit = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)", text).groups()
    return float(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def request_bytes(stream, close=False):
    body = json.dumps({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "ping"}]})
    return (f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{'Connection: close' + chr(13) + chr(10) if close else ''}Content-Length: {len(body)}\r\n\r\n{body}").encode()


def read_end(s):
    try:
        while s.recv(65536):
            pass
    except OSError:
        pass


class Callers:
    def __init__(self, port, count):
        self.port, self.stop, self.done, self.lock = port, threading.Event(), {}, threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self, seed):
        dice = random.Random(seed)
        ways = [self.whole, self.whole, self.stream, self.stream, self.leave, self.leave_stream, self.garbage, self.pipeline, self.stall]
        while not self.stop.is_set():
            way = dice.choice(ways)
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                    s.settimeout(10)
                    way(s, dice)
            except OSError:
                pass
            with self.lock:
                self.done[way.__name__] = self.done.get(way.__name__, 0) + 1

    def whole(self, s, dice):
        s.sendall(request_bytes(False, close=True))
        read_end(s)

    def stream(self, s, dice):
        s.sendall(request_bytes(True, close=True))
        read_end(s)

    def leave(self, s, dice):
        s.sendall(request_bytes(dice.random() < 0.5))
        time.sleep(dice.random() * 0.02)

    def leave_stream(self, s, dice):
        s.sendall(request_bytes(True))
        s.recv(dice.randint(1, 500))
        if dice.random() < 0.5:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    def garbage(self, s, dice):
        s.sendall(dice.choice(GARBAGE))
        read_end(s)

    def pipeline(self, s, dice):
        s.sendall(request_bytes(False) * 3 + request_bytes(True, close=True))
        read_end(s)

    def stall(self, s, dice):
        s.sendall(request_bytes(False)[: dice.randint(1, 100)])
        time.sleep(dice.random() * 0.1)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)


def sample(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    number = lambda field: int(re.search(field + r":\s+(\d+)", text)[1])
    return {"rss_kb": number("VmRSS"), "threads": number("Threads"), "fds": len(os.listdir(f"/proc/{pid}/fd"))}


def start(folder):
    # One request in three fails, each time by the next fault of the list.
    script = [{"when": {"nth": [n, n]}, "fault": FAULTS[i % len(FAULTS)]} for i, n in enumerate(range(3, 3000, 3))]
    scenario = {"providers": {"acme": {"reply": {"text": "pong and some more of it"}, "script": script}, "spare": {"reply": {"text": "spare pong"}}}}
    (folder / "scenario.json").write_text(json.dumps(scenario))
    simulator = subprocess.Popen([BIN / "simulator", "serve", "--scenario", folder / "scenario.json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    ready = json.loads(simulator.stdout.readline())
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    short = {"connect": "1s", "first_byte": "1s", "first_content": "1s", "idle": "1s", "total": "5s"}
    # So many keys that a 402 or 401, which benches one for long, does not end the mixture.
    provider = lambda name, keys: {"dialect": "openai-chat", "url": ready["providers"][name]["base_url"], "timeouts": short,
                             "credentials": [{"label": f"{name}-{i}", "secret": f"sk-{name}-secret-{i}"} for i in range(keys)]}
    config = {"listen": f"127.0.0.1:{port}", "admin": "off", "state": str(folder / "gateway.db"), "deadline": "10s", "limits": {"header_time": "1s", "body_time": "2s"},
              "retry": {"attempts": 2, "backoff": {"base": "10ms", "max": "50ms"}},
              "providers": {"acme": provider("acme", 300), "spare": provider("spare", 3)}, "routes": {"default": ["acme/m", "spare/m"]}}
    (folder / "gateway.json").write_text(json.dumps(config))
    gateway = subprocess.Popen([BIN / "gateway", "run", "--config", folder / "gateway.json"], stdout=subprocess.DEVNULL, stderr=open(folder / "gateway.log", "w"))
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return simulator, ready, gateway, port
        except OSError:
            if time.monotonic() > until or gateway.poll() is not None:
                sys.exit(f"soak: the gateway did not listen: {(folder / 'gateway.log').read_text()[-1000:]}")
            time.sleep(0.02)


def quiet(gateway, port, callers, count):
    """Lets everything end, then samples."""
    if callers:
        callers.end()
    until = time.monotonic() + 15
    last = sample(gateway.pid)
    while time.monotonic() < until:
        time.sleep(1)
        now = sample(gateway.pid)
        if now["fds"] >= last["fds"]:
            break
        last = now
    return sample(gateway.pid)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="?", default="soak")
    parser.add_argument("--for", dest="time", type=seconds, default=60.0)
    parser.add_argument("--callers", type=int, default=32)
    args = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="brownout-soak-"))
    simulator, ready, gateway, port = start(folder)
    control = ready["control"]
    rounds, total, fired = [], {}, {}
    try:
        # Equal rounds with a pause in between: growth is told by comparing quiet moments, the first of which is warm-up.
        for _ in range(4):
            urllib.request.urlopen(control + "/reset", b"")
            callers = Callers(port, args.callers)
            time.sleep(args.time / 4)
            counters = json.load(urllib.request.urlopen(control + "/counters"))
            for rule in counters["rules"]:
                fired[rule["fault"]] = fired.get(rule["fault"], 0) + rule["fired"]
            rounds.append(quiet(gateway, port, callers, args.callers))
            for way, n in callers.done.items():
                total[way] = total.get(way, 0) + n
            print(f"after {sum(total.values()):7} calls   RSS {rounds[-1]['rss_kb'] / 1024:6.1f} MB   fds {rounds[-1]['fds']:4}   threads {rounds[-1]['threads']}", flush=True)
            if gateway.poll() is not None:
                break
    finally:
        code = gateway.poll()
        gateway.send_signal(signal.SIGTERM) if code is None else None
        try:
            gateway.wait(30)
        except subprocess.TimeoutExpired:
            gateway.kill()
        simulator.terminate()
    problems = []
    if code is not None:
        problems.append(f"the gateway ended by itself with {code}")
    first, last = rounds[1 if len(rounds) > 2 else 0], rounds[-1]
    if last["rss_kb"] > first["rss_kb"] * 1.15 + 4096:
        problems.append(f"memory grew from {first['rss_kb']} KB to {last['rss_kb']} KB")
    # Kept connections to the providers come and go with the load: at most one for each caller.
    if last["fds"] > first["fds"] + args.callers:
        problems.append(f"descriptors grew from {first['fds']} to {last['fds']}")
    if last["threads"] > first["threads"]:
        problems.append(f"threads grew from {first['threads']} to {last['threads']}")
    missing = [name for name in FAULTS if not fired.get(name)]
    if missing and args.time >= 40:
        problems.append(f"these faults never fired, so the soak proves nothing of them: {', '.join(missing)}")
    if min(total.values(), default=0) == 0:
        problems.append("some way of calling never happened: the soak proves nothing")
    print(f"faults: {sum(fired.values())} of {len([name for name in fired if fired[name]])} kinds")
    print("calls: " + ", ".join(f"{way} {n}" for way, n in sorted(total.items())))
    for problem in problems:
        print(f"FAIL  {problem}   (log: {folder / 'gateway.log'})")
    print("soak: " + ("FAIL" if problems else "pass"))
    sys.exit(1 if problems else 0)


main()
