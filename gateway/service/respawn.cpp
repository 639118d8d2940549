#include "gateway/service/respawn.h"

#include "base/json.h"
#include "gateway/service/instance.h"

namespace gateway {
namespace {

constexpr std::size_t kStartsMax = 1'000;
constexpr base::Names<LastEnd, 4> kEndNames{{"none", "crashed", "unplanned", "planned"}};

}  // namespace

RespawnVerdict on_start(StartRecord& record, const RespawnGuard& guard, base::WallTime now) {
  const bool unplanned = record.end == LastEnd::crashed || record.end == LastEnd::unplanned;
  // From now on "crashed" is true until an orderly end says otherwise.
  record.end = LastEnd::crashed;
  std::erase_if(record.unplanned, [&](base::WallTime at) { return now - at > guard.interval || at > now + guard.interval; });
  if (!unplanned) return {base::Duration{0}, static_cast<std::int64_t>(record.unplanned.size())};
  record.unplanned.push_back(now);
  if (record.unplanned.size() > kStartsMax) record.unplanned.erase(record.unplanned.begin());
  RespawnVerdict out{base::Duration{0}, static_cast<std::int64_t>(record.unplanned.size())};
  const auto over = out.starts - guard.starts;
  if (over <= 0 || guard.pause <= base::Duration{0}) return out;
  out.pause = guard.pause;
  for (std::int64_t i = 1; i < over && out.pause < guard.pause_max; ++i) out.pause *= 2;
  out.pause = std::min(out.pause, guard.pause_max);
  return out;
}

StartRecord read_starts(const std::filesystem::path& file) {
  StartRecord record;
  const auto json = base::parse_wire_json(read_small_file(file));
  if (!json || !json->is_object()) return record;
  record.end = kEndNames.parse(base::string_or(*json, "end")).value_or(LastEnd::none_yet);
  if (const auto* list = base::find(*json, "unplanned_ms"); list && list->is_array()) {
    for (const auto& each : *list) {
      if (const auto ms = base::number_of(each)) record.unplanned.push_back(base::WallTime{base::from_seconds(*ms / 1000)});
    }
  }
  return record;
}

bool write_starts(const std::filesystem::path& file, const StartRecord& record) {
  base::Json json{{"end", kEndNames(record.end)}, {"unplanned_ms", base::Json::array()}};
  for (const auto& at : record.unplanned) json["unplanned_ms"].push_back(base::milliseconds(at.since_epoch));
  return write_file(file, base::dump(json) + "\n");
}

}  // namespace gateway
