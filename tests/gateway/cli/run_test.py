#!/usr/bin/env python3
"""`gateway run` as a process: exit codes, signals, notify datagrams, inherited sockets, locks and reloads.

usage: run_test.py GATEWAY [unittest arguments]      GATEWAY: the program
Every wait has a deadline and says what it waited for; ports are chosen by the system, each test has a folder of its own.
"""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

GATEWAY = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
PATIENCE = 30  # seconds; a loaded machine is slow, a correct gateway ends every wait long before
SECRET = "sk-test-0123456789abcdefghij"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="brownout-")
        self.home = pathlib.Path(self.folder.name)
        self.bin = self.home / "bin"
        self.bin.mkdir()
        self.processes = []
        self.config = {
            "listen": "127.0.0.1:0", "admin": "127.0.0.1:0", "state": str(self.home / "state/g.db"),
            "providers": {"acme": {"dialect": "openai-chat", "url": "http://127.0.0.1:9/v1", "credentials": [{"label": "key-a", "secret": "${KEY_A}"}]}},
            "routes": {"default": ["acme/m"]}, "restart": {"drain": "2s", "settle": "100ms"}}
        # Nothing of the machine's own manager: a systemctl of ours that knows no unit.
        self.fake("systemctl", 'echo "LoadState=not-found"; echo "ActiveState=inactive"; echo "SubState=dead"; echo "MainPID=0"')

    def tearDown(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stderr.close()
        self.folder.cleanup()

    def fake(self, name, script):
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)

    def environment(self, **more):
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home), "KEY_A": SECRET, **more}

    def write_config(self):
        path = self.home / "g.json"
        path.write_text(json.dumps(self.config, indent=1))
        path.chmod(0o600)
        return path

    def start(self, *arguments, environment=None, wrapper=(), **more):
        config = self.write_config()
        process = subprocess.Popen([*wrapper, str(GATEWAY), "run", "--config", str(config), "--log", "json", *arguments], stdin=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, env=environment or self.environment(), **more)
        process.lines = []
        process.text = process.rest = b""
        self.processes.append(process)
        return process

    def line(self, process, event):
        """The first log line of that event that has not been asked for yet."""
        deadline = time.monotonic() + PATIENCE
        os.set_blocking(process.stderr.fileno(), False)
        while True:
            for index, entry in enumerate(process.lines):
                if entry.get("event") == event:
                    del process.lines[: index + 1]
                    return entry
            chunk = process.stderr.read()
            if chunk:
                process.text += chunk
                *whole, process.rest = (process.rest + chunk).split(b"\n")
                process.lines += [json.loads(each) for each in whole if each.startswith(b"{")]
                continue
            if time.monotonic() > deadline or (process.poll() is not None and chunk == b""):
                self.fail(f"no line '{event}'; the log is:\n{process.text.decode()}")
            time.sleep(0.01)

    def ready(self, process):
        return self.line(process, "ready")

    def end(self, process):
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.fail("the gateway did not end")

    def health(self, ready):
        connection = http.client.HTTPConnection(ready["listen"], timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/health")
        return json.loads(connection.getresponse().read())

    def cli(self, *arguments, environment=None):
        return subprocess.run([str(GATEWAY), *arguments], env=environment or self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)

    def inbox(self):
        box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        box.bind(str(self.home / "notify"))
        box.settimeout(PATIENCE)
        self.addCleanup(box.close)
        return box


class ExitCodes(Case):
    def test_a_restart_signal_ends_with_75(self):
        process = self.start()
        self.ready(process)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(self.end(process), 75)

    def test_an_unexpected_sigterm_ends_with_1_so_that_the_manager_revives_it(self):
        process = self.start()
        self.ready(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process), 1)

    def test_second_signals_change_nothing(self):
        process = self.start()
        self.ready(process)
        for number in (signal.SIGUSR1, signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        self.assertEqual(self.end(process), 75)

    def test_stop_marks_the_stop_as_planned(self):
        process = self.start()
        self.ready(process)
        stopped = self.cli("stop", "--config", str(self.home / "g.json"))
        self.assertEqual(stopped.stdout, f"✓ Gateway stopped (PID {process.pid})\n")
        self.assertEqual(self.end(process), 0)

    def test_a_stop_job_of_the_manager_is_planned(self):
        process = self.start(environment=self.environment(INVOCATION_ID="0" * 32))
        self.ready(process)
        self.fake("systemctl", f'echo LoadState=loaded; echo ActiveState=deactivating; echo SubState=stop-sigterm; echo Result=success; echo MainPID={process.pid}')
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process), 0)

    def test_a_manager_that_hangs_cannot_hold_a_stop(self):
        self.fake("systemctl", "sleep 600")
        process = self.start(environment=self.environment(INVOCATION_ID="0" * 32))
        self.ready(process)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process), 1)
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_wrong_configuration_ends_with_78_and_every_problem(self):
        self.config["deadline"] = 5
        self.config["limts"] = {}
        process = self.start()
        problems = [self.line(process, "config.problem") for _ in range(2)]
        self.assertIn("a duration is text with a unit", problems[0]["what"])
        self.assertRegex(problems[0]["file"], r"g\.json:\d+$")
        self.assertEqual(problems[1]["hint"], 'did you mean "limits"?')
        self.assertIn("the configuration has 2 problems: ", self.line(process, "start.failed")["what"])
        self.assertEqual(self.end(process), 78)
        self.assertNotIn(SECRET, process.text.decode())

    def test_a_missing_variable_is_named(self):
        environment = self.environment()
        del environment["KEY_A"]
        process = self.start(environment=environment)
        self.assertEqual(self.end(process), 78)
        self.assertIn("the environment has no variable KEY_A", process.stderr.read().decode())

    def test_a_port_in_use_ends_with_1_and_says_so(self):
        other = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(other.close)
        self.config["listen"] = f"127.0.0.1:{other.getsockname()[1]}"
        process = self.start()
        self.assertIn("the port is in use by another process", self.line(process, "start.failed")["what"])
        self.assertEqual(self.end(process), 1)

    def test_a_sigterm_while_it_starts_ends_with_1(self):
        self.respawns()
        process = self.start()
        self.line(process, "respawn.pause")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process), 1)

    def respawns(self):
        (self.home / "state").mkdir(mode=0o700, exist_ok=True)
        now = int(time.time() * 1000)
        (self.home / "state/g.db.starts").write_text(json.dumps({"end": "crashed", "unplanned_ms": [now] * 12}))


