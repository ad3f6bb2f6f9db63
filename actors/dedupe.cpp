#include "actors/selector.hpp"
#include "engine/core/binary.hpp"
#include "engine/operators/registry.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace sallyport {
namespace {

constexpr std::uint8_t format = 1;

/// Ids expire by buckets of arrival time: one timer a bucket, not one an id. More buckets forget
/// more exactly on time, fewer cost less; whether an id is a repeat is decided by its own time.
constexpr std::int64_t buckets_per_term = 16;

/// Ids that one timer erases, so that a full bucket does not hold the lane up.
constexpr std::size_t erased_at_once_max = 1000;

config::spec dedupe_spec() {
  using config::field;
  return config::spec{"dedupe"}
    .summary("Lets the first record of each id through; discards repeats as `duplicate`.")
    .description("An id is kept for a time from its first record on; a repeat does not prolong it. "
                 "The id is the record's key unless a field or header is named; a record without "
                 "one is rejected as `no_id`, or let through.")
    .add(field::text("id")
           .optional()
           .check(check_json_pointer)
           .example("/messageId")
           .doc("The JSON pointer of the id."))
    .add(field::text("id_header")
           .optional()
           .example("MessageId")
           .doc("The header that holds the id, instead of a pointer."))
    .add(field::duration("for").min(1).example("30d").doc("How long an id is kept."))
    .add(field::choice("without_id", {"reject", "pass"})
           .by_default("reject")
           .doc("What becomes of a record without an id."))
    .example("id_header: MessageId\nfor: 30d\n")
    .example("for: 1h\nwithout_id: pass\n");
}

/// Rows: `id/<id>` holds when the id was first seen; `at/<bucket><id>` lists the ids of a bucket.
class dedupe final : public operator_base {
public:
  explicit dedupe(const config::params& with)
    : id_(selector::from(with, "id", "id_header").value_or(selector::of_key())),
      keep_(with.duration("for")),
      width_(std::max<std::int64_t>(1, keep_.count() / buckets_per_term)),
      pass_(with.text("without_id") == "pass") {}

  verdict process(record&& r, context& ctx) override {
    auto id = id_.text(r);
    if (!id)
      return verdict::reject(std::move(r), std::string{causes::invalid}, id.error().what);
    if (!*id)
      return pass_ ? verdict::forward(std::move(r)) : verdict::reject(std::move(r), "no_id");
    const auto row = "id/" + **id;
    if (const auto kept = ctx.state().get(row); kept && ctx.now() - decode(*kept).at < keep_)
      return verdict::discard("duplicate");
    const auto bucket = bucket_of(ctx.now());
    ctx.state().put(row, encode({ctx.now(), bucket}));
    ctx.state().put(bucket_prefix(bucket) + **id, std::string(1, static_cast<char>(format)));
    const auto name = std::to_string(bucket);
    if (!ctx.timer_due(name))
      ctx.timer_set(name, end_of(bucket) + keep_);
    return verdict::forward(std::move(r));
  }

  void on_timer(const timer& fired, context& ctx) override {
    const std::int64_t bucket = std::stoll(fired.name);
    const auto prefix = bucket_prefix(bucket);
    std::vector<std::string> ids;
    ctx.state().scan(prefix, [&](std::string_view key, std::string_view) {
      ids.emplace_back(key.substr(prefix.size()));
      return ids.size() < erased_at_once_max;
    });
    for (const auto& id : ids) {
      ctx.state().erase(prefix + id);
      // An id that came again after its time stands in a later bucket too.
      const auto row = "id/" + id;
      if (const auto kept = ctx.state().get(row); kept && decode(*kept).bucket == bucket)
        ctx.state().erase(row);
    }
    if (ids.size() == erased_at_once_max)
      ctx.timer_set(fired.name, ctx.now());
  }

private:
  struct seen {
    wall_time at{};
    std::int64_t bucket = 0;
  };

  static std::string encode(const seen& first) {
    std::string row;
    binary::put_u8(row, format);
    binary::put_signed(row, first.at.time_since_epoch().count());
    binary::put_signed(row, first.bucket);
    return row;
  }

  static seen decode(std::string_view row) {
    binary::reader in(row);
    const auto version = in.u8();
    const auto at = in.signed_varint();
    const auto bucket = in.signed_varint();
    if (version != format || in.failed())
      throw std::runtime_error("the row of an id has an unknown format");
    return {wall_time{duration{at}}, bucket};
  }

  [[nodiscard]] std::int64_t bucket_of(wall_time at) const {
    const auto t = at.time_since_epoch().count();
    return t >= 0 ? t / width_ : -((-t + width_ - 1) / width_);
  }
  [[nodiscard]] wall_time end_of(std::int64_t bucket) const {
    return wall_time{duration{(bucket + 1) * width_}};
  }
  static std::string bucket_prefix(std::int64_t bucket) {
    std::string prefix = "at/";
    binary::put_time_key(prefix, wall_time{duration{bucket}});
    return prefix;
  }

  selector id_;
  duration keep_;
  std::int64_t width_;
  bool pass_;
};

operator_entry dedupe_entry() {
  operator_entry entry;
  entry.spec = dedupe_spec();
  entry.keeps = "the ids that were seen";
  entry.timers = "an id is forgotten";
  entry.make = [](const config::params& with) { return std::make_unique<dedupe>(with); };
  entry.lint = [](const config::params& with, config::findings& out) {
    check_one_of(with, "id", "id_header", false, out);
  };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(dedupe, dedupe_entry());

} // namespace sallyport
