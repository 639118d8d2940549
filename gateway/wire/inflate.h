// Decompresses a reply that came compressed although it was asked not to. Pure: bytes in, bytes out, with a bound.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::net {

/// What one reply may grow to: a few KB of zeros would otherwise fill the memory.
inline constexpr std::size_t kInflatedMax = 64U << 20;

class Inflater {
 public:
  /// "gzip", "x-gzip" and "deflate" (with or without its zlib head); null for everything else.
  static std::unique_ptr<Inflater> make(std::string_view content_encoding);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// nullopt: damaged, or over kInflatedMax; problem() says which. A body that is not compressed at all, whatever its head says,
  /// passes unchanged: the words of an error are worth more than the form.
  std::optional<std::string> feed(std::string_view data);
  /// The compressed stream is whole. True for an empty body too.
  bool finished() const;
  const std::string& problem() const { return problem_; }
  bool over_limit() const { return over_limit_; }

 private:
  enum class Form { undecided, gzip, zlib, raw, plain };
  explicit Inflater(bool gzip);
  bool decide(std::string_view data);

  struct Stream;
  std::unique_ptr<Stream> stream_;
  bool gzip_named_;
  Form form_ = Form::undecided;
  std::string held_;  // the first bytes, until the form is known
  std::size_t total_ = 0;
  bool ended_ = false;
  bool over_limit_ = false;
  std::string problem_;
};

}  // namespace gateway::net
