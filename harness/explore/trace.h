// What happened in a virtual run, as small values: for the invariants and the digest, where a whole history would be too slow. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "gateway/core/events.h"

namespace harness::explore {

struct Mark {
  enum class Kind : std::uint8_t {
    request, reply, attempt, answer, attempt_end, client_gone, boot, ready, exit, drain, crash, turn_accepted, turn_answered, turn_failed, healed, out
  };
  Kind kind = Kind::request;
  base::Instant at;
  std::uint32_t a = 0, b = 0, c = 0;  ///< request: id · reply: id, status, ended (0 complete, 1 broken, 2 none) · attempt: attempt, provider, key · …
  bool flag = false;
};

class Trace {
 public:
  void add(Mark mark) { marks_.push_back(mark); }
  const std::vector<Mark>& marks() const { return marks_; }
  /// Order-sensitive, over everything that was marked: the same seed must give the same.
  std::uint64_t digest() const;

 private:
  std::vector<Mark> marks_;
};

}  // namespace harness::explore
