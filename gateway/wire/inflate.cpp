#include "gateway/wire/inflate.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>

#include "base/text.h"

namespace gateway::net {

struct Inflater::Stream {
  z_stream z{};
  bool open = false;
  ~Stream() {
    if (open) inflateEnd(&z);
  }
};

std::unique_ptr<Inflater> Inflater::make(std::string_view content_encoding) {
  const auto name = base::trim(content_encoding);
  const bool gzip = base::iequals(name, "gzip") || base::iequals(name, "x-gzip");
  if (!gzip && !base::iequals(name, "deflate")) return nullptr;
  return std::unique_ptr<Inflater>(new Inflater(gzip));
}

Inflater::Inflater(bool gzip) : stream_(std::make_unique<Stream>()), gzip_named_(gzip) {}
Inflater::~Inflater() = default;

bool Inflater::finished() const {
  if (form_ == Form::undecided) return held_.empty();
  return form_ == Form::plain || ended_;
}

bool Inflater::decide(std::string_view data) {
  if (data.size() < 2) return false;
  const auto first = static_cast<unsigned char>(data[0]), second = static_cast<unsigned char>(data[1]);
  if (first == 0x1f && second == 0x8b) form_ = Form::gzip;
  // RFC 1950: the first two bytes are a multiple of 31, and the method is 8.
  else if ((first & 0x0f) == 8 && (first * 256 + second) % 31 == 0) form_ = Form::zlib;
  else form_ = gzip_named_ ? Form::plain : Form::raw;
  if (form_ == Form::plain) return true;
  const int bits = form_ == Form::gzip ? 15 + 16 : form_ == Form::zlib ? 15 : -15;
  stream_->open = inflateInit2(&stream_->z, bits) == Z_OK;
  return true;
}

std::optional<std::string> Inflater::feed(std::string_view data) {
  std::string joined;
  if (form_ == Form::undecided) {
    held_ += data;
    if (!decide(held_)) return std::string{};
    joined = std::exchange(held_, {});
    data = joined;
  }
  if (form_ == Form::plain) return std::string(data);
  auto& z = stream_->z;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  z.avail_in = static_cast<uInt>(data.size());
  std::string out;
  std::array<char, 16384> piece;
  for (bool more = z.avail_in > 0; more;) {
    if (ended_) {
      // A second gzip member (RFC 1952, section 2.2) goes on; anything else after the end is padding.
      if (form_ != Form::gzip || *z.next_in != 0x1f) break;
      inflateReset(&z);
      ended_ = false;
    }
    z.next_out = reinterpret_cast<Bytef*>(piece.data());
    z.avail_out = piece.size();
    const int result = inflate(&z, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - z.avail_out);
    if (total_ + out.size() > kInflatedMax) {
      over_limit_ = true;
      problem_ = fmt::format("the reply inflates to more than {} bytes", kInflatedMax);
      return std::nullopt;
    }
    // Z_BUF_ERROR: nothing was left to do, which is no error (zlib.h).
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      problem_ = "the compressed body of the reply is damaged";
      return std::nullopt;
    }
    ended_ = result == Z_STREAM_END;
    // A full piece means that zlib may hold more, even without further input.
    more = z.avail_in > 0 || (z.avail_out == 0 && !ended_);
  }
  total_ += out.size();
  return out;
}

}  // namespace gateway::net
