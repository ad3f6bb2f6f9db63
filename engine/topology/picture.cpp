#include "engine/topology/picture.hpp"

#include "engine/topology/load.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace sallyport::topology {

namespace {

using node_kind = picture_node::kind;
using edge_kind = picture_edge::kind;

// -- the picture of a graph -----------------------------------------------------------------------

class block_maker {
public:
  block_maker(const graph& of, const part& p) : graph_(of), part_(p) {}

  picture_block make() {
    block_.part = part_.name;
    add_topic(part_.reads, true);
    for (const auto& s : part_.stages)
      block_.nodes.push_back({node_kind::stage, s.name, s.op->spec.name, s.op->spec.summary_text,
                              s.op->keeps, s.op->timers});
    for (std::size_t i = 0; i < part_.stages.size(); ++i)
      connect(i);
    return std::move(block_);
  }

  /// Internal topics that stages write, by the node of the stage.
  std::vector<std::pair<std::size_t, std::string>> crossings;

private:
  [[nodiscard]] std::string full_name(std::size_t stage) const {
    return part_.name + "." + part_.stages[stage].name;
  }

  std::size_t add_topic(const std::string& name, bool is_read) {
    for (std::size_t i = is_read ? 0 : 1 + part_.stages.size(); i < block_.nodes.size(); ++i)
      if (block_.nodes[i].name == name)
        return i;
    picture_node n;
    n.name = name;
    n.is = node_kind::internal;
    if (const auto* p = graph_.find_port(name)) {
      n.doc = p->documentation;
      n.is = p->kind == port_kind::source ? node_kind::source
             : p->kind == port_kind::sink ? node_kind::sink
                                          : node_kind::call;
    }
    block_.nodes.push_back(std::move(n));
    return block_.nodes.size() - 1;
  }

  void connect(std::size_t i) {
    const auto& s = part_.stages[i];
    for (const auto& e : s.inputs) {
      const bool is_source = e.stage == edge::source;
      block_.edges.push_back(
        {is_source ? 0 : e.stage + 1, i + 1, is_source || e.port == "out" ? "" : e.port,
         e.port == "rejected" ? edge_kind::rejected : edge_kind::flow,
         is_source ? "in " + full_name(i) : "out " + full_name(e.stage) + "." + e.port});
    }
    for (const auto& name : named(s, s.op->publishes, s.op->publishes_by))
      if (graph_.find_internal(name) != nullptr)
        crossings.emplace_back(i + 1, name);
      else
        block_.edges.push_back({i + 1, add_topic(name, false), "", edge_kind::flow, ""});
    for (const auto& name : named(s, s.op->calls, s.op->calls_by))
      block_.edges.push_back({i + 1, add_topic(name, false), "", edge_kind::call, ""});
  }

  /// Ports under fixed names and those that fields name, each once.
  static std::vector<std::string> named(const stage& s, const std::vector<std::string>& fixed,
                                        const std::vector<std::string>& fields) {
    auto all = fixed;
    for (const auto& f : fields)
      for (const auto& t : texts_of(s.op->spec, s.with, f))
        all.push_back(t.text);
    std::vector<std::string> once;
    for (auto& name : all)
      if (!name.empty() && std::ranges::find(once, name) == once.end())
        once.push_back(std::move(name));
    return once;
  }

  const graph& graph_;
  const part& part_;
  picture_block block_;
};

// -- Mermaid --------------------------------------------------------------------------------------

/// In quotes, as Mermaid takes it.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text)
    if (c == '"')
      out += "#quot;";
    else if (c == '#')
      out += "#35;";
    else if (c == '<')
      out += "#lt;";
    else
      out += c;
  return out + "\"";
}

std::string id_of(std::size_t block, std::size_t node) {
  return "b" + std::to_string(block) + "n" + std::to_string(node);
}

std::string mermaid_node(const picture_node& n, const std::string& counts) {
  auto text = n.name;
  if (n.is == node_kind::stage) {
    text += "<br/>" + n.text;
    text += n.keeps.empty() ? "" : "<br/>store: " + n.keeps;
    text += n.timers.empty() ? "" : "<br/>timer: " + n.timers;
    text += counts.empty() ? "" : "<br/>" + counts;
  }
  auto label = quoted(text);
  for (std::size_t at = 0; (at = label.find("#lt;br/>", at)) != std::string::npos;)
    label.replace(at, 4, "<");
  switch (n.is) {
  case node_kind::source:
  case node_kind::sink: return "([" + label + "])";
  case node_kind::internal: return "[[" + label + "]]";
  case node_kind::call: return "{{" + label + "}}";
  case node_kind::stage: break;
  }
  return "[" + label + "]";
}

std::string mermaid_edge(const picture_edge& e, const readings& live) {
  auto label = e.label;
  if (auto it = live.find(e.reading); it != live.end())
    label += (label.empty() ? "" : " ") + short_count(it->second);
  const std::string line = e.is == edge_kind::flow   ? "-->"
                           : e.is == edge_kind::call ? "<-.->"
                                                     : "-.->";
  return label.empty() ? line : line + "|" + quoted(label) + "|";
}

const char* class_of(node_kind is) {
  switch (is) {
  case node_kind::source: return "source";
  case node_kind::sink: return "sink";
  case node_kind::call: return "call";
  case node_kind::internal: return "internal";
  case node_kind::stage: break;
  }
  return "stage";
}

