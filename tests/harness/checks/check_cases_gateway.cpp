// Stories of clients, processes, commands and sessions.
#include "tests/harness/checks/story.h"

namespace harness {
namespace {

constexpr auto pass = Verdict::pass;
constexpr auto fail = Verdict::fail;
constexpr auto unknown = Verdict::unknown;
const std::string kHint = "Your API balance or quota is exhausted. Check your provider dashboard.";

Story answered(int status = 200, Json more = Json::object()) {
  Story story;
  story.at(1).request(1, "first").after(0.5).reply(1, "first", status, std::move(more));
  return story;
}
Story streamed(Json more = Json::object()) {
  Story story;
  Json data{{"events", 60}, {"terminator", true}, {"finish", "stop"}, {"largest_gap_ms", 200}};
  data.update(more);
  story.at(1).request(1, "stream", {{"stream", true}}).after(0.5).first_content(1).after(2).reply(1, "stream", 200, data);
  return story;
}
Story restarted(int code = 75, double ready_after = 2) {
  Story story;
  story.at(1).add("harness", "step", {{"index", 1}, {"what", "signal USR1"}}).at(1.1).state("running", "stop-sigterm", "deactivating").at(3).exit(100, code);
  story.state("stop-sigterm", "auto-restart", "activating", {{"n_restarts", 1}}).at(3 + ready_after).spawn(200).state("auto-restart", "running", "active");
  return story;
}
Story commanded(int code = 0, double takes = 5) {
  Story story;
  story.at(1).command(1, "restart", {"restart"}).line(1, "⏳ User service draining active work...").after(takes).line(1, "✓ User service restarted (PID 200)").done(1, code);
  return story;
}
Story session(int first_status, bool second) {
  Story story;
  const Json chat{{"api", "chat"}, {"session", "s1"}, {"text", "one"}};
  story.at(1).request(1, "turn", chat).after(0.2).reply(1, "turn", first_status);
  if (second) story.request(2, "turn.2", {{"api", "chat"}, {"session", "s1"}, {"text", "two"}}).after(0.2).reply(2, "turn.2", 200);
  return story;
}
Story transcript(const std::string& body) {
  auto story = session(200, true);
  story.request(3, "transcript", {{"method", "GET"}}).reply(3, "transcript", 200, {{"body", body}});
  return story;
}
Story measured(int rss, int fds) {
  Story story;
  story.add("harness", "resources", {{"pid", 100}, {"rss_kb", 10000}, {"fds", 20}, {"threads", 2}, {"when", "start"}});
  story.at(60).add("harness", "resources", {{"pid", 100}, {"rss_kb", rss}, {"fds", fds}, {"threads", 2}, {"when", "end"}});
  return story;
}
Story shown(std::string_view name, const std::string& body) {
  Story story;
  story.at(1).request(1, name, {{"method", "GET"}}).reply(1, name, 200, {{"body", body}});
  return story;
}

void replies(std::vector<Case>& cases) {
  cases.push_back({"reply", "all_well", R"("reply":"first","status":200,"text":"pong","within":"1s","complete":true)", pass, answered().end()});
  cases.push_back({"reply", "wrong_status", R"("reply":"first","status":["2xx",402])", fail, answered(502, {{"error", "the provider failed"}}).end()});
  cases.push_back({"reply", "wrong_text", R"("reply":"first","text":"pong!","reason":"billing","hint":"x")", fail, answered().end()});
  cases.push_back({"reply", "too_late", R"("reply":"first","within":"400ms")", fail, answered().end()});
  cases.push_back({"reply", "too_late_but_so_was_the_harness", R"("reply":"first","within":"400ms")", unknown, Story(answered()).at(1.2).lag(100).end()});
  cases.push_back({"reply", "too_late_and_a_little_lag", R"("reply":"first","within":"400ms")", fail, Story(answered()).at(1.2).lag(30).end()});
  cases.push_back({"reply", "in_time_whatever_the_lag", R"("reply":"first","within":"600ms")", pass, Story(answered()).at(1.2).lag(500).end()});
  cases.push_back({"reply", "no_reply", R"("reply":"first","status":200)", fail, Story().at(1).request(1, "first").end()});
  cases.push_back({"reply", "never_asked", R"("reply":"first","status":200)", unknown, Story().end()});
  cases.push_back({"reply", "header", R"("reply":"first","headers":{"Retry-After":"2","x-gateway-reason":true,"server":false})", fail, answered(429, {{"headers", {{"retry-after", "3"}, {"server", "x"}}}}).end()});
  cases.push_back({"reply", "header_fits", R"("reply":"first","headers":{"Retry-After":"*","server":false})", pass, answered(429, {{"headers", {{"retry-after", "3"}}}}).end()});
  cases.push_back({"reply", "body_pointer", R"("reply":"first","body":{"/error/code":"billing","/error/attempts":2})", fail, answered(402, {{"body", R"({"error":{"code":"other","attempts":2}})"}}).end()});
  cases.push_back({"reply", "contains_and_never", R"("reply":"first","contains":["png"],"never":["pong"])", fail, answered().end()});
  cases.push_back({"reply", "answered_by", R"("reply":"first","provider":"spare","model":"claude*","usage":true)", fail, answered(200, {{"headers", {{"x-gateway-provider", "acme/gpt-test"}}}, {"model", "gpt-test"}}).end()});
  cases.push_back({"reply", "answered_by_the_last_attempt", R"("reply":"first","provider":"spare")", pass, Story(answered()).at(1.1).tried(1, "acme", "key-a", 500, "500").tried(2, "spare", "key-s", 200).end()});
  Story burst;
  for (int i = 1; i <= 3; ++i) burst.request(i, i == 1 ? "burst" : "burst." + std::to_string(i)).reply(i, i == 1 ? "burst" : "burst." + std::to_string(i), i == 2 ? 503 : 200);
  cases.push_back({"reply", "one_of_several", R"("reply":"burst","status":200)", fail, Story(burst).end()});
  cases.push_back({"reply", "exactly_the_third", R"("reply":"burst.3","status":200)", pass, Story(burst).end()});
  cases.push_back({"reply", "at_least_two", R"("reply":"burst","status":200,"least":2)", pass, Story(burst).end()});
  cases.push_back({"reply", "at_least_three", R"("reply":"burst*","status":200,"least":3)", fail, Story(burst).end()});
  cases.push_back({"hint", "shown", R"("reply":"first","is":")" + kHint + "\"", pass, answered(402, {{"hint", kHint}, {"reason", "billing"}}).end()});
  cases.push_back({"hint", "none", R"("reply":"first","is":")" + kHint + "\"", fail, answered(402, {{"error", "HTTP 402"}}).end()});
  cases.push_back({"hint", "another", R"("reply":"first","contains":"balance")", fail, answered(402, {{"hint", "Try again."}}).end()});
  cases.push_back({"hint", "unwanted", R"("reply":"first","absent":true)", fail, answered(200, {{"hint", kHint}}).end()});
}

