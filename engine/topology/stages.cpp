#include "engine/topology/load.hpp"

#include <algorithm>
#include <set>
#include <utility>

/// The stages of one part: their operators, how they are connected, and their order.
namespace sallyport::topology {

using config::field_type;
using config::findings;
using config::location;

namespace {

constexpr std::string_view rejected = "rejected";

/// The operator whose own rejected records have nowhere further to go.
constexpr std::string_view dead_letter = "dead_letter";

std::vector<std::string> ports_of(const operator_entry& op) {
  auto ports = op.outputs;
  if (std::ranges::find(ports, rejected) == ports.end())
    ports.emplace_back(rejected);
  return ports;
}

bool has_port(const operator_entry& op, std::string_view port) {
  return port == rejected || std::ranges::find(op.outputs, port) != op.outputs.end();
}

std::vector<std::string> names_of(const graph& g, std::initializer_list<port_kind> kinds,
                                  bool internals) {
  std::vector<std::string> names;
  for (const auto& p : g.ports)
    if (std::ranges::find(kinds, p.kind) != kinds.end())
      names.push_back(p.name);
  if (internals)
    for (const auto& t : g.internals)
      names.push_back(t.name);
  return names;
}

std::string_view word_of(port_kind kind) {
  switch (kind) {
  case port_kind::source: return "a source port";
  case port_kind::sink: return "a sink port";
  case port_kind::call: return "a call port";
  }
  return "a port";
}

/// Whether each ${...} below had a value; where one had none, that was told.
bool is_resolved(const config::node& tree) {
  return !tree.unresolved &&
         std::ranges::all_of(tree.entries, [](const auto& e) { return is_resolved(e.value); }) &&
         std::ranges::all_of(tree.items, is_resolved);
}

/// Reads the stages of one part and checks them against each other.
class part_reader {
public:
  part_reader(part& into, const graph& of, usage& used, findings& out)
    : part_(into), graph_(of), used_(used), out_(out) {}

  void read(const config::params& from) {
    for (const auto& s : from.list("stages"))
      drafts_.push_back(draft(s));
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      connect(i);
      check_topics(drafts_[i]);
    }
    check_source();
    check_outputs();
    order();
  }

private:
  void say(const location& where, std::string what, std::string hint) {
    out_.push_back({where, std::move(what), std::move(hint)});
  }

  // -- one stage ----------------------------------------------------------------------------------

  stage_draft draft(const config::params& from) {
    stage_draft d;
    d.made.name = from.text("name");
    d.made.where = from.where();
    d.operator_name = from.text("operator");
    d.has_from = from.has("from");
    d.from = from.list("from");
    for (const auto& other : drafts_)
      if (!d.made.name.empty() && other.made.name == d.made.name)
        say(from.where("name"),
            "the part " + quote(part_.name) + " has two stages called " + quote(d.made.name),
            "the first stands on line " + std::to_string(other.made.where.line));
    const auto& registry = operator_registry::instance();
    d.made.op = registry.find(d.operator_name);
    if (d.made.op == nullptr) {
      if (!d.operator_name.empty())
        say(from.where("operator"), "unknown operator " + quote(d.operator_name),
            suggestion(d.operator_name, registry.names(), "'sallyport list' shows the operators"));
      return d;
    }
    const auto before = out_.size();
    const auto where = from.has("with") ? from.where("with") : d.made.where;
    d.made.with = d.made.op->spec.parse(from.raw("with"), where, out_);
    const bool is_known = from.raw("with") == nullptr || is_resolved(*from.raw("with"));
    if (out_.size() == before && is_known && d.made.op->lint)
      d.made.op->lint(d.made.with, out_);
    d.sound = out_.size() == before && is_known;
    return d;
  }

  // -- what it reads ------------------------------------------------------------------------------

  void connect(std::size_t i) {
    auto& d = drafts_[i];
    if (!d.has_from) {
      if (i == 0)
        d.made.inputs.push_back({});
      else
        take_port(d, i - 1, "out", d.made.where, true);
      return;
    }
    // An empty or wrong from: was told by the form of the file.
    if (d.from.empty())
      unsure_ = true;
    for (const auto& word : d.from)
      if (word.text("").empty())
        unsure_ = true;
      else
        resolve(i, word.text(""), word.where());
  }

