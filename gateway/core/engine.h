// The gateway's core: every decision, no I/O. Its parts: front*.cpp (who asks what), recovery/ (attempts until an end), chat.cpp,
// admin.cpp (pages for operators), drain.cpp (leaving). The state they share is here.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "gateway/core/core.h"
#include "gateway/core/due_heap.h"
#include "gateway/core/metrics.h"
#include "gateway/core/recovery/request.h"
#include "gateway/core/sessions.h"
#include "gateway/core/setup.h"

namespace gateway {

class Engine final : public GatewayCore {
 public:
  Engine(Config config, CoreOptions options, Snapshot restored, const Policy& policy, Moment start);
  void step(Moment now, const Event& event, std::vector<Action>& out) override;
  base::Instant next_wake() const override;

 private:
  enum class Level : std::uint8_t { debug, info, warn, error };
  /// Whom a reply goes to when there is no Request (yet).
  struct Caller {
    RequestId id;
    Dialect front = Dialect::openai_chat;
    const Trace* trace = nullptr;
  };
  /// What follows a failed attempt.
  enum class Next : std::uint8_t { stop, same_key, rotate, next_target };
  struct Plan {
    Next next = Next::stop;
    base::Duration wait{0};
  };
  struct Soonest {
    base::Instant at = base::kNever;
    Reason reason = Reason::none;
    bool waitable = false;  ///< waiting may help this request
    bool busy = false;      ///< … for a key that is in use, so that no time can be told
    const TargetEntry* target = nullptr;
  };

  // ---- engine.cpp: events, time, ends ----
  void on(const RequestArrived& event);
  void on(const ClientGone& event);
  void on(const ChunkSent& event);
  void on(const UpstreamHead& event);
  void on(const UpstreamBytes& event);
  void on(const UpstreamEnd& event);
  void on(const UpstreamFailed& event);
  void on(const Tick& event);
  void on(const DrainRequested& event);
  void on(const ConfigReloaded& event);
  void on(const StoreFailed& event);
  void start();
  void settle();
  void on_due(Request& r);
  void schedule(Request& r);
  base::Instant due_of(const Request& r) const;
  base::Instant attempt_due(const Request& r) const;
  Request& add_request(std::unique_ptr<Request> made);
  void end_request(Request& r, Reason reason, int status);
  Request* find_attempt(AttemptId id);
  Request* find_request(RequestId id);
  void close_linger();
  void say_done(const Request& r, Reason reason, int status, base::Duration total);
  // ---- recovery/timing.cpp ----
  void woken(Request& r);
  void unpark(Request& r);

  // ---- front.cpp: from HTTP to a request ----
  void arrive(const RequestArrived& event, const Trace& trace);
  bool authorised(const base::Headers& headers) const;
  void ask_model(const RequestArrived& event, const Caller& caller, bool count_tokens);
  bool admitted(const Caller& caller);
  void refuse_draining(const Caller& caller);
  static Dialect words_for(std::string_view path);  ///< in whose words an error about this path is told
  std::unique_ptr<Request> new_request(const Caller& caller, const HttpRequest& http);
  void begin_request(Request& r);
  bool json_body(const Caller& caller, const HttpRequest& http);
  static bool any_counts(const RouteEntry& route);
  // ---- front_pages.cpp ----
  void page_models(const Caller& caller, std::string_view path, const base::Headers& headers);
  void page_health(RequestId id, bool ready);
  void refuse(const Caller& caller, int status, Reason reason, std::string message, std::string code = {}, std::string param = {},
              std::optional<base::Duration> retry_after = std::nullopt);
  void refuse_method(const Caller& caller, std::string_view method, std::string_view allowed);
  void reply_json(RequestId id, int status, const base::Json& body, const Trace* trace = nullptr, base::Headers extra = {});
  // ---- admin.cpp ----
  void admin(const RequestArrived& event);
  void page_status(RequestId id);
  void page_metrics(RequestId id);
  void page_keys(const RequestArrived& event, std::string_view path);
  void change_key(RequestId id, Key& key, std::string_view verb);
  base::Json provider_json(const ProviderEntry& provider) const;
  base::Json key_json(const Key& key) const;
  base::Json scope_json(const KeyState& state) const;
  std::string_view health_word() const;

