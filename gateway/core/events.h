// What the world tells the core, and what the core tells the world to do. Values only; the live shell and the virtual world share them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/headers.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/time.h"
#include "gateway/classify/classify.h"
#include "gateway/core/config.h"

namespace gateway {

using RequestId = base::Id<struct RequestTag>;
using AttemptId = base::Id<struct AttemptTag>;

/// One moment on both clocks. `instant` drives every decision; `wall` is for dates in headers, stored deadlines and logs.
struct Moment {
  base::Instant instant;
  base::WallTime wall;
};

struct HttpRequest {
  std::string method;   ///< "POST"
  std::string target;   ///< path and query, as sent
  base::Headers headers;
  std::string body;
  std::string peer;     ///< "127.0.0.1:54321", for logs
  std::uint64_t body_over = 0;  ///< not 0: the body was not read, since it has (at least) so many bytes, more than limits.body
};

// ---- events ----
/// A whole request on the gateway's port (or its admin port). Ids are chosen by the shell, never reused, ascending.
struct RequestArrived {
  RequestId id;
  HttpRequest request;
  bool admin = false;
};
/// The caller's connection is gone before its reply was whole. No further SendX may follow for it.
struct ClientGone { RequestId id; };
/// `bytes` of the caller's stream left the shell's own queue (backpressure).
struct ChunkSent { RequestId id; std::size_t bytes = 0; };
struct UpstreamHead { AttemptId id; int status = 0; base::Headers headers; };
struct UpstreamBytes { AttemptId id; std::string bytes; };
/// The reply ended as its framing promised (Content-Length reached, last chunk, or FIN where FIN is the end).
struct UpstreamEnd { AttemptId id; };
/// The exchange broke. `replayable`: a kept-alive connection died before one byte of the reply, and the shell may not resend by itself.
struct UpstreamFailed { AttemptId id; TransportError error = TransportError::unknown; std::string what; bool replayable = false; };
/// next_wake() has come.
struct Tick {};
/// SIGUSR1 (restart) or a planned/unplanned SIGTERM (stop). `deadline` is how long active work may take; the first call wins.
struct DrainRequested {
  enum class Kind { restart, stop_planned, stop_unplanned } kind = Kind::restart;
  base::Duration drain{0}, settle{0};
  bool socket_kept = false;  ///< the manager keeps the listening socket: accepted requests are served, with connection: close
};
struct ConfigReloaded { Config config; };
/// The store refused an operation: the gateway goes on without persistence, degraded.
struct StoreFailed { std::string what; };
using Event = std::variant<RequestArrived, ClientGone, ChunkSent, UpstreamHead, UpstreamBytes, UpstreamEnd, UpstreamFailed, Tick,
                           DrainRequested, ConfigReloaded, StoreFailed>;

// ---- actions ----
/// One upstream try. The shell connects (pool, TLS), sends, and reports UpstreamHead… or UpstreamFailed exactly once each as they come.
struct StartAttempt {
  AttemptId id;
  RequestId request;
  std::string provider;        ///< name in the configuration: the shell finds URL, CA and pool by it
  std::string credential;      ///< label, for logs
  std::string path;            ///< appended to the provider's URL
  std::string method = "POST";
  base::Headers headers;       ///< with the credential; never logged
  std::string body;
  base::Duration connect_timeout{0};  ///< the only time-out the shell keeps itself; the others are the core's (CancelAttempt)
};
struct CancelAttempt { AttemptId id; };  ///< close it; no event for it may follow
struct PauseAttempt { AttemptId id; };   ///< stop reading (backpressure)
struct ResumeAttempt { AttemptId id; };
/// A whole reply. Ends the request.
struct Reply { RequestId id; int status = 200; base::Headers headers; std::string body; bool close = false; };
/// Head of a streamed reply; SendChunk… SendEnd follow.
struct SendHead { RequestId id; int status = 200; base::Headers headers; };
struct SendChunk { RequestId id; std::string bytes; };
/// `clean` false: the connection is closed without the last chunk, so that a cut never looks like success. Ends the request.
struct SendEnd { RequestId id; bool clean = true; };

/// Durable state. Applied in order, before any later action of the same step is performed.
struct CredentialState {
  std::string provider;
  std::string key_hash;   ///< salted hash of the secret: what identifies a key across restarts and label changes
  std::string label;
  std::string model;      ///< empty: the whole key
  enum class Kind : std::uint8_t { ok, cooling, dead, disabled } kind = Kind::ok;
  base::WallTime until;   ///< of cooling
  Reason reason = Reason::none;
  std::int64_t strikes = 0;  ///< failures in a row, for growing cooldowns
};
struct StoreCredential { CredentialState state; };
struct TurnRecord {
  std::string session;
  std::int64_t number = 0;   ///< 1, 2, … within the session
  std::string text;          ///< the user's
  std::string reply;         ///< the assistant's, or the notice
  enum class Kind : std::uint8_t { accepted, answered, failed, reported } kind = Kind::accepted;
  Reason reason = Reason::none;
};
struct StoreTurn { TurnRecord turn; };      ///< inserts or replaces by (session, number)
struct DeleteSession { std::string session; };
struct SessionMark { std::string session; int crashes_in_a_row = 0; bool suspended = false; };
struct StoreSession { SessionMark mark; };
struct StoreMeta { std::string key, value; };  ///< counters such as restarts
using StoreOp = std::variant<StoreCredential, StoreTurn, DeleteSession, StoreSession, StoreMeta>;
struct Persist { StoreOp op; };

/// One log line. `fields` hold no secret: labels only.
struct Log { std::string level; std::string event; base::Json fields; };
/// For sd_notify: STATUS text, or READY/STOPPING/EXTEND_TIMEOUT as the service layer words them.
struct ServiceStatus { std::string text; };
struct ExtendTimeout { base::Duration by; };
/// Drained and saved: leave with this code (0, 1, 75).
struct Exit { int code = 0; };
/// Stop accepting connections on the listening socket (the socket itself may live on at the manager).
struct StopAccepting {};
using Action = std::variant<StartAttempt, CancelAttempt, PauseAttempt, ResumeAttempt, Reply, SendHead, SendChunk, SendEnd, Persist, Log,
                            ServiceStatus, ExtendTimeout, Exit, StopAccepting>;

/// What the store held at start.
struct Snapshot {
  std::vector<CredentialState> credentials;
  std::vector<TurnRecord> turns;          ///< all sessions, ordered by (session, number)
  std::vector<SessionMark> sessions;
  std::map<std::string, std::string> meta;
};

}  // namespace gateway
