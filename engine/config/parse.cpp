#include "engine/config/parse.hpp"

#include "engine/config/expand.hpp"
#include "engine/config/node.hpp"
#include "engine/config/spec.hpp"
#include "engine/core/assert.hpp"
#include "engine/time/duration.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

namespace sallyport::config {

// -- what a params holds --------------------------------------------------------------------------

struct params::body {
  struct value {
    field_type type = field_type::text;
    bool present = false;
    location where;
    std::string text;
    std::int64_t number = 0;
    double decimal = 0;
    bool boolean = false;
    std::uint64_t size = 0;
    params object;
    std::vector<params> list;
    std::vector<entry> map;
    node raw;
  };

  location where;
  std::map<std::string, value, std::less<>> values;

  [[nodiscard]] const value& find(std::string_view name, field_type type) const {
    auto it = values.find(name);
    SALLYPORT_ASSERT(it != values.end() && it->second.type == type);
    return it->second;
  }
};

namespace {

// -- words ----------------------------------------------------------------------------------------

std::string quote(std::string_view text) { return "'" + std::string{text} + "'"; }

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words)
    out += (out.empty() ? "" : ", ") + w;
  return out;
}

std::string_view noun(field_type type) {
  switch (type) {
  case field_type::text: return "a text";
  case field_type::number: return "a whole number";
  case field_type::decimal: return "a number";
  case field_type::boolean: return "true or false";
  case field_type::duration: return "a duration";
  case field_type::size: return "a size";
  case field_type::choice: return "one of its words";
  case field_type::object: return "a mapping";
  case field_type::map: return "a mapping";
  case field_type::list: return "a list";
  case field_type::any: return "a value";
  }
  return "a value";
}

std::string_view noun(node::kind kind) {
  switch (kind) {
  case node::kind::null: return "nothing";
  case node::kind::scalar: return "a single value";
  case node::kind::sequence: return "a list";
  case node::kind::mapping: return "a mapping";
  }
  return "nothing";
}

bool is_scalar(field_type type) {
  return type != field_type::object && type != field_type::map && type != field_type::list &&
         type != field_type::any;
}

std::string written(std::int64_t bound, field_type type) {
  if (type == field_type::duration)
    return format_duration(sallyport::duration{bound});
  if (type == field_type::size)
    return format_size(static_cast<std::uint64_t>(bound));
  return std::to_string(bound);
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  if (text.starts_with('+'))
    text.remove_prefix(1);
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc{} && end == text.data() + text.size();
}

} // namespace

// -- the parse ------------------------------------------------------------------------------------

struct params_builder {
  using value = params::body::value;

  findings& out;

  params object(const std::vector<field>& fields, const std::string& path, const node* from,
                const location& where) {
    if (from != nullptr && from->type != node::kind::null && from->type != node::kind::mapping) {
      say(from->where,
          path + " must be a mapping, but " + std::string{noun(from->type)} + " stands here");
      return absent(fields, where);
    }
    auto body = std::make_shared<params::body>();
    body->where = where;
    if (from != nullptr)
      check_names(fields, path, *from);
    for (const auto& f : fields)
      take_field(f, path, from, where, *body);
    params made;
    made.body_ = std::move(body);
    return made;
  }

  static params absent(const std::vector<field>& fields, const location& where) {
    auto body = std::make_shared<params::body>();
    body->where = where;
    for (const auto& f : fields)
      body->values.emplace(f.name, absent(f, where));
    params made;
    made.body_ = std::move(body);
    return made;
  }

private:
  void say(const location& where, std::string what, std::string hint = {}) {
    out.push_back({where, std::move(what), std::move(hint)});
  }

  static value absent(const field& f, const location& where) {
    value v;
    v.type = f.type;
    v.where = where;
    if (f.type == field_type::object)
      v.object = absent(f.fields, where);
    return v;
  }

