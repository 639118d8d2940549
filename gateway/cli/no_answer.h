// The words for "no answer": cpp-httplib's own names of its errors ("Connection", "Read") tell a person nothing.
#pragma once

#include <fmt/format.h>
#include <httplib.h>

#include <string>

namespace gateway {

inline std::string no_answer(const std::string& address, httplib::Error error) {
  const auto why = [error]() -> std::string {
    switch (error) {
      case httplib::Error::Connection: return "nothing listens there";
      case httplib::Error::ConnectionTimeout: return "connecting takes too long";
      case httplib::Error::Read: return "it took the request and did not answer in time, or closed";
      case httplib::Error::Write: return "it does not read what is sent";
      default: return httplib::to_string(error);
    }
  }();
  return fmt::format("no answer from {}: {}", address, why);
}

}  // namespace gateway
