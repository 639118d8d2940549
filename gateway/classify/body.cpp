// The shapes that are not JSON, and which shape it is.
#include "gateway/classify/body.h"

#include <zlib.h>

#include "base/text.h"
#include "gateway/classify/body_json.h"

namespace gateway {
namespace {

constexpr std::size_t kTitleMax = 120;

/// Text between `open` and `close`, tags and runs of space removed.
std::string element(std::string_view page, std::string_view lower_page, std::string_view open, std::string_view close) {
  auto from = lower_page.find(open);
  if (from == std::string_view::npos) return {};
  from = lower_page.find('>', from);
  if (from == std::string_view::npos) return {};
  auto to = lower_page.find(close, from);
  if (to == std::string_view::npos) to = page.size();  // a page cut in its title
  std::string out;
  bool tag = false;
  for (const char c : page.substr(from + 1, std::min(to - from - 1, kTitleMax * 4))) {
    if (c == '<') tag = true;
    if (!tag) out += c;
    if (c == '>') tag = false;
  }
  return base::printable(out, kTitleMax);
}

std::string ray_id(std::string_view page, std::string_view lower_page) {
  const auto at = lower_page.find("ray id:");
  if (at == std::string_view::npos) return {};
  std::string ray;
  bool tag = false;
  for (const char c : page.substr(at + 7, 200)) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (c == '<') tag = true;
    if (!tag && hex) ray += c;
    else if (!tag && c != ' ' && c != '\n' && !ray.empty()) break;
    if (c == '>') tag = false;
    if (ray.size() == 16) break;
  }
  return ray.size() >= 8 ? ray : std::string();
}

bool looks_like_html(std::string_view text) {
  if (text.empty() || text.front() != '<') return false;
  const auto head = base::lower(text.substr(0, 1024));
  for (const std::string_view mark : {"<!doctype", "<html", "<head", "<body", "<title", "<center", "<h1"}) {
    if (head.find(mark) != std::string::npos) return true;
  }
  return false;
}

void read_html(std::string_view page, BodyFacts& facts) {
  facts.kind = BodyFacts::Kind::html;
  const auto lower_page = base::lower(page);
  facts.display = element(page, lower_page, "<title", "</title");
  const auto heading = element(page, lower_page, "<h1", "</h1");
  if (facts.display.empty()) facts.display = heading;
  facts.ray = ray_id(page, lower_page);
  facts.text = base::lower(facts.display) + "\n" + base::lower(heading) + "\n";
}

bool mostly_text(std::string_view body) {
  std::size_t odd = 0;
  const auto sample = body.substr(0, 512);
  for (const char c : sample) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 && c != '\n' && c != '\r' && c != '\t') ++odd;
  }
  return odd * 20 <= sample.size();
}

}  // namespace

bool looks_compressed(std::string_view data) {
  if (data.size() < 3) return false;
  const auto a = static_cast<unsigned char>(data[0]), b = static_cast<unsigned char>(data[1]);
  // RFC 1952: 1f 8b. RFC 1950: 78 and a check of the two bytes, which no text starts with.
  return (a == 0x1F && b == 0x8B) || (a == 0x78 && (b == 0x01 || b == 0x9C || b == 0xDA));
}

std::string inflate_body(std::string_view data) {
  z_stream stream{};
  constexpr int kAnyHeader = 15 + 32;  // zlib.h: 32 added to windowBits detects gzip and zlib
  if (inflateInit2(&stream, kAnyHeader) != Z_OK) return {};
  std::string out(kBodyScanMax, '\0');
  std::string copy(data.substr(0, kBodyScanMax));  // zlib's input pointer is not const
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_SYNC_FLUSH);  // an error leaves what was inflated before it
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return out;
}

BodyFacts read_body(std::string_view body) {
  BodyFacts facts;
  std::string inflated;
  if (looks_compressed(body)) {
    inflated = inflate_body(body);
    if (!inflated.empty()) body = inflated;
  }
  body = body.substr(0, kBodyScanMax);
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  const auto text = base::trim(body);
  if (text.empty()) return facts;
  if (text.front() == '{' || text.front() == '[' || text.front() == '"') {
    facts.kind = BodyFacts::Kind::json;
    read_json_body(text, facts);
  } else if (looks_like_html(text)) {
    read_html(text, facts);
  } else if (!mostly_text(text)) {
    facts.kind = BodyFacts::Kind::binary;
  } else {
    facts.kind = BodyFacts::Kind::text;
    add_message(facts, text);
  }
  return facts;
}

void add_message(BodyFacts& facts, std::string_view message) {
  message = base::trim(message);
  if (message.empty()) return;
  if (message.front() == '{' || message.front() == '[') {
    const auto before = facts.text.size();
    read_json_body(message, facts);
    if (facts.text.size() > before) return;
  }
  add_text(facts, message);
}

void add_text(BodyFacts& facts, std::string_view message) {
  if (facts.text.size() >= kBodyTextMax) return;
  message = message.substr(0, kBodyTextMax - facts.text.size());
  const auto start = facts.text.size();
  facts.text.resize(start + message.size() + 1);
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    facts.text[start + i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  facts.text.back() = '\n';
  if (facts.display.empty()) facts.display.assign(message);
}

}  // namespace gateway
