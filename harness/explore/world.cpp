// Clients and the frame of the virtual world.
#include "harness/explore/world_parts.h"

#include "harness/dialogue/provider_entry.h"
#include "harness/explore/arena.h"

namespace harness::explore {

using base::Json;

namespace {

constexpr auto kClientTransit = std::chrono::microseconds{150};

/// Millions of runs send the same few requests: each is written once a thread, and outlives the world. Null for one that is like no other.
const Call* shared_call(const SendStep& step, std::int64_t index) {
  if (step.body || step.raw || !step.headers.empty() || !step.key.empty()) return nullptr;
  const Arena::Pause pause;
  static thread_local std::map<std::tuple<Api, bool, std::int64_t, std::string, std::string, std::string>, Call> calls;
  auto [place, fresh] = calls.try_emplace({step.api, step.stream, step.count > 1 ? index : 0, step.text, step.model, step.session});
  if (fresh) {
    place->second = make_call(step, index);
    place->second.headers.add("host", "127.0.0.1");
  }
  return &place->second;
}

}  // namespace

World::World(const Scenario& scenario, gateway::Config config, std::shared_ptr<const manager::Unit> unit, WorldOptions options)
    : scenario_(scenario), config_(std::move(config)), options_(std::move(options)), clock_(base::mix(options_.seed)), random_(base::mix(options_.seed ^ 0x5eedU)), unit_(std::move(unit)) {
  model_ = std::make_unique<simulator::Model>(scenario.providers, simulator::ModelOptions{.seed = options_.model_seed.value_or(options_.seed), .salt = "virtual", .keep_journal = options_.provider_journal}, clock_.now());
  idle_.resize(model_->provider_count());
  host_ = std::make_unique<VirtualHost>(*this);
  manager::ManagerSettings settings;
  settings.compat = options_.compat;
  settings.seed = options_.seed;
  settings.wall_at_zero = Clock::kWallStart;
  settings.keep_journal = options_.history;
  manager_ = std::make_unique<manager::Manager>(std::move(settings), *host_);
  manager_->add_unit(unit_);
}

World::~World() = default;

void World::add_entry(std::string_view lane, std::string_view kind, Json data) { history_.add(clock_.now().since_start, lane, kind, std::move(data)); }

std::int64_t World::send(const SendStep& step, std::int64_t index, std::function<void()> done) {
  const auto id = ++client_last_;
  auto& client = clients_[id];
  client.id = id;
  if (options_.history) client.as = call_name(step, index);
  client.call = options_.history ? nullptr : shared_call(step, index);
  if (client.call == nullptr) {
    client.own = make_call(step, index);
    client.own.headers.add("host", "127.0.0.1");
    client.call = &client.own;
  }
  client.api = step.api;
  client.reader = std::make_unique<ReplyReader>(step.api, clock_.now().since_start, options_.history ? ReplyReader::Reads::everything : ReplyReader::Reads::text);
  client.hang_up_events = step.hang_up_events;
  client.done = std::move(done);
  client.session = step.session;
  client.slow = step.slow_reader;
  ++clients_open_;
  note("client", "request", [&]() -> Json { return request_entry(step, *client.call, id, client.as); });
  trace_.add({.kind = Mark::Kind::request, .at = clock_.now(), .a = static_cast<std::uint32_t>(id)});
  clock_.after(kClientTransit, [this, id] { deliver_request(id); });
  if (step.hang_up_after) clock_.after(*step.hang_up_after, [this, id] { hang_up(id); });
  if (step.timeout < std::chrono::hours{24}) {
    clock_.after(step.timeout, [this, id] {
      const auto found = clients_.find(id);
      if (found == clients_.end() || found->second.over) return;
      const auto request = found->second.request;
      client_end(found->second, "timeout");
      if (request && core_) feed(gateway::ClientGone{*request});
    });
  }
  return id;
}

void World::hang_up(std::int64_t id) {
  const auto found = clients_.find(id);
  if (found == clients_.end() || found->second.over) return;
  const auto request = found->second.request;
  trace_.add({.kind = Mark::Kind::client_gone, .at = clock_.now(), .a = static_cast<std::uint32_t>(id)});
  client_end(found->second, "hung-up");
  if (!request) return;
  request_client_.erase(request->value);
  clock_.after(kClientTransit, [this, request = *request, generation = generation_] {
    if (generation == generation_ && core_) feed(gateway::ClientGone{request});
  });
}

void World::deliver_request(std::int64_t id) {
  const auto found = clients_.find(id);
  if (found == clients_.end() || found->second.over) return;
  auto& client = found->second;
  if (!core_ || !ready_ || !accepting_) {
    // The kept socket holds connections until the next process takes them; without it nobody listens.
    if (scenario_.gateway.socket) {
      backlog_.push_back(id);
      return;
    }
    return client_end(client, "refused");
  }
  gateway::RequestArrived event;
  event.id = gateway::RequestId{++request_last_};
  event.admin = client.call->admin;
  event.request = {.method = client.call->method, .target = client.call->path, .headers = client.call->headers, .body = client.call->body, .peer = "127.0.0.1:1"};
  client.request = event.id;
  request_client_[event.id.value] = id;
  feed(std::move(event));
}

void World::reply_bytes(gateway::RequestId id, std::string_view bytes) {
  const auto link = request_client_.find(id.value);
  if (link == request_client_.end()) return;
  auto& client = clients_[link->second];
  client.reader->body(bytes, clock_.now().since_start);
  if (!client.content_noted && client.reader->first_content()) {
    client.content_noted = true;
    note("client", "first-event", [&]() -> Json { return {{"id", client.id}, {"as", client.as}}; });
  }
  if (client.hang_up_events && client.reader->events() >= *client.hang_up_events) {
    clock_.after(base::Duration{0}, [this, which = client.id] { hang_up(which); });
  }
}

void World::client_end(ClientState& client, std::string_view ended) {
  if (std::exchange(client.over, true)) return;
  --clients_open_;
  client.reader->close(clock_.now().since_start);
  client.status = client.reader->status();
  const bool stream = client.reader->streaming(), error_event = client.reader->error_event(), terminator = client.reader->terminator();
  const bool success = ended == "complete" && client.status >= 200 && client.status < 300 && !error_event;
  const bool right_text = options_.expected_text.empty() || client.reader->text() == options_.expected_text;
  // A stream says one thing at its end: that it is whole, or what went wrong.
  const bool two_ends = error_event && terminator;
  const bool whole = success && (!stream || terminator) && right_text;
  const auto how = ended == "complete" ? kEndedComplete : ended == "refused" ? kEndedRefused : ended == "hung-up" ? kEndedLeft : ended == "timeout" ? kEndedTimeout : kEndedBroken;
  trace_.add({.kind = Mark::Kind::reply, .at = clock_.now(), .a = static_cast<std::uint32_t>(client.id), .b = static_cast<std::uint32_t>(client.status), .c = how,
              .d = (whole ? kWhole : 0U) | ((success && !whole) || two_ends ? kDishonest : 0U) | (stream ? kStream : 0U) | (client.api == Api::chat ? kChat : 0U) | (error_event ? kErrorEvent : 0U)});
  note("client", "reply", [&]() -> Json {
    auto entry = client.reader->entry(ended, clock_.now().since_start);
    entry["id"] = client.id;
    entry["as"] = client.as;
    return entry;
  });
  client.reader.reset();
  client.own = {};
  if (client.done) {
    // Later, not now: a step's end may send again, and nobody should be called from inside himself.
    clock_.after(base::Duration{0}, std::exchange(client.done, {}));
  }
}

void World::note_rules() {
  if (!options_.history) return;
  const auto counters = model_->counters("");
  for (const auto& rule : counters["rules"]) {
    const auto* fault = base::find(rule, "fault");
    note("provider", "rule", [&]() -> Json { return {{"provider", base::string_or(rule, "provider")}, {"rule", base::integer_or(rule, "index", -1)}, {"fault", fault != nullptr && fault->is_string() ? *fault : Json("")},
                              {"fired", base::integer_or(rule, "fired", 0)}}; });
  }
}

void World::heal() {
  std::vector<simulator::Model::RuleChange> changes;
  for (std::size_t i = 0; i < model_->provider_count(); ++i) changes.push_back({.provider = i, .op = simulator::Model::RuleChange::Op::clear, .rules = {}});
  model_->change_rules("", std::move(changes));
  trace_.add({.kind = Mark::Kind::healed, .at = clock_.now()});
}

std::int64_t World::attempts_seen(const Json& params) const {
  const auto provider = base::string_or(params, "provider"), credential = base::string_or(params, "credential");
  std::int64_t found = 0;
  for (const auto& event : model_->journal().since(1, "*", 1'000'000)) {
    if (base::string_or(event, "event") != "attempt") continue;
    if (!provider.empty() && base::string_or(event, "provider") != provider) continue;
    if (!credential.empty() && base::string_or(event, "credential") != credential) continue;
    ++found;
  }
  return found;
}

void World::finish() {
  note_rules();
  if (!options_.history) return;
  std::map<std::uint64_t, std::string> credentials;
  for (std::uint64_t since = 1;;) {
    const auto page = model_->journal().since(since, "*");
    if (page.empty()) break;
    for (const auto& event : page) {
      since = static_cast<std::uint64_t>(base::integer_or(event, "seq", 0)) + 1;
      auto [kind, data] = provider_entry(event, credentials[static_cast<std::uint64_t>(base::integer_or(event, "attempt", 0))]);
      history_.add(base::Duration{base::integer_or(event, "at_ns", 0)}, "provider", kind, std::move(data));
    }
  }
  history_.sort();
}

std::string World::health() const {
  if (!core_ || !ready_) return {};
  return draining_ ? "draining" : "running";
}

}  // namespace harness::explore
