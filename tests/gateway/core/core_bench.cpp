// How fast the core decides, without sockets: whole tiny runs, plain requests, stream chunks. Prints processor time; judges nothing.
#include <cstdio>
#include <ctime>

#include "tests/gateway/core/rig.h"

namespace {

using namespace gateway;
using namespace gateway::test;

void report(const char* what, std::int64_t count, std::clock_t since) {
  const double s = static_cast<double>(std::clock() - since) / CLOCKS_PER_SEC;
  std::printf("%-28s %9.0f /s   %7.2f us each\n", what, static_cast<double>(count) / s, s * 1e6 / static_cast<double>(count));
}

struct Bare {
  explicit Bare(const char* level) : config(one_provider(2)) {
    config.log_level = level;
    start();
  }
  void start() {
    core = make_core(config, {}, {}, policy, now);
    ids = 0;
  }
  void step(const Event& event) {
    out.clear();
    core->step(now, event, out);
    for (const Action& action : out) {
      if (const auto* begun = std::get_if<StartAttempt>(&action)) attempt = begun->id;
    }
  }
  void plain(const std::string& body, const std::string& answer, int status = 200) {
    step(RequestArrived{RequestId{++ids}, {"POST", "/v1/chat/completions", {{{"content-type", "application/json"}}}, body, "p"}, false});
    if (status != 200) {
      step(UpstreamHead{attempt, status, {{{"content-type", "application/json"}}}});
      step(UpstreamBytes{attempt, R"({"error":{"message":"no credits","type":"insufficient_quota","code":"insufficient_quota"}})"});
      step(UpstreamEnd{attempt});
    }
    step(UpstreamHead{attempt, 200, {{{"content-type", "application/json"}}}});
    step(UpstreamBytes{attempt, answer});
    step(UpstreamEnd{attempt});
  }
  Config config;
  Policy policy;
  Moment now;
  std::unique_ptr<GatewayCore> core;
  std::vector<Action> out;
  AttemptId attempt;
  std::uint32_t ids = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const int scale = argc > 1 ? std::max(1, std::atoi(argv[1])) : 100;  // in hundredths
  const std::string body = R"({"model":"default","messages":[{"role":"user","content":"ping"}]})";
  const std::string answer = completion();
  for (const char* level : {"info", "error"}) {
    Bare bare(level);
    auto since = std::clock();
    for (int i = 0; i < 100 * scale; ++i) bare.start();
    report("new cores", 100 * scale, since);
    since = std::clock();
    for (int i = 0; i < 500 * scale; ++i) bare.plain(body, answer);
    report((std::string("plain, log ") + level).c_str(), 500 * scale, since);
    since = std::clock();
    for (int i = 0; i < 100 * scale; ++i) {
      bare.start();
      for (int n = 0; n < 3; ++n) bare.plain(body, answer, n == 0 ? 402 : 200);
    }
    report((std::string("runs of 3, log ") + level).c_str(), 100 * scale, since);
  }
  Bare bare("info");
  bare.step(RequestArrived{RequestId{1}, {"POST", "/v1/chat/completions", {}, R"({"model":"default","stream":true,"messages":[{"role":"user","content":"ping"}]})", "p"}, false});
  bare.step(UpstreamHead{bare.attempt, 200, {{{"content-type", "text/event-stream"}}}});
  const UpstreamBytes chunk{bare.attempt, frame("token ")};
  const auto since = std::clock();
  for (int i = 0; i < 3000 * scale; ++i) {
    bare.step(chunk);
    bare.step(ChunkSent{RequestId{1}, chunk.bytes.size()});
  }
  report("stream chunks", 3000 * scale, since);
}
