#include "engine/topology/layout.hpp"
#include "engine/topology/picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>

/// The drawing of a picture: blocks below each other, each arranged by itself.
namespace sallyport::topology {

namespace {

using node_kind = picture_node::kind;
using edge_kind = picture_edge::kind;

constexpr double margin = 24;
constexpr double padding = 22;       ///< of a block
constexpr double header_height = 34; ///< the name of a block
constexpr double between_blocks = 64;
constexpr double line_height = 17;
constexpr std::size_t note_chars_max = 34;

// Colors of light pages, and those of dark ones behind the media query. Classes only: renderers
// that know no media query show the light ones.
constexpr std::string_view style = R"css(
  text { font-family: system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; font-size: 13px; fill: #1f2328 }
  .paper { fill: #ffffff }
  .title { font-size: 20px; font-weight: 650 }
  .dim { fill: #59636e }
  .name { font-weight: 650; font-size: 14px }
  .code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 11.5px; fill: #59636e }
  .note { font-size: 12px; fill: #59636e }
  .count { font-size: 12px; font-weight: 650; fill: #0550ae }
  .port { font-size: 11.5px; fill: #59636e; stroke: #f6f8fa; stroke-width: 4px; paint-order: stroke; stroke-linejoin: round }
  .block { fill: #f6f8fa; stroke: #d1d9e0 }
  .stage { fill: #ffffff; stroke: #818b98; stroke-width: 1.25 }
  .source { fill: #dafbe1; stroke: #1a7f37; stroke-width: 1.5 }
  .sink { fill: #ddf4ff; stroke: #0969da; stroke-width: 1.5 }
  .call { fill: #fbefff; stroke: #8250df; stroke-width: 1.5 }
  .internal { fill: #fff8c5; stroke: #9a6700; stroke-width: 1.5 }
  .flow { fill: none; stroke: #59636e; stroke-width: 1.6 }
  .rejected { fill: none; stroke: #cf222e; stroke-width: 1.2; stroke-dasharray: 5 4 }
  .calls { fill: none; stroke: #8250df; stroke-width: 1.4; stroke-dasharray: 2 4; stroke-linecap: round }
  .cut { fill: none; stroke: #9a6700; stroke-width: 2 }
  .cutline { stroke: #9a6700; stroke-width: 1; stroke-dasharray: 9 6; opacity: .7 }
  .icon { fill: none; stroke: #59636e; stroke-width: 1.2 }
  .tip { fill: #59636e } .tiprejected { fill: #cf222e } .tipcalls { fill: #8250df } .tipcut { fill: #9a6700 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .paper { fill: #0d1117 } .dim, .code, .note { fill: #9198a1 } .count { fill: #79c0ff }
    .port { fill: #9198a1; stroke: #151b23 } .block { fill: #151b23; stroke: #3d444d } .stage { fill: #212830; stroke: #656c76 }
    .source { fill: #12261e; stroke: #3fb950 } .sink { fill: #121d2f; stroke: #58a6ff } .call { fill: #1e1633; stroke: #ab7df8 }
    .internal { fill: #272115; stroke: #d29922 } .flow { stroke: #9198a1 } .rejected { stroke: #f85149 } .calls { stroke: #ab7df8 }
    .cut, .cutline { stroke: #d29922 } .icon { stroke: #9198a1 }
    .tip { fill: #9198a1 } .tiprejected { fill: #f85149 } .tipcalls { fill: #ab7df8 } .tipcut { fill: #d29922 }
  }
)css";

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text)
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    default: out += c;
    }
  return out;
}

std::string number(double value) {
  auto text = std::to_string(std::round(value * 10) / 10);
  return text.substr(0, text.find('.') + 2);
}

/// How wide a text is in a font that nobody knows yet: a little more than it will be.
double width_of(std::string_view text, double of_character) {
  const auto characters = std::ranges::count_if(
    text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
  return static_cast<double>(characters) * of_character;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::string_view rest = text; !rest.empty();) {
    auto end = rest.size() <= note_chars_max ? rest.size() : rest.rfind(' ', note_chars_max);
    end = end == std::string_view::npos || end == 0 ? std::min(rest.size(), note_chars_max) : end;
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

// -- one node -------------------------------------------------------------------------------------

struct note {
  enum class icon : std::uint8_t { none, store, clock };
  icon mark = icon::none;
  std::string text;
  const char* style = "note";
};

struct drawn_node {
  const picture_node* node = nullptr;
  std::vector<note> notes;
  double width = 0;
  double height = 0;
};

drawn_node measure(const picture_node& n, const std::string& counts) {
  drawn_node d{&n, {}, 0, 0};
  if (n.is != node_kind::stage) {
    d.width = std::max(96.0, width_of(n.name, 7.6) + 44);
    d.height = 34;
    return d;
  }
  auto add = [&](note::icon mark, const std::string& text, const char* style) {
    for (const auto& line : lines_of(text)) {
      d.notes.push_back({mark, line, style});
      mark = note::icon::none;
    }
  };
  add(note::icon::store, n.keeps, "note");
  add(note::icon::clock, n.timers, "note");
  if (!counts.empty())
    add(note::icon::none, counts, "count");
  d.width = std::max(width_of(n.name, 8.4), width_of(n.text, 7.2));
  for (const auto& line : d.notes)
    d.width = std::max(d.width, width_of(line.text, 6.6) + 20);
  d.width = std::max(d.width + 28, 132.0);
  d.height = 50 + line_height * static_cast<double>(d.notes.size()) + (d.notes.empty() ? 0 : 6);
  return d;
}

std::string text_at(double x, double y, const char* style, std::string_view text,
                    std::string_view anchor = "middle") {
  return "<text class=\"" + std::string{style} + "\" x=\"" + number(x) + "\" y=\"" + number(y) +
         "\" text-anchor=\"" + std::string{anchor} + "\">" + escaped(text) + "</text>\n";
}

std::string icon_at(note::icon mark, double x, double y) {
  const auto at = "<g class=\"icon\" transform=\"translate(" + number(x) + " " + number(y) + ")\">";
  if (mark == note::icon::store)
    return at + "<ellipse cx=\"6\" cy=\"2.5\" rx=\"5\" ry=\"2\"/><path d=\"M1 2.5v7c0 1.1 2.2 2 5 "
                "2s5-.9 "
                "5-2v-7M1 6c0 1.1 2.2 2 5 2s5-.9 5-2\"/></g>\n";
  return at + "<circle cx=\"6\" cy=\"6\" r=\"5.2\"/><path d=\"M6 3v3.2l2.2 1.4\"/></g>\n";
}

std::string shape_of(const drawn_node& d, const box& at) {
  const auto x = number(at.at.x);
  const auto y = number(at.at.y);
  const auto place = "x=\"" + x + "\" y=\"" + y + "\" width=\"" + number(at.width) +
                     "\" height=\"" + number(at.height) + "\"";
  switch (d.node->is) {
  case node_kind::stage: return "<rect class=\"stage\" " + place + " rx=\"8\"/>\n";
  case node_kind::source: return "<rect class=\"source\" " + place + " rx=\"17\"/>\n";
  case node_kind::sink: return "<rect class=\"sink\" " + place + " rx=\"17\"/>\n";
  case node_kind::internal: return "<rect class=\"internal\" " + place + " rx=\"3\"/>\n";
  case node_kind::call: break;
  }
  const auto h = at.height;
  return "<path class=\"call\" d=\"M" + number(at.at.x + h / 2) + " " + y + "h" +
         number(at.width - h) + "l" + number(h / 2) + " " + number(h / 2) + "l-" + number(h / 2) +
         " " + number(h / 2) + "h-" + number(at.width - h) + "l-" + number(h / 2) + " -" +
         number(h / 2) + "z\"/>\n";
}

std::string draw(const drawn_node& d, const box& at) {
  const auto center = at.at.x + at.width / 2;
  std::string out = "<g>";
  if (!d.node->doc.empty())
    out += "<title>" + escaped(d.node->doc) + "</title>";
  out += shape_of(d, at);
  if (d.node->is != node_kind::stage)
    return out + text_at(center, at.at.y + at.height / 2 + 4.5, "", d.node->name) + "</g>\n";
  out += text_at(center, at.at.y + 21, "name", d.node->name);
  out += text_at(center, at.at.y + 38, "code", d.node->text);
  auto y = at.at.y + 61;
  for (const auto& line : d.notes) {
    if (line.mark != note::icon::none)
      out += icon_at(line.mark, at.at.x + 12, y - 10.5);
    out += text_at(at.at.x + 30, y, line.style, line.text, "start");
    y += line_height;
  }
  return out + "</g>\n";
}

// -- lines ----------------------------------------------------------------------------------------

/// A smooth line through the points, upright at each.
std::string path_through(const std::vector<point>& points) {
  auto out = "M" + number(points.front().x) + " " + number(points.front().y);
  for (std::size_t i = 1; i < points.size(); ++i) {
    const auto& a = points[i - 1];
    const auto& b = points[i];
    const auto bend = (b.y - a.y) / 2;
    out += "C" + number(a.x) + " " + number(a.y + bend) + " " + number(b.x) + " " +
           number(b.y - bend) + " " + number(b.x) + " " + number(b.y);
  }
  return out;
}

std::string tip(point at, const char* style, bool up = false) {
  const double way = up ? -1 : 1;
  return "<path class=\"" + std::string{style} + "\" d=\"M" + number(at.x) + " " + number(at.y) +
         "l-4.5 " + number(-8 * way) + "h9z\"/>\n";
}

std::string draw(const picture_edge& e, const line& l) {
  const char* style = e.is == edge_kind::flow   ? "flow"
                      : e.is == edge_kind::call ? "calls"
                                                : "rejected";
  const char* tip_style = e.is == edge_kind::flow   ? "tip"
                          : e.is == edge_kind::call ? "tipcalls"
                                                    : "tiprejected";
  std::string out = "<path class=\"" + std::string{style} + "\" d=\"" + path_through(l.through) +
                    "\"/>\n" + tip(l.through.back(), tip_style);
  if (e.is == edge_kind::call)
    out += tip(l.through.front(), tip_style, true);
  return out;
}

/// The name of a port, and its count, where its line leaves the box.
std::string label(const picture_edge& e, const line& l, const readings& live) {
  std::string text = e.is == edge_kind::rejected ? "" : e.label;
  if (auto it = live.find(e.reading); it != live.end() && (it->second > 0 || !text.empty()))
    text += (text.empty() ? "" : " ") + short_count(it->second);
  if (text.empty())
    return {};
  const auto& a = l.through[0];
  const auto& b = l.through[1];
  return text_at(a.x + (b.x - a.x) * 0.12, a.y + 19, "port", text);
}

// -- blocks ---------------------------------------------------------------------------------------

struct drawn_block {
  const picture_block* block = nullptr;
  std::vector<drawn_node> nodes;
  layout places;
  std::vector<std::size_t> exits; ///< boxes where lines to other blocks leave, by cut
  std::string header;
  point at;
  double width = 0;
  double height = 0;
  std::size_t level = 0;
};

drawn_block measure(const picture& of, std::size_t index, const readings& live) {
  const auto& block = of.blocks[index];
  drawn_block d;
  d.block = &block;
  std::vector<box> boxes;
  std::vector<line> lines;
  for (const auto& n : block.nodes) {
    d.nodes.push_back(measure(n, stage_counts(live, block.part + "." + n.name)));
    boxes.push_back({d.nodes.back().width, d.nodes.back().height, false, {}});
  }
  for (const auto& e : block.edges)
    lines.push_back({e.from, e.to, {}});
  for (const auto& c : of.cuts)
    if (c.from_block == index) {
      boxes.push_back({12, 0, true, {}});
      lines.push_back({c.from_node, boxes.size() - 1, {}});
      d.exits.push_back(boxes.size() - 1);
    }
  d.places = arrange(std::move(boxes), std::move(lines), {});
  d.header = part_counts(live, block.part);
  const auto text = width_of("part " + block.part, 8.4) + 24 + width_of(d.header, 7);
  d.width = std::max(d.places.width, text) + 2 * padding;
  d.height = d.places.height + 2 * padding + header_height;
  return d;
}

/// Below each block stand those that read what it writes; those that do not depend on each other
/// stand side by side.
void stack(std::vector<drawn_block>& blocks, const picture& of) {
  for (std::size_t round = 0; round < blocks.size(); ++round)
    for (const auto& c : of.cuts)
      if (c.to_block != c.from_block && blocks[c.from_block].level + 1 < blocks.size() + 1)
        blocks[c.to_block].level = std::min(
          blocks.size() - 1, std::max(blocks[c.to_block].level, blocks[c.from_block].level + 1));
  double widest = 0;
  double y = 0;
  for (std::size_t level = 0; level < blocks.size(); ++level) {
    double x = 0;
    double tall = 0;
    for (auto& b : blocks)
      if (b.level == level) {
        b.at = {x, y};
        x += b.width + between_blocks / 2;
        tall = std::max(tall, b.height);
      }
    widest = std::max(widest, x - between_blocks / 2);
    y += tall > 0 ? tall + between_blocks : 0;
  }
  for (std::size_t level = 0; level < blocks.size(); ++level) {
    double end = 0;
    for (const auto& b : blocks)
      if (b.level == level)
        end = std::max(end, b.at.x + b.width);
    for (auto& b : blocks)
      if (b.level == level)
        b.at.x += (widest - end) / 2;
  }
}

void move(drawn_block& b, point origin) {
  b.at = {b.at.x + origin.x, b.at.y + origin.y};
  const point inner{b.at.x + (b.width - b.places.width) / 2, b.at.y + header_height + padding};
  for (auto& at : b.places.boxes)
    at.at = {at.at.x + inner.x, at.at.y + inner.y};
  for (auto& l : b.places.lines)
    for (auto& p : l.through)
      p = {p.x + inner.x, p.y + inner.y};
}

std::string draw(const drawn_block& b, const readings& live) {
  std::string out = "<rect class=\"block\" x=\"" + number(b.at.x) + "\" y=\"" + number(b.at.y) +
                    "\" width=\"" + number(b.width) + "\" height=\"" + number(b.height) +
                    "\" rx=\"12\"/>\n";
  out += text_at(b.at.x + 16, b.at.y + 24, "name", "part " + b.block->part, "start");
  out += text_at(b.at.x + b.width - 16, b.at.y + 24, b.header.empty() ? "note" : "count", b.header,
                 "end");
  const auto& edges = b.block->edges;
  for (std::size_t i = 0; i < edges.size(); ++i)
    out += draw(edges[i], b.places.lines[i]);
  for (std::size_t i = edges.size(); i < b.places.lines.size(); ++i)
    out += "<path class=\"cut\" d=\"" + path_through(b.places.lines[i].through) + "\"/>\n";
  for (std::size_t i = 0; i < b.nodes.size(); ++i)
    out += draw(b.nodes[i], b.places.boxes[i]);
  for (std::size_t i = 0; i < edges.size(); ++i)
    out += label(edges[i], b.places.lines[i], live);
  return out;
}

std::string draw_cuts(const picture& of, const std::vector<drawn_block>& blocks, double width) {
  std::string out;
  std::vector<std::size_t> used(blocks.size());
  std::set<std::size_t> crossed;
  for (const auto& c : of.cuts) {
    const auto& from = blocks[c.from_block];
    const auto& to = blocks[c.to_block];
    const auto& exit = from.places.boxes[from.exits[used[c.from_block]++]];
    const auto& topic = to.places.boxes[0];
    const point start{exit.at.x + exit.width / 2, exit.at.y};
    const point end{topic.at.x + topic.width / 2, topic.at.y};
    if (to.level > from.level && crossed.insert(to.level).second) {
      const auto y = to.at.y - between_blocks / 2;
      out += "<path class=\"cutline\" d=\"M" + number(margin) + " " + number(y) + "H" +
             number(width - margin) + "\"/>\n" +
             text_at(width - margin, y - 6, "note", "cut: a new key, another lane", "end");
    }
    out += "<path class=\"cut\" d=\"" + path_through({start, end}) + "\"/>\n" + tip(end, "tipcut");
  }
  return out;
}

std::string legend(double y, bool has_rejected, bool has_calls) {
  double x = margin;
  std::string out;
  auto entry = [&](const char* style, const char* text) {
    out += "<path class=\"" + std::string{style} + "\" d=\"M" + number(x) + " " + number(y - 4) +
           "h26\"/>\n" + text_at(x + 33, y, "note", text, "start");
    x += 33 + width_of(text, 6.6) + 22;
  };
  entry("flow", "records");
  if (has_rejected)
    entry("rejected", "rejected");
  if (has_calls)
    entry("calls", "calls and replies");
  return out;
}

bool has_edge(const picture& of, edge_kind kind) {
  return std::ranges::any_of(of.blocks, [&](const auto& b) {
    return std::ranges::any_of(b.edges, [&](const auto& e) { return e.is == kind; });
  });
}

} // namespace

std::string to_svg(const picture& of, const readings& live) {
  std::vector<drawn_block> blocks;
  for (std::size_t i = 0; i < of.blocks.size(); ++i)
    blocks.push_back(measure(of, i, live));
  stack(blocks, of);
  constexpr double head = 70;
  double width = std::max(width_of(of.title, 12), width_of(of.summary, 7.2)) + 2 * margin;
  double height = 0;
  for (const auto& b : blocks) {
    width = std::max(width, b.at.x + b.width + 2 * margin);
    height = std::max(height, b.at.y + b.height);
  }
  double used = 0;
  for (const auto& b : blocks)
    used = std::max(used, b.at.x + b.width);
  for (auto& b : blocks)
    move(b, {(width - used) / 2, head});
  height += head + 44;
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) +
                    "\" height=\"" + number(height) + "\" viewBox=\"0 0 " + number(width) + " " +
                    number(height) + "\" role=\"img\">\n<title>" + escaped(of.title) +
                    "</title>\n<style>" + std::string{style} +
                    "</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\" rx=\"14\"/>\n";
  out += text_at(margin, 34, "title", of.title, "start") +
         text_at(margin, 55, "dim", of.summary, "start");
  for (const auto& b : blocks)
    out += draw(b, live);
  out += draw_cuts(of, blocks, width);
  out += legend(height - 16, has_edge(of, edge_kind::rejected), has_edge(of, edge_kind::call));
  return out + "</svg>\n";
}

} // namespace sallyport::topology
