#include "harness/report/time_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace harness::page {
namespace {

using base::Duration;
using namespace std::chrono_literals;

constexpr double kShrunkShare = 0.06;  // of the width, for one quiet stretch

/// The steps a person counts in: 1, 2, 5 times a power of ten.
double round_step(double seconds) {
  const double power = std::pow(10, std::floor(std::log10(std::max(seconds, 1e-6))));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (seconds <= factor * power) return factor * power;
  }
  return 10 * power;
}

std::string mark_text(double seconds) {
  if (seconds >= 120) return base::human_duration(base::from_seconds(seconds));
  return seconds >= 10 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.3g} s", seconds);
}

}  // namespace

TimeScale::TimeScale(std::vector<Duration> moments, Duration end) {
  moments.push_back(Duration{0});
  moments.push_back(std::max(end, Duration{1ms}));
  std::sort(moments.begin(), moments.end());
  moments.erase(std::unique(moments.begin(), moments.end()), moments.end());
  // A stretch is quiet when it is long by itself and long beside the busy time: six times the typical second of the run.
  std::vector<double> gaps;
  for (std::size_t i = 1; i < moments.size(); ++i) gaps.push_back(base::seconds(moments[i] - moments[i - 1]));
  auto sorted = gaps;
  std::sort(sorted.begin(), sorted.end());
  double busy = 0;
  const double limit_floor = std::max(0.5, 20 * sorted[sorted.size() / 2]);
  for (const double gap : sorted) busy += gap <= limit_floor ? gap : 0;
  const double limit = std::max(limit_floor, busy);
  double total = 0;
  std::size_t quiet = 0;
  for (const double gap : gaps) {
    if (gap > limit) ++quiet;
    else total += gap;
  }
  // With nothing but quiet there is nothing to make room for.
  const bool shrink = quiet > 0 && total > 0;
  const double shrunk = shrink ? std::min(kShrunkShare, 0.5 / static_cast<double>(quiet)) * 100 : 0;
  const double room = 100 - shrunk * static_cast<double>(quiet);
  double all = 0;
  for (const double gap : gaps) all += gap;
  double at = 0;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const bool small = shrink && gaps[i] > limit;
    const double width = small ? shrunk : shrink ? gaps[i] / total * room : gaps[i] / all * 100;
    pieces_.push_back({moments[i], moments[i + 1], at, width, small});
    at += width;
  }
}

double TimeScale::percent(Duration at) const {
  if (at <= pieces_.front().from) return 0;
  const auto piece = std::lower_bound(pieces_.begin(), pieces_.end(), at, [](const Piece& p, Duration t) { return p.to < t; });
  if (piece == pieces_.end()) return 100;
  const double inside = base::seconds(at - piece->from) / std::max(1e-9, base::seconds(piece->to - piece->from));
  return std::clamp(piece->start + inside * piece->width, 0.0, 100.0);
}

std::vector<TimeScale::Mark> TimeScale::marks() const {
  std::vector<Mark> marks;
  double busy = 0, width = 0;
  for (const auto& piece : pieces_) {
    if (piece.shrunk) {
      marks.push_back({piece.start + piece.width / 2, "⋯ " + mark_text(base::seconds(piece.to - piece.from)), true});
    } else {
      busy += base::seconds(piece.to - piece.from);
      width += piece.width;
    }
  }
  const double step = round_step(busy / std::max(1.0, width / 12));
  const double end = base::seconds(pieces_.back().to);
  double last = -100;
  constexpr int kMarksMax = 100'000;  // a day in steps of a second; the loop ends long before
  const auto gaps = marks;
  for (int i = 0; i < kMarksMax; ++i) {
    const double seconds = i * step;
    if (seconds > end) break;
    const double at = percent(base::from_seconds(seconds));
    const bool hidden = std::any_of(gaps.begin(), gaps.end(), [&](const Mark& gap) { return std::abs(gap.percent - at) < kShrunkShare * 100 * 0.75; });
    if (hidden || at - last < 6 || at > 97) continue;
    marks.push_back({at, mark_text(seconds), false});
    last = at;
  }
  std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.percent < b.percent; });
  return marks;
}

}  // namespace harness::page
