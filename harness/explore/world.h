// The virtual world: gateway core, provider model, service manager and clients in one process under one virtual clock. No I/O, no threads.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "gateway/core/core.h"
#include "gateway/wire/reply_parser.h"
#include "harness/dialogue/call.h"
#include "harness/dialogue/reply_reader.h"
#include "harness/explore/clock.h"
#include "harness/explore/trace.h"
#include "harness/history/history.h"
#include "harness/manager/manager.h"
#include "harness/scenario/setup.h"
#include "simulator/core/provider.h"

namespace harness::explore {

/// The gateway that lives in the world: the product's, or one with a known bug.
struct GatewayParts {
  const gateway::Policy* policy = nullptr;
  std::function<std::unique_ptr<gateway::GatewayCore>(std::unique_ptr<gateway::GatewayCore>)> around_core;
  std::function<void(gateway::Config&)> around_config;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  bool history = true;        ///< false: only the trace, for runs by the million
  bool provider_journal = true;  ///< the providers' own notes of their attempts
  manager::Compat compat = manager::Compat::v252;
  GatewayParts parts;
  std::function<bool()> go_on;  ///< asked now and then by run_virtual: false ends the run; empty: always
  std::optional<std::uint64_t> model_seed;  ///< of the providers' keys, where it is not the run's own
  std::string expected_text;  ///< what every whole reply says; empty: anything
  std::function<std::uint32_t(std::string_view fault)> fault_code;  ///< for the trace; empty: 0
};

/// One chat turn or plain request of a client.
struct ClientState {
  std::int64_t id = 0;
  std::string as;
  Call own;                    ///< where `call` is not one that many share
  const Call* call = nullptr;
  Api api = Api::chat_completions;
  std::unique_ptr<ReplyReader> reader;
  std::optional<gateway::RequestId> request;
  std::optional<std::int64_t> hang_up_events;
  std::function<void()> done;
  std::string session;
  int status = 0;
  bool over = false, close_sent = false, content_noted = false, slow = false;
};

class World {
 public:
  /// `unit` may be shared by many worlds.
  World(const Scenario& scenario, gateway::Config config, std::shared_ptr<const manager::Unit> unit, WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Clock& clock() { return clock_; }
  History& history() { return history_; }
  Trace& trace() { return trace_; }
  const Trace& trace() const { return trace_; }
  const Clock& clock() const { return clock_; }
  simulator::Model& model() { return *model_; }
  const Scenario& scenario() const { return scenario_; }
  /// `make` gives the entry's data, and is called only where a history is kept.
  template <class Make>
  void note(std::string_view lane, std::string_view kind, Make&& make) {
    if (options_.history) add_entry(lane, kind, make());
  }

  // ---- what steps do ----
  std::int64_t send(const SendStep& step, std::int64_t index, std::function<void()> done);
  void hang_up(std::int64_t client);
  /// Calls systemctl; `done` gets its exit code and output.
  void systemctl(std::vector<std::string> arguments, std::function<void(int rc, std::string out, std::string err)> done);
  void signal(int number);
  void manager_fault(const manager::Fault& fault);
  void change_config(gateway::Config config, bool reload);
  void crash() { signal(9); }
  void note_rules();
  void script_changed() {}
  /// Every provider is well from now on.
  void heal();

  // ---- what conditions ask ----
  bool up() const { return core_ != nullptr && ready_; }
  int pid() const { return pid_; }
  manager::UnitSnapshot unit_state() const { return manager_->snapshot(kUnitName); }
  std::string health() const;  ///< "running", "draining", "degraded", or empty
  const gateway::Snapshot& stored() const { return stored_; }
  std::int64_t attempts_seen(const base::Json& params) const;  ///< provider, credential: as far as they are named
  std::size_t clients_open() const { return clients_open_; }
  std::size_t generations_alive() const { return alive_; }
  void finish();  ///< at the end: the simulator's journal and the rules go into the history

  static constexpr const char* kUnitName = "brownout-gateway.service";
  static constexpr base::Duration kConnectTime = std::chrono::microseconds{200};  ///< from the wish for an attempt until the provider has its request

 private:
  struct Attempt;
  struct Link;
  class VirtualHost;

  void add_entry(std::string_view lane, std::string_view kind, base::Json data);

  // gateway process (world_gateway.cpp)
  void boot(int pid);
  void feed(gateway::Event event);
  void perform(std::vector<gateway::Action>& actions);
  void arm_wake();
  void die(manager::ExitCode code, int status);
  void apply_store(const gateway::StoreOp& op);
  void reply_bytes(gateway::RequestId id, std::string_view bytes);
  void client_end(ClientState& client, std::string_view ended);
  void deliver_request(std::int64_t client);
  void log(const gateway::Log& log);
  std::uint32_t client_of(gateway::RequestId id) const;
  void note_end(gateway::RequestId id);

  // manager (world_manager.cpp)
  void manage(manager::Event event);
  void manager_actions(std::vector<manager::Action>& actions);
  void arm_manager();
  void on_kill(int signal, bool by_manager);
  void drain(gateway::DrainRequested::Kind kind);
  void notify(std::string text);

  // providers (world_provider.cpp)
  void start_attempt(gateway::StartAttempt& start);
  void connected(gateway::AttemptId id);
  void fail_to_connect(gateway::AttemptId id);
  void run_plan(gateway::AttemptId id);
  void flush(Attempt& attempt);
  void take_arrived(gateway::AttemptId id);
  void take(Attempt& attempt, std::string_view bytes);
  bool inflated_too_little(const Attempt& attempt);
  void end_of_stream(gateway::AttemptId id, bool reset);
  void fail_attempt(gateway::AttemptId id, gateway::TransportError error, std::string what, bool replayable = false);
  void close_attempt(gateway::AttemptId id, std::string_view how);

  const Scenario& scenario_;
  gateway::Config config_;
  WorldOptions options_;
  Clock clock_;
  History history_;
  Trace trace_;
  std::unique_ptr<simulator::Model> model_;
  base::Random random_;

  std::unique_ptr<gateway::GatewayCore> core_;
  gateway::Snapshot stored_;
  int pid_ = 0, pid_next_ = 4000;
  std::size_t alive_ = 0;
  bool ready_ = false, accepting_ = false, draining_ = false, booting_stop_ = false;
  std::uint64_t generation_ = 0, wake_ = 0, manager_wake_ = 0;
  base::Instant wake_at_ = base::kNever, manager_wake_at_ = base::kNever;  ///< of the wake that is on the clock
  std::deque<gateway::Event> events_;
  std::vector<gateway::Action> actions_;       ///< of the step that is being performed
  std::vector<manager::Action> manager_actions_;
  bool feeding_ = false;
  std::uint32_t request_last_ = 0;
  std::unordered_map<std::uint32_t, std::int64_t> request_client_;
  std::set<std::uint32_t> ended_;  ///< requests that the core of this generation has ended
  std::map<std::int64_t, ClientState> clients_;
  std::size_t clients_open_ = 0;
  std::int64_t client_last_ = 0;
  std::deque<std::int64_t> backlog_;  ///< connections that wait in the kept socket

  std::unordered_map<std::uint32_t, std::unique_ptr<Attempt>> attempts_;
  std::vector<std::vector<bool>> idle_;  ///< by provider: kept-alive connections; true: the next request on it is reset
  std::uint64_t connection_last_ = 0;

  std::unique_ptr<VirtualHost> host_;
  std::unique_ptr<manager::Manager> manager_;
  std::deque<manager::Event> manager_events_;
  bool managing_ = false;
  manager::ClientId call_last_ = 0;
  std::map<manager::ClientId, std::function<void(int, std::string, std::string)>> calls_;
  std::map<manager::ClientId, std::string> call_out_;
  std::shared_ptr<const manager::Unit> unit_;
};

}  // namespace harness::explore
