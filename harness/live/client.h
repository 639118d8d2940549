// One HTTP exchange over a socket of its own, watched closely: when bytes came, and how it ended (FIN, RST, silence).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/headers.h"
#include "base/time.h"

namespace harness {

struct ExchangeOptions {
  std::uint16_t port = 0;
  base::Duration timeout = std::chrono::minutes{10};  ///< the whole exchange
  std::optional<base::Duration> hang_up_after;
  std::function<bool()> hang_up_now;   ///< asked after each piece
  base::Duration read_pause{0};        ///< a slow reader waits so long before each read
  base::Duration connect_ahead{0};     ///< between the connection and the first byte of the request
  bool raw = false;                    ///< the answer need not be HTTP
};
struct ExchangeEvents {
  std::function<void(int status, const base::Headers& headers)> on_head;
  std::function<void(std::string_view bytes)> on_body;
};

/// Sends `bytes`, reads to the end. Returns "complete", "fin", "rst", "timeout", "hung-up" or "refused". Blocks; any thread.
std::string exchange(const std::string& bytes, const ExchangeOptions& options, const ExchangeEvents& events);

/// A plain call that is expected to answer at once (health, control): the body, or nullopt.
struct PlainReply {
  int status = 0;
  std::string body;
};
std::optional<PlainReply> plain_call(std::uint16_t port, const std::string& method, const std::string& path, const std::string& body,
                                     base::Duration timeout);

}  // namespace harness
