#include "tests/explore/rows/probe.h"

#include <array>

namespace harness::explore {
namespace {

constexpr std::uint32_t kAttemptsMax = 8;
// Long enough for the end of a connection to be seen before it is used again; both are right, and only one of them is always the same.
constexpr auto kRest = std::chrono::milliseconds{30};

std::string word_of(gateway::TransportError error) {
  constexpr std::array<const char*, 16> kWords{"none", "refused", "unreachable", "dns", "reset", "closed", "tls", "tls_certificate", "connect_timeout",
                                               "first_byte_timeout", "first_content_timeout", "idle_timeout", "total_timeout", "malformed", "too_large", "unknown"};
  return kWords[static_cast<std::size_t>(error)];
}

}  // namespace

Probe::Probe(std::vector<Ask> asks, Before before) : asks_(std::move(asks)), before_(std::move(before)), courses_(asks_.size()), open_(asks_.size()) {
  for (std::size_t i = 0; i < asks_.size(); ++i) courses_[i].wanted = asks_[i].twice ? 2 : 1;
}

Probe::Course* Probe::course_of(gateway::AttemptId id) {
  auto& course = courses_[id.value / kAttemptsMax];
  return course.state == Course::State::asking && course.seen.size() == id.value % kAttemptsMax ? &course : nullptr;
}

void Probe::end(base::Instant now, std::size_t ask, std::string how) {
  auto& course = courses_[ask];
  course.seen.back().ending = std::move(how);
  course.seen.back().end = now - course.began;
  if (course.seen.size() < course.wanted) {
    course.state = Course::State::waiting;
    course.due = now + kRest;
  } else {
    course.state = Course::State::over;
    --open_;
  }
}

void Probe::take(base::Instant now, const gateway::Event& event) {
  if (const auto* head = std::get_if<gateway::UpstreamHead>(&event)) {
    if (auto* course = course_of(head->id)) {
      course->seen.back().status = head->status;
      course->seen.back().headers = head->headers;
      course->seen.back().arrivals.push_back(now - course->began);
    }
  } else if (const auto* bytes = std::get_if<gateway::UpstreamBytes>(&event)) {
    if (auto* course = course_of(bytes->id)) {
      course->seen.back().bytes += bytes->bytes;
      course->seen.back().arrivals.push_back(now - course->began);
    }
  } else if (const auto* whole = std::get_if<gateway::UpstreamEnd>(&event)) {
    if (course_of(whole->id)) end(now, whole->id.value / kAttemptsMax, "complete");
  } else if (const auto* failed = std::get_if<gateway::UpstreamFailed>(&event)) {
    auto* course = course_of(failed->id);
    if (!course) return;
    // What the gateway would send again at once is asked again here, too.
    if (failed->replayable && course->wanted < kAttemptsMax - 1) ++course->wanted;
    end(now, failed->id.value / kAttemptsMax, word_of(failed->error) + (failed->replayable ? ", may be sent again" : ""));
  }
}

void Probe::step(gateway::Moment moment, const gateway::Event& event, std::vector<gateway::Action>& out) {
  const auto now = moment.instant;
  if (!std::exchange(begun_, true)) {
    for (std::size_t i = 0; i < asks_.size(); ++i) courses_[i].due = now + asks_[i].start;
  }
  take(now, event);
  for (std::size_t i = 0; i < courses_.size(); ++i) {
    auto& course = courses_[i];
    if (course.state == Course::State::over || course.due > now) continue;
    if (course.state == Course::State::asking) {
      out.push_back(gateway::CancelAttempt{gateway::AttemptId{static_cast<std::uint32_t>(i * kAttemptsMax + course.seen.size())}});
      end(now, i, "given up");
      continue;
    }
    if (before_) before_(i, course.seen.size());
    course.seen.emplace_back();
    course.state = Course::State::asking;
    course.began = now;
    course.due = now + asks_[i].deadline;
    auto attempt = asks_[i].attempt;
    attempt.id = gateway::AttemptId{static_cast<std::uint32_t>(i * kAttemptsMax + course.seen.size())};
    out.push_back(std::move(attempt));
  }
}

base::Instant Probe::next_wake() const {
  if (!begun_) return base::Instant{};
  auto next = base::kNever;
  for (const auto& course : courses_) {
    if (course.state != Course::State::over) next = std::min(next, course.due);
  }
  return next;
}

}  // namespace harness::explore
