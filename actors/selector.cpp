#include "actors/selector.hpp"

#include "engine/core/assert.hpp"

namespace sallyport {

selector selector::of_key() { return selector{source::key}; }

selector selector::of_header(std::string name) {
  selector made{source::header};
  made.header_ = std::move(name);
  return made;
}

selector selector::of_field(json_pointer pointer) {
  selector made{source::field};
  std::vector<json_pointer> one;
  one.push_back(std::move(pointer));
  made.picker_.emplace(std::move(one));
  return made;
}

std::optional<selector> selector::from(const config::params& with, std::string_view field_name,
                                       std::string_view header_name) {
  if (with.has(header_name))
    return of_header(with.text(header_name));
  if (!with.has(field_name))
    return std::nullopt;
  auto pointer = json_pointer::parse(with.text(field_name));
  SALLYPORT_ASSERT(pointer.has_value());
  return of_field(std::move(*pointer));
}

result<std::optional<std::string>> selector::text(const record& r) {
  switch (from_) {
  case source::key:
    if (r.key.is_null())
      return std::nullopt;
    return r.key.str();
  case source::header: {
    const auto found = r.find(header_);
    return found ? std::optional{std::string{*found}} : std::nullopt;
  }
  case source::field: break;
  }
  if (r.value.is_null())
    return std::nullopt;
  if (!picker_->pick(r.value.view()))
    return fail(error::data("the value is not JSON"));
  return picker_->text(0);
}

void check_one_of(const config::params& with, std::string_view field_name,
                  std::string_view header_name, bool needed, config::findings& out) {
  const std::string both =
    "'" + std::string{field_name} + "' or '" + std::string{header_name} + "'";
  if (with.has(field_name) && with.has(header_name))
    out.push_back(
      {with.where(header_name), "two sources are given where one is meant", "keep either " + both});
  if (needed && !with.has(field_name) && !with.has(header_name))
    out.push_back({with.where(), "it is not said where the text is taken from", "add " + both});
}

} // namespace sallyport
