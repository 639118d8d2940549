#include "gateway/wire/sse.h"

#include <cstring>

namespace gateway {

void SseDecoder::push(std::string_view bytes) {
  if (frame_begin_ > 0) {
    // What was delivered goes; only the rest of one frame is ever moved.
    // One large read must not stay with a stream of small ones.
    constexpr std::size_t kKept = 16U << 10;
    if (frame_begin_ == buffer_.size() && buffer_.capacity() > kKept) std::string().swap(buffer_);
    else buffer_.erase(0, frame_begin_);
    line_begin_ -= frame_begin_;
    searched_ -= frame_begin_;
    event_.begin -= std::min(event_.begin, frame_begin_);
    data_.begin -= std::min(data_.begin, frame_begin_);
    frame_begin_ = 0;
  }
  buffer_.append(bytes);
}

bool SseDecoder::skip_start() {
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  const std::string_view have(buffer_);
  if (have.size() < kBom.size() && kBom.starts_with(have)) return false;
  at_start_ = false;
  if (have.starts_with(kBom)) clear_frame(kBom.size());
  return true;
}

bool SseDecoder::find_line(std::size_t& end) {
  if (swallow_lf_ && line_begin_ < buffer_.size()) {
    swallow_lf_ = false;
    if (buffer_[line_begin_] == '\n') {
      // Before the first field of a frame the LF belongs to no frame.
      if (frame_begin_ == line_begin_) frame_begin_ = line_begin_ + 1;
      line_begin_ += 1;
      searched_ = std::max(searched_, line_begin_);
    }
  }
  const char* base = buffer_.data();
  const std::size_t length = buffer_.size() - searched_;
  if (length == 0) return false;
  const auto* lf = static_cast<const char*>(std::memchr(base + searched_, '\n', length));
  const std::size_t until = lf ? static_cast<std::size_t>(lf - base) : buffer_.size();
  const auto* cr = until > searched_ ? static_cast<const char*>(std::memchr(base + searched_, '\r', until - searched_)) : nullptr;
  if (!cr && !lf) {
    searched_ = buffer_.size();
    return false;
  }
  end = cr ? static_cast<std::size_t>(cr - base) : until;
  return true;
}

void SseDecoder::data_line(Span value) {
  if (bare_) data_lines_ = 0;  // real data wins over stray lines
  bare_ = false;
  if (data_lines_ == 1) joined_.assign(buffer_, data_.begin, data_.size);
  if (data_lines_ >= 1) {
    joined_ += '\n';
    joined_.append(buffer_, value.begin, value.size);
  } else {
    data_ = value;
  }
  ++data_lines_;
}

void SseDecoder::bare_line(std::size_t begin, std::size_t end) {
  if (data_lines_ > 0 && !bare_) return;
  if (data_lines_ == 0) {
    const auto first = buffer_.find_first_not_of(" \t", begin);
    if (first >= end || buffer_[first] != '{') return;
    bare_ = true;
    joined_.clear();
  } else {
    joined_ += '\n';
  }
  joined_.append(buffer_, begin, end - begin);
  data_lines_ = 2;  // always taken from joined_
}

/// False: a lone comment, to be delivered by itself.
bool SseDecoder::field_line(std::size_t begin, std::size_t end) {
  const std::string_view line(buffer_.data() + begin, end - begin);
  if (line.front() == ':') return any_field_ || data_lines_ > 0;
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  Span value{end, 0};
  if (colon != std::string_view::npos) {
    std::size_t from = begin + colon + 1;
    if (from < end && buffer_[from] == ' ') ++from;
    value = {from, end - from};
  }
  if (name == "data") {
    data_line(value);
  } else if (name == "event") {
    event_ = value;
  } else if (name != "id" && name != "retry") {
    bare_line(begin, end);
    return true;
  }
  any_field_ = true;
  return true;
}

void SseDecoder::clear_frame(std::size_t at) {
  frame_begin_ = line_begin_ = at;
  searched_ = std::max(searched_, at);
  event_ = data_ = {};
  data_lines_ = 0;
  any_field_ = has_cr_ = bare_ = false;
}

void SseDecoder::deliver(SseFrame& frame, std::size_t end) {
  const std::string_view all(buffer_);
  frame = {};
  frame.event = all.substr(event_.begin, event_.size);
  frame.data = data_lines_ == 1 ? all.substr(data_.begin, data_.size) : data_lines_ > 1 ? std::string_view(joined_) : std::string_view{};
  frame.raw = all.substr(frame_begin_, end - frame_begin_);
  frame.lf_only = !has_cr_;
  frame.bare = bare_;
  clear_frame(end);
}

bool SseDecoder::next(SseFrame& frame) {
  if (too_large_ || (at_start_ && !skip_start())) return false;
  std::size_t end = 0;
  while (find_line(end)) {
    const std::size_t begin = line_begin_;
    swallow_lf_ = buffer_[end] == '\r';
    has_cr_ = has_cr_ || swallow_lf_;
    line_begin_ = searched_ = end + 1;
    if (line_begin_ - frame_begin_ > frame_max_) break;
    if (end > begin) {
      if (field_line(begin, end)) continue;
      deliver(frame, line_begin_);
      frame.comment = true;
      return true;
    }
    if (any_field_ || data_lines_ > 0) {
      deliver(frame, line_begin_);
      return true;
    }
    clear_frame(line_begin_);  // a blank line between frames
  }
  too_large_ = buffer_.size() - frame_begin_ > frame_max_;
  return false;
}

bool SseDecoder::finish(SseFrame& frame) {
  if (too_large_) return false;
  if (line_begin_ < buffer_.size()) field_line(line_begin_, buffer_.size());
  if (data_lines_ == 0) return false;
  line_begin_ = searched_ = buffer_.size();
  deliver(frame, buffer_.size());
  frame.cut = true;
  return true;
}

}  // namespace gateway
