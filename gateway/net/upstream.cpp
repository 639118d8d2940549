#include "gateway/net/upstream.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/net/tls.h"
#include "base/text.h"

namespace gateway::net {
namespace {

/// Headers that belong to one hop or to our framing (RFC 9110, section 7.6.1), and the caller's wish for compression.
bool is_hop(std::string_view name) {
  constexpr std::array<std::string_view, 12> kHop{"host", "connection", "keep-alive", "content-length", "transfer-encoding", "te",
                                                  "trailer", "upgrade", "expect", "accept-encoding", "proxy-connection", "proxy-authorization"};
  return std::any_of(kHop.begin(), kHop.end(), [&](std::string_view each) { return each.size() == name.size() && base::iequals(each, name); });
}

}  // namespace

std::string request_head(const StartAttempt& attempt, const Url& url) {
  std::string out;
  out.reserve(512);
  out += attempt.method;
  out += ' ';
  out += url.path;
  out += attempt.path.empty() && url.path.empty() ? "/" : attempt.path;
  out += " HTTP/1.1\r\nhost: ";
  out += url.host_header;
  out += "\r\n";
  for (const auto& [name, value] : attempt.headers.list) {
    if (is_hop(name) || !is_token(name)) continue;
    out += name;
    out += ": ";
    append_value(out, value);
    out += "\r\n";
  }
  out += "accept-encoding: identity\r\n";
  if (!attempt.body.empty() || (attempt.method != "GET" && attempt.method != "HEAD" && attempt.method != "DELETE")) {
    out += "content-length: ";
    append_number(out, attempt.body.size());
    out += "\r\n";
  }
  out += "\r\n";
  return out;
}

Upstream::~Upstream() {
  close();
  loop_.deadlines.disarm(idle_timer_);
}

base::Result<std::shared_ptr<Pool>> Upstream::make_pool(const ProviderConfig& provider) {
  auto url = parse_url(provider.url);
  if (url.has_error()) return url.error();
  auto pool = std::make_shared<Pool>();
  pool->provider = provider.name;
  pool->url = std::move(*url);
  pool->connect_to = {pool->url.host, pool->url.port};
  pool->resolve = provider.resolve;
  pool->ca_file = provider.ca_file;
  if (!provider.resolve.empty()) {
    auto other = parse_host_port(provider.resolve);
    if (other.has_error()) return other.error();
    pool->connect_to = std::move(*other);
  }
  if (!pool->url.tls) return pool;
  // Read anew each time: a certificate file that was replaced is why many reload.
  auto& context = contexts_[provider.ca_file];
  if (!context) {
    auto made = base::net::tls_client(provider.ca_file);
    if (made.has_error()) return made.error();
    context = std::make_shared<boost::asio::ssl::context>(std::move(*made));
  }
  pool->tls = context;
  return pool;
}

base::Result<bool> Upstream::configure(const std::vector<ProviderConfig>& providers) {
  const auto before = std::exchange(contexts_, {});
  std::map<std::string, std::shared_ptr<Pool>> fresh;
  base::Error problems;
  for (const auto& provider : providers) {
    auto pool = make_pool(provider);
    if (pool.has_error()) {
      for (auto& each : pool.error().problems) {
        problems.problems.push_back(each);
        if (each.where.empty()) problems.problems.back().where = "/providers/" + provider.name;
      }
      continue;
    }
    const auto old = pools_.find(provider.name);
    const bool same = old != pools_.end() && old->second->url.host_header == (*pool)->url.host_header && old->second->url.tls == (*pool)->url.tls &&
                      old->second->url.path == (*pool)->url.path && old->second->resolve == provider.resolve && !(*pool)->tls;
    fresh[provider.name] = same ? old->second : *pool;
  }
  if (!problems.problems.empty()) {
    contexts_ = before;
    return problems;
  }
  for (auto& [name, pool] : pools_) {
    const auto still = fresh.find(name);
    if (still != fresh.end() && still->second == pool) continue;
    pool->retired = true;
    drop_idle(*pool);
  }
  pools_ = std::move(fresh);
  return true;
}

void Upstream::start(StartAttempt&& attempt) {
  const auto found = pools_.find(attempt.provider);
  if (found == pools_.end()) {
    loop_.emit(UpstreamFailed{attempt.id, TransportError::unknown, fmt::format("no provider is called \"{}\"", base::printable(attempt.provider, 80)), false});
    return;
  }
  const auto& pool = found->second;
  if (!pool->idle.empty()) {
    auto* connection = pool->idle.back();
    pool->idle.pop_back();
    attempts_.emplace(attempt.id, connection);
    connection->reuse(std::move(attempt));
    return;
  }
  auto fresh = std::make_unique<UpstreamConnection>(*this, pool);
  auto& connection = *fresh;
  connections_.emplace(&connection, std::move(fresh));
  attempts_.emplace(attempt.id, &connection);
  connection.open(std::move(attempt));
}

UpstreamConnection* Upstream::find(AttemptId id) {
  const auto found = attempts_.find(id);
  return found == attempts_.end() ? nullptr : found->second;
}

bool Upstream::cancel(AttemptId id) {
  auto* connection = find(id);
  if (connection) connection->close();
  return connection != nullptr;
}

void Upstream::pause(AttemptId id) {
  if (auto* connection = find(id)) connection->pause();
}
void Upstream::resume(AttemptId id) {
  if (auto* connection = find(id)) connection->resume();
}

void Upstream::resolve(AttemptId id, const Pool& pool) {
  resolver_.resolve(pool.connect_to.host, pool.connect_to.port, [this, id](Addresses addresses, const std::string& why) {
    if (auto* connection = find(id)) connection->resolved(std::move(addresses), why);
    loop_.settle();
  });
}

void Upstream::keep(UpstreamConnection& connection) {
  auto& idle = connection.pool()->idle;
  idle.push_back(&connection);
  if (idle.size() > kIdleMax) idle.front()->close();
  if (!idle_timer_.armed()) loop_.deadlines.arm(idle_timer_, connection.idle_since() + kIdleTime);
}

void Upstream::forget_idle(UpstreamConnection& connection) { std::erase(connection.pool()->idle, &connection); }

void Upstream::drop_idle(Pool& pool) {
  while (!pool.idle.empty()) pool.idle.back()->close();
}

void Upstream::close_idle() {
  const auto oldest = instant_now() - kIdleTime;
  base::Instant next = base::kNever;
  for (auto& [name, pool] : pools_) {
    while (!pool->idle.empty() && pool->idle.front()->idle_since() <= oldest) pool->idle.front()->close();
    if (!pool->idle.empty()) next = std::min(next, pool->idle.front()->idle_since() + kIdleTime);
  }
  if (next != base::kNever) loop_.deadlines.arm(idle_timer_, next);
}

void Upstream::remove(UpstreamConnection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  loop_.poller.bury(std::move(found->second));
  connections_.erase(found);
}

void Upstream::close() {
  while (!connections_.empty()) connections_.begin()->first->close();
}

}  // namespace gateway::net