void streams(std::vector<Case>& cases) {
  cases.push_back({"stream", "whole", R"("reply":"stream","complete":true,"terminator":true,"first_event":"1s","largest_gap":"1s","finish":"stop","events":60)", pass, streamed().end()});
  cases.push_back({"stream", "cut_silently", R"("reply":"stream","whole_or_error":true)", fail, streamed({{"terminator", false}, {"finish", ""}}).end()});
  cases.push_back({"stream", "cut_by_a_reset", R"("reply":"stream","whole_or_error":true)", fail, streamed({{"terminator", false}, {"finish", ""}, {"ended", "rst"}}).end()});
  cases.push_back({"stream", "cut_with_an_error", R"("reply":"stream","whole_or_error":true,"words":{"min":60})", pass, streamed({{"terminator", false}, {"finish", ""}, {"error_event", true}}).end()});
  cases.push_back({"stream", "whole_but_short", R"("reply":"stream","whole_or_error":true,"words":{"min":60})", fail, streamed().end()});
  cases.push_back({"stream", "no_terminator", R"("reply":"stream","complete":true,"terminator":true)", fail, streamed({{"terminator", false}}).end()});
  cases.push_back({"stream", "late_first", R"("reply":"stream","first_event":"400ms")", fail, streamed().end()});
  cases.push_back({"stream", "silence", R"("reply":"stream","largest_gap":"100ms")", fail, streamed().end()});
  cases.push_back({"stream", "silence_not_measured", R"("reply":"stream","largest_gap":"100ms")", unknown, streamed({{"largest_gap_ms", nullptr}}).end()});
  cases.push_back({"stream", "ended_otherwise", R"("reply":"stream","ended":"complete","error_event":false)", fail, streamed({{"ended", "rst"}, {"error_event", true}}).end()});
}

