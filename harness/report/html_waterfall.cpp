// The waterfall: a lane for the client, the gateway, each key of each provider, the manager and the command line, over one time axis.
#include <fmt/format.h>

#include "base/text.h"
#include "harness/history/describe.h"
#include "harness/report/html_parts.h"
#include "harness/report/time_scale.h"

namespace harness::page {
namespace {

using base::Duration;
using checks::Attempt;

struct Bar {
  Duration from{0}, to{0};
  const Entry* entry = nullptr;   ///< where it leads
  const Entry* also = nullptr;    ///< its end: marked when a check points at it
  std::string kind;               ///< class names: ok, bad, cut, state, tick
  std::string label;              ///< what a reader hears, and what shows on hover
  std::string inside;             ///< written on the bar when there is room
};
struct Lane {
  std::string name;
  std::vector<Bar> bars;
};

std::string status_kind(std::int64_t status, const std::string& ended) {
  if (status == 0 || (!ended.empty() && ended != "complete" && ended != "fin")) return "cut";
  return status >= 400 ? "bad" : "ok";
}

Lane client_lane(const checks::View& view, Duration end) {
  Lane lane{"client", {}};
  for (const auto& exchange : view.exchanges()) {
    const auto* reply = exchange.reply();
    Bar bar{exchange.request->at, reply ? reply->at : end, exchange.request, reply, "cut", describe(*exchange.request), {}};
    if (reply) {
      bar.kind = status_kind(base::integer_or(reply->data, "status", 0), base::string_or(reply->data, "ended"));
      if (base::bool_or(reply->data, "error_event", false)) bar.kind = "bad";
      bar.label += fmt::format(" → {} · {}", describe(*reply), base::human_duration(reply->at - exchange.request->at));
    } else {
      bar.label += " → no end was recorded";
    }
    bar.inside = exchange.as;
    lane.bars.push_back(std::move(bar));
  }
  return lane;
}

std::vector<Lane> provider_lanes(const Shown& shown, Duration end) {
  std::vector<Lane> lanes;
  const auto lane_of = [&](const std::string& name) -> Lane& {
    for (auto& lane : lanes) {
      if (lane.name == name) return lane;
    }
    lanes.push_back({name, {}});
    return lanes.back();
  };
  // Keys that were never used have a lane too: that nothing stands there is the news.
  if (const auto* scenario = shown.run->scenario) {
    for (const auto& provider : scenario->providers) {
      for (const auto& credential : provider.credentials) lane_of(provider.name + " " + credential.label);
    }
  }
  for (const auto& attempt : shown.view->attempts()) {
    if (!attempt.seen) continue;
    const auto* last = attempt.end ? attempt.end : attempt.answer;
    Bar bar{attempt.seen->at, last ? last->at : end, attempt.seen, attempt.answer, "cut", describe(*attempt.seen), {}};
    if (attempt.answer) {
      bar.kind = attempt.healthy() ? "ok" : status_kind(base::integer_or(attempt.answer->data, "status", 0), "") == "ok" ? "cut" : "bad";
      bar.label += " → " + describe(*attempt.answer);
      bar.inside = attempt.healthy() ? "" : attempt.fault();
    }
    lane_of(attempt.provider + " " + (attempt.credential.empty() ? "(no key)" : attempt.credential)).bars.push_back(std::move(bar));
  }
  return lanes;
}

/// The life of each process of the gateway, with what it logged upon it.
Lane gateway_lane(const checks::View& view, Duration end) {
  Lane lane{"gateway", {}};
  for (const auto* spawn : view.spawns()) {
    const auto pid = base::integer_or(spawn->data, "pid", -1);
    Bar bar{spawn->at, end, spawn, nullptr, "life", describe(*spawn), fmt::format("pid {}", pid)};
    for (const auto* exit : view.exits()) {
      if (exit->at < spawn->at || base::integer_or(exit->data, "pid", -2) != pid) continue;
      bar.to = exit->at;
      bar.also = exit;
      bar.label += " → " + describe(*exit);
      break;
    }
    lane.bars.push_back(std::move(bar));
  }
  for (const auto* entry : view.entries()) {
    if (entry->lane != "gateway" || entry->at > end) continue;
    const auto level = base::string_or(entry->data, "level");
    const bool loud = entry->kind == "stderr" || level == "error" || level == "warn" || level == "warning";
    lane.bars.push_back({entry->at, entry->at, entry, nullptr, loud ? "tick loud" : "tick", describe(*entry), {}});
  }
  return lane;
}

Lane manager_lane(const checks::View& view, Duration end) {
  Lane lane{"manager", {}};
  for (const auto* entry : view.entries()) {
    if (entry->lane != "manager" || entry->at > end) continue;
    if (entry->kind == "state") {
      if (!lane.bars.empty() && lane.bars.back().kind.starts_with("state")) lane.bars.back().to = entry->at;
      const auto active = base::string_or(entry->data, "active");
      const bool failed = active == "failed" || (!base::string_or(entry->data, "result").empty() && base::string_or(entry->data, "result") != "success");
      lane.bars.push_back({entry->at, end, entry, nullptr, failed ? "state bad" : active == "active" ? "state up" : "state", describe(*entry), base::string_or(entry->data, "to")});
    }
  }
  for (const auto* entry : view.entries()) {
    if (entry->lane == "manager" && entry->kind == "fault" && entry->at <= end) {
      lane.bars.push_back({entry->at, entry->at, entry, nullptr, "tick loud", describe(*entry), {}});
    }
  }
  return lane;
}

Lane cli_lane(const checks::View& view, Duration end) {
  Lane lane{"command line", {}};
  for (const auto& command : view.commands()) {
    Bar bar{command.start->at, command.exit ? command.exit->at : end, command.start, command.exit, "cut", describe(*command.start), {}};
    if (command.exit) {
      bar.kind = base::integer_or(command.exit->data, "code", 1) == 0 ? "ok" : "bad";
      bar.label += " → " + describe(*command.exit);
    }
    bar.inside = command.as;
    lane.bars.push_back(std::move(bar));
  }
  return lane;
}

/// Bars that overlap go below each other; ticks lie on the first row.
std::vector<std::vector<const Bar*>> rows_of(const Lane& lane) {
  constexpr std::size_t kRowsMax = 8;
  std::vector<std::vector<const Bar*>> rows(1);
  std::vector<Duration> busy_until(1, Duration{-1});
  for (const auto& bar : lane.bars) {
    if (bar.kind.starts_with("tick")) {
      rows[0].push_back(&bar);
      continue;
    }
    std::size_t row = 0;
    while (row < rows.size() && busy_until[row] > bar.from) ++row;
    if (row == rows.size() && row < kRowsMax) {
      rows.emplace_back();
      busy_until.push_back(Duration{-1});
    }
    row = std::min(row, rows.size() - 1);
    busy_until[row] = std::max(busy_until[row], bar.to);
    rows[row].push_back(&bar);
  }
  return rows;
}

std::string bar_html(const Shown& shown, const TimeScale& scale, const Bar& bar) {
  const double left = scale.percent(bar.from), width = scale.percent(bar.to) - left;
  const bool marked = shown.marked.contains(bar.entry->seq) || (bar.also && shown.marked.contains(bar.also->seq));
  const auto target = bar.also && shown.marked.contains(bar.also->seq) ? bar.also->seq : bar.entry->seq;
  const auto label = html(fmt::format("{:.3f} s {}", base::seconds(bar.from), bar.label));
  const auto style = bar.kind.starts_with("tick") ? fmt::format("left:{:.2f}%", left) : fmt::format("left:{:.2f}%;width:{:.2f}%", left, width);
  const auto inside = width > 4 ? html(bar.inside) : std::string();
  if (!on_page(shown, target)) return fmt::format("<span class=\"bar {}\" style=\"{}\" title=\"{}\">{}</span>", bar.kind, style, label, inside);
  return fmt::format("<a class=\"bar {}{}\" style=\"{}\" href=\"#{}\" title=\"{}\" aria-label=\"{}\">{}</a>", bar.kind, marked ? " marked" : "", style,
                     entry_id(shown, target), label, label, inside);
}

std::string axis_html(const TimeScale& scale) {
  std::string out = "<div class=\"lane axis\" aria-hidden=\"true\"><div class=\"who\">time</div><div class=\"rows\"><div class=\"row\">";
  for (const auto& mark : scale.marks()) out += fmt::format("<span class=\"mark{}\" style=\"left:{:.2f}%\">{}</span>", mark.gap ? " gap" : "", mark.percent, html(mark.text));
  return out + "</div></div></div>\n";
}

std::string lane_html(const Shown& shown, const TimeScale& scale, const Lane& lane, std::size_t& budget, const std::string& cursors) {
  std::string out = fmt::format("<div class=\"lane\"><div class=\"who\">{}</div><div class=\"rows\">{}", html(lane.name), cursors);
  for (const auto& row : rows_of(lane)) {
    out += "<div class=\"row\">";
    for (const auto* bar : row) {
      if (budget == 0) break;
      --budget;
      out += bar_html(shown, scale, *bar);
    }
    out += "</div>";
  }
  return out + "</div></div>\n";
}

}  // namespace

std::string waterfall(const Shown& shown) {
  const auto& view = *shown.view;
  const auto end = std::min(view.teardown(), std::max(view.length(), shown.run->verdict->length));
  std::vector<Lane> lanes{client_lane(view, end), gateway_lane(view, end)};
  for (auto& lane : provider_lanes(shown, end)) lanes.push_back(std::move(lane));
  lanes.push_back(manager_lane(view, end));
  if (auto cli = cli_lane(view, end); !cli.bars.empty()) lanes.push_back(std::move(cli));
  std::vector<Duration> moments;
  for (const auto* entry : view.entries()) {
    if (entry->at <= end && worth_showing(*entry)) moments.push_back(entry->at);
  }
  const TimeScale scale(std::move(moments), end);
  std::string cursors;
  for (const auto& result : shown.run->verdict->results) {
    if (result.verdict == Verdict::pass || !result.at || *result.at > end) continue;
    cursors += fmt::format("<i class=\"cursor\" style=\"left:{:.2f}%\" title=\"{}\"></i>", scale.percent(*result.at), html(result.check + ": " + result.seen));
  }
  std::string out = "<div class=\"waterfall\" role=\"group\" aria-label=\"What happened when, by who did it\">\n" + axis_html(scale);
  std::size_t budget = kBarsMax;
  for (const auto& lane : lanes) out += lane_html(shown, scale, lane, budget, cursors);
  out += "</div>\n";
  if (budget == 0) out += fmt::format("<p class=\"quiet\">Only the first {} marks are drawn; the timeline below and the history hold the rest.</p>\n", kBarsMax);
  return out;
}

}  // namespace harness::page
