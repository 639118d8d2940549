// The members of a log line, put together without the copies of an initializer list: a line is written for every request.
#pragma once

#include <string_view>
#include <utility>

#include "base/json.h"

namespace gateway {

class LogFields {
 public:
  explicit LogFields(std::size_t about = 16) { members().reserve(about); }
  /// Keys must be distinct: they are not looked up.
  template <class T>
  LogFields& add(std::string_view key, T&& value) {
    members().emplace_back(std::piecewise_construct, std::forward_as_tuple(key), std::forward_as_tuple(std::forward<T>(value)));
    return *this;
  }
  base::Json take() { return std::move(json_); }

 private:
  base::Json::object_t& members() { return json_.get_ref<base::Json::object_t&>(); }
  base::Json json_ = base::Json::object();
};

}  // namespace gateway
