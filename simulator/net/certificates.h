// Certificates made at start: an authority of our own, and leaves that are good, expired, for another name, or of a stranger.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "base/result.h"

namespace simulator {

struct TlsContexts {
  std::string ca_pem;  ///< what a client must trust for `valid`
  boost::asio::ssl::context valid, expired, wrong_host, unknown_ca;
};

/// Elliptic keys: a few milliseconds for all. The Error is OpenSSL's.
base::Result<TlsContexts> make_tls_contexts();

}  // namespace simulator
