// Bytes of a provider on their way to the caller: held until the commit point, forwarded after it, ended honestly.
#include "base/assert.h"
#include "gateway/core/engine.h"
#include "gateway/core/limits.h"

namespace gateway {

void Engine::take_bytes(Request& r, std::string_view bytes) {
  Attempt& a = *r.attempt;
  ASSERT_NOTE(a.status != 0, "bytes before the head");
  if (!a.good_head || r.count_tokens) {
    const std::size_t most = a.good_head ? kPlainBodyMax : kErrorBodyMax;
    a.body.append(bytes.substr(0, most - std::min(most, a.body.size())));
    if (a.body.size() >= most) take_end(r);
    return;
  }
  pieces_.clear();
  a.relay->feed(bytes, pieces_);
  if (a.plain) {
    a.last_life = now_.instant;
    if (!a.content && bytes.find_first_not_of(" \t\r\n") != std::string_view::npos) a.content = true;
  }
  take_pieces(r);
}

/// The provider's reply is over, or as much of it as we wait for.
void Engine::take_end(Request& r) {
  Attempt& a = *r.attempt;
  if (!a.good_head) {
    Failure failure;
    failure.headers = std::move(a.headers);
    failure.body = std::move(a.body);
    if (a.status == 0) failure.transport = TransportError::closed;
    return attempt_failed(r, std::move(failure));
  }
  if (r.count_tokens) {
    r.held = std::move(a.body);
    return finish_whole(r, {});
  }
  pieces_.clear();
  a.relay->end(pieces_);
  if (!a.relay->fault() && !policy_.whole(a.relay->finish_seen(), a.relay->terminated())) {
    Failure failure;
    failure.transport = TransportError::closed;
    failure.message = "the stream ended without a finish reason or terminator";
    return attempt_failed(r, std::move(failure));
  }
  a.ending = true;
  take_pieces(r);
}

void Engine::take_pieces(Request& r) {
  Attempt& a = *r.attempt;
  const Relay& relay = *a.relay;
  // A failure in the same read as the first content is still before anything went out: it stays invisible.
  if (relay.fault() && !r.committed) return relay_fault(r, *relay.fault());
  std::string chunk;
  bool crossing = false;
  for (RelayPiece& piece : pieces_) {
    if (policy_.alive(piece.kind)) a.last_life = now_.instant;
    if (piece.kind == RelayPiece::Kind::content && !a.first_seen) {
      a.content = a.first_seen = true;
      metrics_.providers[r.target_entry().provider->config->name].first_content.add(now_.instant - a.started);
      prove(r);
    }
    if (r.committed || crossing) {
      if (chunk.empty()) {
        chunk = std::move(piece.bytes);
      } else {
        chunk += piece.bytes;
      }
      continue;
    }
    if (piece.kind == RelayPiece::Kind::ping) continue;
    r.held += piece.bytes;
    ++r.held_events;
    if (!r.ask.stream) continue;
    const bool full = r.commit_mode() == Commit::first_content && (r.held_events >= kHeldEventsMax || r.held.size() >= kHeldBytesMax);
    crossing = full || policy_.commits(piece.kind, r.commit_mode());
  }
  if (relay.finish_seen()) a.finishing = true;
  if (r.committed && relay.fault()) {
    send(r, std::move(chunk));
    return relay_fault(r, *relay.fault());
  }
  if (relay.terminated() || a.ending) return finish_whole(r, std::move(chunk));
  if (r.held.size() > kGatheredBytesMax) {
    return relay_fault(r, {RelayFault::Kind::too_large, {}, "the reply is larger than the gateway gathers"});
  }
  if (crossing) commit(r);
  send(r, std::move(chunk));
}

void Engine::relay_fault(Request& r, const RelayFault& fault) {
  if (fault.kind == RelayFault::Kind::error_event) {
    Failure failure;
    failure.body = fault.body;
    failure.error_event = true;
    return attempt_failed(r, std::move(failure));
  }
  Verdict verdict;
  verdict.reason = r.committed ? Reason::stream_cut : Reason::empty_response;
  verdict.hint = r.committed ? HintId::stream_cut : HintId::server_error;
  verdict.retry = verdict.fallback = true;
  verdict.why = fault.kind == RelayFault::Kind::empty ? "empty-200" : fault.kind == RelayFault::Kind::too_large ? "too-large" : "malformed-200";
  verdict.message = fault.what;
  attempt_judged(r, std::move(verdict), TransportError::none);
}

void Engine::send_head(Request& r) {
  r.head_sent = true;
  SendHead head{r.id, 200, {}};
  head.headers.add("content-type", "text/event-stream");
  head.headers.add("cache-control", "no-cache");
  head.headers.add("x-accel-buffering", "no");  // nginx in front of us must not gather what we do not
  trail_headers(head.headers, r);
  if (closing()) head.headers.add("connection", "close");
  if (!r.internal) act(std::move(head));
}

/// The point of no return: what was held goes out, and from here on no failure is invisible.
void Engine::commit(Request& r) {
  if (!r.head_sent) send_head(r);
  r.committed = true;
  r.keep_alive_at = base::kNever;
  // No other attempt can follow: the request's text has done its work, and a long stream should not carry it along.
  r.ask.body = nullptr;
  std::string().swap(r.ask.raw);
  std::string held = std::move(r.held);
  r.held = {};
  send(r, std::move(held));
}

void Engine::send(Request& r, std::string bytes) {
  if (bytes.empty() || r.internal) return;
  r.unsent += bytes.size();
  act(SendChunk{r.id, std::move(bytes)});
  if (!r.attempt || r.attempt->paused || r.attempt->over || r.unsent <= kUnsentHigh) return;
  r.attempt->paused = true;
  act(PauseAttempt{r.attempt->id});
}

void Engine::keep_alive(Request& r) {
  r.keep_alive_at = now_.instant + kKeepAliveEvery;
  if (!r.head_sent) send_head(r);
  send(r, keep_alive_comment(r.front));
}

/// `tail` is what follows the bytes sent, or held, so far.
void Engine::finish_whole(Request& r, std::string tail) {
  Attempt& a = *r.attempt;
  prove(r);
  note_trail(r, Reason::none, a.status);
  ProviderCounters& counters = metrics_.providers[r.target_entry().provider->config->name];
  ++counters.attempts[0];
  counters.duration.add(now_.instant - a.started);
  if (a.relay) {
    if (const auto usage = a.relay->usage()) {
      counters.tokens_in += static_cast<std::uint64_t>(std::max<std::int64_t>(usage->input, 0));
      counters.tokens_out += static_cast<std::uint64_t>(std::max<std::int64_t>(usage->output, 0));
    }
  }
  // Durable before the caller can know of it: a crash right after the answer must not ask again.
  if (!r.session.empty()) chat_close(r, TurnRecord::Kind::answered, a.relay->text(), Reason::none);
  if (r.ask.stream && !r.count_tokens) {
    if (!r.committed) commit(r);
    send(r, std::move(tail));
    if (!r.internal) act(SendEnd{r.id, true});
  } else if (!r.internal) {
    Reply reply{r.id, 200, {}, std::move(r.held), closing()};
    reply.body += tail;
    reply.headers.add("content-type", "application/json");
    trail_headers(reply.headers, r);
    if (reply.close) reply.headers.add("connection", "close");
    act(std::move(reply));
  }
  let_go(r, true);
  end_request(r, Reason::none, 200);
}

}  // namespace gateway
