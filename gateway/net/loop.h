// What the parts of the shell share: the loop's sockets and timers, one buffer to read into, the way to the core, the open requests.
#pragma once

#include <array>
#include <functional>
#include <unordered_map>

#include "gateway/core/events.h"
#include "gateway/net/poller.h"

namespace gateway::net {

inline constexpr std::uint32_t kRequestIdMax = 0x7fff'ffffU;

/// Where the reply to one request goes. Performing an action never calls the core back.
class ReplySink {
 public:
  virtual void reply(Reply&& reply) = 0;
  virtual void send_head(SendHead&& head) = 0;
  virtual void send_chunk(SendChunk&& chunk) = 0;
  virtual void send_end(bool clean) = 0;

 protected:
  ~ReplySink() = default;
};

struct Loop {
  Loop(boost::asio::io_context& context, std::function<void()> settled) : io(context), settle(std::move(settled)), poller(context, settle), deadlines(context, settle) {}

  RequestId open(ReplySink& sink) {
    // Half of the numbers are the core's own. After two thousand million requests they begin anew; an open one keeps its number.
    do request_last = request_last % kRequestIdMax + 1;
    while (requests.contains(RequestId{request_last}));
    const RequestId id{request_last};
    requests.emplace(id, &sink);
    return id;
  }
  void forget(RequestId id) { requests.erase(id); }

  boost::asio::io_context& io;
  std::function<void()> settle;  ///< sends what was caused outside of the poller's and the deadlines' calls
  Poller poller;
  Deadlines deadlines;
  /// Steps the core, or queues when it is being stepped.
  std::function<void(Event&&)> emit;
  std::function<void(const Log&)> log;
  std::unordered_map<RequestId, ReplySink*> requests;
  std::uint32_t request_last = 0;
  /// One for all connections: whoever reads uses it up before it returns.
  std::array<char, 64U << 10> scratch;
};

}  // namespace gateway::net
