#include "harness/history/history.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace harness {
namespace {

constexpr std::string_view kReserved[] = {"t", "seq", "lane", "kind"};

/// Seconds with nanoseconds and no trailing zeros: from_seconds reads the same duration back.
std::string seconds_text(base::Duration at) {
  const auto ns = at.count();
  const auto magnitude = ns < 0 ? -static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  auto text = fmt::format("{}{}.{:09}", ns < 0 ? "-" : "", magnitude / 1'000'000'000U, magnitude % 1'000'000'000U);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

base::Diagnostic bad_line(const std::string& file, int line, std::string what, std::string_view text) {
  return {.file = file, .line = line, .what = std::move(what), .hint = "a history is one JSON object a line: {\"t\",\"seq\",\"lane\",\"kind\",…}",
          .source = base::printable(text, 200)};
}

}  // namespace

Entry& History::add(base::Duration at, std::string_view lane, std::string_view kind, base::Json data) {
  Entry entry{.at = at, .seq = entries_.size(), .lane = std::string(lane), .kind = std::string(kind), .data = std::move(data)};
  if (!entry.data.is_object()) entry.data = base::Json::object();
  return entries_.emplace_back(std::move(entry));
}

void History::sort() {
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.at != b.at ? a.at < b.at : a.seq < b.seq; });
}

std::string History::to_jsonl() const {
  std::string out;
  for (const auto& entry : entries_) {
    out += fmt::format(R"({{"t":{},"seq":{},"lane":{},"kind":{})", seconds_text(entry.at), entry.seq, base::dump(entry.lane), base::dump(entry.kind));
    for (const auto& [key, value] : entry.data.items()) {
      if (std::find(std::begin(kReserved), std::end(kReserved), key) != std::end(kReserved)) continue;
      out += "," + base::dump(base::Json(key)) + ":" + base::dump(value);
    }
    out += "}\n";
  }
  return out;
}

base::Result<History> History::from_jsonl(const std::string& text, const std::string& file) {
  History history;
  std::vector<base::Diagnostic> problems;
  int number = 0;
  for (const auto& line : base::split(text, '\n')) {
    ++number;
    if (base::trim(line).empty()) continue;
    auto json = base::parse_wire_json(line);
    if (!json || !json->is_object()) {
      problems.push_back(bad_line(file, number, "this line is not a JSON object", line));
      continue;
    }
    const auto* at = base::find(*json, "t");
    const auto* seq = base::find(*json, "seq");
    const auto lane = base::string_or(*json, "lane");
    const auto kind = base::string_or(*json, "kind");
    if (!at || !at->is_number() || lane.empty() || kind.empty()) {
      problems.push_back(bad_line(file, number, "this line has no \"t\", \"lane\" or \"kind\"", line));
      continue;
    }
    Entry entry{.at = base::from_seconds(at->get<double>()), .lane = lane, .kind = kind};
    entry.seq = seq && seq->is_number_unsigned() ? static_cast<std::uint64_t>(base::integer_or(*json, "seq", 0)) : history.entries_.size();
    entry.data = std::move(*json);
    for (const auto key : kReserved) entry.data.erase(std::string(key));
    history.entries_.push_back(std::move(entry));
  }
  if (!problems.empty()) return base::Error{std::move(problems)};
  return history;
}

}  // namespace harness
