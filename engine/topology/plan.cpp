#include "engine/topology/plan.hpp"

#include "engine/config/expand.hpp"
#include "engine/config/write.hpp"
#include "engine/topology/load.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <utility>

namespace sallyport::topology {

using config::field;
using config::findings;
using config::location;
using config::node;
using config::params;
using config::spec;

namespace {

// -- the form of the file -------------------------------------------------------------------------

std::optional<std::string> not_empty(std::string_view text) {
  return text.empty() ? std::optional<std::string>{"is empty"} : std::nullopt;
}

field retention() {
  return field::object(
           "retention",
           {field::duration("age").doc("Older records may go; 0s means no bound.").by_default("0s"),
            field::size("size").doc("Bytes of a partition; 0B means no bound.").by_default("0B")})
    .doc("When records that all have read are removed.");
}

// -- connectors -----------------------------------------------------------------------------------

/// What a binding asks of a connector.
enum class role { caller, ingress, egress, log };

const spec* spec_for(const connector_entry& c, role as) {
  switch (as) {
  case role::caller: return c.as_caller ? &c.as_caller->spec : nullptr;
  case role::ingress: return c.as_ingress ? &c.as_ingress->spec : nullptr;
  case role::egress: return c.as_egress ? &c.as_egress->spec : nullptr;
  case role::log: return c.as_log ? &c.as_log->spec : nullptr;
  }
  return nullptr;
}

std::string_view ability(role as) {
  switch (as) {
  case role::caller: return "make calls";
  case role::ingress: return "feed a topic";
  case role::egress: return "empty a topic";
  case role::log: return "be a log";
  }
  return "";
}

std::vector<std::string> connectors_for(role as) {
  std::vector<std::string> names;
  const auto& registry = connector_registry::instance();
  for (const auto& name : registry.names())
    if (spec_for(*registry.find(name), as) != nullptr)
      names.push_back(name);
  return names;
}

std::string list_or(const std::vector<std::string>& names, const std::string& none) {
  return names.empty() ? none : "there is: " + joined(names);
}

struct bound_connector {
  const connector_entry* connector = nullptr;
  params with;
};

/// A secret that stands in a file is a secret of all who may read the file, and of its history.
void refuse_plain_secrets(const std::vector<field>& fields, const node& tree, findings& out) {
  const auto hint = "write \"${NAME}\" and set NAME, or NAME_FILE to a file that holds it";
  for (const auto& e : tree.entries) {
    auto f = std::ranges::find_if(fields, [&](const field& k) { return k.name == e.name; });
    if (f == fields.end())
      continue;
    if (f->is_secret && e.value.type == node::kind::scalar && !e.value.has_variable &&
        !e.value.text.empty())
      out.push_back({e.value.where, quote(e.name) + " is a secret in plain text", hint});
    else if (e.value.type == node::kind::scalar && !e.value.has_variable &&
             config::names_a_password(e.value.text))
      out.push_back(
        {e.value.where, quote(e.name) + " holds a user and password in plain text", hint});
    refuse_plain_secrets(f->fields, e.value, out);
  }
}

/// Reads `connector: { its fields }`.
bound_connector read_connector(const node::entry& from, role as, findings& out) {
  const auto& registry = connector_registry::instance();
  const auto able = connectors_for(as);
  const auto* connector = registry.find(from.name);
  if (connector == nullptr) {
    out.push_back({from.where, "unknown connector " + quote(from.name),
                   suggestion(from.name, able, list_or(able, "no connector is built in"))});
    return {};
  }
  const auto* form = spec_for(*connector, as);
  if (form == nullptr) {
    out.push_back({from.where,
                   "the connector " + quote(from.name) + " cannot " + std::string{ability(as)},
                   able.empty() ? "no connector can" : "these can: " + joined(able)});
    return {};
  }
  const auto before = out.size();
  auto with = form->parse(&from.value, from.where, out);
  refuse_plain_secrets(form->fields, from.value, out);
  if (out.size() != before)
    return {};
  return {connector, std::move(with)};
}

// -- the plan -------------------------------------------------------------------------------------

class plan_reader {
public:
  plan_reader(const std::string& path, findings& out) : out_(out) { made_.config_file = path; }

