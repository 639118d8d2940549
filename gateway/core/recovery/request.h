// One caller's request on its way: what was asked, what has been tried, what has been sent. Data only; the engine acts on it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/core/due_heap.h"
#include "gateway/core/setup.h"
#include "gateway/core/trace.h"
#include "gateway/wire/relay.h"

namespace gateway {

/// The upstream try in progress.
struct Attempt {
  AttemptId id;
  std::size_t target = 0;
  Lease lease;
  BreakerLease breaker;
  base::Instant started, head_at, last_life;
  int status = 0;           ///< 0: no head yet
  base::Headers headers;    ///< kept of failures only, for the classifier
  std::string body;         ///< of failures, or of a reply that is handed on unread
  std::unique_ptr<Relay> relay;
  bool good_head = false;   ///< 2xx
  bool plain = false;       ///< not an event stream
  bool content = false;     ///< something that is worth keeping has come
  bool finishing = false;   ///< a finish reason has come: what is missing is the terminator
  bool paused = false;      ///< the caller reads slowly
  bool first_seen = false;  ///< the first piece of content
  bool proved = false;      ///< its key and target are known to be well
  bool over = false;        ///< the shell has nothing more to say of it
  bool ending = false;      ///< its last pieces are being taken
  bool trial = false;       ///< of a target that was left alone
};

enum class Phase : std::uint8_t { queued, trying, backing_off, parked, done };

/// A written body above this is not kept for its attempt: many may wait, and memory matters more then than time.
inline constexpr std::size_t kPreparedMax = 64U << 10;

struct Request : DueNode {
  RequestId id;
  std::shared_ptr<Setup> setup;        ///< the configuration it began under
  const RouteEntry* route = nullptr;
  Dialect front = Dialect::openai_chat;
  ClientRequest ask;
  base::Headers passed_on;             ///< the few headers of the caller that providers understand
  bool count_tokens = false;           ///< handed on unread
  bool internal = false;               ///< a chat turn asked again after a crash: there is no caller
  Trace trace;
  base::Instant arrived, deadline;
  Phase phase = Phase::queued;

  // ---- the walk ----
  std::size_t target = 0;
  std::vector<int> spent;              ///< by target: of its retry budget, which is one for the whole request however often the walk comes by
  std::vector<Tried> tried;
  KeyPtr again;                        ///< whom a back-off waits for
  base::Instant wake = base::kNever;   ///< end of a back-off or of parking
  base::Instant parked_since;
  bool same_key_once = false;          ///< the one forced retry of a rate-limited key is used up
  bool rewalked = false;               ///< the one second walk after a stated wait is used up
  bool parked_before = false;
  bool resent = false;                 ///< the free resend of this target is used up
  std::optional<std::size_t> least_bad;  ///< the evicted target that was asked because nothing better was left
  std::int64_t window_above = 0;       ///< only targets with a larger window will do
  std::uint64_t suits_known = 0, suits = 0;  ///< by target, for the first 64
  std::optional<std::pair<std::size_t, UpstreamBody>> prepared;  ///< written already, for the target of that index
  std::optional<RequestProblem> unsuited;    ///< why the first unsuitable target is that
  std::string target_before;           ///< of the attempt before, for the log
  std::vector<TrailEntry> trail;
  std::int64_t attempts = 0;
  base::Duration upstream_time{0}, waited{0};
  std::optional<Attempt> attempt;

  // ---- the last failure ----
  std::optional<Verdict> verdict;
  std::string failed_provider;
  int failed_status = 0;

  // ---- towards the caller ----
  bool head_sent = false;
  bool committed = false;              ///< content has gone out
  std::string held;                    ///< what waits for the commit point; of a plain reply, all of it
  std::size_t held_events = 0;
  std::size_t unsent = 0;              ///< bytes handed to the shell that it has not written yet
  base::Instant keep_alive_at = base::kNever;

  // ---- the chat front ----
  std::string session;
  std::int64_t turn = 0;
  std::string chat_text, chat_model;

  const TargetEntry& target_entry() const { return route->targets[target]; }
  Commit commit_mode() const { return route->config->commit; }
};

}  // namespace gateway
