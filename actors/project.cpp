#include "actors/selector.hpp"
#include "engine/core/assert.hpp"
#include "engine/operators/registry.hpp"

namespace sallyport {
namespace {

config::spec project_spec() {
  using config::field;
  return config::spec{"project"}
    .summary("Keeps the named fields of a JSON value: a new object in the stated order.")
    .description(
      "Values are copied as they are written, unparsed. A record without a value goes on "
      "as it is. A value that is not JSON is rejected as `invalid`.")
    .add(field::map("fields",
                    field::text("").check(check_json_pointer).doc("The JSON pointer of the value."))
           .example("{ booking: /bookingId }")
           .doc("The members of the new object: its name, and where its value stands."))
    .add(field::choice("missing", {"omit", "null", "reject"})
           .by_default("omit")
           .doc("What becomes of a member whose value is not there: it is left out, it is null, or "
                "the record is rejected as `invalid`."))
    .example("fields:\n"
             "  booking: /bookingId\n"
             "  surname: /offender/names/0/surname\n"
             "missing: \"null\"\n");
}

/// Hot: one walk over the value, one allocation for the new one.
class project final : public operator_base {
public:
  explicit project(const config::params& with)
    : picker_(pointers(with)), missing_(with.text("missing")) {
    for (const auto& f : with.map("fields")) {
      names_.push_back(json_quoted(f.name) + ":");
      pointers_.push_back(f.value.text(""));
    }
  }

  verdict process(record&& r, context& /*ctx*/) override {
    if (r.value.is_null())
      return verdict::forward(std::move(r));
    if (!picker_.pick(r.value.view()))
      return verdict::reject(std::move(r), std::string{causes::invalid}, "the value is not JSON");
    std::size_t size = 2;
    for (std::size_t i = 0; i < names_.size(); ++i)
      size += names_[i].size() + picker_.raw(i).value_or("null").size() + 1;
    std::string out;
    out.reserve(size);
    out += '{';
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto value = picker_.raw(i);
      if (!value && missing_ == "reject")
        return verdict::reject(std::move(r), std::string{causes::invalid},
                               pointers_[i] + ": missing");
      if (!value && missing_ == "omit")
        continue;
      if (out.size() > 1)
        out += ',';
      out += names_[i];
      out += value.value_or("null");
    }
    out += '}';
    r.value = bytes{std::move(out)};
    return verdict::forward(std::move(r));
  }

private:
  static std::vector<json_pointer> pointers(const config::params& with) {
    std::vector<json_pointer> all;
    for (const auto& f : with.map("fields")) {
      auto pointer = json_pointer::parse(f.value.text(""));
      SALLYPORT_ASSERT(pointer.has_value());
      all.push_back(std::move(*pointer));
    }
    return all;
  }

  json_picker picker_;
  std::string missing_;
  std::vector<std::string> names_; ///< quoted, with the colon
  std::vector<std::string> pointers_;
};

operator_entry project_entry() {
  operator_entry entry;
  entry.spec = project_spec();
  entry.make = [](const config::params& with) { return std::make_unique<project>(with); };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(project, project_entry());

} // namespace sallyport
