#include "engine/testing/replay.hpp"

#include "tests/engine/testing/two_parts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace sallyport::testing {
namespace {

/// One run of the two-part topology under everything that can happen, drawn from a seed: feeds,
/// time, restarts, failed commits, commands, clocks that are set, peers that are slow, fail or are
/// gone. Then the world becomes friendly, all ends, and the invariants are checked.
class simulation {
public:
  explicit simulation(std::uint64_t seed)
    : random_(seed), partitions_(1 + below(3)), d_(plan(), options()) {
    set_peers();
  }

  void run() {
    auto steps = 10 + below(40);
    for (std::uint64_t i = 0; i < steps; ++i)
      step();
    settle();
  }

  void check() {
    check_counts();
    check_records();
    check_calls();
    check_replay();
  }

private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return *(choices.begin() + below(choices.size()));
  }

  topology::plan plan() {
    auto p = two_parts::plan(static_cast<std::uint32_t>(partitions_));
    p.limits.conversations_open_max = one_of<std::size_t>({1, 2, 256});
    p.limits.calls_in_flight_max = one_of<std::size_t>({1, 2, 1024});
    p.limits.circuit_failing_keys = one_of<std::size_t>({1, 3, 10});
    p.limits.timers_per_tick_max = one_of<std::size_t>({1, 2, 1024});
    return p;
  }

  driver_options options() {
    driver_options o;
    o.batch_records_max = one_of<std::size_t>({1, 7, 1024});
    o.commit_each_round = below(2) == 0;
    o.keeps_places = below(2) == 0;
    return o;
  }

  void set_peers() {
    trouble_ = one_of<std::uint64_t>({0, 10, 50, 90});
    for (const char* port : {"peer", "other"}) {
      d_.answer(port, [this](const made_call&) {
        scripted_answer says{{200, {}, "", "", false}, duration{below(4) * 800}};
        if (below(100) < trouble_) {
          says.answer.status = one_of({0, 401, 404, 408, 409, 429, 500, 503});
          says.answer.never_sent = says.answer.status == 0 && below(2) == 0;
          if (says.answer.status == 429)
            says.answer.headers = {{"Retry-After", std::to_string(below(20))}};
        }
        return says;
      });
    }
  }

