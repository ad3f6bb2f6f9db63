#include "engine/config/spec.hpp"

#include <utility>

namespace sallyport::config {

namespace {

field made(field_type type, std::string name) {
  field f;
  f.name = std::move(name);
  f.type = type;
  return f;
}

} // namespace

std::string finding::text() const {
  std::string out = where.file;
  if (where.line > 0)
    out += ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
  if (!out.empty())
    out += ": ";
  out += what;
  if (!hint.empty())
    out += "; " + hint;
  return out;
}

// -- fields -------------------------------------------------------------------

field field::text(std::string name) { return made(field_type::text, std::move(name)); }
field field::number(std::string name) { return made(field_type::number, std::move(name)); }
field field::decimal(std::string name) { return made(field_type::decimal, std::move(name)); }
field field::boolean(std::string name) { return made(field_type::boolean, std::move(name)); }
field field::duration(std::string name) { return made(field_type::duration, std::move(name)); }
field field::size(std::string name) { return made(field_type::size, std::move(name)); }
field field::any(std::string name) { return made(field_type::any, std::move(name)); }

field field::choice(std::string name, std::vector<std::string> words) {
  auto f = made(field_type::choice, std::move(name));
  f.words = std::move(words);
  return f;
}

field field::object(std::string name, std::vector<field> fields) {
  auto f = made(field_type::object, std::move(name));
  f.fields = std::move(fields);
  return f;
}

field field::map(std::string name, field element) {
  auto f = made(field_type::map, std::move(name));
  f.element = std::make_shared<const field>(std::move(element));
  return f;
}

field field::list(std::string name, field element) {
  auto f = made(field_type::list, std::move(name));
  f.element = std::make_shared<const field>(std::move(element));
  return f;
}

field field::doc(std::string text) && {
  documentation = std::move(text);
  return std::move(*this);
}

field field::by_default(std::string value) && {
  default_value = std::move(value);
  return std::move(*this);
}

field field::optional() && {
  is_optional = true;
  return std::move(*this);
}

field field::secret() && {
  is_secret = true;
  return std::move(*this);
}

field field::example(std::string value) && {
  example_value = std::move(value);
  return std::move(*this);
}

field field::min(std::int64_t value) && {
  least = value;
  return std::move(*this);
}

field field::max(std::int64_t value) && {
  most = value;
  return std::move(*this);
}

field field::check(std::function<std::optional<std::string>(std::string_view)> rule) && {
  this->rule = std::move(rule);
  return std::move(*this);
}

// -- specs --------------------------------------------------------------------

spec spec::summary(std::string text) && {
  summary_text = std::move(text);
  return std::move(*this);
}

spec spec::description(std::string text) && {
  description_text = std::move(text);
  return std::move(*this);
}

spec spec::add(field f) && {
  fields.push_back(std::move(f));
  return std::move(*this);
}

spec spec::example(std::string yaml) && {
  examples.push_back(std::move(yaml));
  return std::move(*this);
}

} // namespace sallyport::config
