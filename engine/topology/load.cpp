#include "engine/topology/load.hpp"

#include "engine/config/expand.hpp"
#include "engine/config/node.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace sallyport::topology {

using config::field;
using config::findings;
using config::location;
using config::node;
using config::spec;

// -- words ----------------------------------------------------------------------------------------

std::string quote(std::string_view text) { return "'" + std::string{text} + "'"; }

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words)
    out += (out.empty() ? "" : ", ") + w;
  return out;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates,
                       const std::string& otherwise, std::string* meant) {
  auto near = config::nearest(word, candidates);
  if (near && meant != nullptr)
    *meant = *near;
  return near ? "did you mean " + quote(*near) + "?" : otherwise;
}

void sort_by_place(findings& all, std::size_t from) {
  std::vector<std::string> files;
  std::vector<std::tuple<std::ptrdiff_t, int, int, std::size_t>> order;
  for (std::size_t i = from; i < all.size(); ++i) {
    const auto& where = all[i].where;
    auto file = std::ranges::find(files, where.file);
    const auto rank = file - files.begin();
    if (file == files.end())
      files.push_back(where.file);
    order.emplace_back(rank, where.line, where.column, i);
  }
  std::ranges::sort(order);
  findings sorted;
  for (const auto& place : order)
    sorted.push_back(std::move(all[std::get<3>(place)]));
  std::ranges::move(sorted, all.begin() + static_cast<std::ptrdiff_t>(from));
}

namespace {

constexpr std::size_t name_chars_max = 200;

std::optional<std::string> wrong_name(std::string_view name, std::string_view marks,
                                      const std::string& takes) {
  auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > name_chars_max || !std::ranges::all_of(name, fits) ||
      name.find_first_not_of('.') == std::string_view::npos)
    return quote(name) + " cannot be a name here: it takes up to " +
           std::to_string(name_chars_max) + " of " + takes;
  return std::nullopt;
}

// -- settings -------------------------------------------------------------------------------------

field field_of(const std::string& type, const std::string& name) {
  if (type == "number")
    return field::number(name);
  if (type == "decimal")
    return field::decimal(name);
  if (type == "boolean")
    return field::boolean(name);
  if (type == "duration")
    return field::duration(name);
  if (type == "size")
    return field::size(name);
  return field::text(name);
}

/// Checks a setting's value by its type, with the same words as any other field.
void check_value(const std::string& type, const std::string& name, const std::string& of,
                 const node& value, findings& out) {
  node holder;
  holder.type = node::kind::mapping;
  holder.where = value.where;
  holder.entries.push_back({name, value.where, value});
  (void) spec{of}.add(field_of(type, name)).parse(&holder, value.where, out);
}

/// The value of each declared setting: what the config gives, else its default.
std::map<std::string, node> setting_values(const config::params& file, const given_settings& given,
                                           findings& out) {
  std::map<std::string, node> values;
  std::vector<std::string> names;
  for (const auto& declared : file.map("settings")) {
    names.push_back(declared.name);
    const auto& type = declared.value.text("type");
    const auto* by_default = declared.value.raw("default");
    auto& value = values[declared.name];
    const auto before = out.size();
    if (by_default != nullptr) {
      check_value(type, "default", "settings." + declared.name, *by_default, out);
      if (by_default->unresolved)
        out.push_back({by_default->where, "the default of a setting cannot hold ${...}",
                       "write the value, and let the config give another"});
      value = *by_default;
    }
    if (auto it = given.values.find(declared.name); it != given.values.end()) {
      check_value(type, declared.name, "settings", it->second, out);
      value = it->second;
    } else if (by_default == nullptr) {
      out.push_back({given.where.file.empty() ? declared.where : given.where,
                     "the setting " + quote(declared.name) + " has no value and no default",
                     "add '" + declared.name + ": ...' below settings: of the config"});
    }
    // A wrong value is told once, and not again where it is used.
    value.unresolved = value.unresolved || out.size() != before;
  }
  for (const auto& [name, value] : given.values)
    if (std::ranges::find(names, name) == names.end())
      out.push_back({value.where, "unknown setting " + quote(name),
                     suggestion(name, names,
                                names.empty() ? "the topology has no settings"
                                              : "the topology has: " + joined(names))});
  return values;
}

