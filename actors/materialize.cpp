#include "actors/selector.hpp"
#include "engine/core/binary.hpp"
#include "engine/operators/registry.hpp"

#include <stdexcept>

namespace sallyport {
namespace {

constexpr std::uint8_t format = 1;

config::spec materialize_spec() {
  using config::field;
  return config::spec{"materialize"}
    .summary("Keeps the latest value of each key in the store and sends the record on.")
    .description("A record without a value removes what is kept of its key. The row of a key is "
                 "`value/<key>`. A record without a key is rejected as `no_key`.")
    .add(field::boolean("unchanged")
           .by_default("true")
           .doc("Whether a record goes on whose value is the one that is kept already; else it is "
                "discarded "
                "as `unchanged`."))
    .example("unchanged: false\n");
}

class materialize final : public operator_base {
public:
  explicit materialize(const config::params& with) : unchanged_(with.boolean("unchanged")) {}

  verdict process(record&& r, context& ctx) override {
    if (r.key.is_null())
      return verdict::reject(std::move(r), std::string{causes::no_key});
    const auto row = "value/" + r.key.str();
    if (!unchanged_ && is_kept(ctx.state().get(row), r))
      return verdict::discard("unchanged");
    if (r.value.is_null()) {
      ctx.state().erase(row);
      return verdict::forward(std::move(r));
    }
    std::string kept;
    binary::put_u8(kept, format);
    binary::put_record(kept, r);
    ctx.state().put(row, std::move(kept));
    return verdict::forward(std::move(r));
  }

private:
  static bool is_kept(const std::optional<std::string>& row, const record& r) {
    if (!row)
      return r.value.is_null();
    binary::reader in(*row);
    const auto version = in.u8();
    const auto kept = in.read_record();
    if (version != format || in.failed())
      throw std::runtime_error("a kept value has an unknown format");
    return kept.value == r.value;
  }

  bool unchanged_;
};

operator_entry materialize_entry() {
  operator_entry entry;
  entry.spec = materialize_spec();
  entry.keeps = "the latest value of each key";
  entry.make = [](const config::params& with) { return std::make_unique<materialize>(with); };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(materialize, materialize_entry());

} // namespace sallyport
