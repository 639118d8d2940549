// One connection to a provider: makes it, sends an attempt, tells the core what comes back. Knows framing, nothing of what is said.
#pragma once

#include <memory>
#include <string>

#include "gateway/wire/inflate.h"
#include "gateway/net/loop.h"
#include "gateway/wire/reply_parser.h"
#include "gateway/net/resolver.h"
#include "gateway/net/transport.h"

namespace gateway::net {

class Upstream;
struct Pool;

class UpstreamConnection final : public Ready, public Timed {
 public:
  UpstreamConnection(Upstream& upstream, std::shared_ptr<Pool> pool) : upstream_(upstream), pool_(std::move(pool)) {}
  ~UpstreamConnection() override = default;

  void on_ready() override;
  void on_deadline() override;

  /// A new connection, for this attempt. Failures are told to the core, never within this call's caller's step.
  void open(StartAttempt&& attempt);
  /// The same connection, for another attempt.
  void reuse(StartAttempt&& attempt);
  void resolved(Addresses addresses, const std::string& why);
  void pause() { paused_ = true; }
  void resume();
  /// Closes without a word to the core.
  void close();

  AttemptId attempt() const { return attempt_; }
  base::Instant idle_since() const { return idle_since_; }
  const std::shared_ptr<Pool>& pool() const { return pool_; }

 private:
  enum class State : std::uint8_t { fresh, resolving, connecting, handshake, busy, idle, closed };

  void take(StartAttempt&& attempt);
  void try_next();
  void connected();
  void shake_hands();
  void begin_exchange();
  void send();
  void receive();
  bool deliver(std::string_view data);
  bool deliver_head();
  bool deliver_body(std::string body);
  void received_end();
  void complete(bool unasked);
  void fail(TransportError error, std::string what);
  void look_at_idle();

  Upstream& upstream_;
  std::shared_ptr<Pool> pool_;
  Transport io_;
  State state_ = State::fresh;
  bool reused_ = false, paused_ = false, head_only_ = false, bytes_came_ = false, write_failed_ = false, deadline_is_last_ = false;
  AttemptId attempt_;
  std::string head_, body_;
  std::size_t sent_ = 0;  // of both
  ReplyParser reply_;
  std::unique_ptr<Inflater> inflater_;
  Addresses addresses_;
  std::size_t address_next_ = 0;
  base::Instant connect_by_ = base::kNever;
  std::string connect_problem_;
  TransportError connect_error_ = TransportError::unknown;
  base::Instant idle_since_;
};

}  // namespace gateway::net
