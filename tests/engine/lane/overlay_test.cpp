#include "engine/lane/overlay.hpp"

#include "tests/engine/lane/stored_rows.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>
#include <vector>

namespace sallyport::lane {
namespace {

using rows_seen = std::vector<std::pair<std::string, std::string>>;

rows_seen scanned(const overlay& rows, std::string_view from, std::string_view to) {
  rows_seen seen;
  rows.scan(from, to, [&](std::string_view key, std::string_view value) {
    seen.emplace_back(key, value);
    return true;
  });
  return seen;
}

TEST(overlay, the_newest_epoch_hides_those_below) {
  stored_rows base;
  auto rows = base.fresh();
  rows.put("a", "stored");
  rows.put("b", "stored");
  rows.put("c", "stored");
  base.commit(rows);
  rows.put("b", "sealed");
  rows.erase("c");
  auto sealed = rows.seal();
  rows.put("d", "open");
  rows.erase("a");
  EXPECT_EQ(rows.get("a"), std::nullopt);
  EXPECT_EQ(rows.get("b"), "sealed");
  EXPECT_EQ(rows.get("c"), std::nullopt);
  EXPECT_EQ(rows.get("d"), "open");
  EXPECT_EQ(scanned(rows, "", ""), (rows_seen{{"b", "sealed"}, {"d", "open"}}));
  base.write(sealed);
  rows.committed();
  EXPECT_EQ(scanned(rows, "", ""), (rows_seen{{"b", "sealed"}, {"d", "open"}}));
}

TEST(overlay, rows_of_another_prefix_are_not_seen) {
  stored_rows base;
  store_batch batch;
  batch.put(family::state, "part/0/stage.z", "before");
  batch.put(family::state, "part/0/stage0a", "after");
  ASSERT_TRUE(base.store.write(batch, false).has_value());
  auto rows = base.fresh();
  rows.put("a", "mine");
  EXPECT_EQ(scanned(rows, "", ""), (rows_seen{{"a", "mine"}}));
}

TEST(overlay, a_row_that_is_made_and_erased_within_an_epoch_leaves_no_tombstone) {
  stored_rows base;
  auto rows = base.fresh();
  rows.put_new("a", "1");
  rows.put("a", "2");
  rows.erase("a");
  EXPECT_EQ(rows.seal()->size(), 0U);
}

TEST(overlay, a_row_that_is_below_leaves_a_tombstone_also_when_it_was_made_anew) {
  stored_rows base;
  auto rows = base.fresh();
  rows.put_new("a", "1");
  base.commit(rows);
  rows.erase("a");
  rows.put_new("a", "2");
  rows.erase("a");
  auto sealed = rows.seal();
  ASSERT_EQ(sealed->size(), 1U);
  EXPECT_EQ(sealed->at("a").value, std::nullopt);
}

TEST(overlay, a_row_made_anew_over_a_sealed_tombstone_may_vanish_again) {
  stored_rows base;
  auto rows = base.fresh();
  rows.put("a", "1");
  base.commit(rows);
  rows.erase("a");
  auto sealed = rows.seal();
  rows.put_new("a", "2");
  EXPECT_EQ(rows.get("a"), "2");
  rows.erase("a");
  EXPECT_EQ(rows.get("a"), std::nullopt);
  base.write(sealed);
  rows.committed();
  EXPECT_EQ(rows.get("a"), std::nullopt);
}

TEST(overlay, a_scan_ends_when_its_visitor_has_seen_enough) {
  stored_rows base;
  auto rows = base.fresh();
  for (const char* key : {"a", "c", "e"})
    rows.put(key, "stored");
  base.commit(rows);
  rows.put("b", "open");
  rows.put("d", "open");
  for (std::size_t enough = 1; enough <= 5; ++enough) {
    std::size_t seen = 0;
    rows.scan("", "", [&](std::string_view, std::string_view) { return ++seen < enough; });
    EXPECT_EQ(seen, enough);
  }
}

TEST(overlay, what_a_callback_wrote_can_be_taken_back) {
  stored_rows base;
  auto rows = base.fresh();
  rows.put("stored", "1");
  base.commit(rows);
  rows.put("open", "1");
  rows.put_new("new", "1");
  rows.begin_callback();
  rows.put("open", "2");
  rows.put("open", "3");
  rows.erase("stored");
  rows.erase("new");
  rows.put_new("fresh", "2");
  rows.undo_callback();
  EXPECT_EQ(scanned(rows, "", ""), (rows_seen{{"new", "1"}, {"open", "1"}, {"stored", "1"}}));
  rows.erase("new");
  EXPECT_EQ(rows.seal()->size(), 1U) << "new is fresh still, and needs no tombstone";
}

class failing_store final : public store {
public:
  result<std::optional<std::string>> get(family, std::string_view) const override {
    return fail(error::external(errc::unavailable, "no disk"));
  }
  status scan(family, std::string_view, std::string_view, const row_visitor&) const override {
    return fail(error::external(errc::unavailable, "no disk"));
  }
  std::unique_ptr<row_reader> snapshot() const override {
    return std::make_unique<failing_store>();
  }
  status write(const store_batch&, bool) override { return {}; }
  std::uint64_t size_bytes() const override { return 0; }
};

TEST(overlay, a_store_that_fails_closes_the_lane) {
  failing_store broken;
  overlay rows{broken, "p"};
  EXPECT_THROW((void) rows.get("a"), engine_failure);
  EXPECT_THROW(rows.scan("", "", [](auto, auto) { return true; }), engine_failure);
}

TEST(overlay, is_a_map_whatever_is_written_undone_sealed_committed_or_lost) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    auto below = [&](std::uint64_t n) { return random() % n; };
    stored_rows base;
    auto rows = std::make_unique<overlay>(base.store, base.prefix);
    std::map<std::string, std::string> model;
    std::map<std::string, std::string> committed;
    std::map<std::string, std::string> at_seal;
    overlay::sealed_rows sealed;
    for (int step = 0; step < 300; ++step) {
      auto undo = below(6) == 0;
      auto before = model;
      rows->begin_callback();
      for (auto n = below(4); n > 0; --n) {
        auto key = std::string(1 + below(2), static_cast<char>('a' + below(4)));
        auto value = std::to_string(step);
        if (below(3) == 0) {
          rows->erase(key);
          model.erase(key);
        } else if (model.contains(key)) {
          rows->put(key, value);
          model[key] = value;
        } else {
          below(2) == 0 ? rows->put_new(key, value) : rows->put(key, value);
          model[key] = value;
        }
      }
      if (undo) {
        rows->undo_callback();
        model = before;
      }
      switch (below(12)) {
      case 0:
        if (sealed == nullptr) {
          sealed = rows->seal();
          at_seal = model;
        }
        break;
      case 1:
        if (sealed != nullptr) {
          base.write(sealed);
          rows->committed();
          sealed = nullptr;
          committed = at_seal;
        }
        break;
      case 2:
        if (below(5) == 0) { // the lane is lost and opened again
          sealed = nullptr;
          rows = std::make_unique<overlay>(base.store, base.prefix);
          model = committed;
        }
        break;
      default: break;
      }
      auto from = std::string(below(3), 'b');
      auto to = below(2) == 0 ? std::string{} : std::string(1, static_cast<char>('b' + below(4)));
      rows_seen expected;
      for (const auto& [key, value] : model)
        if (key >= from && (to.empty() || key < to))
          expected.emplace_back(key, value);
      ASSERT_EQ(scanned(*rows, from, to), expected);
      for (const char* key : {"a", "bb", "c"}) {
        auto at = model.find(key);
        ASSERT_EQ(rows->get(key), at == model.end() ? std::nullopt : std::optional{at->second});
      }
    }
  }
}

} // namespace
} // namespace sallyport::lane