  void check_names(const std::vector<field>& fields, const std::string& path, const node& from) {
    std::vector<std::string> names;
    for (const auto& f : fields)
      names.push_back(f.name);
    for (const auto& e : from.entries) {
      if (std::ranges::find(names, e.name) != names.end())
        continue;
      auto near = nearest(e.name, names);
      say(e.where, "unknown field " + quote(e.name) + " in " + path,
          near ? "did you mean " + quote(*near) + "?"
          : e.name.find(' ') != std::string::npos
            ? "between '{' and '}' a text with a comma needs quotes"
          : names.empty() ? path + " takes no fields"
                          : "it takes: " + joined(names));
    }
  }

  void take_field(const field& f, const std::string& path, const node* from, const location& where,
                  params::body& into) {
    const node::entry* given = nullptr;
    if (from != nullptr)
      for (const auto& e : from->entries)
        if (e.name == f.name)
          given = &e;
    value v = absent(f, given != nullptr ? given->where : where);
    if (given != nullptr && given->value.type == node::kind::null && given->value.unresolved) {
      into.values.emplace(f.name, std::move(v));
      return;
    }
    if (given != nullptr && !(f.type == field_type::any && given->value.type == node::kind::null)) {
      v.present = true;
      take(f, path + "." + f.name, given->value, v);
    } else if (f.default_value) {
      v.present = true;
      take_default(f, v);
    } else if (!f.is_optional && f.type == field_type::object && all_have_defaults(f.fields)) {
      v.present = true;
      v.object = object(f.fields, path + "." + f.name, nullptr, v.where);
    } else if (!f.is_optional) {
      say(where, "missing field " + quote(f.name) + " in " + path, example_of(f));
    }
    into.values.emplace(f.name, std::move(v));
  }

  static bool all_have_defaults(const std::vector<field>& fields) {
    return std::ranges::all_of(fields, [](const field& f) {
      return f.is_optional || f.default_value ||
             (f.type == field_type::object && all_have_defaults(f.fields));
    });
  }

  static std::string example_of(const field& f) {
    if (!f.example_value.empty())
      return "add for example '" + f.name + ": " + f.example_value + "'";
    return "it is " + (f.type == field_type::choice ? "one of: " + joined(f.words)
                                                    : std::string{noun(f.type)});
  }

  /// Defaults are ours: one that its own field does not take is a mistake in the code.
  static void take_default(const field& f, value& v) {
    findings mistakes;
    node given;
    if (is_scalar(f.type)) {
      given.type = node::kind::scalar;
      given.text = *f.default_value;
    } else {
      given = parse_yaml_with(*f.default_value, "default of " + f.name, no_resolver(), mistakes);
    }
    const auto where = v.where;
    params_builder{mistakes}.take(f, f.name, given, v);
    v.where = where;
    SALLYPORT_ASSERT(mistakes.empty());
  }

  void take(const field& f, const std::string& path, const node& from, value& v) {
    if (f.type == field_type::any) {
      v.raw = from;
      return;
    }
    if (is_scalar(f.type))
      return take_scalar(f, path, from, v);
    if (f.type == field_type::object) {
      v.object = object(f.fields, path, &from, v.where);
      return;
    }
    const auto wanted = f.type == field_type::map ? node::kind::mapping : node::kind::sequence;
    if (from.type == node::kind::null) {
      if (f.least.value_or(0) > 0)
        say(v.where, path + " has no elements",
            "it needs " + std::to_string(*f.least) + " or more");
      return;
    }
    if (from.type != wanted)
      return say(from.where,
                 path + " must be " + std::string{noun(f.type)} + ", but " +
                   std::string{noun(from.type)} + " stands here",
                 from.type == node::kind::scalar && f.type == field_type::list
                   ? "put it in brackets: [...]"
                   : "");
    const auto count = static_cast<std::int64_t>(from.entries.size() + from.items.size());
    if (f.least && count < *f.least)
      say(from.where, path + " has " + std::to_string(count) + " elements",
          "it needs " + std::to_string(*f.least) + " or more");
    if (f.most && count > *f.most)
      say(from.where, path + " has " + std::to_string(count) + " elements",
          "it takes " + std::to_string(*f.most) + " or fewer");
    for (const auto& e : from.entries)
      v.map.push_back({e.name, e.where, element(*f.element, path + "." + e.name, e.value)});
    for (std::size_t i = 0; i < from.items.size(); ++i)
      v.list.push_back(element(*f.element, path + "[" + std::to_string(i) + "]", from.items[i]));
  }

