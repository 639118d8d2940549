// A heap of things that know their place in it: the earliest first, moved and removed in O(log n), never a stale entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace gateway {

/// Base of what is put into the heap. Lives as long as it is in there.
struct DueNode {
  base::Instant due = base::kNever;
  std::uint64_t order = 0;  ///< breaks ties, so that runs repeat exactly
  std::size_t place = kNowhere;
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
};

class DueHeap {
 public:
  void set(DueNode& node, base::Instant due);
  void remove(DueNode& node);
  DueNode* first() const { return nodes_.empty() ? nullptr : nodes_.front(); }
  std::size_t size() const { return nodes_.size(); }

 private:
  static bool before(const DueNode& a, const DueNode& b) { return a.due != b.due ? a.due < b.due : a.order < b.order; }
  void up(std::size_t at);
  void down(std::size_t at);
  void put(std::size_t at, DueNode* node);

  std::vector<DueNode*> nodes_;
  std::uint64_t order_ = 0;
};

}  // namespace gateway
