#pragma once

#include "engine/config/node.hpp"
#include "engine/config/spec.hpp"
#include "engine/topology/graph.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The inside of the reading of topology files, shared by load.cpp, stages.cpp and plan.cpp.
namespace sallyport::topology {

/// A topology as far as it could be read: also when there are findings, so that a config's bindings
/// can be checked in the same run.
struct loaded {
  graph topology;
  bool ports_known = false;
  /// Ports whose kind is in doubt: their bindings are not checked.
  std::vector<std::string> unclear;
};

/// The values that a config gives to settings, as they stand in it.
struct given_settings {
  std::map<std::string, config::node, std::less<>> values;
  config::location where; ///< of the section, or of what stands for it
};

[[nodiscard]] loaded read_topology(std::string_view yaml, const std::string& path,
                                   const given_settings& given, config::findings& out);

/// What a stage says, before its neighbours are known.
struct stage_draft {
  stage made;
  std::string operator_name;
  std::vector<config::params> from;
  bool has_from = false;
  bool sound = false; ///< operator known and its `with:` without mistakes
};

/// What the parts of a topology touch, for the check of what nothing touches.
struct usage {
  std::map<std::string, config::location> read;
  std::vector<std::string> published;
  std::vector<std::string> called;
  // What only follows from another mistake is not told.
  std::vector<std::string> unclear; ///< ports whose kind is in doubt
  bool reads_known = true;          ///< false when a part's `reads:` was wrong
  bool operators_known = true;      ///< false when an operator, or what it names, was wrong
};

/// Reads a part's stages, connects and orders them.
void read_part(const std::string& name, const config::location& where, const config::params& from,
               graph& into, usage& used, config::findings& out);

/// The values of a field that holds a text, or texts in a list or map, with their places.
struct named_text {
  std::string text;
  config::location where;
};
[[nodiscard]] std::vector<named_text> texts_of(const config::spec& spec, const config::params& with,
                                               const std::string& field);

/// The fields of a topic's binding. `connectors` is `ingress`, `egress` or nothing.
[[nodiscard]] config::spec topic_spec(const std::string& name, const std::string& topic,
                                      std::uint32_t partitions, const std::string& connectors);

/// What `log: { embedded: … }` takes.
[[nodiscard]] const config::spec& embedded_log_spec();

/// Names of parts and stages become names of state rows and metric labels: letters, digits, `_`,
/// `-`. Those of topics may have dots. Gives what is wrong, or nothing.
[[nodiscard]] std::optional<std::string> wrong_stage_name(std::string_view name);
[[nodiscard]] std::optional<std::string> wrong_topic_name(std::string_view name);

[[nodiscard]] std::string quote(std::string_view text);
[[nodiscard]] std::string joined(const std::vector<std::string>& words);
/// `did you mean 'x'?`, or `otherwise` when no candidate is near. `meant` (if given) is told which.
[[nodiscard]] std::string suggestion(std::string_view word,
                                     const std::vector<std::string>& candidates,
                                     const std::string& otherwise, std::string* meant = nullptr);

/// Orders findings by their place within each file; files keep the order in which they came.
void sort_by_place(config::findings& all, std::size_t from);

} // namespace sallyport::topology
