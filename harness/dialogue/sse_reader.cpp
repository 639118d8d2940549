#include "harness/dialogue/sse_reader.h"

#include <algorithm>
#include <utility>

namespace harness {

void SseReader::feed(std::string_view bytes) {
  // Two searches of many bytes at a time: a search for either end looks at each byte alone. The next \n is kept, so that none is looked for twice.
  auto next_lf = bytes.find('\n');
  const auto drop = [&](std::size_t size) {
    bytes.remove_prefix(size);
    if (next_lf == std::string_view::npos) return;
    next_lf = next_lf < size ? bytes.find('\n') : next_lf - size;
  };
  while (!bytes.empty()) {
    if (std::exchange(skip_lf_, false) && bytes.front() == '\n') {
      drop(1);
      continue;
    }
    const auto end = std::min(next_lf, bytes.substr(0, next_lf).find('\r'));
    if (end == std::string_view::npos) {
      buffer_ += bytes;
      return;
    }
    skip_lf_ = bytes[end] == '\r';
    if (buffer_.empty()) {
      line(bytes.substr(0, end));
    } else {
      std::string text;
      text.swap(buffer_);
      line(text += bytes.substr(0, end));
    }
    drop(end + 1);
  }
}

void SseReader::line(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (!started_ && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  started_ = true;
  if (text.empty()) {
    if (has_data_ && on_event) on_event(name_, data_);
    name_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  if (text.front() == ':') {
    if (on_comment) on_comment();
    return;
  }
  const auto colon = text.find(':');
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
}

}  // namespace harness
