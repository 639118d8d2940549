// A map for a handful of entries: a judge makes dozens of them a run, and looks through a row sooner than down a tree. Pure.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <utility>

namespace harness::explore {

template <class Key, class Value>
class FlatMap {
 public:
  Value* find(const Key& key) {
    for (auto& each : rows_) {
      if (each.first == key) return &each.second;
    }
    return nullptr;
  }
  Value& operator[](const Key& key) {
    if (auto* found = find(key)) return *found;
    rows_.emplace_back(key, Value{});
    return rows_.back().second;
  }
  void erase(const Key& key) {
    rows_.erase(std::remove_if(rows_.begin(), rows_.end(), [&](const auto& each) { return each.first == key; }), rows_.end());
  }
  bool empty() const { return rows_.empty(); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

 private:
  boost::container::small_vector<std::pair<Key, Value>, 8> rows_;
};

/// Values seen, each once.
template <class Value>
class FlatSet {
 public:
  bool contains(const Value& value) const { return std::find(rows_.begin(), rows_.end(), value) != rows_.end(); }
  /// False when it was there.
  bool insert(const Value& value) {
    if (contains(value)) return false;
    rows_.push_back(value);
    return true;
  }
  std::size_t size() const { return rows_.size(); }

 private:
  boost::container::small_vector<Value, 8> rows_;
};

}  // namespace harness::explore