  plan read(const node& tree) {
    const auto file = config_spec().parse(&tree, tree.where, out_);
    made_.application = file.text("application");
    read_log(file);
    read_sections(file);
    // A section that could not be read was told; what follows from it is not.
    auto is_known = [&](const char* section) {
      const auto* found = tree.find(section);
      return found == nullptr || found->type != node::kind::null || !found->unresolved;
    };
    const auto ports_known = is_known("settings") && read_topology_of(file);
    if (ports_known && is_known("bind") && is_known("application")) {
      check_names(file);
      for (const auto& p : made_.topology.ports)
        if (std::ranges::find(unclear_, p.name) == unclear_.end())
          bind_port(file, p);
      for (const auto& t : made_.topology.internals)
        bind_internal(file, t);
      check_topics();
      check_connector_names();
    }
    return std::move(made_);
  }

private:
  void say(const location& where, std::string what, std::string hint = {}) {
    out_.push_back({where, std::move(what), std::move(hint)});
  }

  void read_log(const params& file) {
    const auto* tree = file.raw("log");
    made_.log.with = embedded_log_spec().parse(nullptr, file.where("log"), out_);
    if (tree == nullptr)
      return;
    if (tree->type != node::kind::mapping || tree->entries.size() != 1)
      return say(tree->where, "log must name one log", "write 'log: { embedded: {} }'");
    const auto& chosen = tree->entries.front();
    if (chosen.name == "embedded") {
      made_.log.with = embedded_log_spec().parse(&chosen.value, chosen.where, out_);
      return;
    }
    auto able = connectors_for(role::log);
    able.insert(able.begin(), "embedded");
    const auto* connector = connector_registry::instance().find(chosen.name);
    if (connector == nullptr || !connector->as_log)
      return say(chosen.where, "unknown log " + quote(chosen.name),
                 suggestion(chosen.name, able, "there is: " + joined(able)));
    auto bound = read_connector(chosen, role::log, out_);
    if (bound.connector == nullptr)
      return;
    if (bound.connector->as_log->check)
      bound.connector->as_log->check(bound.with, out_);
    made_.log = {chosen.name, bound.connector, std::move(bound.with)};
  }

  void read_sections(const params& file) {
    made_.state_folder = file.object("state").text("folder");
    made_.backup_folder = file.object("backup").text("folder");
    made_.http = read_http(file.object("http"), out_);
    made_.logging = {file.object("logging").text("format"), file.object("logging").text("level")};
    if (file.has("limits"))
      made_.limits = read_limits(file.object("limits"), out_);
  }

  bool read_topology_of(const params& file) {
    const auto& name = file.text("topology");
    if (name.empty())
      return false;
    const auto folder = std::filesystem::path{made_.config_file}.parent_path();
    const auto path = (folder / name).lexically_normal().string();
    findings reading;
    auto text = config::read_file(path, reading);
    if (!text) {
      say(file.where("topology"), "topology: " + reading.front().what,
          "the path is relative to the config file");
      return false;
    }
    given_settings given;
    given.where = file.where("settings");
    for (const auto& s : file.map("settings")) {
      auto value = s.value.raw("") == nullptr ? node{} : *s.value.raw("");
      value.where = value.type == node::kind::null ? s.where : value.where;
      given.values.emplace(s.name, std::move(value));
    }
    auto read = read_topology(*text, path, given, out_);
    made_.topology = std::move(read.topology);
    unclear_ = std::move(read.unclear);
    return read.ports_known;
  }

