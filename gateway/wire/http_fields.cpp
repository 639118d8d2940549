#include "gateway/wire/http_fields.h"

#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace gateway::net {
namespace {

// RFC 9110, section 5.6.2.
constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kToken = make_token_table();

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}
/// Without a way out of the loop, so that the compiler looks at many bytes at once: there is nearly never one.
bool any_control(std::string_view text) {
  bool any = false;
  for (const char c : text) any |= is_control(c);
  return any;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view without_cr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}
bool ends_with_cr(std::string_view line) { return !line.empty() && line.back() == '\r'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!kToken[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

bool read_field(std::string_view line, base::Headers& out) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  auto value = line.substr(colon + 1);
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  if (any_control(value)) return false;
  out.add(std::string(line.substr(0, colon)), std::string(value));
  return true;
}

bool list_has(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (base::iequals(base::trim(list.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

std::optional<std::uint64_t> read_length(std::string_view text) {
  if (text.empty()) return std::nullopt;
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (kMax - digit) / 10 ? kMax : value * 10 + digit;
  }
  return value;
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
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 529: return "Overloaded";
    default: return "Status";
  }
}

void append_value(std::string& out, std::string_view value) {
  const auto begun = out.size();
  out += value;
  if (!any_control(value)) return;
  for (auto i = begun; i < out.size(); ++i) {
    if (out[i] == '\r' || out[i] == '\n' || out[i] == '\0') out[i] = ' ';
  }
}

void append_number(std::string& out, std::uint64_t number, int base) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

LineReader::State LineReader::feed(std::string_view& data, std::size_t max) {
  if (taken_) kept_.clear(), taken_ = false;
  const auto* end = data.empty() ? nullptr : static_cast<const char*>(std::memchr(data.data(), '\n', data.size()));
  const auto size = end ? static_cast<std::size_t>(end - data.data()) : data.size();
  if (kept_.size() + size + 1 > max) return State::too_long;
  if (!end) {
    kept_ += data;
    data = {};
    return State::more;
  }
  if (kept_.empty()) {
    line_ = data.substr(0, size);  // the usual case: the whole line is here, nothing is copied
  } else {
    kept_ += data.substr(0, size);
    line_ = kept_;
    taken_ = true;
  }
  data.remove_prefix(size + 1);
  return State::line;
}

void LineReader::reset() {
  kept_.clear();
  line_ = {};
  taken_ = false;
}

void ChunkReader::reset() {
  phase_ = Phase::size;
  lines_.reset();
  left_ = 0;
  trailer_bytes_ = 0;
}

bool ChunkReader::size_line(std::string_view line) {
  std::size_t digits = 0;
  std::uint64_t value = 0;
  while (digits < line.size() && hex_digit(line[digits]) >= 0) {
    value = value << 4 | static_cast<std::uint64_t>(hex_digit(line[digits]));
    // 15 digits are an exabyte: more can only be an attempt to overflow somebody.
    if (++digits > 15) return false;
  }
  if (digits == 0) return false;
  const auto extension = line.substr(digits);
  if (!extension.empty() && extension.front() != ';') return false;
  if (any_control(extension)) return false;
  left_ = value;
  return true;
}

ChunkReader::State ChunkReader::feed(std::string_view& data, std::string& body) {
  while (!data.empty() && phase_ != Phase::done) {
    if (phase_ == Phase::data) {
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size()));
      body += data.substr(0, take);
      data.remove_prefix(take);
      left_ -= take;
      if (left_ == 0) phase_ = Phase::data_end;
      continue;
    }
    const auto max = phase_ == Phase::size ? kChunkLineMax : phase_ == Phase::data_end ? 2 : kTrailerMax;
    const auto state = lines_.feed(data, max);
    if (state == LineReader::State::too_long) return State::bad;
    if (state == LineReader::State::more) return State::more;
    if (!ends_with_cr(lines_.line())) return State::bad;
    const auto line = without_cr(lines_.line());
    if (phase_ == Phase::size) {
      if (!size_line(line)) return State::bad;
      phase_ = left_ == 0 ? Phase::trailer : Phase::data;
    } else if (phase_ == Phase::data_end) {
      if (!line.empty()) return State::bad;
      phase_ = Phase::size;
    } else if (line.empty()) {
      phase_ = Phase::done;
    } else {
      trailer_bytes_ += line.size() + 2;
      base::Headers dropped;
      if (trailer_bytes_ > kTrailerMax || !read_field(line, dropped)) return State::bad;
    }
  }
  return phase_ == Phase::done ? State::done : State::more;
}

}  // namespace gateway::net
