// SHA-256 and HMAC through OpenSSL, hex and base64.
#pragma once

#include <string>
#include <string_view>

namespace base {

std::string sha256_hex(std::string_view data);
std::string hmac_sha256_hex(std::string_view key, std::string_view data);
/// Constant time in the length of `a`; lengths may leak.
bool equal_constant_time(std::string_view a, std::string_view b);
std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);

}  // namespace base
