// The bugs that stand around the core: an event that is lost or changed, an action that is dropped, doubled or spoilt.
#pragma once

#include <fcntl.h>

#include <cstdlib>
#include <set>

#include "gateway/core/core.h"

namespace mutants {

using namespace gateway;

/// The decorator: `event` may change or swallow (false) an event, `action` likewise.
class Around : public GatewayCore {
 public:
  using OnEvent = std::function<bool(Event&)>;
  using OnAction = std::function<bool(Action&, std::vector<Action>& extra)>;
  Around(std::unique_ptr<GatewayCore> inner, OnEvent event, OnAction action) : inner_(std::move(inner)), event_(std::move(event)), action_(std::move(action)) {}
  void step(Moment now, const Event& event, std::vector<Action>& out) override {
    Event changed = event;
    if (event_ && !event_(changed)) return;
    std::vector<Action> made;
    inner_->step(now, changed, made);
    for (auto& action : made) {
      std::vector<Action> extra;
      if (!action_ || action_(action, extra)) out.push_back(std::move(action));
      for (auto& more : extra) out.push_back(std::move(more));
    }
  }
  base::Instant next_wake() const override { return inner_->next_wake(); }

 private:
  std::unique_ptr<GatewayCore> inner_;
  OnEvent event_;
  OnAction action_;
};

inline auto around(Around::OnEvent event, Around::OnAction action = {}) {
  return [event = std::move(event), action = std::move(action)](std::unique_ptr<GatewayCore> inner) -> std::unique_ptr<GatewayCore> {
    return std::make_unique<Around>(std::move(inner), event, action);
  };
}
inline auto around_actions(Around::OnAction action) { return around({}, std::move(action)); }

/// Every header of replies and stream heads.
inline base::Headers* headers_of(Action& action) {
  if (auto* reply = std::get_if<Reply>(&action)) return &reply->headers;
  if (auto* head = std::get_if<SendHead>(&action)) return &head->headers;
  return nullptr;
}

}  // namespace mutants
