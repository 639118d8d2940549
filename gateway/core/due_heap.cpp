// A binary heap with back references.
#include "gateway/core/due_heap.h"

namespace gateway {

void DueHeap::put(std::size_t at, DueNode* node) {
  nodes_[at] = node;
  node->place = at;
}

void DueHeap::up(std::size_t at) {
  DueNode* node = nodes_[at];
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (!before(*node, *nodes_[parent])) break;
    put(at, nodes_[parent]);
    at = parent;
  }
  put(at, node);
}

void DueHeap::down(std::size_t at) {
  DueNode* node = nodes_[at];
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= nodes_.size()) break;
    if (child + 1 < nodes_.size() && before(*nodes_[child + 1], *nodes_[child])) ++child;
    if (!before(*nodes_[child], *node)) break;
    put(at, nodes_[child]);
    at = child;
  }
  put(at, node);
}

void DueHeap::set(DueNode& node, base::Instant due) {
  if (node.place == DueNode::kNowhere) {
    node.due = due;
    node.order = ++order_;
    nodes_.push_back(&node);
    up(nodes_.size() - 1);
    return;
  }
  const bool earlier = due < node.due;
  node.due = due;
  node.order = ++order_;
  if (earlier) {
    up(node.place);
  } else {
    down(node.place);
  }
}

void DueHeap::remove(DueNode& node) {
  if (node.place == DueNode::kNowhere) return;
  const std::size_t at = node.place;
  node.place = DueNode::kNowhere;
  DueNode* last = nodes_.back();
  nodes_.pop_back();
  if (last == &node) return;
  put(at, last);
  up(at);
  down(last->place);
}

}  // namespace gateway
