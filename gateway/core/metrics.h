// Counters of a gateway, and their Prometheus text. Plain numbers: one thread owns them.
#pragma once

#include <array>
#include <map>
#include <string>

#include "base/time.h"
#include "gateway/classify/reason.h"
#include "gateway/wire/dialect.h"

namespace gateway {

inline constexpr std::size_t kReasonCount = 30;
inline constexpr std::size_t kDialectCount = 6;

struct Histogram {
  static constexpr std::array<double, 12> kBounds{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};  ///< seconds
  std::array<std::uint64_t, kBounds.size() + 1> counts{};
  double sum = 0;
  std::uint64_t count = 0;
  void add(base::Duration value);
};

struct ProviderCounters {
  std::array<std::uint64_t, kReasonCount> attempts{};  ///< by reason; `none` is success
  Histogram first_byte, first_content, duration;
  std::uint64_t tokens_in = 0, tokens_out = 0;
};
struct Metrics {
  std::map<std::string, ProviderCounters, std::less<>> providers;
  std::array<std::array<std::uint64_t, kReasonCount>, kDialectCount> requests{};  ///< by front and reason
  std::array<std::uint64_t, 6> statuses{};  ///< 1xx … 5xx, by first digit
  Histogram duration, overhead;
  std::uint64_t retries = 0, rotations = 0, fallbacks = 0, parked = 0, resent = 0, gone = 0, drains = 0, refused = 0;
};

/// A gauge that is read when the page is asked for: name, labels ("" or `{a="b"}`), value, help.
struct Gauge {
  std::string name, labels;
  double value = 0;
  std::string help;
};
std::string prometheus_text(const Metrics& metrics, const std::vector<Gauge>& gauges);
std::string label_value(std::string_view text);  ///< escaped for use between quotes

}  // namespace gateway