/// Resolves `${settings.NAME}`, and notes which names were asked for.
config::resolver setting_resolver(const std::map<std::string, node>& values,
                                  const std::vector<std::string>& declared,
                                  std::set<std::string>& asked) {
  return [&](std::string_view inside, const location& where,
             findings& out) -> std::optional<config::replacement> {
    constexpr std::string_view prefix = "settings.";
    if (!inside.starts_with(prefix)) {
      auto meant = config::nearest(inside.substr(0, inside.find(':')), declared);
      if (meant)
        asked.insert(*meant);
      out.push_back(
        {where,
         "'${" + std::string{inside} + "}': environment variables are not read in a topology",
         meant ? "did you mean '${settings." + *meant + "}'?"
               : "declare a setting, write ${settings.NAME} here, and give it the "
                 "variable in the config"});
      return std::nullopt;
    }
    std::string name{inside.substr(prefix.size())};
    if (name.find(':') != std::string::npos) {
      out.push_back({where, "a default stands in '${" + std::string{inside} + "}'",
                     "the default of a setting stands below settings:"});
      asked.insert(name.substr(0, name.find(':')));
      return std::nullopt;
    }
    std::string meant = name;
    if (std::ranges::find(declared, name) == declared.end())
      out.push_back({where, "unknown setting " + quote(name),
                     suggestion(name, declared, "declare it below settings:", &meant)});
    asked.insert(meant);
    auto it = values.find(name);
    if (it == values.end() || it->second.unresolved || it->second.type != node::kind::scalar)
      return std::nullopt;
    return config::replacement{it->second.text, it->second.from_secret};
  };
}

/// Leaves every `${...}` for the second reading, when the settings are known.
config::resolver patient_resolver() {
  return [](std::string_view, const location&, findings&) -> std::optional<config::replacement> {
    return std::nullopt;
  };
}

// -- ports and topics -----------------------------------------------------------------------------

void read_ports(const config::params& file, graph& into, usage& used, findings& out) {
  for (const auto& p : file.map("ports")) {
    if (auto wrong = wrong_topic_name(p.name))
      out.push_back({p.where, *wrong, ""});
    // A kind that is misspelt was told; the one that was meant spares findings that follow from it.
    const std::vector<std::string> kinds{"source", "sink", "call"};
    const auto kind = config::nearest(p.value.text("kind"), kinds);
    if (!kind)
      used.unclear.push_back(p.name);
    into.ports.push_back({p.name,
                          kind == "sink"   ? port_kind::sink
                          : kind == "call" ? port_kind::call
                                           : port_kind::source,
                          p.value.text("doc"), p.where});
  }
  for (const auto& t : file.map("internal")) {
    if (auto wrong = wrong_topic_name(t.name))
      out.push_back({t.where, *wrong, ""});
    if (const auto* same = into.find_port(t.name))
      out.push_back({t.where, quote(t.name) + " is a port and an internal topic",
                     "the port stands on line " + std::to_string(same->where.line) +
                       "; give one of them another name"});
    into.internals.push_back(
      {t.name, static_cast<std::uint32_t>(t.value.number("partitions")), t.where});
  }
}

bool holds(const std::vector<std::string>& all, const std::string& name) {
  return std::ranges::find(all, name) != all.end();
}

void check_unused(const graph& g, const usage& used, findings& out) {
  for (const auto& p : g.ports) {
    if (holds(used.unclear, p.name))
      continue;
    if (p.kind == port_kind::source && used.reads_known && !used.read.contains(p.name))
      out.push_back({p.where, "no part reads the source port " + quote(p.name), "remove it"});
    if (!used.operators_known)
      continue;
    if (p.kind == port_kind::sink && !holds(used.published, p.name))
      out.push_back({p.where, "no stage writes to the sink port " + quote(p.name), "remove it"});
    if (p.kind == port_kind::call && !holds(used.called, p.name))
      out.push_back({p.where, "no stage uses the call port " + quote(p.name), "remove it"});
  }
  for (const auto& t : g.internals) {
    if (used.reads_known && !used.read.contains(t.name))
      out.push_back({t.where, "no part reads the internal topic " + quote(t.name),
                     "add a part with 'reads: " + t.name + "'"});
    if (used.operators_known && !holds(used.published, t.name))
      out.push_back({t.where, "no stage writes to the internal topic " + quote(t.name),
                     "write to it, for example with key_by"});
  }
}

} // namespace

std::optional<std::string> wrong_stage_name(std::string_view name) {
  return wrong_name(name, "_-", "letters, digits, '_' and '-'");
}

std::optional<std::string> wrong_topic_name(std::string_view name) {
  return wrong_name(name, "_-.", "letters, digits, '_', '-' and '.'");
}

