// The inner parts of the virtual world, shared by its .cpp files alone.
#pragma once

#include <boost/container/small_vector.hpp>

#include "base/text.h"
#include "gateway/wire/inflate.h"
#include "harness/explore/plan_run.h"
#include "harness/explore/world.h"

namespace harness::explore {

/// What the network has brought and nobody has read yet: bytes, cut where the network cut them.
class Inbound {
 public:
  bool empty() const { return next_ == ends_.size(); }
  std::string& bytes() { return bytes_; }
  /// The bytes so far, from the last cut on, arrive as one.
  void cut(std::size_t at) { ends_.push_back(at); }
  /// Valid until bytes are added.
  std::string_view take() {
    const auto from = next_ == 0 ? std::size_t{0} : ends_[next_ - 1];
    return std::string_view(bytes_).substr(from, ends_[next_++] - from);
  }
  /// Forgets what was taken, when that is all.
  void tidy() {
    if (!empty()) return;
    bytes_.clear();
    ends_.clear();
    next_ = 0;
  }

 private:
  std::string bytes_;
  boost::container::small_vector<std::size_t, 6> ends_;
  std::size_t next_ = 0;
};

struct World::Attempt {
  gateway::AttemptId id;
  std::size_t provider = 0;
  simulator::ProviderRequest request;
  simulator::Decision decision;
  gateway::net::ReplyParser parser;
  std::unique_ptr<gateway::net::Inflater> inflater;
  PlanRun run;
  std::string how;
  Inbound inbound;
  std::uint64_t connection = 0;
  base::Duration connect_timeout{0};
  base::Instant arrive_at;
  bool decided = false, answered = false, silent_noted = false, reused = false, paused = false;
  Attempt() { parser.begin(false); }
};

/// Files of the virtual machine: the units alone.
class World::VirtualHost final : public manager::Host {
 public:
  explicit VirtualHost(World& world) : world_(world) {}
  std::vector<manager::ProcessInfo> processes(const std::string&) const override {
    if (world_.pid_ == 0) return {};
    return {{world_.pid_, "gateway", "gateway run"}};
  }

 private:
  World& world_;
};

/// The path of a provider's URL: what an attempt's own path is appended to.
inline std::string attempt_base_path(const gateway::Config& config, const std::string& provider) {
  for (const auto& each : config.providers) {
    if (each.name != provider) continue;
    const auto scheme = each.url.find("://");
    const auto slash = each.url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
    auto path = slash == std::string::npos ? std::string{} : each.url.substr(slash);
    if (path.ends_with('/')) path.pop_back();
    return path;
  }
  return {};
}

}  // namespace harness::explore