class Instance(Case):
    def test_a_second_gateway_on_the_same_state_is_refused(self):
        first = self.start()
        self.ready(first)
        second = self.start()
        failed = self.line(second, "start.failed")
        self.assertIn(f"another gateway (PID {first.pid}) uses this state", failed["what"])
        self.assertEqual(self.end(second), 1)
        self.assertIsNone(first.poll())

    def test_replace_takes_over_in_order(self):
        first = self.start()
        self.ready(first)
        second = self.start("--replace")
        ready = self.ready(second)
        self.assertEqual(self.end(first), 0)
        self.assertEqual(self.health(ready)["pid"], second.pid)

    def test_what_a_killed_one_left_is_harmless_and_known(self):
        first = self.start()
        self.ready(first)
        first.kill()
        first.wait()
        second = self.start()
        self.assertTrue(self.ready(second)["after_crash"])

    def test_a_planned_end_is_no_crash(self):
        first = self.start()
        self.ready(first)
        first.send_signal(signal.SIGUSR1)
        self.end(first)
        self.assertFalse(self.ready(self.start())["after_crash"])

    def test_a_damaged_state_is_moved_aside(self):
        (self.home / "state").mkdir(mode=0o700)
        (self.home / "state/g.db").write_text("no database at all, not even close\n" * 100)
        process = self.start()
        self.assertTrue(self.line(process, "state.damaged")["moved_to"].endswith("g.db.corrupt-1"))
        self.assertEqual(self.health(self.ready(process))["status"], "running")

    def test_a_state_that_cannot_be_kept_makes_it_degraded_not_dead(self):
        (self.home / "state").write_text("a file where the folder should be")
        process = self.start()
        self.assertEqual(self.health(self.ready(process))["status"], "degraded")

    def test_repeated_unplanned_starts_pause_and_hold_the_managers_timeout(self):
        box = self.inbox()
        ExitCodes.respawns(self)
        process = self.start(environment=self.environment(NOTIFY_SOCKET=str(self.home / "notify")))
        self.assertEqual(self.line(process, "respawn.pause")["starts"], 13)
        words = [box.recv(4096).decode() for _ in range(2)]
        self.assertTrue(words[0].startswith("STATUS=waiting"), words)
        self.assertTrue(words[1].startswith("EXTEND_TIMEOUT_USEC="), words)


