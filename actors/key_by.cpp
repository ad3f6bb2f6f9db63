#include "actors/selector.hpp"
#include "engine/operators/registry.hpp"

namespace sallyport {
namespace {

config::spec key_by_spec() {
  using config::field;
  return config::spec{"key_by"}
    .summary("Gives each record a key and publishes it to an internal topic, which brings all of a "
             "key to one lane.")
    .description("The record has done its way in this part: its verdict is done. A record without "
                 "the key is rejected as `no_key`, a value that is not JSON as `invalid`.")
    .add(field::text("key")
           .optional()
           .check(check_json_pointer)
           .example("/bookingId")
           .doc("The JSON pointer of the key."))
    .add(field::text("key_header")
           .optional()
           .example("bookingId")
           .doc("The header that holds the key, instead of a pointer."))
    .add(field::text("to").example("bookings").doc("The internal topic."))
    .example("key: /bookingId\nto: bookings\n");
}

class key_by final : public operator_base {
public:
  explicit key_by(const config::params& with)
    : key_(selector::from(with, "key", "key_header").value()), to_(with.text("to")) {}

  verdict process(record&& r, context& ctx) override {
    auto key = key_.text(r);
    if (!key)
      return verdict::reject(std::move(r), std::string{causes::invalid}, key.error().what);
    if (!*key || (*key)->empty())
      return verdict::reject(std::move(r), std::string{causes::no_key});
    r.key = bytes{std::move(**key)};
    ctx.publish(to_, std::move(r));
    return verdict::done();
  }

private:
  selector key_;
  std::string to_;
};

operator_entry key_by_entry() {
  operator_entry entry;
  entry.spec = key_by_spec();
  entry.outputs = {};
  entry.publishes_by = {"to"};
  entry.make = [](const config::params& with) { return std::make_unique<key_by>(with); };
  entry.lint = [](const config::params& with, config::findings& out) {
    check_one_of(with, "key", "key_header", true, out);
  };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(key_by, key_by_entry());

} // namespace sallyport