  /// An element of a map or list: an object is its own params, another has the empty name.
  params element(const field& f, const std::string& path, const node& from) {
    if (f.type == field_type::object)
      return object(f.fields, path, &from, from.where);
    auto body = std::make_shared<params::body>();
    body->where = from.where;
    value v = absent(f, from.where);
    v.present = true;
    take(f, path, from, v);
    body->values.emplace("", std::move(v));
    params made;
    made.body_ = std::move(body);
    return made;
  }

  void take_scalar(const field& f, const std::string& path, const node& from, value& v) {
    if (from.type == node::kind::null) {
      auto hint = f.default_value ? "leave the field out for its default (" + *f.default_value + ")"
                  : f.type == field_type::text ? "write \"\" for an empty text"
                                               : "it is " + std::string{noun(f.type)};
      return say(v.where, path + " has no value", hint);
    }
    if (from.type != node::kind::scalar)
      return say(from.where, path + " must be " + std::string{noun(f.type)} + ", but " +
                               std::string{noun(from.type)} + " stands here");
    if (from.unresolved)
      return;
    v.text = from.text;
    const auto before = out.size();
    read(f, path, from, v);
    if (out.size() == before && f.rule)
      if (auto wrong = f.rule(from.text))
        say(from.where, path + ": " + *wrong);
  }

  /// The value as it may be shown.
  static std::string shown(const field& f, const node& from) {
    return f.is_secret || from.from_secret ? "***" : quote(from.text);
  }

  void read(const field& f, const std::string& path, const node& from, value& v) {
    switch (f.type) {
    case field_type::number: return read_whole(f, path, from, v);
    case field_type::decimal: return read_decimal(f, path, from, v);
    case field_type::boolean: return read_boolean(f, path, from, v);
    case field_type::duration: return read_duration(f, path, from, v);
    case field_type::size: return read_size(f, path, from, v);
    case field_type::choice: return read_choice(f, path, from);
    default: return;
    }
  }

  bool refuse_quoted(const field& f, const std::string& path, const node& from) {
    if (!from.quoted)
      return false;
    say(from.where,
        path + " must be " + std::string{noun(f.type)} + ", but a quoted text stands here",
        "write it without quotes");
    return true;
  }

  void check_range(const field& f, const std::string& path, const node& from, auto number) {
    using number_type = decltype(number);
    if (f.least && number < static_cast<number_type>(*f.least))
      say(from.where, path + " is " + shown(f, from) + ", less than the least",
          "write " + written(*f.least, f.type) + " or more");
    if (f.most && number > static_cast<number_type>(*f.most))
      say(from.where, path + " is " + shown(f, from) + ", more than the most",
          "write " + written(*f.most, f.type) + " or less");
  }

  void read_whole(const field& f, const std::string& path, const node& from, value& v) {
    if (refuse_quoted(f, path, from))
      return;
    if (!read_number(from.text, v.number))
      return say(from.where, path + " must be a whole number, but it is " + shown(f, from));
    check_range(f, path, from, v.number);
  }

  void read_decimal(const field& f, const std::string& path, const node& from, value& v) {
    if (refuse_quoted(f, path, from))
      return;
    if (!read_number(from.text, v.decimal) || !std::isfinite(v.decimal)) {
      v.decimal = 0;
      return say(from.where, path + " must be a number, but it is " + shown(f, from));
    }
    check_range(f, path, from, v.decimal);
  }