  // ---- recovery/walk.cpp: whom to ask next ----
  void pursue(Request& r);
  bool suits(Request& r, std::size_t target);
  std::optional<RequestProblem> prepare(Request& r, std::size_t target);
  bool elsewhere(Request& r);
  void next_target(Request& r);
  bool try_target(Request& r);
  void nothing_left(Request& r);
  bool try_least_bad(Request& r);
  Soonest soonest(Request& r);
  void park(Request& r, base::Instant until);
  void wake_parked();
  bool could_begin(Request& r);
  bool begin(Request& r, const KeyPtr& key);
  StartAttempt attempt_action(const Request& r, UpstreamBody built, const Key& key);
  // ---- recovery/outcome.cpp: what an attempt came to ----
  void attempt_failed(Request& r, Failure failure);
  void attempt_judged(Request& r, Verdict verdict, TransportError transport);
  void say_failure(const Request& r, const Verdict& verdict, const Plan& plan, TransportError transport);
  Plan judge(Request& r, const Verdict& verdict, TransportError transport, bool other);
  void follow(Request& r, const Plan& plan);
  void prove(Request& r);
  void resend(Request& r);
  void let_go(Request& r, bool whole = false);
  void note_trail(Request& r, Reason reason, int status);
  void say_key(const Key& key, const KeyChange& change, const std::string& model);
  void say_scope(const Key& key, const KeyState& state, const std::string& model);
  void foresee(Request& r, const base::Headers& headers);
  void timed_out(Request& r, TransportError which);
  void deadline_passed(Request& r);
  // ---- recovery/stream.cpp: bytes towards the caller ----
  void take_bytes(Request& r, std::string_view bytes);
  void take_end(Request& r);
  void take_pieces(Request& r);
  void relay_fault(Request& r, const RelayFault& fault);
  void commit(Request& r);
  void send(Request& r, std::string bytes);
  void finish_whole(Request& r, std::string tail);
  void send_head(Request& r);
  void keep_alive(Request& r);
  // ---- recovery/answer.cpp: ends ----
  void give_up(Request& r);
  void answer_error(Request& r, const ErrorInfo& error, std::optional<base::Duration> retry_after);
  void trail_headers(base::Headers& headers, const Request& r) const;
  void error_headers(base::Headers& headers, Reason reason, std::optional<base::Duration> retry_after) const;
  std::string failure_message(const Request& r, const Verdict& verdict) const;
  void cut(Request& r, Reason reason, const std::string& why);

  // ---- chat.cpp ----
  void chat(const RequestArrived& event, const Caller& caller, const ChatPath& path);
  void chat_ask(const RequestArrived& event, const Caller& caller, const ChatPath& path);
  void chat_accept(std::unique_ptr<Request> made, Session& session);
  void chat_next(const std::string& name);
  void chat_begin(Request& r);
  void chat_close(Request& r, TurnRecord::Kind kind, std::string reply, Reason reason);
  void chat_leave(const Request& r);
  void revive_turns();

  // ---- drain.cpp ----
  void drain_tick();
  void leave_if_done();
  void say_draining();
  bool past_soft_drain() const { return draining_ && draining_->past_soft; }
  bool closing() const { return draining_.has_value(); }

  // ---- telling ----
  bool says(Level level) const { return level >= level_; }
  void log(Level level, std::string event, base::Json fields);
  void persist(StoreOp op) { out_->push_back(Persist{std::move(op)}); }
  template <class T>
  void act(T action) {
    out_->push_back(std::move(action));
  }
  std::string wall_text(base::Instant at) const;
  const Config& config() const { return setup_->config; }

  const Policy& policy_;
  CoreOptions options_;
  Registry registry_;
  std::shared_ptr<Setup> setup_;
  Snapshot restored_;
  base::Random random_, ids_;
  Moment now_, born_;
  std::vector<Action>* out_ = nullptr;
  Level level_ = Level::info;

  std::unordered_map<std::uint32_t, std::unique_ptr<Request>> requests_;
  std::unordered_map<std::uint32_t, Request*> attempts_;  ///< nullptr: whole, its connection is being left alone
  std::deque<std::pair<AttemptId, base::Instant>> linger_;
  std::vector<std::unique_ptr<Request>> ended_;           ///< kept until the end of the step: callers still hold references
  std::vector<RequestId> parked_;
  bool freed_ = false;                                    ///< a key or target may be usable that was not
  DueHeap due_;
  Sessions sessions_;
  Metrics metrics_;
  std::vector<RelayPiece> pieces_;
  std::uint32_t attempts_made_ = 0, internal_made_ = 0;
  std::int64_t restarts_ = 0;
  bool started_ = false, left_ = false;
  std::string store_problem_;
  struct LastFailure {
    base::WallTime at;
    std::string request, target, key;
    Reason reason = Reason::none;
    int status = 0;
  };
  LastFailure last_failure_;

  struct Draining {
    DrainRequested::Kind kind = DrainRequested::Kind::restart;
    bool socket_kept = false;
    base::Instant since, soft, hard, extend_at;  ///< soft: no new attempts; hard: all is cut
    bool past_soft = false;
  };
  std::optional<Draining> draining_;
};

/// Anthropic's count_tokens takes a message request without what only an answer needs.
void as_count_tokens(UpstreamBody& body);

/// Requests the core makes itself have ids the shell never gives.
inline constexpr std::uint32_t kInternalIds = 0x8000'0000U;

}  // namespace gateway
