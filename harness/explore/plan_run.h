// A wire plan in virtual time: which bytes leave together, how long nothing follows them, and how it ends. Knows no clock and no reader.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "simulator/core/wire_plan.h"

namespace harness::explore {

class PlanRun {
 public:
  struct Stop {
    enum class Kind {
      wait,      ///< go on after `time`
      hold,      ///< nothing more, ever
      fin,
      rst,
      complete,  ///< the plan has run out; the connection stays for the next request
    } kind = Kind::complete;
    base::Duration time{0};
  };

  /// Takes steps until one waits or ends. What is to leave before that has been appended to `out`, which the caller empties.
  Stop go_on(const simulator::WirePlan& plan, base::Instant now);

  bool over(const simulator::WirePlan& plan) const { return step_ >= plan.steps.size(); }
  std::uint64_t events() const { return events_; }
  std::uint64_t bytes() const { return bytes_; }
  bool reset_next() const { return reset_next_; }  ///< the next request on the connection gets RST
  /// True once, when the head has been put into `out`.
  bool take_head() { return std::exchange(head_pending_, false); }

  std::string out;

 private:
  void body(std::string_view data, simulator::Framing framing);
  std::size_t step_ = 0;
  std::uint64_t events_ = 0, bytes_ = 0;
  std::optional<base::Instant> repeat_until_;
  bool head_pending_ = false, reset_next_ = false;
};

}  // namespace harness::explore
