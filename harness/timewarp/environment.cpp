// The environment of a process under the shim.
#include "harness/timewarp/environment.h"

#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string_view>

namespace harness::timewarp {
namespace {

std::int64_t now_ns(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

std::string& entry(std::vector<std::string>& environment, std::string_view name) {
  for (std::string& line : environment) {
    if (line.size() > name.size() && line.compare(0, name.size(), name) == 0 && line[name.size()] == '=') return line;
  }
  return environment.emplace_back(std::string(name) + "=");
}

void put_first(std::string& line, const std::string& value, char between) {
  const std::size_t at = line.find('=') + 1;
  if (line.find(value, at) != std::string::npos) return;
  line.insert(at, at == line.size() ? value : value + between);
}

}  // namespace

Clock Clock::starting_now(double factor) { return {factor, now_ns(CLOCK_MONOTONIC), now_ns(CLOCK_REALTIME)}; }

std::string Clock::text() const {
  std::array<char, 96> room{};
  std::snprintf(room.data(), room.size(), "%.17g:%lld:%lld", factor, static_cast<long long>(monotonic_zero),
                static_cast<long long>(wall_zero));
  return room.data();
}

std::int64_t Clock::to_virtual(std::int64_t monotonic_ns) const {
  return monotonic_zero + static_cast<std::int64_t>(static_cast<double>(monotonic_ns - monotonic_zero) * factor);
}
std::int64_t Clock::to_real(std::int64_t virtual_ns) const {
  return monotonic_zero + static_cast<std::int64_t>(static_cast<double>(virtual_ns - monotonic_zero) / factor);
}

std::filesystem::path shim_beside_program() {
  std::error_code ec;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ec);
  if (ec) return {};
  const auto folder = program.parent_path();
  for (const auto& candidate : {folder / "timewarp.so", folder / "../libexec/brownout/timewarp.so"}) {
    if (std::filesystem::exists(candidate, ec)) return std::filesystem::weakly_canonical(candidate, ec);
  }
  return {};
}

void put_under(const Clock& clock, const std::filesystem::path& shim, std::vector<std::string>& environment) {
  if (clock.factor == 1) return;
  put_first(entry(environment, "LD_PRELOAD"), shim.string(), ':');
  entry(environment, "TIMEWARP") = "TIMEWARP=" + clock.text();
  put_first(entry(environment, "ASAN_OPTIONS"), "verify_asan_link_order=0", ':');
}

}  // namespace harness::timewarp