  void step() {
    switch (below(10)) {
    case 0:
    case 1:
    case 2:
    case 3: feed(1 + below(6)); break;
    case 4:
    case 5: guarded([&] { d_.advance(duration{below(5'000)}); }); break;
    case 6: guarded([&] { d_.restart(); }); break;
    case 7: d_.log().inject_commit_failure(error::external(errc::injected_fault, "no")); break;
    case 8: guarded([&] { d_.command("sync", "hold", "flush", ""); }); break;
    default:
      if (below(4) == 0) {
        auto by = duration{static_cast<std::int64_t>(below(120'000)) - 60'000};
        clock_went_back_ = clock_went_back_ || by < duration{0};
        guarded([&] { d_.set_clock(d_.now() + by); });
      } else {
        trouble_ = one_of<std::uint64_t>({0, 30, 100});
      }
    }
  }

  void feed(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      auto key = std::string(1, static_cast<char>('a' + below(6)));
      auto kind = below(12);
      auto name = (kind == 0 ? "throw-" : kind == 1 ? "drop-" : key + "-") + std::to_string(++fed_);
      (kind == 0 ? thrown_ : kind == 1 ? dropped_ : good_).push_back(name);
      // The first part keeps the order of a key only when the key chooses the partition.
      d_.feed("in", {bytes{key}, bytes{name}, {}, {}});
    }
    if (below(2) == 0)
      guarded([&] { d_.run(); });
  }

  /// Does it; a commit that was made to fail closes the lanes, as a crash would.
  void guarded(const std::function<void()>& what) {
    auto next = what;
    for (int attempt = 0; attempt < 10; ++attempt) {
      try {
        next();
        return;
      } catch (const lane::engine_failure& e) {
        if (e.why().code != errc::injected_fault)
          throw;
        next = [&] { d_.restart(); };
      }
    }
    FAIL() << "commits fail without end";
  }

  [[nodiscard]] bool settled() {
    auto terms = d_.counts("sync").terms;
    return terms["held"] + terms["waiting"] + terms["in_call"] == 0;
  }

  void settle() {
    trouble_ = 0;
    guarded([&] { d_.run(); });
    for (int i = 0; i < 400 && !(settled() && i > 0); ++i)
      guarded([&] { d_.advance(std::chrono::minutes{3}); });
    EXPECT_TRUE(settled());
  }

  // -- invariants ------------------------------------------------------------------------

  void check_counts() {
    for (const char* part : {"intake", "sync"}) {
      auto counts = d_.counts(part);
      EXPECT_EQ(counts.difference, 0) << part;
      for (const auto& [name, n] : counts.terms)
        EXPECT_GE(n, 0) << part << " " << name;
    }
    auto intake = d_.counts("intake");
    EXPECT_EQ(intake.received, static_cast<std::int64_t>(fed_));
    EXPECT_EQ(intake.terms["done"], static_cast<std::int64_t>(good_.size()));
    EXPECT_EQ(intake.discarded["unwanted"], dropped_.size());
    EXPECT_EQ(intake.dead["internal"], thrown_.size());
    auto sync = d_.counts("sync");
    EXPECT_EQ(sync.received, static_cast<std::int64_t>(good_.size()));
    EXPECT_EQ(sync.terms["done"] + sync.terms["discarded"],
              static_cast<std::int64_t>(good_.size()));
    // Whatever a stage keeps is worked off: one row in `tell` for each key, none elsewhere.
    EXPECT_TRUE(d_.stage_state("intake", "form").empty());
    EXPECT_TRUE(d_.stage_state("sync", "hold").empty());
  }

  [[nodiscard]] std::vector<std::string> names(const std::string& topic) const {
    std::vector<std::string> all;
    for (const auto& r : d_.topic(topic))
      all.push_back(r.value.str());
    return all;
  }

  static std::vector<std::string> sorted(std::vector<std::string> all) {
    std::ranges::sort(all);
    return all;
  }

  void check_records() {
    EXPECT_EQ(sorted(names("work")), sorted(good_));
    EXPECT_EQ(sorted(names("graves")), sorted(thrown_));
    EXPECT_EQ(sorted(names("told")), sorted(good_));
    std::vector<std::string> ended;
    std::map<std::string, long> last_of_key;
    for (const auto& name : names("said")) {
      if (name.starts_with("start "))
        continue;
      ended.push_back(name);
      auto dash = name.find('-');
      auto number = std::stol(name.substr(dash + 1));
      auto& last = last_of_key[name.substr(0, dash)];
      EXPECT_LT(last, number) << "order of key " << name;
      last = number;
    }
    EXPECT_EQ(sorted(ended), sorted(good_));
  }

  /// When the records that end the calls about a name were written.
  [[nodiscard]] std::map<std::string, wall_time> ends(const std::string& topic) const {
    std::map<std::string, wall_time> at;
    for (const auto& r : d_.topic(topic))
      at.emplace(r.value.str(), r.timestamp);
    return at;
  }

  void check_calls() {
    std::map<std::string, std::string> request_of;
    std::map<std::string, std::string> key_of;
    for (const auto& c : d_.calls()) {
      if (c.request.method == "GET")
        continue; // may have been made before a commit that failed
      auto request = c.request.method + " " + c.request.path + " " + c.request.body;
      EXPECT_EQ(request_of.emplace(c.idempotency_key, request).first->second, request);
      EXPECT_EQ(key_of.emplace(request, c.idempotency_key).first->second, c.idempotency_key);
    }
    EXPECT_EQ(request_of.size(), key_of.size());
    // The clock may have been set back, so calls are compared in the order in which they were made
    // only where time went on.
    if (clock_went_back_)
      return;
    check_turns();
    auto said = ends("said");
    auto told = ends("told");
    for (const auto& c : d_.calls()) {
      const auto& end_of = c.port == "peer" ? said : told;
      auto at = end_of.find(c.request.path.substr(c.request.path.rfind('/') + 1));
      ASSERT_NE(at, end_of.end());
      EXPECT_LE(c.at, at->second) << c.request.path;
    }
  }

  /// Of one key, all writes about a record are over before those about the next one begin.
  void check_turns() {
    struct turn {
      wall_time first;
      wall_time last;
    };
    std::map<std::pair<std::string, std::string>, std::map<long, turn>> turns; // by port and key
    for (const auto& c : d_.calls()) {
      if (c.request.method == "GET")
        continue; // may have been made before a commit that failed
      auto name = c.request.path.substr(c.request.path.rfind('/') + 1);
      auto dash = name.find('-');
      auto& of_key = turns[{c.port, name.substr(0, dash)}];
      auto& one = of_key.try_emplace(std::stol(name.substr(dash + 1)), c.at, c.at).first->second;
      one.last = std::max(one.last, c.at);
    }
    for (const auto& [key, of_key] : turns) {
      auto before = wall_time::min();
      for (const auto& [number, one] : of_key) {
        EXPECT_LE(before, one.first) << key.first << " " << key.second << " " << number;
        before = one.last;
      }
    }
  }

  void check_replay() {
    auto again = replay(d_.plan(), d_.log(), d_.state());
    ASSERT_TRUE(again.has_value()) << again.error();
    auto found = differences(*again, d_.plan(), d_.log(), d_.state());
    ASSERT_TRUE(found.has_value()) << found.error();
    EXPECT_EQ(*found, std::vector<std::string>{});
  }

  std::mt19937_64 random_;
  std::uint64_t partitions_;
  std::uint64_t trouble_ = 0;
  bool clock_went_back_ = false;
  driver d_;
  std::uint64_t fed_ = 0;
  std::vector<std::string> good_;
  std::vector<std::string> dropped_;
  std::vector<std::string> thrown_;
};

void simulate(std::uint64_t seed) {
  SCOPED_TRACE("SALLYPORT_SEED=" + std::to_string(seed));
  try {
    simulation s{seed};
    s.run();
    s.check();
  } catch (const std::exception& e) {
    FAIL() << e.what();
  }
}

/// `SALLYPORT_SEED=n` runs that seed alone, `SALLYPORT_SEEDS=n` so many.
TEST(simulation, whatever_happens_each_record_comes_out_once_in_order_and_calls_keep_their_keys) {
  if (const char* one = std::getenv("SALLYPORT_SEED")) {
    simulate(std::stoull(one));
    return;
  }
  const char* many = std::getenv("SALLYPORT_SEEDS");
  auto count = many == nullptr ? 150 : std::stoull(many);
  for (std::uint64_t seed = 1; seed <= count && !HasFailure(); ++seed)
    simulate(seed);
}

} // namespace
} // namespace sallyport::testing
