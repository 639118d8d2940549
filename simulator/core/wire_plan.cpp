#include "simulator/core/wire_plan.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"

namespace simulator {

using Kind = Step::Kind;

WirePlan healthy_plan(const HealthyReply& reply) {
  WirePlan plan;
  plan.status = reply.status;
  plan.headers = reply.headers;
  plan.framing = reply.stream ? Framing::chunked : Framing::length;
  plan.steps.reserve(reply.parts.size() + 2);
  if (reply.stream || reply.first_token <= base::Duration{0}) plan.steps.push_back({.kind = Kind::head});
  for (std::size_t i = 0; i < reply.parts.size(); ++i) {
    const auto pause = i == 0 ? reply.first_token : reply.gap;
    if (pause > base::Duration{0}) plan.steps.push_back({.kind = Kind::wait, .time = pause});
    if (i == 0 && !reply.stream && reply.first_token > base::Duration{0}) plan.steps.push_back({.kind = Kind::head});
    plan.steps.push_back({.kind = reply.stream ? Kind::event : Kind::bytes, .data = reply.parts[i]});
  }
  plan.steps.push_back({.kind = Kind::finish});
  return plan;
}

Framing framing_of(const WirePlan& plan) {
  if (plan.framing != Framing::automatic) return plan.framing;
  for (const auto& step : plan.steps) {
    if (step.kind == Kind::event || step.kind == Kind::repeat) return Framing::chunked;
  }
  return Framing::length;
}

std::string render_head(const WirePlan& plan) {
  const auto phrase = plan.reason.empty() ? reason_phrase(plan.status) : std::string_view{plan.reason};
  std::string out;
  std::size_t room = 64 + phrase.size();
  for (const auto& [name, value] : plan.headers.list) room += name.size() + value.size() + 4;
  out.reserve(room);
  out += "HTTP/1.1 ";
  base::append_json_integer(out, plan.status);
  out.append(" ").append(phrase).append("\r\n");
  bool framed = false;
  for (const auto& [name, value] : plan.headers.list) {
    framed = framed || base::iequals(name, "content-length") || base::iequals(name, "transfer-encoding");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  const bool bodyless = plan.status == 204 || plan.status == 304 || plan.status < 200;
  if (!framed && !bodyless) {
    switch (framing_of(plan)) {
      case Framing::chunked: out += "transfer-encoding: chunked\r\n"; break;
      case Framing::until_close: out += "connection: close\r\n"; break;
      case Framing::automatic:
      case Framing::length: {
        std::int64_t total = 0;
        for (const auto& step : plan.steps) {
          if (step.kind == Kind::bytes || step.kind == Kind::event) total += static_cast<std::int64_t>(step.data.size());
        }
        base::append_json_integer(out += "content-length: ", plan.length_claimed.value_or(total));
        out += "\r\n";
      }
    }
  }
  out += "\r\n";
  return out;
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", data.size());
  out.append(data).append("\r\n");
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Entity";
    case 424: return "Failed Dependency";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

}  // namespace simulator