void processes(std::vector<Case>& cases) {
  cases.push_back({"gateway.survives", "alive", "", pass, answered().end()});
  cases.push_back({"gateway.survives", "died", "", fail, Story(answered()).at(1.2).exit(100, 1).spawn(200).end()});
  cases.push_back({"gateway.survives", "killed", R"("pid":false)", fail, Story(answered()).at(1.2).exit(100, 9, "killed").spawn(200).end()});
  cases.push_back({"gateway.survives", "planned_restart", R"("pid":false)", pass, restarted().end()});
  cases.push_back({"gateway.survives", "stopped_by_the_harness", "", pass, [] { auto story = answered(); auto told = story.end(); told.add(std::chrono::seconds{9}, "manager", "exit", {{"pid", 100}, {"code", "exited"}, {"status", 0}}); return told; }()});
  cases.push_back({"gateway.exits", "as_planned", R"("codes":[75])", pass, restarted().end()});
  cases.push_back({"gateway.exits", "with_another_code", R"("codes":[75])", fail, restarted(0).end()});
  cases.push_back({"gateway.exits", "not_at_all", R"("code":75)", fail, answered().end()});
  cases.push_back({"gateway.exits", "too_often", R"("code":["KILL",1],"count":1)", fail, Story().exit(100, "KILL", "killed").spawn(101).exit(101, 1).end()});
  cases.push_back({"gateway.exits", "in_a_window", R"("count":0,"to":{"state":"auto-restart"})", fail, restarted().end()});
  cases.push_back({"manager.states", "restarted", R"("is":["auto-restart","running"],"never":["failed"],"last":"active","restarts":1)", pass, restarted().end()});
  cases.push_back({"manager.states", "not_restarted", R"("is":["running","auto-restart"])", fail, Story().state("running", "stop-sigterm", "deactivating").exit(100, 0).state("stop-sigterm", "dead", "inactive", {{"result", "success"}}).end()});
  cases.push_back({"manager.states", "failed", R"("never":["failed"],"result":"success","last":"running","restarts":{"max":0})", fail, Story().exit(100, 1).state("running", "failed", "failed", {{"result", "exit-code"}, {"n_restarts", 2}}).end()});
  cases.push_back({"manager.states", "not_exactly", R"("is":["auto-restart","running"],"exactly":true)", fail, restarted().end()});
  cases.push_back({"manager.journal", "written", R"("contains":["*Scheduled restart*"])", pass, Story().add("manager", "journal", {{"unit", "gw.service"}, {"line", "gw.service: Scheduled restart job"}}).end()});
  cases.push_back({"manager.journal", "not_written", R"("contains":["*Scheduled restart*","*Started*"],"never":["*Failed*"])", fail, Story().add("manager", "journal", {{"line", "gw.service: Scheduled restart job"}}).end()});
  cases.push_back({"resources", "steady", R"("rss_kb":2000,"fds":4,"threads":0)", pass, measured(11000, 22).end()});
  cases.push_back({"resources", "growing", R"("rss_kb":2000,"fds":4,"rss_kb_max":12000)", fail, measured(50000, 90).end()});
  cases.push_back({"resources", "not_measured", R"("fds":4)", unknown, Story().end()});
}

