// A gateway core that decides nothing: it asks each row's provider and writes down what the world around it tells. It runs in both worlds.
#pragma once

#include <functional>

#include "gateway/core/core.h"
#include "tests/explore/rows/exchange.h"

namespace harness::explore {

class Probe final : public gateway::GatewayCore {
 public:
  struct Ask {
    gateway::StartAttempt attempt;
    base::Duration start{0};     ///< after the probe's own first moment
    base::Duration deadline{0};  ///< of each attempt
    bool twice = true;           ///< a second attempt shows what became of the connection
  };
  using Before = std::function<void(std::size_t ask, std::size_t attempt)>;

  /// `before` is called when an attempt is about to be started.
  explicit Probe(std::vector<Ask> asks, Before before = {});

  void step(gateway::Moment now, const gateway::Event& event, std::vector<gateway::Action>& out) override;
  base::Instant next_wake() const override;

  bool over() const { return open_ == 0; }
  const std::vector<Seen>& seen(std::size_t ask) const { return courses_[ask].seen; }

 private:
  struct Course {
    enum class State { waiting, asking, over } state = State::waiting;
    base::Instant due, began;
    std::size_t wanted = 2;
    std::vector<Seen> seen;
  };
  void take(base::Instant now, const gateway::Event& event);
  void end(base::Instant now, std::size_t ask, std::string how);
  Course* course_of(gateway::AttemptId id);

  std::vector<Ask> asks_;
  Before before_;
  std::vector<Course> courses_;
  std::size_t open_;
  bool begun_ = false;
};

}  // namespace harness::explore
