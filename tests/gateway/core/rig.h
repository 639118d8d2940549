// A small world around one core: it keeps the shell's side of the contract and asserts the core's. No sockets, time is a number.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/core/core.h"

namespace gateway::test {

using namespace std::chrono_literals;

/// What a caller got.
struct Answer {
  int status = 0;  ///< 0: nothing yet
  base::Headers headers;
  std::string body;      ///< of a stream: all its chunks
  bool stream = false, ended = false, clean = false, close = false, gone = false;
  base::Json json() const { return base::parse_wire_json(body).value_or(base::Json()); }
};

class Rig {
 public:
  explicit Rig(Config config, Snapshot snapshot = {}, CoreOptions options = {}, const Policy* policy = nullptr);

  /// One event, then the core's actions are checked and recorded.
  void step(const Event& event);
  /// Lets time pass; every wake-up the core asks for comes at its time.
  void advance(base::Duration by);
  /// Lets time pass just until the next attempt begins, or nothing is left to wake up for.
  void until_attempt();

  // ---- callers ----
  RequestId http(std::string method, std::string target, std::string body = {}, base::Headers headers = {}, bool admin = false);
  RequestId chat_completion(bool stream = false, std::string model = "default");
  RequestId messages(bool stream = false);
  Answer& answer(RequestId id) { return answers[id.value]; }
  Answer& last() { return answers[last_id]; }

  // ---- providers ----
  std::size_t count() const { return attempts.size(); }
  const StartAttempt& attempt(std::size_t i) const { return attempts.at(i); }
  const StartAttempt& latest() const { return attempts.back(); }
  bool open(std::size_t i) const { return open_attempts.contains(attempts.at(i).id.value); }
  void head(std::size_t i, int status, base::Headers headers = {});
  void bytes(std::size_t i, std::string text);
  void end(std::size_t i);
  void fail(std::size_t i, TransportError error, bool replayable = false);
  /// A whole reply to the latest attempt.
  void reply(int status, const std::string& body, base::Headers headers = {});
  void succeed(const std::string& text = "pong", std::string model = "gpt-x");
  void stream_head(std::size_t i) { head(i, 200, {{{"content-type", "text/event-stream"}}}); }
  std::vector<std::string> keys_tried() const;

  bool logged(std::string_view event) const;
  const Log* log_line(std::string_view event) const;
  template <class T>
  std::vector<T> stored() const {
    std::vector<T> out;
    for (const StoreOp& op : store) {
      if (const auto* known = std::get_if<T>(&op)) out.push_back(*known);
    }
    return out;
  }

  Policy default_policy;
  std::unique_ptr<GatewayCore> core;
  Moment now;
  std::map<std::uint32_t, Answer> answers;
  std::uint32_t last_id = 0;
  std::vector<StartAttempt> attempts;
  std::vector<base::Instant> started;   ///< when each attempt began
  std::set<std::uint32_t> open_attempts, cancelled, paused;
  std::vector<StoreOp> store;
  std::vector<Log> logs;
  std::vector<std::string> statuses;
  std::vector<Action> actions;          ///< of the last step
  std::optional<int> exit;
  int extended = 0, stopped_accepting = 0;

 private:
  void record(const Action& action);
  std::uint32_t requests_ = 0;
  std::set<std::uint32_t> known_attempts_;
};

/// `acme` with keys a, b, … (labels "key-a"…), model gpt-x; route "default" to it. OpenAI chat dialect.
Config one_provider(int keys = 2);
/// The same with a fallback `spare` (one key "key-s", model gpt-y) behind it.
Config with_fallback(int keys = 1);

std::string completion(const std::string& text = "pong", const std::string& model = "gpt-x");
std::string frame(const std::string& text);           ///< one content chunk of an OpenAI stream
extern const std::string kRole, kStop, kDone;         ///< first chunk, finish chunk, [DONE]
std::string openai_error(const std::string& type, const std::string& message, const std::string& code = {});

inline const std::string kBillingHint = "Your API balance or quota is exhausted. Check your provider dashboard.";

}  // namespace gateway::test
