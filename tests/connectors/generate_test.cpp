#include "connectors/generate/generate_ingress.hpp"

#include "engine/core/fault.hpp"
#include "tests/connectors/log_fixture.hpp"

namespace sallyport::generate {
namespace {

using lines = std::vector<std::string>;

text_template parsed(std::string_view text) {
  auto made = text_template::parse(text);
  EXPECT_TRUE(made) << made.error().what;
  return std::move(*made);
}

class generate_test : public log_test {
protected:
  void TearDown() override { ASSERT_TRUE(fault::arm("")); }

  static generate_options options(std::string_view value, std::uint64_t count) {
    generate_options made;
    made.value = parsed(value);
    made.count = count;
    return made;
  }
  status run_once(const generate_options& with) {
    generate_ingress from{with};
    return from.run(target());
  }
};

TEST(text_template_test, fills_its_places) {
  EXPECT_EQ(parsed("{\"n\":{{n}},\"m\":{{ n }}}").fill(1, 7), "{\"n\":7,\"m\":7}");
  EXPECT_EQ(parsed("").fill(1, 7), "");
  EXPECT_EQ(parsed("{{random 5 5}}{{random -3 -3}}").fill(1, 7), "5-3");
}

TEST(text_template_test, draws_within_bounds_and_the_same_for_a_seed) {
  const auto of = parsed("{{random 1 6}}");
  std::array<int, 7> seen{};
  for (std::uint64_t n = 1; n <= 6000; ++n) {
    const auto drawn = of.fill(42, n);
    EXPECT_EQ(drawn, of.fill(42, n));
    const auto number = std::stoul(drawn);
    ASSERT_GE(number, 1U);
    ASSERT_LE(number, 6U);
    ++seen.at(number);
  }
  for (std::size_t i = 1; i <= 6; ++i)
    EXPECT_NEAR(seen.at(i), 1000, 200) << i;
  const auto wide = parsed("{{random 0 1000000000}}");
  EXPECT_NE(wide.fill(1, 1), wide.fill(2, 1));
  EXPECT_NE(wide.fill(1, 1), wide.fill(1, 2));
}

TEST(text_template_test, refuses_places_that_it_does_not_know) {
  for (const char* text : {"{{", "{{x}}", "{{n n}}", "{{random}}", "{{random 1}}", "{{random 2 1}}",
                           "{{random 1 2 3}}", "{{random a b}}", "{{}}"})
    EXPECT_FALSE(text_template::parse(text)) << text;
}

TEST_F(generate_test, makes_as_many_as_it_is_told_with_keys_and_headers) {
  auto with = options("{{n}}", 2500);
  with.key = parsed("k{{n}}");
  with.headers.emplace_back("h", parsed("x{{n}}"));
  ASSERT_TRUE(run_once(with));
  const auto all = records(0);
  ASSERT_EQ(all.size(), 2500U);
  EXPECT_EQ(all[0].value, bytes{"1"});
  EXPECT_EQ(all[2499].value, bytes{"2500"});
  EXPECT_EQ(all[6].key, bytes{"k7"});
  EXPECT_EQ(all[6].headers, (header_list{{"h", "x7"}}));
}

TEST_F(generate_test, goes_on_after_a_restart_and_repeats_nothing) {
  ASSERT_TRUE(fault::arm("ingress.appended:fail@2"));
  EXPECT_FALSE(run_once(options("{{n}}", 2500)));
  EXPECT_EQ(values().size(), 2000U);
  ASSERT_TRUE(run_once(options("{{n}}", 2500)));
  ASSERT_TRUE(run_once(options("{{n}}", 2500)));
  const auto all = values();
  ASSERT_EQ(all.size(), 2500U);
  EXPECT_EQ(all.back(), "2500");
}

TEST_F(generate_test, keeps_its_rate) {
  auto with = options("{{n}}", 50);
  with.rate = 500;
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_once(with));
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds{99});
  EXPECT_EQ(values().size(), 50U);
}

TEST_F(generate_test, stops_when_it_is_told) {
  auto with = options("{{n}}", 0);
  with.rate = 0.001;
  generate_ingress from{with};
  std::thread thread{[&] { EXPECT_TRUE(from.run(target())); }};
  from.stop();
  thread.join();
  EXPECT_TRUE(values().empty());
}

} // namespace
} // namespace sallyport::generate
