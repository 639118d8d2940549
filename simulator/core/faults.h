// The one table of faults: loader, schema, `simulator faults`, documents, random generator and tests all come from it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/core/plan_spec.h"
#include "simulator/core/provider_reply.h"

namespace simulator {

/// When a fault can act: before a connection is accepted, on a fresh connection, or on a request.
enum class Stage { listen, accept, tls, request };
/// How the connection ends under the fault, as its raw-socket test asserts it.
enum class Ending { complete, fin, rst, silence, refused, tls_error, reuse_rst };
inline constexpr std::array<std::string_view, 7> kEndingNames{"complete", "fin", "rst", "silence", "refused", "tls-error", "reuse-rst"};

struct FaultRow {
  std::string_view name;
  std::string_view group;
  Stage stage;
  Ending ending;
  std::string_view summary;
  std::string_view plan;    ///< JSON steps; "$events" stands for a parameter
  std::string_view params;  ///< "events=3 for=forever": names and defaults
};

/// The named rows: everything but the families and the catalogue.
std::span<const FaultRow> fault_rows();

struct CatalogueEntry {
  std::string id, provider, api, when, meaning, source;
  std::string close, split, encoding;  ///< how the transport misbehaves, in the catalogue's words
  int status = 0;
  base::Headers headers;
  std::string body;  ///< as sent
};
/// Real replies of real providers, by id. Parsed at the first call.
const std::vector<CatalogueEntry>& catalogue();

/// One line of `simulator faults`.
struct FaultInfo {
  std::string name, group, summary, params, source;
  Stage stage = Stage::request;
  Ending ending = Ending::complete;
};
/// Rows, families, catalogue: every name that "fault" accepts.
std::vector<FaultInfo> all_faults();
std::optional<FaultInfo> find_fault(std::string_view name);
std::vector<std::string> fault_names();

struct CompileContext {
  const ProviderSpec* spec = nullptr;
  const ProviderRequest* request = nullptr;
  ReplyContext reply;
  std::uint64_t dice = 0;  ///< for garbage and distributions; the same for the same attempt and seed
};
/// What goes over the wire when this fault meets this healthy reply. `fault` has been checked by read_fault.
WirePlan compile_fault(const FaultUse& fault, const HealthyReply& healthy, const CompileContext& context);

/// Checks the steps of a plan without running it; problems as text, with the index of the step.
std::vector<std::string> check_plan(const base::Json& plan);
/// Names of the step kinds, for messages and the schema.
std::span<const std::string_view> step_names();
std::span<const std::string_view> edit_names();

}  // namespace simulator
