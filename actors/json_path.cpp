#include "actors/json_path.hpp"

#include "engine/core/assert.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sallyport {

namespace {

constexpr std::size_t steps_max = 32;
constexpr std::size_t names_max = 64; ///< below one name in one walk: the bits of a mask
constexpr std::size_t no_index = static_cast<std::size_t>(-1);

/// One name on the way to what is wanted.
struct step_node {
  std::string name;
  std::optional<std::size_t> position; ///< the name read as an index of an array
  bool escaped = false;                ///< a text that holds the name writes it with escapes
  std::size_t wanted = no_index;       ///< the pointer that ends here
  std::vector<step_node> below;
};

std::optional<std::size_t> as_position(std::string_view step) {
  std::size_t n = 0;
  auto [end, code] = std::from_chars(step.data(), step.data() + step.size(), n);
  if (code != std::errc{} || end != step.data() + step.size() ||
      (step.size() > 1 && step[0] == '0'))
    return std::nullopt;
  return n;
}

bool needs_escapes(std::string_view name) {
  return std::ranges::any_of(
    name, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20U; });
}

/// Adds the pointer to the tree, unless it ends above or below another one of it.
bool add_to(step_node& root, const json_pointer& pointer, std::size_t index) {
  const step_node* at = &root;
  for (const auto& step : pointer.steps) {
    if (at->wanted != no_index)
      return false;
    auto next = std::ranges::find(at->below, step, &step_node::name);
    if (next == at->below.end()) {
      if (at->below.size() == names_max)
        return false;
      at = nullptr;
      break;
    }
    at = &*next;
  }
  if (at != nullptr && (at->wanted != no_index || !at->below.empty()))
    return false;
  step_node* into = &root;
  for (const auto& step : pointer.steps) {
    auto next = std::ranges::find(into->below, step, &step_node::name);
    if (next == into->below.end()) {
      into->below.push_back({step, as_position(step), needs_escapes(step), no_index, {}});
      next = std::prev(into->below.end());
    }
    into = &*next;
  }
  into->wanted = index;
  return true;
}

std::size_t wanted_in(const step_node& node) {
  std::size_t all = node.wanted == no_index ? 0 : 1;
  for (const auto& b : node.below)
    all += wanted_in(b);
  return all;
}

/// Pointers of which none leads to a part of another: one walk finds them all.
struct walk_plan {
  step_node root;
  std::size_t wanted = 0;
};

bool is_literal(std::string_view raw) {
  if (raw == "true" || raw == "false" || raw == "null")
    return true;
  std::size_t i = raw.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const auto from = i;
    while (i < raw.size() && raw[i] >= '0' && raw[i] <= '9')
      ++i;
    return i - from;
  };
  const bool zero = i < raw.size() && raw[i] == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1))
    return false;
  if (i < raw.size() && raw[i] == '.') {
    ++i;
    if (digits() == 0)
      return false;
  }
  if (i < raw.size() && (raw[i] == 'e' || raw[i] == 'E')) {
    ++i;
    if (i < raw.size() && (raw[i] == '+' || raw[i] == '-'))
      ++i;
    if (digits() == 0)
      return false;
  }
  return i == raw.size();
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

bool well_formed(std::string_view raw) {
  if (raw.empty())
    return false;
  return raw[0] == '"' || raw[0] == '{' || raw[0] == '[' || is_literal(raw);
}

} // namespace

struct json_picker::body {
  std::vector<walk_plan> plans;
  std::vector<std::optional<std::string_view>> found;
  std::string buffer;
  simdjson::ondemand::parser parser;
  simdjson::dom::parser checker;
  std::size_t left = 0;

  bool walk(simdjson::ondemand::value value, const step_node& node) {
    if (node.wanted != no_index) {
      std::string_view raw;
      if (simdjson::to_json_string(value).get(raw) != simdjson::SUCCESS)
        return false;
      raw = trimmed(raw);
      if (!well_formed(raw))
        return false;
      found[node.wanted] = raw;
      --left;
      return true;
    }
    simdjson::ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS)
      return false;
    if (type == simdjson::ondemand::json_type::object) {
      simdjson::ondemand::object object;
      return value.get_object().get(object) == simdjson::SUCCESS && members(object, node);
    }
    if (type == simdjson::ondemand::json_type::array) {
      simdjson::ondemand::array array;
      return value.get_array().get(array) == simdjson::SUCCESS && elements(array, node);
    }
    return true;
  }

  [[nodiscard]] bool is_named(simdjson::ondemand::field& field, const step_node& node) const {
    const char* raw = field.key().raw();
    const std::string_view rest{raw, static_cast<std::size_t>(buffer.data() + buffer.size() - raw)};
    if (node.escaped)
      return rest.starts_with(std::string_view{json_quoted(node.name)}.substr(1));
    return rest.starts_with(node.name) && rest[node.name.size()] == '"';
  }

  bool members(simdjson::ondemand::object& object, const step_node& node) {
    std::uint64_t seen = 0; // of equal names the first counts
    for (auto each : object) {
      simdjson::ondemand::field field;
      if (std::move(each).get(field) != simdjson::SUCCESS)
        return false;
      for (std::size_t i = 0; i < node.below.size(); ++i) {
        const auto bit = std::uint64_t{1} << i;
        if ((seen & bit) != 0 || !is_named(field, node.below[i]))
          continue;
        seen |= bit;
        if (!walk(field.value(), node.below[i]))
          return false;
        break;
      }
      if (left == 0)
        return true;
    }
    return true;
  }

  bool elements(simdjson::ondemand::array& array, const step_node& node) {
    std::size_t position = 0;
    for (auto each : array) {
      simdjson::ondemand::value value;
      if (std::move(each).get(value) != simdjson::SUCCESS)
        return false;
      for (const auto& b : node.below) {
        if (b.position != position)
          continue;
        if (!walk(value, b))
          return false;
        break;
      }
      if (left == 0)
        return true;
      ++position;
    }
    return true;
  }

  /// The whole text is wanted, or it is one scalar: then all of it is checked.
  bool whole(const walk_plan& plan, std::string_view text) {
    if (checker.parse(text.data(), text.size(), true).error() != simdjson::SUCCESS)
      return false;
    if (plan.root.wanted != no_index)
      found[plan.root.wanted] = text;
    return true;
  }

  bool run(const walk_plan& plan, std::string_view json) {
    const auto text = trimmed(json);
    if (text.empty())
      return false;
    if (plan.root.wanted != no_index || (text[0] != '{' && text[0] != '['))
      return whole(plan, text);
    left = plan.wanted;
    simdjson::ondemand::document document;
    if (parser.iterate(buffer.data(), json.size(), buffer.size()).get(document) !=
        simdjson::SUCCESS)
      return false;
    simdjson::ondemand::value root;
    return document.get_value().get(root) == simdjson::SUCCESS && walk(root, plan.root);
  }
};

