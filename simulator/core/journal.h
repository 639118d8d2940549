// What happened, attempt by attempt: the simulator's own evidence. Holds no secret: a credential is its label or a salted hash.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/redact.h"
#include "base/time.h"

namespace simulator {

struct JournalEvent {
  enum class Kind { attempt, answer, end } kind = Kind::attempt;
  std::uint64_t seq = 0;
  base::Instant at;
  std::uint64_t attempt = 0;
  // attempt
  std::uint64_t connection = 0, nth = 0, nth_credential = 0;
  std::string space, provider, credential, model, method, path, body;
  bool stream = false, too_early = false;
  // answer
  int status = 0;
  std::string fault;
  std::optional<std::size_t> rule;
  // end, and so far
  std::string ended;
  std::uint64_t events = 0, bytes = 0;

  base::Json to_json() const;
};

inline constexpr std::size_t kJournalBodyMax = 16 << 10;  ///< bytes kept of a request body
inline constexpr std::size_t kJournalEventsMax = 100'000; ///< the oldest go first
inline constexpr std::size_t kJournalBytesMax = 64 << 20; ///< of bodies, over all events

class Journal {
 public:
  /// Bodies and paths are kept as they came and cleaned of secrets when they are read: attempts come by the ten thousand.
  explicit Journal(const base::Redactor& redactor) : redactor_(redactor) {}
  const JournalEvent& append(JournalEvent event);
  /// Events with seq ≥ since, oldest first, at most `max`; of one space unless it is "*".
  base::Json since(std::uint64_t since, std::string_view space, std::size_t max = 10'000) const;
  std::uint64_t next() const { return next_; }
  void clear() { events_.clear(), bytes_ = 0; }

 private:
  const base::Redactor& redactor_;
  std::deque<JournalEvent> events_;
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1;
};

}  // namespace simulator
