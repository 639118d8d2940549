#include "gateway/net/url.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace gateway::net {
namespace {

bool good_host(std::string_view host, bool bracketed) {
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [bracketed](char c) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return word || c == '-' || c == '.' || c == '_' || (bracketed && (c == ':' || c == '%'));
  });
}

}  // namespace

base::Result<HostPort> parse_host_port(const std::string& text) {
  const auto bad = [&] { return base::problem(fmt::format("\"{}\" is no host with a port", base::printable(text, 100)), "such as 127.0.0.1:8443"); };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return bad();
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 1 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto port = base::parse_integer(text.substr(colon + 1));
  if (!good_host(host, bracketed) || !port || *port < 1 || *port > 65535) return bad();
  return HostPort{host, static_cast<std::uint16_t>(*port)};
}

base::Result<Url> parse_url(const std::string& text) {
  const auto bad = [&](std::string why) {
    return base::problem(fmt::format("\"{}\" is no URL of a provider: {}", base::printable(text, 100), why), "such as https://api.acme.example/v1");
  };
  Url out;
  std::string_view rest = text;
  if (base::iequals(rest.substr(0, 8), "https://")) {
    out.tls = true;
    out.port = 443;
    rest.remove_prefix(8);
  } else if (base::iequals(rest.substr(0, 7), "http://")) {
    rest.remove_prefix(7);
  } else {
    return bad("it begins with neither https:// nor http://");
  }
  const auto slash = rest.find('/');
  const std::string authority(rest.substr(0, slash));
  const std::string_view path = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  if (authority.find('@') != std::string::npos) return bad("a user name has no place in it");
  if (path.find_first_of("?#") != std::string_view::npos || authority.find_first_of("?#") != std::string::npos) return bad("a query has no place in it");
  if (!std::all_of(path.begin(), path.end(), [](char c) { return c > 0x20 && c < 0x7f; })) return bad("a character of its path is not allowed");
  const auto own = out.port;
  const bool bracketed = !authority.empty() && authority.front() == '[';
  const auto colon = authority.rfind(':');
  if (colon != std::string::npos && (!bracketed || (colon > 0 && authority[colon - 1] == ']'))) {
    auto parts = parse_host_port(authority);
    if (parts.has_error()) return bad("its host or port is malformed");
    out.host = parts->host;
    out.port = parts->port;
  } else {
    const bool closed = bracketed && authority.size() > 2 && authority.back() == ']';
    out.host = closed ? authority.substr(1, authority.size() - 2) : authority;
    if (!good_host(out.host, closed)) return bad("its host is malformed");
  }
  out.path = path;
  while (!out.path.empty() && out.path.back() == '/') out.path.pop_back();
  const auto shown = out.host.find(':') != std::string::npos ? fmt::format("[{}]", out.host) : out.host;
  out.host_header = out.port == own ? shown : fmt::format("{}:{}", shown, out.port);
  return out;
}

}  // namespace gateway::net
