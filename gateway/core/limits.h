// The named limits of the core that no one configures, each with its reason.
#pragma once

#include "base/time.h"

namespace gateway {

/// Of the hold-back before the commit point.
inline constexpr std::size_t kHeldEventsMax = 64;
inline constexpr std::size_t kHeldBytesMax = 256U << 10;
/// Of a gathered reply (`commit: complete`, plain bodies): the relay's own cap of a plain body is larger than any honest reply.
inline constexpr std::size_t kGatheredBytesMax = 64U << 20;
/// Backpressure: reading from the provider stops above the first and goes on below the second.
inline constexpr std::size_t kUnsentHigh = 256U << 10;
inline constexpr std::size_t kUnsentLow = 64U << 10;
/// As much of an error body as the classifier looks at, and how long we wait for its end.
inline constexpr std::size_t kErrorBodyMax = 64U << 10;
inline constexpr base::Duration kErrorBodyTime = std::chrono::seconds{10};
/// After a finish reason: how long the terminator (and the usage before it) may take.
inline constexpr base::Duration kTerminatorTime = std::chrono::seconds{2};
/// After the last byte of a reply: how long the provider's connection may take to become reusable before it is closed.
inline constexpr base::Duration kLingerTime = std::chrono::seconds{2};
/// Of the comments that keep a caller's connection open while a route gathers.
inline constexpr base::Duration kKeepAliveEvery = std::chrono::seconds{15};
/// What a refused caller is told to wait while the gateway restarts.
inline constexpr base::Duration kDrainRetryAfter = std::chrono::seconds{1};
/// While draining, the manager is asked for more time this often, and for so much.
inline constexpr base::Duration kExtendEvery = std::chrono::seconds{5};
inline constexpr base::Duration kExtendBy = std::chrono::seconds{20};
inline constexpr std::size_t kSessionNameMax = 128;

}  // namespace gateway
