// One table for each enumeration of a unit's settings: the reader and `show` both take their words from it.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/manager/unit.h"

namespace harness::manager {

template <class E>
using Word = std::pair<E, std::string_view>;

inline constexpr std::array<Word<ServiceType>, 5> kServiceTypes{{{ServiceType::simple, "simple"},
                                                                 {ServiceType::exec, "exec"},
                                                                 {ServiceType::oneshot, "oneshot"},
                                                                 {ServiceType::notify, "notify"},
                                                                 {ServiceType::notify_reload, "notify-reload"}}};
inline constexpr std::array<Word<Restart>, 7> kRestarts{{{Restart::no, "no"},
                                                         {Restart::on_success, "on-success"},
                                                         {Restart::on_failure, "on-failure"},
                                                         {Restart::on_abnormal, "on-abnormal"},
                                                         {Restart::on_watchdog, "on-watchdog"},
                                                         {Restart::on_abort, "on-abort"},
                                                         {Restart::always, "always"}}};
inline constexpr std::array<Word<RestartMode>, 2> kRestartModes{{{RestartMode::normal, "normal"}, {RestartMode::direct, "direct"}}};
inline constexpr std::array<Word<LoadState>, 4> kLoadStates{{{LoadState::loaded, "loaded"},
                                                             {LoadState::not_found, "not-found"},
                                                             {LoadState::bad_setting, "bad-setting"},
                                                             {LoadState::masked, "masked"}}};
inline constexpr std::array<Word<KillMode>, 4> kKillModes{{{KillMode::control_group, "control-group"},
                                                           {KillMode::mixed, "mixed"},
                                                           {KillMode::process, "process"},
                                                           {KillMode::none, "none"}}};
inline constexpr std::array<Word<NotifyAccess>, 4> kNotifyAccesses{{{NotifyAccess::none, "none"},
                                                                    {NotifyAccess::main, "main"},
                                                                    {NotifyAccess::exec, "exec"},
                                                                    {NotifyAccess::all, "all"}}};
inline constexpr std::array<Word<FailureMode>, 3> kFailureModes{
    {{FailureMode::terminate, "terminate"}, {FailureMode::abort, "abort"}, {FailureMode::kill, "kill"}}};
inline constexpr std::array<Word<OomPolicy>, 3> kOomPolicies{
    {{OomPolicy::stop, "stop"}, {OomPolicy::continue_, "continue"}, {OomPolicy::kill, "kill"}}};
inline constexpr std::array<Word<ExitType>, 2> kExitTypes{{{ExitType::main, "main"}, {ExitType::group, "cgroup"}}};

template <class E, std::size_t N>
std::string_view word_of(const std::array<Word<E>, N>& table, E value) {
  for (const auto& [candidate, word] : table) {
    if (candidate == value) return word;
  }
  return "";
}
template <class E, std::size_t N>
std::optional<E> value_of(const std::array<Word<E>, N>& table, std::string_view text) {
  for (const auto& [value, word] : table) {
    if (word == text) return value;
  }
  return std::nullopt;
}

}  // namespace harness::manager
