#include "gateway/net/resolver.h"

#include "gateway/net/poller.h"

namespace gateway::net {

namespace asio = boost::asio;

const Addresses* Resolver::known(const std::string& host, std::uint16_t port) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) {
    literal_.assign(1, {address, port});
    return &literal_;
  }
  const auto found = entries_.find({host, port});
  return found != entries_.end() && instant_now() < found->second.until ? &found->second.addresses : nullptr;
}

void Resolver::resolve(const std::string& host, std::uint16_t port, std::function<void(Addresses, std::string)> done) {
  resolver_.async_resolve(host, std::to_string(port), asio::ip::resolver_base::numeric_service,
                          [this, alive = alive_, host, port, done = std::move(done)](boost::system::error_code error, const asio::ip::tcp::resolver::results_type& results) {
                            if (!*alive) return;
                            Addresses addresses;
                            for (const auto& entry : results) addresses.push_back(entry.endpoint());
                            if (addresses.empty()) return done({}, error ? error.message() : "no address");
                            if (entries_.size() >= kResolvedMax) entries_.clear();
                            entries_[{host, port}] = {addresses, instant_now() + kResolvedTime};
                            done(std::move(addresses), {});
                          });
}

}  // namespace gateway::net
