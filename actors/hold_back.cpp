#include "actors/selector.hpp"
#include "engine/core/binary.hpp"
#include "engine/operators/registry.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <vector>

namespace sallyport {
namespace {

constexpr std::uint8_t format = 1;

config::spec hold_back_spec() {
  using config::field;
  return config::spec{"hold_back"}
    .summary("Gathers the records of a key for a time and lets the newest of each class go on.")
    .description("Records of a key that come close together often tell of one thing. They are held "
                 "in the store; of each class only the newest is kept, an older one is superseded. "
                 "When the time is over those that are left go on together, in the order of their "
                 "classes. A record without a key is rejected as `no_key`.")
    .add(field::duration("for").min(0).example("15m").doc(
      "How long a key's records are held; `0s` lets all through at once."))
    .add(
      field::choice("from", {"oldest", "latest"})
        .by_default("oldest")
        .doc("What the time counts from: the first record that is held of the key, or the latest, "
             "so that each arrival starts it anew."))
    .add(field::duration("at_most").min(1).optional().example("30m").doc(
      "With `from: latest`: the longest that a key is held, counted from its first record."))
    .add(field::text("class")
           .optional()
           .check(check_json_pointer)
           .example("/eventType")
           .doc("The JSON pointer of a record's class. Without it all records of a key are of one "
                "class; those that lack it are of the empty class."))
    .add(field::text("class_header")
           .optional()
           .example("eventType")
           .doc("The header that holds the class, instead of a pointer."))
    .add(field::list("order", field::text("").doc("A class."))
           .by_default("[]")
           .example("[CREATED, MOVED]")
           .doc("The order in which classes go on; those not named follow in order of arrival."))
    .add(
      field::text("newest_by")
        .optional()
        .check(check_json_pointer)
        .example("/eventDatetime")
        .doc("The JSON pointer of what says which of two records is newer: numbers by size, texts "
             "by their characters, as ISO times sort. Where it is equal, not there or of another "
             "type, the later arrival is the newer."))
    .add(field::text("superseded_to")
           .optional()
           .example("superseded")
           .doc("A sink port or internal topic that gets a copy of each superseded record."))
    .example("for: 15m\nclass: /eventType\norder: [CREATED, MOVED]\n")
    .example("for: 15m\nfrom: latest\nat_most: 30m\nclass_header: eventType\n"
             "newest_by: /eventDatetime\nsuperseded_to: superseded\n");
}

/// What is held of a key: one row, so that an arrival costs one read and one write.
struct group {
  struct held {
    std::string kind;
    std::string newest_by; ///< raw JSON, or empty
    record rec;
  };
  wall_time first;
  std::vector<held> all; ///< in order of arrival

  /// At least as many bytes as the row will have.
  [[nodiscard]] std::size_t size_about() const {
    constexpr std::size_t beside_the_texts = 64;
    std::size_t size = beside_the_texts;
    for (const auto& h : all) {
      size += beside_the_texts + h.kind.size() + h.newest_by.size() + h.rec.key.size() +
              h.rec.value.size();
      for (const auto& each : h.rec.headers)
        size += beside_the_texts + each.name.size() + each.value.size();
    }
    return size;
  }

  [[nodiscard]] std::string encode() const {
    std::string row;
    row.reserve(size_about());
    binary::put_u8(row, format);
    binary::put_signed(row, first.time_since_epoch().count());
    binary::put_varint(row, all.size());
    for (const auto& h : all) {
      binary::put_string(row, h.kind);
      binary::put_string(row, h.newest_by);
      binary::put_record(row, h.rec);
    }
    return row;
  }

  /// The records share the memory of the row.
  static group decode(std::string row) {
    const auto owner = std::make_shared<const std::string>(std::move(row));
    binary::reader in(*owner, owner);
    const auto version = in.u8();
    group g;
    g.first = wall_time{duration{in.signed_varint()}};
    for (auto left = in.varint(); left > 0 && !in.failed(); --left) {
      held h;
      h.kind = in.string();
      h.newest_by = in.string();
      h.rec = in.read_record();
      g.all.push_back(std::move(h));
    }
    if (version != format || in.failed())
      throw std::runtime_error("the row of a held key has an unknown format");
    return g;
  }
};

template <class Number>
bool read_number(std::string_view raw, Number& out) {
  auto [end, code] = std::from_chars(raw.data(), raw.data() + raw.size(), out);
  return code == std::errc{} && end == raw.data() + raw.size();
}

/// Whether `a` says that it is older than `b` says.
bool is_older(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty() || json_type_of(a) != json_type_of(b))
    return false;
  if (json_type_of(a) == json_type::number) {
    std::int64_t whole_a = 0;
    std::int64_t whole_b = 0;
    if (read_number(a, whole_a) && read_number(b, whole_b))
      return whole_a < whole_b;
    double real_a = 0;
    double real_b = 0;
    return read_number(a, real_a) && read_number(b, real_b) && real_a < real_b;
  }
  return json_text(a) < json_text(b);
}

class hold_back final : public operator_base {
public:
  explicit hold_back(const config::params& with)
    : for_(with.duration("for")), from_latest_(with.text("from") == "latest"),
      class_(selector::from(with, "class", "class_header")), order_(with.texts("order")) {
    if (with.has("superseded_to"))
      superseded_to_ = with.text("superseded_to");
    if (with.has("at_most"))
      at_most_ = with.duration("at_most");
    if (with.has("newest_by"))
      newest_by_.emplace(std::vector{json_pointer::parse(with.text("newest_by")).value()});
  }

