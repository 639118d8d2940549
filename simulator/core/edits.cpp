#include "simulator/core/edits.h"

#include <zlib.h>

#include "base/text.h"

namespace simulator {
namespace {

std::string whole(const HealthyReply& reply) {
  std::string all;
  for (const auto& part : reply.parts) all += part;
  return all;
}

std::string gzip(const std::string& text) {
  z_stream z{};
  // 15 + 16: the largest window, with a gzip header.
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return text;
  std::string out(deflateBound(&z, text.size()) + 32, '\0');
  std::string in = text;
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

/// Replaces two-byte UTF-8 of U+0080…U+00FF by one Latin-1 byte; adds one when there was none, so that the edit shows.
std::string latin1(const std::string& text) {
  std::string out;
  bool changed = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c == 0xC2 || c == 0xC3) && i + 1 < text.size()) {
      out += static_cast<char>(((c & 3) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
      changed = true;
    } else {
      out += text[i];
    }
  }
  if (!changed) {
    // The first letter after the key that all dialects have for text.
    for (const auto* key : {"\"content\":\"", "\"text\":\"", "\"delta\":\""}) {
      if (const auto at = out.find(key); at != std::string::npos) {
        out.insert(at + std::string_view(key).size(), 1, '\xE9');
        return out;
      }
    }
  }
  return out;
}

void split_in_characters(HealthyReply& reply) {
  std::vector<std::string> parts;
  for (auto& part : reply.parts) {
    std::size_t cut = 0;
    for (std::size_t i = 0; i + 1 < part.size(); ++i) {
      if ((static_cast<unsigned char>(part[i]) & 0xC0) == 0xC0) {
        cut = i + 1;
        break;
      }
    }
    if (cut == 0) {
      parts.push_back(std::move(part));
    } else {
      parts.push_back(part.substr(0, cut));
      parts.push_back(part.substr(cut));
    }
  }
  reply.parts = std::move(parts);
}

void drop_last(HealthyReply& reply, std::size_t count) {
  for (; count > 0 && !reply.parts.empty(); --count) reply.parts.pop_back();
  reply.terminal_parts = 0;
}

}  // namespace

void edit_reply(std::string_view name, HealthyReply& reply) {
  auto& parts = reply.parts;
  if (name == "crlf" || name == "cr") {
    for (auto& part : parts) part = base::replace_all(part, "\n", name == "cr" ? "\r" : "\r\n");
  } else if (name == "bom") {
    if (!parts.empty()) parts[0].insert(0, "\xEF\xBB\xBF");
  } else if (name == "no-space") {
    for (auto& part : parts) part = base::replace_all(base::replace_all(part, "data: ", "data:"), "event: ", "event:");
  } else if (name == "duplicate") {
    std::vector<std::string> twice;
    for (const auto& part : parts) twice.insert(twice.end(), 2, part);
    parts = reply.stream ? std::move(twice) : parts;
  } else if (name == "reorder") {
    const auto end = parts.size() - std::min(parts.size(), reply.terminal_parts);
    for (std::size_t i = reply.content_first; i + 1 < end; i += 2) std::swap(parts[i], parts[i + 1]);
  } else if (name == "drop-terminal") {
    drop_last(reply, reply.stream ? std::max<std::size_t>(1, reply.terminal_parts) : 0);
  } else if (name == "drop-finish") {
    drop_last(reply, reply.stream ? reply.terminal_parts + 1 : 0);
    while (reply.stream && !parts.empty() &&
           (parts.back().find("\"finish_reason\":\"") != std::string::npos || parts.back().find("\"stop_reason\":\"") != std::string::npos ||
            parts.back().find("\"finishReason\":\"") != std::string::npos)) {
      parts.pop_back();
    }
  } else if (name == "one-byte") {
    const auto all = whole(reply);
    parts.clear();
    for (const char c : all) parts.emplace_back(1, c);
  } else if (name == "utf8-split") {
    split_in_characters(reply);
  } else if (name == "bad-json") {
    if (reply.stream) {
      for (auto& part : parts) part = base::replace_all(part, "}\n\n", "\n\n");
    } else if (!parts.empty()) {
      parts[0].resize(parts[0].size() / 2);
    }
  } else if (name == "latin1") {
    for (auto& part : parts) part = latin1(part);
  } else if (name == "gzip") {
    const auto all = gzip(whole(reply));
    parts.assign(1, all);
    reply.headers.set("content-encoding", "gzip");
  }
}

}  // namespace simulator
