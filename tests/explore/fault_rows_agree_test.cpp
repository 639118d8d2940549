// Each row of the fault table once live and once virtual: the same bytes, the same ending, the same gaps in time, the same journal.
// Whole scenarios are compared by worlds_agree.py; this finds the row that no scenario uses.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "tests/explore/rows/compare.h"
#include "tests/explore/rows/live_rows.h"
#include "tests/explore/rows/virtual_rows.h"

namespace harness::explore {
namespace {

/// Why a row cannot be asked by a bare socket; the gateway's connections ask every row.
std::string_view no_socket(const simulator::FaultInfo& fault) {
  if (fault.stage == simulator::Stage::tls) return "a bare socket does not speak TLS";
  if (fault.stage == simulator::Stage::listen) return "there is no connection, so no bytes";
  return {};
}

/// Rows that the virtual world cannot have, each with the reason. None: what needs a kernel or TLS live is an event there.
constexpr std::array<std::pair<std::string_view, std::string_view>, 0> kLiveOnly{};

std::vector<Row> rows_of(const std::function<bool(const simulator::FaultInfo&)>& wanted, bool stream) {
  std::vector<Row> rows;
  for (const auto& fault : simulator::all_faults()) {
    if (!wanted(fault) || std::any_of(kLiveOnly.begin(), kLiveOnly.end(), [&](const auto& each) { return each.first == fault.name; })) continue;
    for (const auto asker : {Asker::gateway, Asker::socket}) {
      if (asker == Asker::socket && !no_socket(fault).empty()) continue;
      Row row{.provider = fmt::format("r{}", rows.size()), .fault = fault, .stream = stream, .asker = asker};
      // Byte by byte a stream takes ten seconds, and what is late is only how long a machine sleeps 5 ms.
      if (fault.name == "drip-bytes") row.params = {{"bytes", 20}};
      row.deadline = deadline_for(row);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

/// What the table says of a row's end must be true for a client that reads HTTP: silence and a cut are no whole reply.
void expect_its_own_ending(const Row& row, const Seen& seen) {
  using simulator::Ending;
  if (row.asker != Asker::gateway) return;
  const auto ending = row.fault.ending;
  const bool whole = seen.ending == "complete", silent = seen.ending == "given up" || seen.ending == "connect_timeout";
  const bool wrong = (ending == Ending::silence && !silent) || (row.fault.group == "cut" && ending != Ending::reuse_rst && whole) ||
                     (ending == Ending::complete && row.fault.group != "framing" && !whole);
  EXPECT_FALSE(wrong) << row.fault.name << (row.stream ? ", a stream" : ", one JSON body") << ": a client that reads HTTP sees \"" << seen.ending << "\"";
}

/// Replies carry the second of their attempt. It is worked out from a monotonic time and the difference of two clocks, each read a moment
/// apart: so near to the next one nobody can tell which it was.
bool second_unsure(const std::vector<AttemptAt>& attempts) {
  constexpr base::Duration kApart = std::chrono::milliseconds{5};
  return std::any_of(attempts.begin(), attempts.end(), [&](const auto& each) {
    const auto part = each.wall.since_epoch % std::chrono::seconds{1};
    return part < kApart || part > std::chrono::seconds{1} - kApart;
  });
}

/// Asks all rows live, then each virtually at the same attempt number and second. Returns those that have to be asked again.
std::vector<Row> ask(const std::vector<Row>& rows, bool last, std::set<std::string>& differing) {
  const auto live = run_rows_live(rows);
  std::vector<Row> again;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    std::vector<AttemptAt> attempts;
    for (const auto& told : live.outcomes[i].told) attempts.push_back({told.attempt, base::WallTime{told.at.since_start + live.wall_minus_instant}});
    const auto virtually = run_row_virtually(row, attempts);
    const auto differences = compare(row, live.outcomes[i], virtually, live.lag);
    // A machine under load is late once; a wait that one world does not have is missing each time. A reply that is cut at the
    // deadline may end a piece earlier for the same reason.
    const bool by_load = differences.only_gaps() || second_unsure(attempts) || live.outcomes[i].seen.at(0).ending == "given up";
    if (!differences.none() && by_load && !last) {
      again.push_back(row);
      continue;
    }
    fmt::print("{}\n", table_line(row, live.outcomes[i], virtually, differences));
    expect_its_own_ending(row, live.outcomes[i].seen.at(0));
    if (differences.none()) continue;
    differing.insert(row.fault.name);
    ADD_FAILURE() << row.fault.name << (row.stream ? ", a stream" : ", one JSON body") << ", lag " << base::milliseconds(live.lag) << " ms\n" << differences.text();
  }
  return again;
}

void expect_agreement(const std::vector<Row>& rows) {
  fmt::print("{:<34} {:<7} {:<6} {:<6} {:<6} {:<7}  the first attempt; times in ms, live/virtual\n", "fault", "asker", "bytes", "ending", "gaps", "journal");
  std::set<std::string> all, differing;
  for (const auto& row : rows) all.insert(row.fault.name);
  auto left = ask(rows, false, differing);
  if (!left.empty()) left = ask(left, false, differing);
  if (!left.empty()) left = ask(left, true, differing);
  for (const auto& fault : simulator::all_faults()) {
    if (all.contains(fault.name) && !no_socket(fault).empty()) fmt::print("by the gateway alone: {}: {}\n", fault.name, no_socket(fault));
  }
  for (const auto& [name, why] : kLiveOnly) fmt::print("live only: {}: {}\n", name, why);
  fmt::print("{} of {} rows agree; {} live only\n", all.size() - differing.size(), all.size(), kLiveOnly.size());
  EXPECT_FALSE(all.empty());
}

bool of_the_catalogue(const simulator::FaultInfo& fault) { return fault.group == "catalogue"; }
bool of_the_table(const simulator::FaultInfo& fault) { return !of_the_catalogue(fault); }

TEST(FaultRowsAgree, LiveAndVirtualOverAStream) { expect_agreement(rows_of(of_the_table, true)); }
TEST(FaultRowsAgree, LiveAndVirtualOverAJsonBody) { expect_agreement(rows_of(of_the_table, false)); }
TEST(FaultRowsAgree, LiveAndVirtualOverTheCatalogueOfRealReplies) { expect_agreement(rows_of(of_the_catalogue, false)); }

}  // namespace
}  // namespace harness::explore
