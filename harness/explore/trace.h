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
    request,        ///< a: client
    reply,          ///< a: client, b: status, c: how it ended (ReplyEnd), d: flags (kWhole …)
    attempt,        ///< a: attempt, b: provider, c: key, d: client (0: the gateway's own), e: request
    answer,         ///< a: attempt, b: provider, c: key, d: fault (index in the exploration's table, 0: healthy)
    told_to_wait,   ///< a: attempt, b: provider, c: key, d: milliseconds of the 429's Retry-After
    client_gone,    ///< a: client
    boot, ready, exit, crash,  ///< a: pid, b: status
    drain,          ///< a: kind, b: milliseconds it may take, c: those of them in which nothing that can still finish is cut
    turn_accepted, turn_answered, turn_failed,  ///< a: session, b: number
    healed,
    out,            ///< b: provider, c: key, d: milliseconds: the gateway says a key is out
    doubled,        ///< a: request: the core ended it twice
  };
  Kind kind = Kind::request;
  base::Instant at;
  std::uint32_t a = 0, b = 0, c = 0, d = 0, e = 0;
};
enum ReplyEnd : std::uint32_t { kEndedComplete, kEndedBroken, kEndedRefused, kEndedLeft, kEndedTimeout };
inline constexpr std::uint32_t kWhole = 1;      ///< a success with everything in it
inline constexpr std::uint32_t kDishonest = 2;  ///< looks like a success, but something is missing
inline constexpr std::uint32_t kStream = 4;
inline constexpr std::uint32_t kChat = 8;
inline constexpr std::uint32_t kErrorEvent = 16;

class Trace {
 public:
  void add(const Mark& mark);
  const std::vector<Mark>& marks() const { return marks_; }
  /// Order-sensitive, over everything that was marked: the same seed must give the same.
  std::uint64_t digest() const { return digest_; }

 private:
  std::vector<Mark> marks_;
  std::uint64_t digest_ = 0x9e3779b97f4a7c15U;
};

}  // namespace harness::explore