  void read_boolean(const field& f, const std::string& path, const node& from, value& v) {
    if (refuse_quoted(f, path, from))
      return;
    v.boolean = from.text == "true";
    if (!v.boolean && from.text != "false")
      say(from.where, path + " must be true or false, but it is " + shown(f, from));
  }

  void read_duration(const field& f, const std::string& path, const node& from, value& v) {
    auto read = parse_duration(from.text);
    if (!read)
      return say(from.where, path + ": " + parse_error(f, from, read.error()));
    v.number = read->count();
    check_range(f, path, from, v.number);
  }

  void read_size(const field& f, const std::string& path, const node& from, value& v) {
    auto read = parse_size(from.text);
    if (!read)
      return say(from.where, path + ": " + parse_error(f, from, read.error()));
    v.size = *read;
    check_range(f, path, from, v.size);
  }

  static std::string parse_error(const field& f, const node& from, const error& e) {
    return f.is_secret || from.from_secret ? "the value is not " + std::string{noun(f.type)}
                                           : e.what;
  }

  void read_choice(const field& f, const std::string& path, const node& from) {
    if (std::ranges::find(f.words, from.text) != f.words.end())
      return;
    auto near = nearest(from.text, f.words);
    say(from.where, path + " cannot be " + shown(f, from),
        near ? "did you mean " + quote(*near) + "?" : "it is one of: " + joined(f.words));
  }
};

params spec::parse(const node* from, const location& where, findings& out) const {
  return params_builder{out}.object(fields, name, from, where);
}

result<params> parse_params(const spec& of, std::string_view yaml) {
  findings mistakes;
  auto tree = parse_yaml_with(yaml, of.name, no_resolver(), mistakes);
  if (mistakes.empty()) {
    auto made = of.parse(&tree, tree.where, mistakes);
    if (mistakes.empty())
      return made;
  }
  return fail(error::user(errc::invalid_config, joined_text(mistakes)));
}

std::string joined_text(const findings& all) {
  std::string out;
  for (const auto& f : all)
    out += (out.empty() ? "" : "\n") + f.text();
  return out;
}

// -- reading --------------------------------------------------------------------------------------

params::params() {
  static const auto empty = std::make_shared<const body>();
  body_ = empty;
}

bool params::has(std::string_view name) const {
  auto it = body_->values.find(name);
  SALLYPORT_ASSERT(it != body_->values.end());
  return it->second.present;
}

const std::string& params::text(std::string_view name) const {
  auto it = body_->values.find(name);
  SALLYPORT_ASSERT(it != body_->values.end() &&
                   (it->second.type == field_type::text || it->second.type == field_type::choice));
  return it->second.text;
}

std::int64_t params::number(std::string_view name) const {
  return body_->find(name, field_type::number).number;
}

double params::decimal(std::string_view name) const {
  return body_->find(name, field_type::decimal).decimal;
}

bool params::boolean(std::string_view name) const {
  return body_->find(name, field_type::boolean).boolean;
}

sallyport::duration params::duration(std::string_view name) const {
  return sallyport::duration{body_->find(name, field_type::duration).number};
}

std::uint64_t params::size(std::string_view name) const {
  return body_->find(name, field_type::size).size;
}

const params& params::object(std::string_view name) const {
  return body_->find(name, field_type::object).object;
}

const std::vector<params>& params::list(std::string_view name) const {
  return body_->find(name, field_type::list).list;
}

std::vector<std::string> params::texts(std::string_view name) const {
  std::vector<std::string> all;
  for (const auto& element : list(name))
    all.push_back(element.text(""));
  return all;
}

const std::vector<params::entry>& params::map(std::string_view name) const {
  return body_->find(name, field_type::map).map;
}

const node* params::raw(std::string_view name) const {
  const auto& value = body_->find(name, field_type::any);
  return value.present ? &value.raw : nullptr;
}

const location& params::where(std::string_view name) const {
  if (name.empty())
    return body_->where;
  auto it = body_->values.find(name);
  SALLYPORT_ASSERT(it != body_->values.end());
  return it->second.where;
}

} // namespace sallyport::config