  static const node::entry* find(const params& file, const std::string& name, node::entry& room) {
    for (const auto& b : file.map("bind"))
      if (b.name == name) {
        room = {b.name, b.where, b.value.raw("") == nullptr ? node{} : *b.value.raw("")};
        return &room;
      }
    return nullptr;
  }

  void check_names(const params& file) {
    std::vector<std::string> names;
    for (const auto& p : made_.topology.ports)
      names.push_back(p.name);
    for (const auto& t : made_.topology.internals)
      names.push_back(t.name);
    for (const auto& b : file.map("bind"))
      if (std::ranges::find(names, b.name) == names.end()) {
        std::string meant;
        say(b.where, "the topology has no port or internal topic " + quote(b.name),
            suggestion(b.name, names, list_or(names, "it has none"), &meant));
        meant_.push_back(std::move(meant));
      }
  }

  void missing(const params& file, const port& p) {
    // A misspelt name was told with this port as what was meant.
    if (std::ranges::find(meant_, p.name) != meant_.end())
      return;
    static constexpr auto word = [](port_kind kind) {
      return kind == port_kind::source ? "source" : kind == port_kind::sink ? "sink" : "call";
    };
    const auto line = p.kind == port_kind::call
                        ? p.name + ": { http: { url: ... } }"
                        : p.name + ": { topic: " + p.name + ", partitions: 4 }";
    say(file.where("bind"),
        "the " + std::string{word(p.kind)} + " port " + quote(p.name) + " is not bound",
        "add '" + line + "' below bind:");
  }

  void bind_port(const params& file, const port& p) {
    node::entry room;
    const auto* from = find(file, p.name, room);
    if (from == nullptr)
      return missing(file, p);
    if (p.kind == port_kind::call)
      return bind_call(*from);
    const std::string connectors = p.kind == port_kind::source ? "ingress" : "egress";
    const auto with = bind_topic(*from, topic_spec(p.name, default_topic(p.name), 4, connectors));
    for (const auto& element : with.list(connectors))
      bind_topic_connector(p, *element.raw(""), connectors);
  }

  void bind_internal(const params& file, const internal_topic& t) {
    node::entry room{t.name, t.where, {}};
    const auto* from = find(file, t.name, room);
    const auto topic = made_.application + "." + t.name;
    if (!wrong_topic_name(made_.application) && !wrong_topic_name(t.name) &&
        wrong_topic_name(topic) && (from == nullptr || from->value.find("topic") == nullptr))
      say(file.where("application"), "the topic name " + quote(topic) + " is too long",
          "bind " + t.name + " to a topic with a shorter name");
    (void) bind_topic(from == nullptr ? room : *from,
                      topic_spec(t.name, default_topic(topic), t.partitions, ""));
  }

  /// A name that cannot be one was told where it stands.
  static std::string default_topic(const std::string& name) {
    return wrong_topic_name(name) ? "unnamed" : name;
  }

  params bind_topic(const node::entry& from, const spec& form) {
    auto with = form.parse(&from.value, from.where, out_);
    const auto& kept = with.object("retention");
    made_.topics[from.name] = {with.text("topic"),
                               static_cast<std::uint32_t>(with.number("partitions")),
                               kept.duration("age"), kept.size("size")};
    topic_where_.emplace_back(from.name, from.where);
    return with;
  }

  void bind_call(const node::entry& from) {
    const auto& tree = from.value;
    if (tree.type != node::kind::mapping || tree.entries.size() != 1) {
      const auto able = connectors_for(role::caller);
      return say(from.where, "bind." + from.name + " must name one connector",
                 "write '" + from.name + ": { " + (able.empty() ? "http" : able.front()) +
                   ": { ... } }'");
    }
    if (const auto& e = tree.entries.front(); e.name == "topic")
      return say(e.where, quote(from.name) + " is a call port: it is bound to no topic",
                 "name a connector (" + joined(connectors_for(role::caller)) + ")");
    auto bound = read_connector(tree.entries.front(), role::caller, out_);
    if (bound.connector != nullptr)
      made_.calls[from.name] = {from.name, bound.connector, std::move(bound.with)};
  }

