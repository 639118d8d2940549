// The verdict of one failure, by its status alone so far.
#include "gateway/classify/classify.h"

namespace gateway {
namespace {

Reason by_status(int status) {
  switch (status) {
    case 401:
    case 403: return Reason::auth;
    case 402: return Reason::billing;
    case 404: return Reason::model_not_found;
    case 408: return Reason::timeout;
    case 413: return Reason::payload_too_large;
    case 429: return Reason::rate_limit;
    case 503:
    case 529: return Reason::overloaded;
    default: break;
  }
  if (status >= 500) return Reason::server_error;
  return status >= 400 ? Reason::format_error : Reason::unknown;
}

}  // namespace

Verdict classify(const Failure& failure) {
  Verdict verdict;
  if (failure.status) verdict.reason = by_status(*failure.status);
  else if (failure.transport != TransportError::none) verdict.reason = Reason::timeout;
  verdict.hint = hint_of(verdict.reason);
  verdict.rotate = verdict.reason == Reason::billing || verdict.reason == Reason::rate_limit || verdict.reason == Reason::auth;
  verdict.retry = verdict.reason == Reason::rate_limit || verdict.reason == Reason::overloaded ||
                  verdict.reason == Reason::server_error || verdict.reason == Reason::timeout;
  verdict.abort = verdict.reason == Reason::format_error;
  verdict.fallback = !verdict.abort;
  verdict.why = "status";
  return verdict;
}

}  // namespace gateway
