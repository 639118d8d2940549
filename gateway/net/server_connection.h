// One caller's connection: requests in, replies out, and the end of the caller told to the core. Decides nothing about a request.
#pragma once

#include <boost/intrusive/list.hpp>
#include <string>

#include "gateway/net/loop.h"
#include "gateway/net/request_parser.h"

namespace gateway::net {

class Server;

using IdleHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class ServerConnection final : public Ready, public Timed, public ReplySink, public IdleHook {
 public:
  ServerConnection(Server& server, std::string peer) : server_(server), peer_(std::move(peer)) {}
  ~ServerConnection() override;

  void on_ready() override;
  void on_deadline() override;

  void reply(Reply&& reply) override;
  void send_head(SendHead&& head) override;
  void send_chunk(SendChunk&& chunk) override;
  void send_end(bool clean) override;

  /// Sends what has gathered. May tell the core (ChunkSent, ClientGone).
  void flush();
  /// Waits for the first request; called once.
  void begin();
  /// Between two requests, with nothing of the next one: may be closed without harm.
  bool idle() const { return IdleHook::is_linked(); }
  /// A request is on its way: the connection is new, or part of one has come.
  bool expecting() const { return fd_ >= 0 && state_ == State::reading && !idle(); }
  /// The reply is not wholly with the kernel yet.
  bool unsent() const { return fd_ >= 0 && sent_ < out_.size(); }
  /// Ends it at once. The core is told if it waits for this caller.
  void drop();
  base::Instant idle_since() const { return idle_since_; }

 private:
  enum class State : std::uint8_t { reading, pending, streaming, ending, lingering };
  enum class Framing : std::uint8_t { none, length, chunks };
  enum class Wait : std::uint8_t { none, first_request, head, body, stall, linger };

  void read_requests();
  void consume(std::string_view data);
  void refuse(const Refusal& refusal);
  void request_over(bool keep);
  void become_idle();
  void wait_for(Wait what);
  void linger();
  void read_away();
  void reset_hard();
  void close();
  void touch();
  void append_head(int status, const base::Headers& headers, bool keep, Framing framing, std::size_t length);

  Server& server_;
  std::string peer_;
  State state_ = State::reading;
  Wait wait_ = Wait::none;
  bool dirty_ = false;
  bool keep_ = true, chunked_ = false, head_only_ = false, http10_ = false;
  bool cut_ = false;      // ending: by a reset, since only that tells a cut from an end
  RequestId request_;     // while pending or streaming
  RequestParser parser_;
  std::string rest_;      // bytes behind the request at hand (pipelining)
  std::string out_;
  std::size_t sent_ = 0;  // of out_
  std::size_t streamed_ = 0;  // the core's bytes within out_ that ChunkSent has not told yet
  std::size_t lingered_ = 0;
  base::Instant idle_since_;
};

}  // namespace gateway::net
