// Names to addresses, off the loop's thread, with a short memory. Used on the loop's thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"

namespace gateway::net {

inline constexpr base::Duration kResolvedTime = std::chrono::seconds{30};  ///< how long an answer is used again
inline constexpr std::size_t kResolvedMax = 1'000;

using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;

class Resolver {
 public:
  explicit Resolver(boost::asio::io_context& io) : resolver_(io), alive_(std::make_shared<bool>(true)) {}
  ~Resolver() { *alive_ = false; }
  /// An address literal, or a name whose answer is still fresh: null when the name must be asked for.
  const Addresses* known(const std::string& host, std::uint16_t port);
  /// `done` gets the addresses, or none and why. Called later, never within this call.
  void resolve(const std::string& host, std::uint16_t port, std::function<void(Addresses, std::string why)> done);

 private:
  struct Entry {
    Addresses addresses;
    base::Instant until;
  };
  boost::asio::ip::tcp::resolver resolver_;
  std::map<std::pair<std::string, std::uint16_t>, Entry> entries_;
  Addresses literal_;
  std::shared_ptr<bool> alive_;
};

}  // namespace gateway::net