void restarts(std::vector<Case>& cases) {
  cases.push_back({"restart.completes", "in_time", R"("drain":"5s","ready":"5s","total":"10s","code":75,"count":1)", pass, restarted().end()});
  cases.push_back({"restart.completes", "never_began", R"("total":"10s")", fail, answered().end()});
  cases.push_back({"restart.completes", "never_ready", R"("ready":"10s")", fail, Story().at(1).exit(100, 75).at(2).spawn(200).at(20).log("still starting").end()});
  cases.push_back({"restart.completes", "stayed_down", R"("ready":"10s","code":75)", fail, Story().at(1).exit(100, 0).at(20).log("nobody home").end()});
  cases.push_back({"restart.completes", "slow_to_leave", R"("drain":"1s")", fail, restarted().end()});
  cases.push_back({"restart.completes", "slow_to_return", R"("ready":"10s","total":"20s")", fail, restarted(75, 30).end()});
  cases.push_back({"restart.loses-nothing", "none_lost", R"("reply":"burst")", pass, Story(restarted()).request(1, "burst").reply(1, "burst", 200).end()});
  cases.push_back({"restart.loses-nothing", "some_lost", "", fail, Story(restarted()).request(1, "burst").reply(1, "burst", 0, {{"ended", "rst"}}).request(2, "burst.2").reply(2, "burst.2", 503).end()});
  cases.push_back({"restart.loses-nothing", "nobody_asked", "", unknown, restarted().end()});
  cases.push_back({"cli.output", "as_wanted", R"x("cli":"restart","code":0,"lines":["*draining*","*restarted (PID *)"],"within":"10s","never":["✗"],"at_least":"1s")x", pass, commanded().end()});
  cases.push_back({"cli.output", "too_soon", R"("cli":"restart","at_least":"2s")", fail, commanded(0, 0.1).end()});
  cases.push_back({"cli.output", "too_slow", R"("cli":"restart","within":"2s")", fail, commanded().end()});
  cases.push_back({"cli.output", "other_words", R"("cli":"restart","lines":["*draining*","*Waiting for*"],"code":0,"contains":["PID 300"],"never":["restarted"])", fail, commanded(1).end()});
  cases.push_back({"cli.output", "more_lines", R"("cli":"restart","lines":["*draining*"],"exactly":true)", fail, commanded().end()});
  cases.push_back({"cli.output", "still_running", R"("cli":"restart","within":"2s")", fail, Story().at(1).command(1, "restart", {"restart"}).at(60).log("x").end()});
  cases.push_back({"cli.output", "never_run", R"("cli":"restart","code":0)", unknown, Story().end()});
  cases.push_back({"session.turns", "each_once", R"("session":"s1","count":2)", pass, session(200, true).end()});
  cases.push_back({"session.turns", "one_failed", R"("session":"s1","count":2)", fail, session(503, true).end()});
  cases.push_back({"session.turns", "one_missing", R"("session":"s1","count":2)", fail, session(200, false).end()});
  cases.push_back({"session.turns", "no_such_session", R"("session":"s2")", unknown, session(200, false).end()});
  cases.push_back({"session.turns", "transcript", R"("session":"s1","transcript":"transcript")", pass, transcript(R"({"turns":[{"role":"user","content":"one"},{"role":"assistant","content":"1"},{"role":"user","content":"two"},{"role":"assistant","content":"2"}]})").end()});
  cases.push_back({"session.turns", "transcript_of_pairs", R"("session":"s1","transcript":"transcript")", pass, transcript(R"([{"text":"one","reply":"1"},{"text":"two","reply":"2"}])").end()});
  cases.push_back({"session.turns", "turn_lost", R"("session":"s1","transcript":"transcript")", fail, transcript(R"({"turns":[{"role":"user","content":"two"},{"role":"assistant","content":"2"}]})").end()});
  cases.push_back({"session.turns", "turn_twice_and_unanswered", R"("session":"s1","transcript":"transcript")", fail, transcript(R"([{"text":"one","reply":"1"},{"text":"two","reply":"2"},{"text":"two","reply":null}])").end()});
}