  void bind_topic_connector(const port& p, const node& tree, const std::string& connectors) {
    const node::entry* chosen = nullptr;
    std::string name;
    location name_where = tree.where;
    std::size_t found = 0;
    for (const auto& e : tree.entries) {
      if (e.name == "name" && e.value.type == node::kind::scalar) {
        name = e.value.text;
        name_where = e.value.where;
        continue;
      }
      chosen = &e;
      ++found;
    }
    if (tree.type != node::kind::mapping || found != 1)
      return say(tree.where, "each " + connectors + " of " + p.name + " must name one connector",
                 "write '- file: { ... }', with 'name:' beside it where two would be called alike");
    const auto as = p.kind == port_kind::source ? role::ingress : role::egress;
    auto bound = read_connector(*chosen, as, out_);
    if (bound.connector == nullptr)
      return;
    if (name.empty())
      name = p.name + "." + chosen->name;
    else if (auto wrong = wrong_topic_name(name))
      say(name_where, *wrong);
    connector_where_.emplace_back(name, name_where);
    auto& list = as == role::ingress ? made_.ingresses : made_.egresses;
    list.push_back({std::move(name), p.name, bound.connector, std::move(bound.with)});
  }

  void check_topics() {
    for (std::size_t i = 0; i < topic_where_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const auto& topic = made_.topics[topic_where_[i].first].name;
        if (topic.empty() || made_.topics[topic_where_[j].first].name != topic ||
            topic_where_[i].first == topic_where_[j].first)
          continue;
        say(topic_where_[i].second,
            quote(topic_where_[i].first) + " and " + quote(topic_where_[j].first) +
              " are bound to the same topic " + quote(topic),
            "give each a topic of its own");
        break;
      }
  }

