#include "tests/explore/rows/compare.h"

#include <fmt/format.h>

#include "base/text.h"

namespace harness::explore {
namespace {

using namespace std::chrono_literals;

// A timer never fires early: a live time below the virtual one is a wait that one world does not have. What is left is transit, which
// the virtual world says takes 0.3 ms, and how late a loaded machine looks at a socket.
constexpr base::Duration kEarly = 5ms;
constexpr base::Duration kLate = 100ms;
constexpr int kLateShare = 10;             // and a tenth of the time itself
constexpr base::Duration kLateEach = 2ms;  // what sleeps often is each time a little late

std::string first_difference(std::string_view live, std::string_view other) {
  std::size_t at = 0;
  while (at < live.size() && at < other.size() && live[at] == other[at]) ++at;
  const auto part = [&](std::string_view text) { return base::printable(text.substr(at > 20 ? at - 20 : 0, 100), 140); };
  return fmt::format("live {} bytes, virtual {}; from byte {}:\n      live    …{}\n      virtual …{}", live.size(), other.size(), at, part(live), part(other));
}

std::string text_of(const base::Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers.list) text += name + ": " + value + "\n";
  return text;
}

void compare_gap(std::string& out, const char* what, base::Duration live, base::Duration other, base::Duration early, base::Duration late) {
  const bool agree = live >= other - early && live <= other + late + other / kLateShare;
  if (!agree) out += fmt::format("{} live {:.1f} ms, virtual {:.1f} ms; ", what, base::seconds(live) * 1e3, base::seconds(other) * 1e3);
}

void compare_seen(Differences& out, const Seen& live, const Seen& other, base::Duration lag, const std::string& which) {
  if (live.status != other.status) out.bytes += fmt::format("{}status: live {}, virtual {}; ", which, live.status, other.status);
  if (live.headers != other.headers) out.bytes += which + "headers: " + first_difference(text_of(live.headers), text_of(other.headers));
  if (live.bytes != other.bytes) out.bytes += which + "bytes: " + first_difference(live.bytes, other.bytes);
  if (live.ending != other.ending) out.ending += fmt::format("{}live \"{}\", virtual \"{}\"; ", which, live.ending, other.ending);
  if (!out.bytes.empty() || !out.ending.empty()) return;  // times of different things
  compare_gap(out.gaps, (which + "head").c_str(), live.head(), other.head(), kEarly, kLate + lag);
  compare_gap(out.gaps, (which + "end").c_str(), live.last(), other.last(), kEarly, kLate + lag + kLateEach * static_cast<std::int64_t>(other.arrivals.size()));
  // A silence begins late where the byte before it was looked at late.
  compare_gap(out.gaps, (which + "silence").c_str(), live.silence(), other.silence(), kEarly + 20ms + lag, kLate + lag);
}

}  // namespace

std::string Differences::text() const {
  std::string all;
  for (const auto& [name, what] : {std::pair{"bytes", &bytes}, {"ending", &ending}, {"gaps", &gaps}, {"journal", &journal}}) {
    if (!what->empty()) all += fmt::format("    {}: {}\n", name, *what);
  }
  return all;
}

Differences compare(const Row& row, const Outcome& live, const Outcome& virtually, base::Duration lag) {
  Differences out;
  if (live.seen.size() != virtually.seen.size()) out.ending = fmt::format("live {} attempts, virtual {}; ", live.seen.size(), virtually.seen.size());
  for (std::size_t i = 0; i < std::min(live.seen.size(), virtually.seen.size()); ++i) {
    compare_seen(out, live.seen[i], virtually.seen[i], lag, i == 0 ? "" : fmt::format("attempt {}: ", i + 1));
  }
  if (row.asker == Asker::socket) return out;
  if (live.told.size() != virtually.told.size()) out.journal = fmt::format("live {} attempts, virtual {}; ", live.told.size(), virtually.told.size());
  for (std::size_t i = 0; i < std::min(live.told.size(), virtually.told.size()); ++i) {
    const auto &a = live.told[i], &b = virtually.told[i];
    if (a.said != b.said) out.journal += fmt::format("attempt {}: {}", i + 1, first_difference(a.said, b.said));
    if (i == 0) continue;
    const bool kept = a.connection == live.told[i - 1].connection, kept_there = b.connection == virtually.told[i - 1].connection;
    if (kept != kept_there) out.journal += fmt::format("attempt {}: live on {} connection, virtual on {}; ", i + 1, kept ? "the same" : "a new", kept_there ? "the same" : "a new");
  }
  return out;
}

std::string table_line(const Row& row, const Outcome& live, const Outcome& virtually, const Differences& differences) {
  const auto word = [](const std::string& what) { return what.empty() ? "agree" : "DIFFER"; };
  const auto ms = [](base::Duration time) { return base::milliseconds(time); };
  const auto &a = live.seen.at(0), &b = virtually.seen.at(0);
  return fmt::format("{:<34} {:<7} {:<6} {:<6} {:<6} {:<7}  {:<16} {:>7} bytes  head {:>5}/{:<5} silence {:>5}/{:<5} end {:>5}/{:<5}", row.fault.name, row.asker == Asker::gateway ? "gateway" : "socket",
                     word(differences.bytes), word(differences.ending), word(differences.gaps), row.asker == Asker::socket ? "" : word(differences.journal), a.ending, a.bytes.size(),
                     ms(a.head()), ms(b.head()), ms(a.silence()), ms(b.silence()), ms(a.last()), ms(b.last()));
}

}  // namespace harness::explore
