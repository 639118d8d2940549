"""The simulator beside nginx (the same bytes) and, where npm can install it, aimock: requests/s, p99, start, held connections.

usage: ci/bench simulator [--seconds N] [--hung N]        needs wrk; nginx and npm are used when present
"""
import argparse, json, os, pathlib, re, resource, select, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIMULATOR = ROOT / "build/bin/simulator"
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "ping"}]})


def start_simulator(provider):
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump({"providers": {"acme": provider}}, file)
    begun = time.perf_counter()
    process = subprocess.Popen([SIMULATOR, "serve", "--scenario", file.name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    ready = json.loads(process.stdout.readline())
    return process, ready, (time.perf_counter() - begun) * 1000


def wrk(url, seconds):
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as script:
        script.write(f"wrk.method='POST'\nwrk.body={json.dumps(BODY)}\nwrk.headers['Content-Type']='application/json'\nwrk.headers['Authorization']='Bearer any-key'\n")
    out = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", "-s", script.name, url], capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    return rate, re.search(r"99%\s+(\S+)", out)[1], "Non-2xx" in out


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def nginx(reply, seconds):
    if not shutil.which("nginx"):
        return "nginx        skipped: not installed"
    folder, port = pathlib.Path(tempfile.mkdtemp()), free_port()
    text = reply.replace("\\", "\\\\").replace("'", "\\'").replace("$", "")
    (folder / "nginx.conf").write_text(f"""daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{text}'; }} }} }}""")
    process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-p", folder], stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        rate, p99, bad = wrk(f"http://127.0.0.1:{port}/v1/chat/completions", seconds)
        return f"nginx        {rate:10.0f} requests/s   p99 {p99}{'   WITH ERRORS' if bad else ''}"
    finally:
        process.terminate()
        process.wait()


def aimock(seconds):
    if not shutil.which("npm"):
        return "aimock       skipped: no npm"
    folder, port = pathlib.Path(tempfile.mkdtemp()), free_port()
    installed = subprocess.run(["npm", "install", "--silent", "@copilotkit/aimock"], cwd=folder, capture_output=True, text=True)
    if installed.returncode:
        return "aimock       skipped: npm could not install it"
    (folder / "run.mjs").write_text(f"""import {{ LLMock }} from '@copilotkit/aimock';
const mock = new LLMock({{ port: {port}, logLevel: 'silent' }}); mock.onMessage('ping', {{ content: 'pong' }}); await mock.start();""")
    process = subprocess.Popen(["node", "run.mjs"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        rate, p99, bad = wrk(f"http://127.0.0.1:{port}/v1/chat/completions", seconds)
        return f"aimock       {rate:10.0f} requests/s   p99 {p99}{'   WITH ERRORS' if bad else ''}"
    except Exception as error:
        return f"aimock       skipped: {error}"
    finally:
        process.terminate()
        process.wait()


def wait_for(port, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("it did not listen in time")


def request_bytes(stream=False):
    body = json.dumps({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "ping"}]})
    return f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def hung(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(count, hard - 200)
    process, ready, _ = start_simulator({"script": [{"when": {"nth": [1, count]}, "fault": "hang-before-headers"}]})
    try:
        port, data, held = ready["providers"]["acme"]["port"], request_bytes(), []
        for _ in range(count):
            s = socket.create_connection(("127.0.0.1", port))
            s.sendall(data)
            held.append(s)
        while json.load(urllib.request.urlopen(ready["control"] + "/counters"))["open"] < count:
            time.sleep(0.05)
        rss = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024
        s = socket.create_connection(("127.0.0.1", port))
        times = []
        for _ in range(200):
            begun = time.perf_counter()
            s.sendall(data)
            s.recv(65536)
            times.append((time.perf_counter() - begun) * 1000)
        times.sort()
        return f"{count} hung   RSS {rss:.0f} MB   next answer median {times[100]:.2f} ms, p99 {times[197]:.2f} ms"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def paced(count, gap, events):
    """The pacing error: how far the time between two events of one stream is from `gap`, over all streams, seen by a reader on a socket."""
    process, ready, _ = start_simulator({"reply": {"tokens": events, "gap": f"{int(gap * 1000)}ms"}})
    poll, streams = select.epoll(), {}
    port, data = ready["providers"]["acme"]["port"], request_bytes(stream=True)
    errors, late, ended = [], 0.0, 0
    try:
        begun = time.perf_counter()
        deadline = begun + 30 + events * gap
        while ended < count and time.perf_counter() < deadline:
            # Streams begin one after the other over one gap: events of all of them at once would measure this reader, not the simulator.
            while len(streams) < count and time.perf_counter() >= begun + len(streams) * gap / count:
                s = socket.create_connection(("127.0.0.1", port))
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                s.sendall(data)
                poll.register(s.fileno(), select.EPOLLIN)
                streams[s.fileno()] = [s, None]
            ready_now = poll.poll(0.001 if len(streams) < count else 0.1)
            now = time.perf_counter()
            for fd, _ in ready_now:
                stream = streams[fd]
                bytes_ = stream[0].recv(65536)
                if bytes_.count(b'"content":"') == 1:
                    if stream[1] is not None:
                        errors.append(abs(now - stream[1] - gap) * 1000)
                    stream[1] = now
                if b"[DONE]" in bytes_ or not bytes_:
                    poll.unregister(fd)
                    ended += 1
            late = max(late, (time.perf_counter() - now) * 1000)
        errors.sort()
        part = lambda share: errors[int(len(errors) * share)] if errors else float("nan")
        return f"{count} paced   every {gap * 1000:.0f} ms, {len(errors)} gaps: error median {part(0.5):.2f} ms, p99 {part(0.99):.2f} ms, largest {errors[-1]:.2f} ms (reader's own longest turn {late:.2f} ms)"
    finally:
        for s, _ in streams.values():
            s.close()
        process.terminate()
        process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="?", default="simulator")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--hung", type=int, default=10000)
    parser.add_argument("--streams", type=int, default=2000)
    args = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("ci/bench: wrk is missing (apt-get install wrk)")
    process, ready, _ = start_simulator({"reply": {"text": "pong"}})
    try:
        url = ready["providers"]["acme"]["base_url"] + "/chat/completions"
        request = urllib.request.Request(url, BODY.encode(), {"content-type": "application/json", "authorization": "Bearer any-key"})
        reply = urllib.request.urlopen(request).read().decode()
        rate, p99, bad = wrk(url, args.seconds)
        print(f"simulator    {rate:10.0f} requests/s   p99 {p99}{'   WITH ERRORS' if bad else ''}")
    finally:
        process.terminate()
        process.wait()
    print(nginx(reply, args.seconds))
    print(aimock(args.seconds))
    starts = []
    for _ in range(10):
        process, _, ms = start_simulator({})
        starts.append(ms)
        process.terminate()
        process.wait()
    print(f"ready in     {sorted(starts)[5]:.1f} ms (median of 10)")
    print(hung(args.hung))
    print(paced(args.streams, 0.5, 12))


main()
