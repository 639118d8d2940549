// Chat sessions: the history of each, and whose turn it is. Knows nothing of providers.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "gateway/core/events.h"
#include "gateway/wire/dialect.h"

namespace gateway {

struct Session {
  std::vector<TurnRecord> turns;   ///< ordered by number
  SessionMark mark;
  std::deque<RequestId> waiting;   ///< the front one has its turn now

  TurnRecord* turn(std::int64_t number);
  std::int64_t next_number() const { return turns.empty() ? 1 : turns.back().number + 1; }
  /// What the provider is told for turn `number`: the answered turns before it, then its text. Failed turns are left out, so
  /// that a refused conversation does not grow.
  std::vector<Turn> history(std::int64_t number, const std::string& system_prompt) const;
};

struct Sessions {
  std::map<std::string, Session, std::less<>> all;

  Session* find(std::string_view name);
  static bool good_name(std::string_view name);
};

/// Splits "/chat/{session}" and "/chat/{session}/messages"; nullopt when the path is neither.
struct ChatPath {
  std::string session;
  bool messages = false;
};
std::optional<ChatPath> parse_chat_path(std::string_view path);
base::Json session_json(std::string_view name, const Session& session);

}  // namespace gateway
