#include "gateway/classify/matcher.h"

#include <string>

#include "base/assert.h"

namespace gateway {

void PhraseMatcher::add(std::string_view phrase, std::uint64_t groups) {
  phrases_.emplace_back(phrase, groups);
  for (const char c : phrase) {
    auto& symbol = symbol_[static_cast<unsigned char>(c)];
    if (symbol == 0) symbol = static_cast<std::uint8_t>(symbols_++);
  }
}

std::uint16_t PhraseMatcher::child(std::uint16_t state, unsigned char byte, bool create) {
  auto& slot = next_[state * symbols_ + symbol_[byte]];
  if (slot != 0 || !create) return slot;
  const auto made = groups_.size();
  ASSERT(made < 0xFFFF);
  slot = static_cast<std::uint16_t>(made);
  groups_.push_back(0);
  next_.resize(next_.size() + symbols_, 0);
  return static_cast<std::uint16_t>(made);
}

void PhraseMatcher::finish() {
  groups_.assign(1, 0);
  next_.assign(symbols_, 0);
  for (const auto& [phrase, groups] : phrases_) {
    std::uint16_t state = 0;
    for (const char c : phrase) state = child(state, static_cast<unsigned char>(c), true);
    groups_[state] |= groups;
  }
  // Breadth first: a state's missing transitions are those of its longest proper suffix, which is nearer to the root.
  std::vector<std::uint16_t> suffix(groups_.size(), 0), queue;
  for (std::size_t s = 0; s < symbols_; ++s) {
    if (next_[s] != 0) queue.push_back(next_[s]);
  }
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const auto state = queue[i];
    groups_[state] |= groups_[suffix[state]];
    for (std::size_t s = 0; s < symbols_; ++s) {
      auto& to = next_[state * symbols_ + s];
      const auto fallback = next_[suffix[state] * symbols_ + s];
      if (to == 0) {
        to = fallback;
      } else {
        suffix[to] = fallback;
        queue.push_back(to);
      }
    }
  }
}

std::uint64_t PhraseMatcher::find(std::string_view text) const {
  std::uint64_t found = 0;
  std::size_t state = 0;
  for (const char c : text) {
    state = next_[state * symbols_ + symbol_[static_cast<unsigned char>(c)]];
    found |= groups_[state];
  }
  return found;
}

}  // namespace gateway