json_picker::json_picker(std::vector<json_pointer> wanted) : body_(std::make_unique<body>()) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool taken = std::ranges::any_of(
      body_->plans, [&](walk_plan& plan) { return add_to(plan.root, wanted[i], i); });
    if (taken)
      continue;
    body_->plans.emplace_back();
    const bool added = add_to(body_->plans.back().root, wanted[i], i);
    SALLYPORT_ASSERT(added);
  }
  for (auto& plan : body_->plans)
    plan.wanted = wanted_in(plan.root);
  body_->found.resize(wanted.size());
}

json_picker::~json_picker() = default;
json_picker::json_picker(json_picker&&) noexcept = default;
json_picker& json_picker::operator=(json_picker&&) noexcept = default;

bool json_picker::pick(std::string_view json) {
  std::ranges::fill(body_->found, std::nullopt);
  auto& buffer = body_->buffer;
  buffer.resize(json.size() + simdjson::SIMDJSON_PADDING);
  std::memcpy(buffer.data(), json.data(), json.size());
  std::memset(buffer.data() + json.size(), 0, simdjson::SIMDJSON_PADDING);
  const std::string_view text{buffer.data(), json.size()};
  return std::ranges::all_of(body_->plans,
                             [&](const walk_plan& plan) { return body_->run(plan, text); });
}

std::optional<std::string_view> json_picker::raw(std::size_t index) const {
  return body_->found[index];
}

std::optional<std::string> json_picker::text(std::size_t index) const {
  const auto found = raw(index);
  return found ? json_text(*found) : std::nullopt;
}

// -- pointers and texts ---------------------------------------------------------------------

result<json_pointer> json_pointer::parse(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return fail(error::user(errc::invalid_config,
                            "'" + std::string{text} + "' is not a JSON pointer: " + why));
  };
  json_pointer made{std::string{text}, {}};
  if (text.empty())
    return made;
  if (text[0] != '/')
    return wrong("it must begin with '/', as in /offender/id");
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      made.steps.emplace_back();
      if (made.steps.size() > steps_max)
        return wrong("it has more than " + std::to_string(steps_max) + " steps");
    } else if (text[i] != '~') {
      made.steps.back() += text[i];
    } else if (i + 1 < text.size() && (text[i + 1] == '0' || text[i + 1] == '1')) {
      ++i;
      made.steps.back() += text[i] == '0' ? '~' : '/';
    } else {
      return wrong("write '~0' for '~' and '~1' for '/' in a name");
    }
  }
  return made;
}

std::optional<std::string> check_json_pointer(std::string_view text) {
  auto parsed = json_pointer::parse(text);
  return parsed ? std::nullopt : std::optional{parsed.error().what};
}

json_type json_type_of(std::string_view raw) {
  switch (raw.empty() ? 'n' : raw.front()) {
  case 'n': return json_type::null;
  case 't':
  case 'f': return json_type::boolean;
  case '"': return json_type::string;
  case '[': return json_type::array;
  case '{': return json_type::object;
  default: return json_type::number;
  }
}

std::optional<std::string> json_text(std::string_view raw) {
  const auto type = json_type_of(raw);
  if (type == json_type::null)
    return std::nullopt;
  if (type != json_type::string)
    return std::string{raw};
  const auto inside = raw.substr(1, raw.size() < 2 ? 0 : raw.size() - 2);
  if (inside.find('\\') == std::string_view::npos)
    return std::string{inside};
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  std::string_view text;
  if (parser.parse(raw.data(), raw.size(), true).get(element) != simdjson::SUCCESS ||
      element.get_string().get(text) != simdjson::SUCCESS)
    return std::string{inside};
  return std::string{text};
}

std::string json_quoted(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      if (code < 0x20U) {
        out += "\\u00";
        out += hex[code >> 4U];
        out += hex[code & 0xfU];
      } else {
        out += c;
      }
    }
  }
  out += '"';
  return out;
}

} // namespace sallyport