// -- readings -------------------------------------------------------------------------------------

std::string label_of(std::string_view labels, std::string_view name) {
  const auto key = std::string{name} + "=\"";
  for (auto at = labels.find(key); at != std::string_view::npos; at = labels.find(key, at + 1)) {
    if (at > 0 && labels[at - 1] != ',' && labels[at - 1] != '{')
      continue;
    const auto from = at + key.size();
    return std::string{labels.substr(from, labels.find('"', from) - from)};
  }
  return {};
}

std::string reading_key(std::string_view metric, std::string_view labels) {
  const auto part = label_of(labels, "part");
  const auto stage = part + "." + label_of(labels, "stage");
  if (metric == "sallyport_stage_records_in_total")
    return "in " + stage;
  if (metric == "sallyport_stage_records_out_total")
    return "out " + stage + "." + label_of(labels, "port");
  if (metric == "sallyport_timers_set")
    return "timers " + stage;
  if (metric == "sallyport_calls_open")
    return "calls " + stage;
  if (metric == "sallyport_conversations_open")
    return "conversations " + stage;
  if (metric == "sallyport_records")
    return "term " + part + "." + label_of(labels, "term");
  if (metric == "sallyport_records_received")
    return "received " + part;
  return {};
}

void add_count(std::string& to, const readings& live, const std::string& key, const char* noun,
               bool also_zero) {
  auto it = live.find(key);
  if (it == live.end() || (it->second == 0 && !also_zero))
    return;
  to += (to.empty() ? "" : ", ") + short_count(it->second) + " " + noun;
}

} // namespace

readings readings_of(std::string_view metrics) {
  readings out;
  while (!metrics.empty()) {
    const auto end = std::min(metrics.find('\n'), metrics.size());
    const auto line = metrics.substr(0, end);
    metrics.remove_prefix(std::min(end + 1, metrics.size()));
    const auto brace = line.find('{');
    const auto close = line.rfind("} ");
    if (line.starts_with('#') || brace == std::string_view::npos || close == std::string_view::npos)
      continue;
    const auto key = reading_key(line.substr(0, brace), line.substr(brace, close - brace));
    double value = 0;
    const auto text = line.substr(close + 2);
    std::from_chars(text.data(), text.data() + text.size(), value);
    if (!key.empty())
      out[key] += value;
  }
  return out;
}

picture picture_of(const graph& of) {
  picture all{of.name, of.summary, {}, {}};
  std::vector<std::pair<picture_cut, std::string>> crossings;
  for (std::size_t i = 0; i < of.parts.size(); ++i) {
    block_maker maker{of, of.parts[i]};
    all.blocks.push_back(maker.make());
    for (auto& [node, topic] : maker.crossings)
      crossings.push_back({{i, node, 0}, topic});
  }
  for (auto& [cut, topic] : crossings)
    for (std::size_t i = 0; i < of.parts.size(); ++i)
      if (of.parts[i].reads == topic) {
        cut.to_block = i;
        all.cuts.push_back(cut);
      }
  return all;
}

std::string short_count(double value) {
  char text[32];
  if (value < 10'000)
    std::snprintf(text, sizeof text, "%.0f", value);
  else if (value < 999'950)
    std::snprintf(text, sizeof text, "%.1fk", value / 1e3);
  else
    std::snprintf(text, sizeof text, "%.1fM", value / 1e6);
  return text;
}

std::string stage_counts(const readings& live, const std::string& stage) {
  std::string out;
  add_count(out, live, "in " + stage, "in", true);
  add_count(out, live, "timers " + stage, "timers", false);
  add_count(out, live, "calls " + stage, "calls open", false);
  add_count(out, live, "conversations " + stage, "conversations", false);
  return out;
}

std::string part_counts(const readings& live, const std::string& part) {
  std::string out;
  add_count(out, live, "received " + part, "received", true);
  for (const char* term : {"held", "waiting", "in_call", "dead"})
    add_count(out, live, "term " + part + "." + term, term, true);
  return out;
}

std::string to_mermaid(const picture& of, const readings& live) {
  std::string out = "flowchart TB\n";
  for (std::size_t b = 0; b < of.blocks.size(); ++b) {
    const auto& block = of.blocks[b];
    const auto counts = part_counts(live, block.part);
    out += "  subgraph p" + std::to_string(b) + "[" +
           quoted("part " + block.part + (counts.empty() ? "" : ": " + counts)) + "]\n";
    for (std::size_t n = 0; n < block.nodes.size(); ++n)
      out +=
        "    " + id_of(b, n) +
        mermaid_node(block.nodes[n], stage_counts(live, block.part + "." + block.nodes[n].name)) +
        ":::" + class_of(block.nodes[n].is) + "\n";
    for (const auto& e : block.edges)
      out += "    " + id_of(b, e.from) + " " + mermaid_edge(e, live) + " " + id_of(b, e.to) + "\n";
    out += "  end\n";
  }
  for (const auto& c : of.cuts)
    out += "  " + id_of(c.from_block, c.from_node) + " ==>|cut: a new key| " +
           id_of(c.to_block, 0) + "\n";
  return out + "  classDef source stroke:#1a7f37,stroke-width:2px\n"
               "  classDef sink stroke:#0969da,stroke-width:2px\n"
               "  classDef call stroke:#8250df,stroke-width:2px\n"
               "  classDef internal stroke:#9a6700,stroke-width:2px\n";
}

} // namespace sallyport::topology