  void resolve(std::size_t i, const std::string& word, const location& where) {
    auto& d = drafts_[i];
    auto dot = word.find('.');
    const auto name = word.substr(0, dot);
    const auto port = dot == std::string::npos ? "out" : word.substr(dot + 1);
    if (name == "*")
      return resolve_all(i, port, where);
    if (auto j = index_of(name); j < drafts_.size())
      return take_port(d, j, port, where, false);
    if (word == part_.reads) {
      add_edge(d, {}, word, where);
      return;
    }
    std::vector<std::string> names;
    for (const auto& other : drafts_)
      if (&other != &d)
        names.push_back(other.made.name);
    std::string meant;
    auto hint = suggestion(name, names, "the part has: " + joined(names), &meant);
    say(where, "unknown stage " + quote(name) + " in from: of " + quote(d.made.name), hint);
    if (meant.empty())
      unsure_ = true;
    else if (auto j = index_of(meant);
             drafts_[j].made.op == nullptr || has_port(*drafts_[j].made.op, port))
      consumed_.insert({j, port});
  }

  void resolve_all(std::size_t i, const std::string& port, const location& where) {
    bool any = false;
    bool unknown = false;
    for (std::size_t j = 0; j < i; ++j) {
      const auto* op = drafts_[j].made.op;
      unknown = unknown || op == nullptr;
      if (op == nullptr || !has_port(*op, port))
        continue;
      any = true;
      consumed_.insert({j, port});
      edge e{j, port};
      auto same = [&](const edge& other) { return other.stage == j && other.port == port; };
      if (!std::ranges::any_of(drafts_[i].made.inputs, same))
        drafts_[i].made.inputs.push_back(std::move(e));
    }
    if (any || unknown)
      return;
    std::vector<std::string> ports;
    for (std::size_t j = 0; j < i; ++j)
      for (auto& p : ports_of(*drafts_[j].made.op))
        if (std::ranges::find(ports, p) == ports.end())
          ports.push_back(std::move(p));
    say(where, "no stage before " + quote(drafts_[i].made.name) + " has a port " + quote(port),
        suggestion(port, ports,
                   ports.empty() ? "it is the first stage" : "they have: " + joined(ports)));
    unsure_ = true;
  }

  void take_port(stage_draft& d, std::size_t j, const std::string& port, const location& where,
                 bool by_default) {
    const auto* op = drafts_[j].made.op;
    if (op != nullptr && !has_port(*op, port)) {
      const auto ports = ports_of(*op);
      std::string meant;
      auto hint = suggestion(port, ports, "it has: " + joined(ports), &meant);
      if (by_default)
        hint = "write from: with a port of it (" + joined(ports) + ") or another stage";
      say(where, "the stage " + quote(drafts_[j].made.name) + " has no port " + quote(port), hint);
      if (meant.empty())
        unsure_ = true;
      else
        consumed_.insert({j, meant});
      return;
    }
    consumed_.insert({j, port});
    add_edge(d, {j, port}, drafts_[j].made.name + "." + port, where);
  }

  void add_edge(stage_draft& d, edge e, const std::string& shown, const location& where) {
    for (const auto& other : d.made.inputs)
      if (other.stage == e.stage && other.port == e.port)
        return say(where, "the stage " + quote(d.made.name) + " reads " + quote(shown) + " twice",
                   "remove one");
    d.made.inputs.push_back(std::move(e));
  }

  [[nodiscard]] std::size_t index_of(const std::string& name) const {
    auto it =
      std::ranges::find_if(drafts_, [&](const stage_draft& d) { return d.made.name == name; });
    return static_cast<std::size_t>(it - drafts_.begin());
  }

  // -- what it writes and calls -------------------------------------------------------------------

  void check_topics(const stage_draft& d) {
    if (d.made.op == nullptr || !d.sound)
      used_.operators_known = false;
    if (d.made.op == nullptr)
      return;
    const auto& op = *d.made.op;
    for (const auto& name : op.publishes)
      check_fixed(d, name, port_kind::sink);
    for (const auto& name : op.calls)
      check_fixed(d, name, port_kind::call);
    if (!d.sound)
      return;
    for (const auto& field : op.publishes_by)
      for (const auto& value : texts_of(op.spec, d.made.with, field))
        check_named(value, {port_kind::sink}, true, used_.published);
    for (const auto& field : op.calls_by)
      for (const auto& value : texts_of(op.spec, d.made.with, field))
        check_named(value, {port_kind::call}, false, used_.called);
  }