  verdict process(record&& r, context& ctx) override {
    if (r.key.is_null())
      return verdict::reject(std::move(r), std::string{causes::no_key});
    if (for_ == duration::zero())
      return verdict::forward(std::move(r));
    group::held arrived;
    if (class_) {
      auto kind = class_->text(r);
      if (!kind)
        return verdict::reject(std::move(r), std::string{causes::invalid}, kind.error().what);
      arrived.kind = kind->value_or("");
    }
    if (newest_by_ && !r.value.is_null()) {
      if (!newest_by_->pick(r.value.view()))
        return verdict::reject(std::move(r), std::string{causes::invalid}, "the value is not JSON");
      const auto found = newest_by_->raw(0);
      if (found && json_type_of(*found) != json_type::null)
        arrived.newest_by = *found;
    }
    const auto key = r.key.str();
    arrived.rec = std::move(r);
    return hold(key, std::move(arrived), ctx);
  }

  void on_timer(const timer& fired, context& ctx) override {
    auto row = ctx.state().get(row_of(fired.name));
    if (!row)
      return;
    auto g = group::decode(std::move(*row));
    ctx.state().erase(row_of(fired.name));
    std::vector<std::pair<std::ptrdiff_t, std::size_t>> order; // by class, then by arrival
    for (std::size_t i = 0; i < g.all.size(); ++i)
      order.emplace_back(rank(g.all[i].kind), i);
    std::ranges::sort(order);
    for (const auto& [rank, i] : order)
      ctx.settle(term::held, verdict::forward(std::move(g.all[i].rec)));
  }

private:
  static std::string row_of(const std::string& key) { return "held/" + key; }

  [[nodiscard]] std::ptrdiff_t rank(const std::string& kind) const {
    return std::ranges::find(order_, kind) - order_.begin();
  }

  verdict hold(const std::string& key, group::held arrived, context& ctx) {
    auto row = ctx.state().get(row_of(key));
    group g;
    g.first = ctx.now();
    if (row)
      g = group::decode(std::move(*row));
    const auto rival = std::ranges::find(g.all, arrived.kind, &group::held::kind);
    const bool arrived_is_older =
      rival != g.all.end() && is_older(arrived.newest_by, rival->newest_by);
    verdict outcome = verdict::held();
    if (arrived_is_older) {
      tell_superseded(arrived.rec, ctx);
      outcome = verdict::superseded();
    } else {
      if (rival != g.all.end()) {
        tell_superseded(rival->rec, ctx);
        ctx.settle(term::held, verdict::superseded());
        g.all.erase(rival);
      }
      g.all.push_back(std::move(arrived));
      ctx.state().put(row_of(key), g.encode());
    }
    if (!row || from_latest_)
      ctx.timer_set(key, due(g.first, ctx.now()));
    return outcome;
  }

  [[nodiscard]] wall_time due(wall_time first, wall_time now) const {
    if (!from_latest_)
      return first + for_;
    return at_most_ ? std::min(now + for_, first + *at_most_) : now + for_;
  }

  void tell_superseded(const record& loser, context& ctx) const {
    if (superseded_to_)
      ctx.publish(*superseded_to_, loser);
  }

  duration for_;
  std::optional<duration> at_most_;
  bool from_latest_;
  std::optional<selector> class_;
  std::optional<json_picker> newest_by_;
  std::vector<std::string> order_;
  std::optional<std::string> superseded_to_;
};

operator_entry hold_back_entry() {
  operator_entry entry;
  entry.spec = hold_back_spec();
  entry.publishes_by = {"superseded_to"};
  entry.keeps = "the records that are held, by key";
  entry.timers = "the hold-back of a key ends";
  entry.make = [](const config::params& with) { return std::make_unique<hold_back>(with); };
  entry.lint = [](const config::params& with, config::findings& out) {
    check_one_of(with, "class", "class_header", false, out);
    if (!with.has("at_most"))
      return;
    if (with.text("from") == "oldest")
      out.push_back({with.where("at_most"), "'at_most' has no meaning with 'from: oldest'",
                     "leave it out, or write 'from: latest'"});
    else if (with.duration("at_most") < with.duration("for"))
      out.push_back(
        {with.where("at_most"), "'at_most' is shorter than 'for'", "make it at least as long"});
  };
  return entry;
}

} // namespace

SALLYPORT_OPERATOR(hold_back, hold_back_entry());

} // namespace sallyport
