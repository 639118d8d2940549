#include "base/net/tls.h"

#include <fmt/format.h>

namespace base::net {

namespace ssl = boost::asio::ssl;

Result<ssl::context> tls_client(const std::string& ca_file) {
  ssl::context context(ssl::context::tls_client);
  boost::system::error_code error;
  context.set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                          ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, error);
  context.set_verify_mode(ssl::verify_peer, error);
  if (ca_file.empty()) {
    context.set_default_verify_paths(error);
    if (error) return problem(fmt::format("the system's certificates cannot be read: {}", error.message()));
  } else {
    context.load_verify_file(ca_file, error);
    if (error) return problem(fmt::format("no certificate can be read here: {}", error.message()), "a PEM file is wanted", ca_file);
  }
  return context;
}

Result<ssl::context> tls_server(const std::string& certificate_file, const std::string& key_file) {
  ssl::context context(ssl::context::tls_server);
  boost::system::error_code error;
  context.use_certificate_chain_file(certificate_file, error);
  if (error) return problem(fmt::format("no certificate can be read here: {}", error.message()), "a PEM file is wanted", certificate_file);
  context.use_private_key_file(key_file, ssl::context::pem, error);
  if (error) return problem(fmt::format("no private key can be read here: {}", error.message()), "a PEM file is wanted", key_file);
  return context;
}

}  // namespace base::net
