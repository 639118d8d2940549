// What a campaign must have met at least once: a rule that nothing ever put to the test says nothing.
#include "harness/explore/campaign.h"
#include "harness/explore/flat_map.h"

namespace harness::explore {
namespace {

using K = Mark::Kind;
using Key = std::pair<std::uint32_t, std::uint32_t>;  ///< provider, credential

/// A pause between two tries that only a named wait or a backoff makes.
constexpr base::Duration kWaitedFor = std::chrono::milliseconds{900};

struct Tries {
  FlatSet<std::uint32_t> keys, providers;
  std::optional<base::Instant> last;
  bool whole = false, waited = false;
};

class Counter {
 public:
  Counter(const std::vector<Mark>& marks, Seen& seen) : seen_(seen) {
    for (const auto& mark : marks) {
      if (mark.kind == K::reply && (mark.d & kWhole) != 0) requests_[mark.a].whole = true;
    }
    for (const auto& mark : marks) count(mark);
  }

 private:
  void see(Sometimes what) { ++seen_[static_cast<std::size_t>(what)]; }

  void count(const Mark& mark) {
    switch (mark.kind) {
      case K::attempt: return attempt(mark);
      case K::answer:
        if (probes_.contains(mark.a)) see(mark.d == 0 ? Sometimes::probe_succeeded : Sometimes::probe_failed);
        return;
      case K::out: out_[{mark.b, mark.c}] = out_[{mark.b, mark.c}] || mark.d != 0; return;
      case K::request: open_[mark.a] = true; return;
      case K::reply:
        if ((mark.d & kErrorEvent) != 0) see(Sometimes::cut_honestly);
        if (draining_.contains(mark.a)) see((mark.d & kWhole) != 0 ? Sometimes::drain_let_finish : Sometimes::drain_cut);
        open_.erase(mark.a);
        return;
      case K::drain:
        for (const auto& [client, is_open] : open_) draining_.insert(client);
        return;
      case K::boot: draining_ = {}; return;
      case K::crash:
        draining_ = {};
        crash_ = crash_ || turn_open_;
        if (turn_open_) see(Sometimes::crash_left_turn);
        return;
      case K::turn_accepted: turn_open_ = true; return;
      case K::turn_answered: case K::turn_failed:
        turn_open_ = false;
        if (std::exchange(crash_, false)) see(Sometimes::turn_settled);
        return;
      case K::client_gone: see(Sometimes::client_left); return;
      default: return;
    }
  }

  void attempt(const Mark& mark) {
    if (auto* request = requests_.find(mark.d); request != nullptr && request->whole) {
      if (!request->keys.insert(mark.c)) see(Sometimes::retried);
      else if (request->keys.size() == 2) see(Sometimes::rotated);
      if (request->providers.insert(mark.b) && request->providers.size() == 2) see(Sometimes::fell_back);
      if (request->last && mark.at - *request->last > kWaitedFor && !std::exchange(request->waited, true)) see(Sometimes::waited);
      request->last = mark.at;
    }
    if (auto* out = out_.find({mark.b, mark.c}); out != nullptr && std::exchange(*out, false)) {
      see(Sometimes::came_back);
      probes_.insert(mark.a);
    }
  }

  Seen& seen_;
  FlatMap<std::uint32_t, Tries> requests_;
  FlatMap<Key, bool> out_;
  FlatSet<std::uint32_t> probes_;  ///< attempts: the first with a key that was out
  FlatMap<std::uint32_t, bool> open_;
  FlatSet<std::uint32_t> draining_;  ///< clients whose requests were open when the drain began
  bool crash_ = false, turn_open_ = false;
};

}  // namespace

void count_sometimes(const Trace& trace, Seen& seen) { Counter(trace.marks(), seen); }

}  // namespace harness::explore