  void check_connector_names() {
    for (std::size_t i = 0; i < connector_where_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (connector_where_[i].first == connector_where_[j].first)
          say(connector_where_[i].second,
              "two connectors are called " + quote(connector_where_[i].first),
              "their names keep their positions apart; give one 'name: ...'");
  }

  plan made_;
  findings& out_;
  std::vector<std::string> meant_;
  std::vector<std::string> unclear_;
  std::vector<std::pair<std::string, location>> topic_where_;
  std::vector<std::pair<std::string, location>> connector_where_;
};

// -- what may be shown ----------------------------------------------------------------------------

/// Marks by the form of the connector that is named so, in whatever role it has one.
void mark_connector(node::entry& e) {
  const auto* connector = connector_registry::instance().find(e.name);
  std::vector<field> known;
  if (connector != nullptr)
    for (auto as : {role::caller, role::ingress, role::egress})
      if (const auto* form = spec_for(*connector, as))
        for (const auto& f : form->fields) {
          auto same = std::ranges::find_if(known, [&](const field& k) { return k.name == f.name; });
          if (same == known.end())
            known.push_back(f);
          else if (f.is_secret)
            *same = f;
        }
  config::mark_secrets(e.value, known);
}

void mark_binding(node& binding) {
  const auto topic = topic_spec("", "topic", 1, "").fields;
  for (auto& e : binding.entries) {
    if (e.name == "ingress" || e.name == "egress") {
      for (auto& item : e.value.items)
        for (auto& connector : item.entries)
          if (connector.name != "name")
            mark_connector(connector);
    } else if (std::ranges::none_of(topic, [&](const field& f) { return f.name == e.name; })) {
      mark_connector(e);
    }
  }
}

} // namespace

spec topic_spec(const std::string& name, const std::string& topic, std::uint32_t partitions,
                const std::string& connectors) {
  auto s = spec{"bind." + name}
             .add(field::text("topic").doc("Its topic.").by_default(topic).check(wrong_topic_name))
             .add(field::number("partitions")
                    .doc("Into how many the topic is divided.")
                    .by_default(std::to_string(partitions))
                    .min(1)
                    .max(1024))
             .add(retention());
  if (connectors.empty())
    return s;
  return std::move(s).add(field::list(connectors, field::any(""))
                            .doc("Connectors that " +
                                 std::string{connectors == "ingress" ? "feed" : "empty"} +
                                 " the topic, as `- file: {...}`.")
                            .by_default("[]"));
}

const spec& embedded_log_spec() {
  static const auto form = spec{"log.embedded"}.summary("A log in the state folder.");
  return form;
}

const spec& config_spec() {
  static const auto form =
    spec{"config"}
      .summary("The form of a config file.")
      .add(field::text("application")
             .doc("Names the state and the positions on the log; to change it is to start anew.")
             .example("my-application")
             .check(wrong_topic_name))
      .add(field::text("topology")
             .doc("The topology file, relative to this file.")
             .example("../topologies/my_topology/topology.yaml")
             .check(not_empty))
      .add(field::any("log")
             .doc("The log to run on: `{ embedded: {} }` or `{ kafka: { … } }`.")
             .optional())
      .add(field::object("state", {field::text("folder")
                                     .doc("The state folder, relative to the working folder.")
                                     .example("./state/my-application")
                                     .check(not_empty)})
             .doc("Where state is kept.")
             .example("{ folder: ./state/my-application }"))
      .add(field::object("backup", {field::text("folder")
                                      .doc("Below it a running instance makes backups; empty: it "
                                           "makes none.")
                                      .by_default("")})
             .doc("Backups of the state folder (`sallyport backup`)."))
      .add(http_section())
      .add(field::object("logging", {field::choice("format", {"text", "json"})
                                       .doc("How a log line is written.")
                                       .by_default("text"),
                                     field::choice("level", {"debug", "info", "warn", "error"})
                                       .doc("The least level that is written.")
                                       .by_default("info")})
             .doc("Log lines."))
      .add(field::map("settings", field::any(""))
             .doc("Values of the topology's settings.")
             .by_default("{}"))
      .add(field::map("bind", field::any(""))
             .doc("A topic or connector for each port of the topology.")
             .by_default("{}"))
      .add(field::object("limits", limits_spec().fields).doc("Every bound of the engine."));
  return form;
}

std::optional<plan> load_plan(const std::string& config_path, const config::environment& env,
                              findings& out) {
  const auto before = out.size();
  const auto tree = config::load_yaml(config_path, env, out);
  if (tree.type == node::kind::null && out.size() != before)
    return std::nullopt;
  if (tree.find("parts") != nullptr && tree.find("bind") == nullptr) {
    out.resize(before);
    out.push_back({tree.where, "this is a topology, not a config",
                   "a config has application: and bind:, and names the topology below topology:"});
    return std::nullopt;
  }
  auto made = plan_reader{config_path, out}.read(tree);
  sort_by_place(out, before);
  if (out.size() != before)
    return std::nullopt;
  return made;
}

plan plan_for_testing(graph topology, std::uint32_t partitions) {
  plan made;
  made.application = topology.name;
  for (const auto& p : topology.ports)
    if (p.kind != port_kind::call)
      made.topics[p.name] = {p.name, partitions, {}, 0};
  for (const auto& t : topology.internals)
    made.topics[t.name] = {t.name, partitions, {}, 0};
  made.topology = std::move(topology);
  return made;
}

std::string masked_config(const std::string& config_path, const config::environment& env) {
  findings ignored;
  auto tree = config::load_yaml(config_path, env, ignored);
  const auto& known = config_spec().fields;
  for (auto& e : tree.entries) {
    if (e.name == "bind")
      for (auto& binding : e.value.entries)
        mark_binding(binding.value);
    else if (std::ranges::none_of(known, [&](const field& f) { return f.name == e.name; }))
      config::mark_all_secret(e.value);
  }
  return config::to_yaml(tree);
}

} // namespace sallyport::topology
