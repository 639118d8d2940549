// A hand-written history, told line by line: each line moves the clock unless it says otherwise.
#pragma once

#include <string>

#include "harness/checks/verdict.h"
#include "harness/scenario/loader.h"

namespace harness {

using base::Json;

class Story {
 public:
  /// With a beginning, and the rule of the scenario's provider accounted for.
  Story() {
    add("harness", "run", {{"scenario", "told"}, {"world", "live"}, {"speed", 20}});
    spawn(100);
  }
  Story& at(double seconds) { return now_ = base::from_seconds(seconds), *this; }
  Story& after(double seconds) { return now_ += base::from_seconds(seconds), *this; }
  Story& add(std::string_view lane, std::string_view kind, Json data) {
    history_.add(now_, lane, kind, std::move(data));
    now_ += std::chrono::milliseconds{1};
    return *this;
  }
  Story& spawn(int pid) { return add("manager", "spawn", {{"unit", "gw.service"}, {"pid", pid}, {"role", "main"}}); }
  Story& exit(int pid, Json status, std::string_view code = "exited") { return add("manager", "exit", {{"unit", "gw.service"}, {"pid", pid}, {"role", "main"}, {"code", code}, {"status", std::move(status)}}); }
  Story& state(std::string_view from, std::string_view to, std::string_view active, Json more = Json::object()) {
    more.update({{"unit", "gw.service"}, {"from", from}, {"to", to}, {"active", active}});
    return add("manager", "state", more);
  }
  Story& request(int id, std::string_view as, Json more = Json::object()) {
    Json data{{"id", id}, {"as", as}, {"api", "chat-completions"}, {"method", "POST"}, {"path", "/v1/chat/completions"}, {"text", "ping"}};
    data.update(more);
    return add("client", "request", data);
  }
  Story& first_content(int id) { return add("client", "first-event", {{"id", id}}); }
  Story& reply(int id, std::string_view as, int status, Json more = Json::object()) {
    Json data{{"id", id}, {"as", as}, {"status", status}, {"ended", "complete"}, {"text", status == 200 ? "pong" : ""}};
    data.update(more);
    return add("client", "reply", data);
  }
  Story& attempt(int number, std::string_view provider, std::string_view key, Json more = Json::object()) {
    Json data{{"attempt", number}, {"provider", provider}, {"credential", key}, {"model", "gpt-test"}};
    data.update(more);
    return add("provider", "attempt", data);
  }
  Story& answer(int number, std::string_view provider, std::string_view key, int status, std::string_view fault = "") {
    return add("provider", "answer", {{"attempt", number}, {"provider", provider}, {"credential", key}, {"status", status}, {"fault", fault}});
  }
  Story& ended(int number, std::string_view provider, std::string_view how) { return add("provider", "end", {{"attempt", number}, {"provider", provider}, {"ended", how}}); }
  /// An attempt and its answer, 10 ms later.
  Story& tried(int number, std::string_view provider, std::string_view key, int status, std::string_view fault = "") {
    return attempt(number, provider, key).after(0.009).answer(number, provider, key, status, fault);
  }
  Story& command(int id, std::string_view as, Json args) { return add("cli", "start", {{"id", id}, {"as", as}, {"args", std::move(args)}}); }
  Story& line(int id, std::string_view text) { return add("cli", "line", {{"id", id}, {"stream", "stdout"}, {"line", text}}); }
  Story& done(int id, int code) { return add("cli", "exit", {{"id", id}, {"code", code}, {"ms", 1}}); }
  Story& log(std::string_view event, Json more = Json::object()) {
    Json data{{"level", "info"}, {"event", event}};
    data.update(more);
    return add("gateway", "log", data);
  }
  Story& lag(int ms) { return add("harness", "lag", {{"ms", ms}}); }
  /// The end of the run, with every rule fired unless the story told of them itself.
  History end(std::int64_t fired = 1) {
    add("harness", "teardown", Json::object());
    add("provider", "rule", {{"provider", "acme"}, {"rule", 0}, {"fault", "402"}, {"line", 3}, {"fired", fired}});
    add("harness", "end", {{"steps_done", 1}});
    return history_;
  }
  History cut() { return history_; }

 private:
  History history_;
  base::Duration now_{0};
};

/// The scenario all stories belong to, with one check.
inline Scenario told_scenario(const std::string& check) {
  const auto text = R"({"version":1,"title":"told","why":"to be judged","tags":[],
"providers":{"acme":{"like":"openai","credentials":["key-a","key-b"],
"script":[{"when":{"credential":"key-a"},"fault":"402"}]},"spare":{"like":"anthropic","credentials":["key-s"]}},
"gateway":{},
"steps":[{"send":{"text":"ping"},"as":"first"},{"send":{"text":"ping","count":3},"as":"burst"},{"send":{"text":"ping","stream":true},"as":"stream"},{"cli":["restart"],"as":"restart"},
{"send":{"api":"chat","session":"s1"},"as":"turn"},{"send":{"api":"raw","raw":"GET /chat/s1 HTTP/1.1\r\n\r\n"},"as":"transcript"},{"send":{"api":"status"},"as":"status"},{"send":{"api":"metrics"},"as":"metrics"}],
"expect":[)" + check + "]}";
  auto loaded = parse_scenario(text, "scenarios/told.json");
  if (loaded.has_error()) throw std::runtime_error(base::render(loaded.error()));
  return std::move(loaded.value());
}

/// One check over one story, and what it must say.
struct Case {
  std::string check;      ///< its name
  std::string name;       ///< what the story is about
  std::string params;     ///< the rest of the check as JSON members: "\"reply\":\"first\""
  Verdict verdict;
  History history;
};
std::vector<Case> gateway_cases();
std::vector<Case> provider_cases();

}  // namespace harness
