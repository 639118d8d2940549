#include "harness/dialogue/call.h"
#include "harness/dialogue/reply_reader.h"
#include "harness/live/steps.h"

namespace harness {
namespace {

using base::Json;
std::atomic<std::int64_t> request_number{0};

/// A foreign gateway may have paths of its own, and headers that it takes its configuration from. What the step says itself comes first.
Call call_to_target(const World& world, const SendStep& step, std::int64_t index) {
  auto call = make_call(step, index);
  const auto& target = world.spec().target;
  if (target.own) return call;
  if (const auto path = target.paths.find(std::string(kApiNames[static_cast<std::size_t>(step.api)])); path != target.paths.end() && step.path.empty()) call.path = path->second;
  for (const auto& [name, value] : request_headers(target, world.spec().scenario, world.places(), step.model).list) {
    if (!call.headers.find(name)) call.headers.add(name, value);
  }
  return call;
}

void send_one(World& world, const SendStep& step, std::int64_t index) {
  auto& recorder = world.recorder();
  const auto id = ++request_number;
  const auto name = call_name(step, index);
  const auto call = call_to_target(world, step, index);
  const auto sent = recorder.now();
  recorder.add_at(sent, "client", "request", request_entry(step, call, id, name));
  ReplyReader reader(step.api, sent);
  bool content_noted = false;
  ExchangeOptions options{.port = call.admin ? world.admin_port() : world.port(), .timeout = world.patience(step.timeout), .hang_up_after = step.hang_up_after, .raw = step.raw.has_value()};
  if (step.hang_up_events) options.hang_up_now = [&] { return reader.events() >= *step.hang_up_events; };
  options.connect_ahead = step.connect_ahead;
  if (step.slow_reader) options.read_pause = std::chrono::milliseconds{500};
  const auto bytes = step.raw ? *step.raw : render_call(call, "127.0.0.1");
  const auto ended = exchange(bytes, options,
                              {.on_head = [&](int status, const base::Headers& headers) { reader.head(status, headers, recorder.now()); },
                               .on_body =
                                   [&](std::string_view part) {
                                     reader.body(part, recorder.now());
                                     if (!content_noted && reader.first_content()) {
                                       content_noted = true;
                                       recorder.add("client", "first-event", {{"id", id}, {"as", name}});
                                     }
                                   }});
  const auto at = recorder.now();
  auto entry = reader.finish(ended, at);
  entry["id"] = id;
  entry["as"] = name;
  recorder.add_at(at, "client", "reply", std::move(entry));
}

}  // namespace

void send_requests(World& world, const SendStep& step) {
  if (step.count == 1) {
    send_one(world, step, 1);
    return;
  }
  std::atomic<std::int64_t> next{1};
  const auto start = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (auto index = next++; index <= step.count; index = next++) {
      if (step.rate > 0) std::this_thread::sleep_until(start + base::from_seconds(static_cast<double>(index - 1) / step.rate));
      send_one(world, step, index);
      if (step.think.count() > 0 && index < step.count) std::this_thread::sleep_for(step.think);
    }
  };
  std::vector<std::thread> workers;
  for (std::int64_t i = 0; i < std::min(step.concurrency, step.count); ++i) workers.emplace_back(work);
  for (auto& worker : workers) worker.join();
}

}  // namespace harness
