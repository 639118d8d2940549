// What an issue report shows of one exchange with a provider, in whatever form it was pasted. Values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/headers.h"
#include "base/json.h"
#include "base/time.h"

namespace harness {

struct Evidence {
  std::string method, url;        ///< empty when unknown; the url may be a path only
  base::Headers request_headers;
  std::string request_body;
  int status = 0;                 ///< 0: no reply
  std::string reason;
  base::Headers headers;
  std::string body;
  base::Duration wait{0};         ///< before the first byte
  enum class End { complete, cut, reset, refused, timeout, empty, tls } end = End::complete;
  int line = 0;                   ///< where it was found, 1-based
};

inline constexpr std::size_t kEvidenceMax = 7;          ///< exchanges that become rules
inline constexpr std::size_t kEvidenceTextMax = 16U * 1024U * 1024U;

// Each reads all exchanges it can make out; empty when the text is not of its kind. Never throws.
std::vector<Evidence> read_har(const base::Json& document);
std::vector<Evidence> read_curl(std::string_view text);           ///< curl -v, also with -i
std::vector<Evidence> read_http(std::string_view text);           ///< raw replies: "HTTP/1.1 402 …"
std::vector<Evidence> read_log(std::string_view text);            ///< lines with a status, a body, or a transport error
std::optional<Evidence> read_object(const base::Json& object);    ///< {"status", "headers", "body"}, or an error body alone

/// Python's repr of a dict as JSON: {'error': {'message': "it's", 'code': None}}.
std::optional<base::Json> parse_python(std::string_view text);
/// The JSON, or Python dict, that starts at text[at]; nullopt when there is none.
std::optional<base::Json> json_at(std::string_view text, std::size_t at);
/// How a broken exchange is called in logs and by curl; nullopt when the text says nothing of the kind.
std::optional<Evidence::End> end_in_words(std::string_view text);
std::string from_base64(std::string_view text);
/// "HTTP/1.1 402 Payment Required" → 402 and the reason; false when it is no status line.
bool parse_status_line(std::string_view line, int& status, std::string& reason);

}  // namespace harness