void shows(std::vector<Case>& cases) {
  const auto logged = [] { return Story().at(1).log("credential quarantined", {{"credential", "key-a"}, {"reason", "billing"}}).at(2).log("request done").end(); };
  cases.push_back({"log.contains", "there", R"("event":"*quarantined","fields":{"credential":"key-a"},"count":1)", pass, logged()});
  cases.push_back({"log.contains", "not_there", R"("event":"*quarantined","fields":{"credential":"key-b"},"level":"info","text":"x")", fail, logged()});
  cases.push_back({"log.contains", "too_often", R"("text":"e","count":{"max":1})", fail, logged()});
  cases.push_back({"log.never", "not_there", R"("text":"panic")", pass, logged()});
  cases.push_back({"log.never", "there", R"("event":"request*")", fail, logged()});
  cases.push_back({"log.never", "on_stderr", R"("text":"panic")", fail, Story().add("gateway", "stderr", {{"line", "panic: at the disco"}}).end()});
  const std::string body = R"({"state":"running","credentials":[{"label":"key-a","state":"cooling"},{"label":"key-b","state":"ok"}],"open":0})";
  cases.push_back({"status.shows", "right", R"("reply":"status","has":{"/state":"running","/credentials/label=key-a/state":"cooling","/open":0,"/gone":false})", pass, shown("status", body).end()});
  cases.push_back({"status.shows", "wrong", R"("reply":"status","has":{"/state":"draining","/credentials/label=key-b/state":"dead","/gone":true})", fail, shown("status", body).end()});
  cases.push_back({"status.shows", "no_json", R"("reply":"status","has":{"/state":"draining"})", fail, shown("status", "hello").end()});
  const std::string metrics = "# HELP x\ngateway_attempts_total{provider=\"acme\",reason=\"billing\"} 2\ngateway_attempts_total{provider=\"spare\"} 3\nup 1 1700000000\n";
  cases.push_back({"metrics.shows", "right", R"("reply":"metrics","has":{"gateway_attempts_total*":5,"up":{"min":1,"max":1},"gateway_attempts_total{provider=\"acme\"*}":2})", pass, shown("metrics", metrics).end()});
  cases.push_back({"metrics.shows", "wrong", R"("reply":"metrics","has":{"gateway_attempts_total*":4,"down":1,"up":{"min":2}})", fail, shown("metrics", metrics).end()});
  cases.push_back({"time.between", "soon", R"("from":{"request":"first"},"to":{"reply":"first"},"min":"100ms","max":"1s")", pass, answered().end()});
  cases.push_back({"time.between", "late", R"("from":{"request":"first"},"to":{"reply":"first"},"max":"100ms")", fail, answered().end()});
  cases.push_back({"time.between", "early", R"("from":{"request":"first"},"to":{"reply":"first","minus":"100ms"},"min":"1s")", fail, answered().end()});
  cases.push_back({"time.between", "never", R"("from":"start","to":{"exit":1},"max":"1s")", fail, answered().end()});
  cases.push_back({"time.between", "backwards", R"("from":{"reply":"first"},"to":{"request":"first"})", fail, answered().end()});
}

void always(std::vector<Case>& cases) {
  cases.push_back({"secrets.none", "found", "", fail, Story().add("harness", "secret", {{"label", "key-a"}, {"where", "gateway log"}}).end()});
  cases.push_back({"requests.end-once", "twice", "", fail, Story(answered()).reply(1, "first", 200).end()});
  cases.push_back({"requests.end-once", "never", "", fail, Story().request(1, "first").end()});
  cases.push_back({"requests.end-once", "timeout", "", fail, Story().at(1).request(1, "first").at(600).reply(1, "first", 0, {{"ended", "timeout"}}).end()});
  const Json same{{"headers", {{"x-request-id", "req_1"}}}};
  cases.push_back({"requests.own-id", "shared", "", fail, Story().request(1, "first").reply(1, "first", 200, same).request(2, "second").reply(2, "second", 200, same).end()});
  cases.push_back({"requests.own-id", "given_by_the_caller", "", pass,
                   Story().request(1, "first", {{"request_id", "req_1"}}).reply(1, "first", 200, same).request(2, "second", {{"request_id", "req_1"}}).reply(2, "second", 200, same).end()});
  cases.push_back({"sanitizers.clean", "report", "", fail, Story().add("harness", "sanitizer", {{"file", "asan.100"}, {"text", "heap-use-after-free"}}).end()});
  cases.push_back({"processes.gone", "left", "", fail, Story().add("harness", "leftover", {{"pid", 7}, {"command", "gateway run"}}).end()});
  cases.push_back({"steps.done", "condition", "", fail, Story().add("harness", "step-failed", {{"line", 5}, {"what", "wait until active"}, {"why", "waited 60s for \"active\"; seen last: failed"}, {"cause", "expectation"}}).end()});
  cases.push_back({"steps.done", "harness", "", unknown, Story().add("harness", "step-failed", {{"line", 5}, {"what", "script"}, {"why", "the simulator's control port did not answer"}, {"cause", "harness"}}).end()});
  cases.push_back({"steps.done", "cut_off", "", unknown, Story(answered()).cut()});
  cases.push_back({"faults.all-fired", "one_did_not", "", unknown, answered().end(0)});
}

}  // namespace

std::vector<Case> gateway_cases() {
  std::vector<Case> cases;
  replies(cases), streams(cases), processes(cases), restarts(cases), shows(cases), always(cases);
  return cases;
}

}  // namespace harness
