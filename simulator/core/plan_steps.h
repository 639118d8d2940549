// The vocabulary of plan steps: which words a step may hold and of what kind. Inside simulator/core only.
#pragma once

#include <array>
#include <string_view>

namespace simulator {

enum class ValueKind { integer, count, text, duration, flag, object, any };
struct StepRow {
  std::string_view name;
  ValueKind kind;
  std::string_view companions;  ///< other keys this step may have, separated by spaces
};

inline constexpr std::array<StepRow, 27> kSteps{{
    {"status", ValueKind::integer, ""},
    {"reason", ValueKind::text, ""},
    {"headers", ValueKind::object, ""},
    {"header_bytes", ValueKind::integer, ""},
    {"body", ValueKind::any, ""},
    {"body_bytes", ValueKind::integer, ""},
    {"error", ValueKind::text, "message retry_after"},
    {"error_event", ValueKind::text, "message"},
    {"script", ValueKind::object, ""},
    {"edit", ValueKind::text, ""},
    {"framing", ValueKind::text, ""},
    {"length", ValueKind::integer, ""},
    {"date_in", ValueKind::duration, ""},
    {"head", ValueKind::flag, ""},
    {"events", ValueKind::count, ""},
    {"bytes", ValueKind::count, ""},
    {"rest", ValueKind::flag, ""},
    {"event", ValueKind::any, ""},
    {"raw", ValueKind::text, ""},
    {"garbage", ValueKind::integer, ""},
    {"drip", ValueKind::integer, "every"},
    {"gap", ValueKind::duration, ""},
    {"wait", ValueKind::duration, "to"},
    {"comment", ValueKind::text, "every for"},
    {"fin", ValueKind::flag, ""},
    {"rst", ValueKind::flag, ""},
    {"hold", ValueKind::any, ""},
}};
// "close_on_reuse" is for the table only: it promises something about the next request, which a plan cannot see.

inline constexpr std::array<std::string_view, 13> kEdits{"crlf", "cr", "bom", "no-space", "duplicate", "reorder", "drop-terminal",
                                                          "drop-finish", "one-byte", "utf8-split", "bad-json", "latin1", "gzip"};

inline constexpr std::int64_t kPlanBytesMax = 64 << 20;  ///< of made-up bytes in one step
inline constexpr std::size_t kPlanStepsMax = 1000;

}  // namespace simulator