class Manager(Case):
    def test_it_says_ready_after_it_listens_and_stopping_when_it_leaves(self):
        box = self.inbox()
        process = self.start(environment=self.environment(NOTIFY_SOCKET=str(self.home / "notify")))
        first = box.recv(4096).decode()
        self.assertTrue(first.startswith("READY=1\nSTATUS=running on 127.0.0.1:"), first)
        port = int(first.rsplit(":", 1)[1])
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        process.send_signal(signal.SIGUSR1)
        words = []
        while not words or not words[-1].startswith("STOPPING=1"):
            words.append(box.recv(4096).decode())
        self.assertTrue(any(word.startswith("STATUS=draining for a restart") for word in words), words)
        self.assertEqual(self.end(process), 75)

    def test_the_watchdog_is_fed_from_the_loop(self):
        box = self.inbox()
        process = self.start(environment=self.environment(NOTIFY_SOCKET=str(self.home / "notify"), WATCHDOG_USEC="100000"))
        self.assertTrue(box.recv(4096).startswith(b"READY=1"))
        self.assertEqual([box.recv(4096) for _ in range(3)], [b"WATCHDOG=1"] * 3)
        # A stopped process stands for a stuck loop: nothing comes any more, and the manager would act.
        process.send_signal(signal.SIGSTOP)
        box.settimeout(1)
        with self.assertRaises(TimeoutError):
            while True:
                box.recv(4096)
        process.send_signal(signal.SIGCONT)

    def test_a_socket_of_the_manager_is_served_and_outlives_the_process(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        # LISTEN_PID is the gateway's own: the shell becomes it.
        wrapper = ("sh", "-c", f'exec 3<&{listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh")
        first = self.start(wrapper=wrapper, pass_fds=[listener.fileno()])
        ready = self.ready(first)
        self.assertTrue(ready["socket_kept"])
        self.assertEqual(ready["listen"], f"127.0.0.1:{listener.getsockname()[1]}")
        self.assertEqual(self.health(ready)["pid"], first.pid)
        first.send_signal(signal.SIGUSR1)
        self.assertEqual(self.end(first), 75)
        # Nobody serves it now, and still nobody is refused: the next process finds the caller waiting.
        caller = http.client.HTTPConnection(ready["listen"], timeout=PATIENCE)
        self.addCleanup(caller.close)
        caller.request("GET", "/health")
        second = self.start(wrapper=wrapper, pass_fds=[listener.fileno()])
        self.assertEqual(json.loads(caller.getresponse().read())["pid"], second.pid)

    def test_a_reload_takes_a_good_file_and_keeps_the_last_good_one(self):
        box = self.inbox()
        process = self.start(environment=self.environment(NOTIFY_SOCKET=str(self.home / "notify")))
        ready = self.ready(process)
        self.config["routes"]["fast"] = ["acme/n"]
        self.write_config()
        process.send_signal(signal.SIGHUP)
        self.assertEqual(self.line(process, "reload.done")["routes"], 2)
        (self.home / "g.json").write_text('{"listen": 3')
        process.send_signal(signal.SIGHUP)
        self.line(process, "reload.refused")
        self.line(process, "reload.kept")
        self.assertEqual(self.health(ready)["status"], "running")
        words = [box.recv(4096).decode() for _ in range(5)]
        self.assertTrue(words[1].startswith("RELOADING=1\nMONOTONIC_USEC="), words)
        self.assertIn("running with the previous configuration", words[4])

    def test_a_short_stop_timeout_cuts_the_drain_and_says_so(self):
        self.inbox()
        self.fake("systemctl", 'echo LoadState=loaded; echo ActiveState=active; echo SubState=running; echo TimeoutStopUSec=11s; echo "MainPID=$(cat "$HOME/pid")"')
        process = self.start(environment=self.environment(NOTIFY_SOCKET=str(self.home / "notify")), wrapper=("sh", "-c", 'echo $$ > "$HOME/pid"; exec "$@"', "sh"))
        cut = self.line(process, "drain.cut")
        self.assertEqual((cut["configured"], cut["effective"]), ("2s", "900ms"))


class Commands(Case):
    def test_restart_is_bounded_when_the_manager_hangs(self):
        self.fake("systemctl", "sleep 600")
        begun = time.monotonic()
        done = self.cli("restart", "--config", str(self.write_config()))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "✗ The service manager cannot be reached: it did not answer in time\n  Check it: systemctl --user is-system-running\n")
        self.assertLess(time.monotonic() - begun, 15)

    def test_restart_says_when_nothing_is_installed(self):
        done = self.cli("restart", "--config", str(self.write_config()))
        self.assertEqual((done.returncode, done.stdout), (1, "✗ User service brownout-gateway is not installed.\n  Install it: gateway install\n"))

    def test_status_tells_of_a_running_and_of_a_stopped_gateway(self):
        config = str(self.write_config())
        down = self.cli("status", "--config", config)
        self.assertEqual(down.returncode, 3)
        self.assertIn("✗ Gateway does not answer", down.stdout)
        process = self.start()
        self.ready(process)
        up = self.cli("status", "--config", config)
        self.assertEqual(up.returncode, 0)
        self.assertIn(f"✓ Gateway is running (PID {process.pid}", up.stdout)
        self.assertIn("acme/key-a                   ok", up.stdout)

    def test_a_gateway_that_is_not_there_is_told_in_words(self):
        self.config["listen"], self.config["admin"] = "127.0.0.1:1", "127.0.0.1:2"  # nobody listens there
        config = str(self.write_config())
        for command, exit_code, port in ((("keys",), 1, 2), (("status",), 3, 2), (("chat", "hello"), 1, 1)):
            done = self.cli(*command, "--config", config)
            self.assertEqual(done.returncode, exit_code, command)
            self.assertIn(f"no answer from 127.0.0.1:{port}: nothing listens there", done.stdout + done.stderr)
            self.assertNotIn("cannot be read", done.stderr)

    def test_a_broken_configuration_is_not_mistaken_for_a_gateway_that_is_down(self):
        self.config["routes"] = {"default": ["nobody/m"]}
        config = str(self.write_config())
        for command in ("keys", "status"):
            done = self.cli(command, "--config", config)
            self.assertIn(f"⚠ The configuration {config} cannot be read, so the default address was asked.", done.stderr)

    def test_keys_are_disabled_and_reset(self):
        process = self.start()
        self.ready(process)
        config = str(self.home / "g.json")
        self.assertIn("disabled", self.cli("keys", "disable", "acme/key-a", "--config", config).stdout)
        self.assertIn("disabled", self.cli("keys", "--config", config).stdout)
        self.assertIn("ok", self.cli("keys", "enable", "acme/key-a", "--config", config).stdout)
        wrong = self.cli("keys", "reset", "acme/key-z", "--config", config)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("no key key-z", wrong.stderr)

    def test_chat_shows_the_failure_and_its_hint(self):
        process = self.start()
        self.ready(process)
        done = self.cli("chat", "hello", "--config", str(self.home / "g.json"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("⚠️ ", done.stdout)
        self.assertIn("The provider cannot be reached. Check its address and your network.", done.stdout)
        self.assertNotIn(SECRET, process.text.decode())

    def test_init_check_and_run_fit_together(self):
        config = str(self.home / "new/gateway.json")
        self.assertEqual(self.cli("init", "--config", config).returncode, 0)
        self.assertEqual(self.cli("init", "--config", config).returncode, 1, "an existing file is kept")
        missing = self.cli("check", "--config", config)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("the environment has no variable OPENAI_API_KEY", missing.stderr)
        good = self.cli("check", "--config", config, environment=self.environment(OPENAI_API_KEY="sk-a", ANTHROPIC_API_KEY="sk-b"))
        self.assertEqual(good.returncode, 0, good.stderr)

    def test_install_prints_what_it_would_write(self):
        done = self.cli("install", "--dry-run", "--config", str(self.write_config()), environment=self.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("RestartForceExitStatus=75\n", done.stdout)
        self.assertIn(f"ExecStart={GATEWAY} run --config {self.home}/g.json --log json\n", done.stdout)
        self.assertFalse((self.home / ".config/systemd").exists())

    def test_every_command_has_a_help_with_an_example(self):
        for name in ("run", "start", "stop", "restart", "status", "logs", "install", "uninstall", "check", "config", "classify", "keys", "chat", "init"):
            done = self.cli(name, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"Example:\n  .*gateway " + name)
        self.assertEqual(self.cli("strat").returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
