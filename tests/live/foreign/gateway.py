#!/usr/bin/env python3
"""A small gateway that is not ours, for the tests of profiles: it tries the targets of a route in order and remembers nothing.

usage: gateway.py CONFIG PORT      CONFIG: {"routes": {NAME: [{"url", "key", "model"}]}}; it keeps no sessions, drains nothing, streams nothing
"""
import http.server, json, sys, urllib.error, urllib.request

with open(sys.argv[1]) as file:
    CONFIG = json.load(file)
print("small gateway, routes", *CONFIG["routes"], flush=True)
if CONFIG.get("broken"):
    sys.exit("small gateway: I cannot start like this")


def ask(target, body):
    request = urllib.request.Request(target["url"] + "/chat/completions", json.dumps(body | {"model": target["model"]}).encode(),
                                     {"content-type": "application/json", "authorization": "Bearer " + target["key"]})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 502, b'{"error": {"message": "the provider cannot be reached"}}'


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, b"{}") if self.path == "/alive" else self.answer(404, b"{}")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        # The token shows that the profile's headers came with the request.
        if self.path != "/api/chat" or self.headers["x-token"] != "default":
            return self.answer(404, b'{"error": {"message": "no such path or token"}}')
        status, reply = 503, b'{"error": {"message": "no target"}}'
        for target in CONFIG["routes"].get(body["model"], []):
            status, reply = ask(target, body)
            if status < 400:
                break
        self.answer(status, reply)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