  /// A port that the operator's code names.
  void check_fixed(const stage_draft& d, const std::string& name, port_kind kind) {
    auto& used = kind == port_kind::call ? used_.called : used_.published;
    used.push_back(name);
    const auto* p = graph_.find_port(name);
    if (p != nullptr && p->kind == kind)
      return;
    if (p == nullptr && kind == port_kind::sink && graph_.find_internal(name) != nullptr)
      return;
    const auto word = kind == port_kind::call ? "call" : "sink";
    used_.unclear.push_back(name);
    if (p == nullptr)
      say(d.made.where,
          "the operator " + quote(d.operator_name) + " needs the " + word + " port " + quote(name) +
            ", which the topology does not have",
          "add '" + name + ": { kind: " + word + " }' below ports:");
    else
      say(p->where,
          quote(name) + " is " + std::string{word_of(p->kind)} + ", but the operator " +
            quote(d.operator_name) + " needs " + std::string{word_of(kind)},
          "write 'kind: " + std::string{word} + "'");
  }

  /// A port or internal topic that a field names.
  void check_named(const named_text& value, std::initializer_list<port_kind> kinds, bool internals,
                   std::vector<std::string>& used) {
    auto names = names_of(graph_, kinds, internals);
    std::string meant = value.text;
    if (std::ranges::find(names, value.text) == names.end()) {
      const std::string wanted = internals ? "a sink port or internal topic" : "a call port";
      if (const auto* p = graph_.find_port(value.text))
        say(value.where,
            quote(value.text) + " is " + std::string{word_of(p->kind)} + ", but this needs " +
              wanted,
            names.empty() ? "the topology has none" : "there is: " + joined(names));
      else if (!internals && graph_.find_internal(value.text) != nullptr)
        say(value.where, quote(value.text) + " is an internal topic, but this needs " + wanted,
            names.empty() ? "the topology has none" : "there is: " + joined(names));
      else
        say(value.where,
            "unknown " + std::string{internals ? "sink port or internal topic " : "call port "} +
              quote(value.text),
            suggestion(value.text, names,
                       names.empty() ? "the topology has none" : "there is: " + joined(names),
                       &meant));
      if (meant == value.text)
        used_.operators_known = false;
    }
    used.push_back(meant);
  }

  // -- the part as a whole ------------------------------------------------------------------------

  void check_source() {
    for (const auto& d : drafts_)
      for (const auto& e : d.made.inputs)
        if (e.stage == edge::source)
          return;
    if (!drafts_.empty() && !unsure_)
      say(part_.where, "no stage of the part " + quote(part_.name) + " reads what the part reads",
          "leave out from: of the first stage");
  }

  void check_outputs() {
    if (unsure_)
      return;
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      const auto& d = drafts_[i];
      if (d.made.op == nullptr)
        continue;
      for (const auto& port : ports_of(*d.made.op)) {
        if (consumed_.contains({i, port}) || (port == rejected && d.operator_name == dead_letter))
          continue;
        say(d.made.where,
            "the port " + quote(port) + " of the stage " + quote(d.made.name) + " goes nowhere",
            "add \"" + d.made.name + "." + port + "\" to from: of a stage" +
              (port == rejected ? ", such as a dead_letter" : ""));
      }
    }
  }

  void order() {
    constexpr auto unplaced = static_cast<std::size_t>(-1);
    std::vector<std::size_t> place(drafts_.size(), unplaced);
    std::vector<std::size_t> order;
    while (order.size() < drafts_.size()) {
      std::size_t next = 0;
      auto ready = [&](std::size_t i) {
        return place[i] == unplaced && std::ranges::all_of(drafts_[i].made.inputs, [&](auto& e) {
                 return e.stage == edge::source || place[e.stage] != unplaced;
               });
      };
      while (next < drafts_.size() && !ready(next))
        ++next;
      if (next == drafts_.size())
        return tell_cycle(place);
      place[next] = order.size();
      order.push_back(next);
    }
    for (auto i : order) {
      for (auto& e : drafts_[i].made.inputs)
        if (e.stage != edge::source)
          e.stage = place[e.stage];
      part_.stages.push_back(std::move(drafts_[i].made));
    }
  }

