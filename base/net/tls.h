// TLS contexts: the client side verifies, the server side is given its certificate. OpenSSL underneath.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "base/result.h"

namespace base::net {

/// A verifying client context. `ca_file` empty: the system's certificates. TLS 1.2 or newer.
Result<boost::asio::ssl::context> tls_client(const std::string& ca_file);
/// A server context from PEM files.
Result<boost::asio::ssl::context> tls_server(const std::string& certificate_file, const std::string& key_file);

}  // namespace base::net
