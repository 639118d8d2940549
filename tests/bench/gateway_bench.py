"""The gateway beside nginx's proxy_pass and, where npm can install it, Portkey: all in one run, against one fast provider.

usage: ci/bench gateway [--seconds N] [--streams N] [--no-portkey]     needs nginx and wrk: ci/setup ci/bench-packages.txt
The provider is an nginx that answers the same bytes at once; streams come from our simulator. "direct" is the provider without a proxy.
Under load from elsewhere trust the columns of CPU time: they count what a proxy itself used for one request.
"""
import argparse, json, os, pathlib, re, resource, shutil, signal, socket, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("BROWNOUT_BIN", ROOT / "build/bin"))
BODY = json.dumps({"model": "gpt-x", "messages": [{"role": "system", "content": "You are terse."}, {"role": "user", "content": "ping"}]})
REPLY = json.dumps({"id": "chatcmpl-9", "object": "chat.completion", "created": 1700000000, "model": "gpt-x",
                    "choices": [{"index": 0, "message": {"role": "assistant", "content": "pong " * 40, "refusal": None}, "logprobs": None, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 19, "completion_tokens": 42, "total_tokens": 61}, "system_fingerprint": "fp_1"})
PATH = "/v1/chat/completions"
PORTKEY = "1.15.2"  # the version the numbers in the docs speak of
NODE_SERVER = "1.13.8"  # of @hono/node-server; with the newest, which npm takes by itself, Portkey answers every stream with a 500
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("it did not listen in time")


def status_of(pid, field):
    return int(re.search(field + r":\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def children(pid):
    out = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            out += children(int(child))
    return out


class Proxy:
    """A process under test; `pids` are the ones that work."""

    def __init__(self, name, process, port, headers=()):
        self.name, self.process, self.port, self.headers = name, process, port, list(headers)
        wait_for(port)
        time.sleep(0.3)
        self.pids = children(process.pid)

    def rss(self):  # MB
        return sum(status_of(pid, "VmRSS") for pid in self.pids) / 1024

    def cpu(self):  # seconds
        total = 0
        for pid in self.pids:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_nginx(server, upstreams=""):
    folder, port = pathlib.Path(tempfile.mkdtemp()), free_port()
    paths = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""daemon off; worker_processes 1; worker_rlimit_nofile 60000; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 30000; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 300s; tcp_nodelay on; {paths}
  {upstreams}
  server {{ listen 127.0.0.1:{port} backlog=8192; {server} }} }}""")
    return subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-p", folder], stderr=subprocess.DEVNULL), port


def start_provider():
    text = REPLY.replace("\\", "\\\\").replace("'", "\\'").replace("$", "")
    process, port = start_nginx(f"location / {{ default_type application/json; return 200 '{text}'; }}")
    return Proxy("direct", process, port)


def start_nginx_proxy(upstream):
    process, port = start_nginx("location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffering off; proxy_read_timeout 600s; }",
                                f"upstream up {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 100000000; }}")
    return Proxy("nginx", process, port)


def start_gateway(upstream, extra=None):
    config = {"listen": f"127.0.0.1:{free_port()}", "admin": "off", "state": "off", "log_level": "error",
              "providers": {"acme": {"dialect": "openai-chat", "url": f"http://127.0.0.1:{upstream}/v1", "credentials": [{"label": "a", "secret": "sk-bench-0123456789"}],
                                     "timeouts": {"first_content": "10m", "idle": "10m", "first_byte": "10m"}}},
              "routes": {"default": ["acme/gpt-x"]}, "deadline": "10m"}
    config.update(extra or {})
    file = pathlib.Path(tempfile.mkdtemp()) / "gateway.json"
    file.write_text(json.dumps(config))
    process = subprocess.Popen([BIN / "gateway", "run", "--config", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Proxy("gateway", process, int(config["listen"].rsplit(":", 1)[1]))


def install_portkey():
    if not shutil.which("npm"):
        return None, "no npm"
    folder = pathlib.Path(tempfile.gettempdir()) / f"brownout-bench-portkey-{PORTKEY}-{NODE_SERVER}"
    script = folder / "node_modules/@portkey-ai/gateway/build/start-server.js"
    if not script.exists():
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"private": True, "overrides": {"@hono/node-server": NODE_SERVER}}))
        done = subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", f"@portkey-ai/gateway@{PORTKEY}"], cwd=folder, capture_output=True, text=True)
        if done.returncode or not script.exists():
            return None, "npm could not install it"
    return script, None


def start_portkey(script, upstream):
    port = free_port()
    process = subprocess.Popen(["node", script, f"--port={port}", "--headless"], cwd=script.parent.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Proxy("portkey", process, port, ["x-portkey-provider: openai", f"x-portkey-custom-host: http://127.0.0.1:{upstream}/v1"])


def wrk(proxy, connections, seconds):
    lines = "".join(f"wrk.headers[{json.dumps(k)}]={json.dumps(v)}\n" for k, v in (h.split(": ", 1) for h in proxy.headers))
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as script:
        script.write(f"wrk.method='POST'\nwrk.body={json.dumps(BODY)}\nwrk.headers['Content-Type']='application/json'\nwrk.headers['Authorization']='Bearer any-key'\n{lines}")
    cpu = proxy.cpu()
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script.name, f"http://127.0.0.1:{proxy.port}{PATH}"], capture_output=True, text=True).stdout
    cpu = proxy.cpu() - cpu
    total = int(re.search(r"(\d+) requests in", out)[1])
    unit = {"us": 1, "ms": 1e3, "s": 1e6}
    percentile = lambda p: (lambda m: float(m[1]) * unit[m[2]])(re.search(p + r"%\s+([\d.]+)(us|ms|s)", out))
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), "p50": percentile("50"), "p99": percentile("99"), "cpu": cpu / max(1, total) * 1e6,
            "bad": "Non-2xx" in out or "Socket errors" in out}


def request_bytes(proxy, stream=True):
    body = json.dumps({"model": "gpt-x", "stream": stream, "messages": [{"role": "user", "content": "ping"}]})
    headers = "".join(h + "\r\n" for h in proxy.headers)
    return (f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer any-key\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}").encode()


def first_content(proxy, rounds=200):
    """Median microseconds from the request to the first content of its stream, each on a kept connection."""
    s = socket.create_connection(("127.0.0.1", proxy.port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(10)
    data, times = request_bytes(proxy), []
    for _ in range(rounds):
        begun, seen = time.perf_counter(), b""
        s.sendall(data)
        while b'"content":"' not in seen.replace(b'"content":""', b""):
            got = s.recv(65536)
            seen += got
            if not got or not seen.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"no stream but {seen.split(chr(13).encode())[0].decode(errors='replace') or 'an end'}")
        times.append((time.perf_counter() - begun) * 1e6)
        while b"0\r\n\r\n" not in seen[-7:]:
            seen += s.recv(65536)
    times.sort()
    return times[len(times) // 2]


def open_streams(proxy, count):
    """KB of memory for each stream that has begun and goes on."""
    data, held, before = request_bytes(proxy), [], proxy.rss()
    for _ in range(count):
        s = socket.create_connection(("127.0.0.1", proxy.port))
        s.sendall(data)
        held.append(s)
    for s in held:
        s.settimeout(30)
        if not s.recv(4096).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("a stream was refused")
    time.sleep(0.5)
    after = proxy.rss()
    for s in held:
        s.close()
    return (after - before) * 1024 / count, after


def start_simulator(provider):
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump({"providers": {"acme": provider}}, file)
    process = subprocess.Popen([BIN / "simulator", "serve", "--scenario", file.name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, json.loads(process.stdout.readline())["providers"]["acme"]["port"]


def measure_load(makers, seconds):
    print(f"{'':10}{'connections':>12}{'requests/s':>12}{'p50 µs':>10}{'p99 µs':>10}{'added p50':>11}{'added p99':>11}{'CPU µs/req':>12}{'idle RSS MB':>13}")
    results = {}
    for make in makers:
        proxy = make()
        idle = proxy.rss()
        try:
            for connections in (1, 32, 256):
                wrk(proxy, connections, 1)  # warm
                got = results[proxy.name, connections] = wrk(proxy, connections, seconds)
                direct = results["direct", connections]
                print(f"{proxy.name:10}{connections:12}{got['rate']:12.0f}{got['p50']:10.0f}{got['p99']:10.0f}{got['p50'] - direct['p50']:11.0f}{got['p99'] - direct['p99']:11.0f}"
                      f"{got['cpu']:12.1f}{idle:13.1f}{'   WITH ERRORS' if got['bad'] else ''}", flush=True)
        finally:
            if proxy.name != "direct":
                proxy.stop()
    for other in ("nginx", "portkey"):
        for connections in (1, 32, 256):
            if (other, connections) in results:
                ours, theirs = results["gateway", connections], results[other, connections]
                print(f"ratio to {other} at {connections:3}: {ours['rate'] / theirs['rate']:6.2f} x requests/s   {theirs['cpu'] / max(0.01, ours['cpu']):6.2f} x requests per CPU second")


def measure_streams(starts, streams):
    simulator, port = start_simulator({"reply": {"text": "pong and more of it"}})
    print("\nfirst content of a stream, median")
    direct = first_content(argparse.Namespace(port=port, headers=[]))
    print(f"{'direct':10}{direct:10.0f} µs")
    for start in starts:
        proxy = start(port)
        try:
            through = first_content(proxy)
            print(f"{proxy.name:10}{through:10.0f} µs   added {through - direct:.0f} µs")
        except Exception as error:
            print(f"{proxy.name:10}skipped: {error}")
        finally:
            proxy.stop()
    simulator.terminate()
    print(f"\n{streams} open streams")
    simulator, port = start_simulator({"script": [{"when": {"nth": [1, 1000000]}, "fault": "hang-after-events", "params": {"events": 3}}]})
    for start in starts:
        proxy = start(port)
        try:
            each, total = open_streams(proxy, streams)
            print(f"{proxy.name:10}{each:10.1f} KB each   {total:.0f} MB in all")
        except Exception as error:
            print(f"{proxy.name:10}skipped: {error}")
        finally:
            proxy.stop()
    simulator.terminate()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="?", default="gateway")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--no-portkey", action="store_true")
    args = parser.parse_args()
    missing = [tool for tool in ("nginx", "wrk") if not shutil.which(tool)]
    if missing:
        sys.exit(f"ci/bench: {' and '.join(missing)} missing: ci/setup ci/bench-packages.txt")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    streams = min(args.streams, hard // 2 - 200)
    portkey, why = (None, "not asked for") if args.no_portkey else install_portkey()
    provider = start_provider()
    makers = [lambda: provider, lambda: start_nginx_proxy(provider.port), lambda: start_gateway(provider.port)]
    starts = [start_nginx_proxy, start_gateway]
    if portkey:
        makers.append(lambda: start_portkey(portkey, provider.port))
        starts.append(lambda port: start_portkey(portkey, port))
    else:
        print(f"portkey    skipped: {why}")
    try:
        measure_load(makers, args.seconds)
    finally:
        provider.stop()
    measure_streams(starts, streams)


main()
