// A step in a few words, for timelines and messages. And small tools that steps need in both worlds. Pure.
#pragma once

#include <string>

#include "harness/scenario/scenario.h"

namespace harness {

std::string describe_step(const Step& step);
/// Whose fault a failed step is: a condition is the gateway's to bring, whatever else fails is the harness's own affair.
std::string_view failure_cause(const Step& step);
/// "USR1" or "SIGUSR1" → its number on Linux; 0 when there is none of that name.
int signal_number(std::string name);
/// "a.b.c" → a member of `json`, made on the way; numbers index arrays.
base::Json& at_path(base::Json& json, const std::string& path);

}  // namespace harness