  /// Each stage that has no place waits for another that has none: going back leads round.
  void tell_cycle(const std::vector<std::size_t>& place) {
    constexpr auto unplaced = static_cast<std::size_t>(-1);
    auto back = [&](std::size_t i) {
      for (const auto& e : drafts_[i].made.inputs)
        if (e.stage != edge::source && place[e.stage] == unplaced)
          return e.stage;
      return i;
    };
    std::size_t at = 0;
    while (place[at] != unplaced)
      ++at;
    for (std::size_t i = 0; i < drafts_.size(); ++i)
      at = back(at);
    std::vector<std::size_t> round{at};
    for (auto i = back(at); i != at; i = back(i))
      round.push_back(i);
    std::ranges::reverse(round);
    std::ranges::rotate(round, std::ranges::min_element(round));
    std::string shown;
    for (auto i : round)
      shown += drafts_[i].made.name + " -> ";
    say(drafts_[round.front()].made.where,
        "these stages form a cycle: " + shown + drafts_[round.front()].made.name,
        "records that must go round go through an internal topic");
  }

  part& part_;
  const graph& graph_;
  usage& used_;
  findings& out_;
  std::vector<stage_draft> drafts_;
  std::set<std::pair<std::size_t, std::string>> consumed_;
  /// A `from:` could mean anything: what it would have consumed is not told as unconsumed.
  bool unsure_ = false;
};

void check_reads(const part& p, const location& where, const graph& g, usage& used, findings& out) {
  if (p.reads.empty()) {
    used.reads_known = false;
    return;
  }
  auto names = names_of(g, {port_kind::source}, true);
  std::string meant = p.reads;
  if (std::ranges::find(names, p.reads) == names.end()) {
    if (const auto* other = g.find_port(p.reads))
      out.push_back({where,
                     "the part " + quote(p.name) + " reads " + quote(p.reads) + ", which is " +
                       std::string{word_of(other->kind)},
                     "a part reads a source port or an internal topic"});
    else
      out.push_back(
        {where, "unknown source port or internal topic " + quote(p.reads),
         suggestion(p.reads, names,
                    names.empty() ? "declare it below ports:" : "there is: " + joined(names),
                    &meant)});
    used.reads_known = used.reads_known && meant != p.reads;
  } else if (auto it = used.read.find(p.reads); it != used.read.end()) {
    used.reads_known = false;
    out.push_back({where, "two parts read " + quote(p.reads),
                   "the first stands on line " + std::to_string(it->second.line) +
                     "; one part reads a topic, and its stages may branch"});
  }
  used.read.emplace(meant, p.where);
}

} // namespace

std::vector<named_text> texts_of(const config::spec& spec, const config::params& with,
                                 const std::string& field) {
  std::vector<named_text> all;
  auto declared = std::ranges::find_if(spec.fields, [&](const auto& f) { return f.name == field; });
  if (declared == spec.fields.end() || !with.has(field))
    return all;
  if (declared->type == field_type::text || declared->type == field_type::choice)
    all.push_back({with.text(field), with.where(field)});
  const bool of_texts = declared->element && declared->element->type == field_type::text;
  if (declared->type == field_type::list && of_texts)
    for (const auto& element : with.list(field))
      all.push_back({element.text(""), element.where()});
  if (declared->type == field_type::map && of_texts)
    for (const auto& entry : with.map(field))
      all.push_back({entry.value.text(""), entry.value.where()});
  return all;
}

void read_part(const std::string& name, const location& where, const config::params& from,
               graph& into, usage& used, findings& out) {
  part p;
  p.name = name;
  p.reads = from.text("reads");
  p.where = where;
  if (auto wrong = wrong_stage_name(name))
    out.push_back({where, *wrong, ""});
  check_reads(p, from.where("reads"), into, used, out);
  part_reader{p, into, used, out}.read(from);
  into.parts.push_back(std::move(p));
}

} // namespace sallyport::topology
