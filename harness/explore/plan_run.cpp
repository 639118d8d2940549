#include "harness/explore/plan_run.h"

#include <algorithm>

namespace harness::explore {

using simulator::Framing;
using Kind = simulator::Step::Kind;

void PlanRun::body(std::string_view data, Framing framing) {
  if (framing == Framing::chunked) {
    simulator::append_chunk(out, data);
  } else {
    out.append(data);
  }
  bytes_ += data.size();
}

PlanRun::Stop PlanRun::go_on(const simulator::WirePlan& plan, base::Instant now) {
  const auto framing = simulator::framing_of(plan);
  while (!over(plan)) {
    const auto& step = plan.steps[step_];
    switch (step.kind) {
      case Kind::head:
        out += simulator::render_head(plan);
        head_pending_ = true;
        break;
      case Kind::event: ++events_; [[fallthrough]];
      case Kind::bytes: body(step.data, framing); break;
      case Kind::raw:
        out += step.data;
        bytes_ += step.data.size();
        break;
      case Kind::finish:
        if (framing == Framing::chunked) out += "0\r\n\r\n";
        break;
      case Kind::wait:
        ++step_;
        return step.time == base::kForever ? Stop{Stop::Kind::hold} : Stop{Stop::Kind::wait, step.time};
      case Kind::repeat:
        if (!repeat_until_) repeat_until_ = now + step.time;
        if (now < *repeat_until_) {
          body(step.data, framing);
          return {Stop::Kind::wait, std::min(step.every, *repeat_until_ - now)};
        }
        repeat_until_.reset();
        break;
      case Kind::sent: break;
      case Kind::hold: return {Stop::Kind::hold};
      case Kind::close_on_reuse: reset_next_ = true; break;
      case Kind::fin: return {Stop::Kind::fin};
      case Kind::rst: return {Stop::Kind::rst};
    }
    ++step_;
  }
  return {Stop::Kind::complete};
}

}  // namespace harness::explore