const spec& topology_spec() {
  static const auto form =
    spec{"topology"}
      .summary("The form of a topology file.")
      .add(field::text("topology").doc("Its name.").example("my_topology").check(wrong_stage_name))
      .add(field::text("summary").doc("What it does, in a sentence.").by_default(""))
      .add(
        field::map(
          "settings",
          field::object(
            "", {field::choice("type", {"text", "number", "decimal", "boolean", "duration", "size"})
                   .doc("What its value must be."),
                 field::any("default").doc("Its value when a config gives none.").optional(),
                 field::text("doc").doc("What it is for.").by_default("")}))
          .doc("What a config may set. `${settings.NAME}` stands for the value.")
          .by_default("{}"))
      .add(field::map("ports",
                      field::object("", {field::choice("kind", {"source", "sink", "call"})
                                           .doc("Where records come from, go to, or calls go."),
                                         field::text("doc").doc("What it is for.").by_default("")}))
             .doc("Where the topology touches the world. A config binds them."))
      .add(field::map("internal",
                      field::object("", {field::number("partitions")
                                           .doc("Into how many it is divided.")
                                           .by_default("4")
                                           .min(1)
                                           .max(1024),
                                         field::text("doc").doc("What it is for.").by_default("")}))
             .doc("Topics that carry records from one part to another.")
             .by_default("{}"))
      .add(
        field::map(
          "parts",
          field::object(
            "",
            {field::text("reads").doc("The source port or internal topic that it reads."),
             field::text("doc").doc("What it does.").by_default(""),
             field::list(
               "stages",
               field::object(
                 "",
                 {field::text("name").doc("Its name, unique in the part.").check(wrong_stage_name),
                  field::text("operator").doc("What it runs."),
                  field::list("from", field::text(""))
                    .doc("`stage`, `stage.port` or `*.port`.")
                    .min(1)
                    .optional(),
                  field::any("with").doc("The fields of the operator.").optional()}))
               .doc("Operators at their places.")
               .min(1)}))
          .doc("The stages between two topics.")
          .min(1));
  return form;
}

loaded read_topology(std::string_view yaml, const std::string& path, const given_settings& given,
                     findings& out) {
  loaded result;
  const auto before = out.size();
  // The settings are declared in the file in which they are used: so it is read twice.
  findings told_again;
  auto draft = config::parse_yaml_with(yaml, path, patient_resolver(), told_again);
  if (draft.type == node::kind::null && !told_again.empty()) {
    std::ranges::move(told_again, std::back_inserter(out));
    return result;
  }
  findings form;
  auto first = topology_spec().parse(&draft, draft.where, form);
  std::vector<std::string> declared;
  for (const auto& s :
       first.has("topology") ? first.map("settings") : std::vector<config::params::entry>{})
    declared.push_back(s.name);
  if (draft.find("parts") == nullptr && draft.find("bind") != nullptr) {
    out.push_back({draft.where, "this is a config, not a topology",
                   "a topology has ports: and parts:; a config names it below topology:"});
    return result;
  }
  const bool is_mapping = draft.type == node::kind::mapping || draft.type == node::kind::null;
  std::map<std::string, node> values;
  std::set<std::string> asked;
  if (is_mapping)
    values = setting_values(first, given, out);
  auto tree = config::parse_yaml_with(yaml, path, setting_resolver(values, declared, asked), out);
  auto file = topology_spec().parse(&tree, tree.where, out);
  if (!is_mapping || config::is_partly_read(tree)) {
    sort_by_place(out, before);
    return result;
  }

  auto& g = result.topology;
  g.name = file.text("topology");
  g.summary = file.text("summary");
  usage used;
  read_ports(file, g, used, out);
  result.ports_known = tree.find("ports") != nullptr;
  for (const auto& p : file.map("parts"))
    read_part(p.name, p.where, p.value, g, used, out);
  if (!g.parts.empty()) {
    check_unused(g, used, out);
    for (const auto& s : file.map("settings"))
      if (!asked.contains(s.name))
        out.push_back({s.where, "the setting " + quote(s.name) + " is never used",
                       "write ${settings." + s.name + "} where it is meant, or remove it"});
  }
  result.unclear = std::move(used.unclear);
  sort_by_place(out, before);
  return result;
}

std::optional<graph> parse_topology(std::string_view yaml, const std::string& path,
                                    const settings& given,
                                    const std::map<std::string, location>& settings_where,
                                    findings& out) {
  given_settings nodes;
  for (const auto& [name, text] : given) {
    node value;
    value.type = node::kind::scalar;
    value.text = text;
    if (auto it = settings_where.find(name); it != settings_where.end())
      value.where = it->second;
    nodes.values.emplace(name, std::move(value));
  }
  const auto before = out.size();
  auto read = read_topology(yaml, path, nodes, out);
  if (out.size() != before)
    return std::nullopt;
  return std::move(read.topology);
}

std::optional<graph> load_topology(const std::string& path, const settings& given,
                                   const std::map<std::string, location>& settings_where,
                                   findings& out) {
  auto text = config::read_file(path, out);
  if (!text)
    return std::nullopt;
  return parse_topology(*text, path, given, settings_where, out);
}

} // namespace sallyport::topology
