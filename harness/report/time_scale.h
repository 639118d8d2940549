// Maps the time of a run to the width of a page: quiet stretches shrink, or a minute's cooldown would hide the second that matters.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace harness::page {

class TimeScale {
 public:
  /// `moments`: when something happened, in any order; `end` is the right edge.
  TimeScale(std::vector<base::Duration> moments, base::Duration end);

  /// 0 to 100.
  double percent(base::Duration at) const;

  struct Mark {
    double percent;
    std::string text;  ///< "0.2 s"; of a shrunk stretch its length, "⋯ 30 s"
    bool gap;
  };
  std::vector<Mark> marks() const;

 private:
  struct Piece {
    base::Duration from, to;
    double start, width;  ///< in percent
    bool shrunk;
  };
  std::vector<Piece> pieces_;
};

}  // namespace harness::page
