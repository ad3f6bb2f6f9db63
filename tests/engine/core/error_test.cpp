#include "engine/core/assert.hpp"
#include "engine/core/error.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <sstream>

namespace sallyport {
namespace {

TEST(error_value, each_maker_says_who_can_mend_it_and_whether_to_try_again) {
  EXPECT_EQ(error::user(errc::not_found, "x").domain, error_domain::user);
  EXPECT_EQ(error::user(errc::not_found, "x").retry, retry_hint::never);
  EXPECT_EQ(error::data("x").code, errc::invalid_data);
  EXPECT_EQ(error::data("x").domain, error_domain::data);
  EXPECT_EQ(error::external(errc::unavailable, "x").retry, retry_hint::backoff);
  EXPECT_EQ(error::external(errc::unavailable, "x").domain, error_domain::external);
  EXPECT_EQ(error::internal("x").code, errc::internal);
}

TEST(error_value, what_was_being_done_stands_before_what_went_wrong) {
  auto inner = error::external(errc::timed_out, "no answer");
  auto outer = std::move(inner).within("delius").within("lane 3");
  EXPECT_EQ(outer.what, "lane 3: delius: no answer");
  EXPECT_EQ(outer.code, errc::timed_out);
  std::ostringstream out;
  out << outer;
  EXPECT_EQ(out.str(), "timed_out: lane 3: delius: no answer");
}

TEST(error_value, every_code_and_domain_has_a_word_of_its_own) {
  std::set<std::string_view> words;
  for (int code = 0; code <= static_cast<int>(errc::internal); ++code)
    words.insert(to_string(static_cast<errc>(code)));
  EXPECT_EQ(words.size(), static_cast<std::size_t>(errc::internal) + 1);
  EXPECT_FALSE(words.contains("unknown"));
  words.clear();
  for (int domain = 0; domain <= static_cast<int>(error_domain::internal); ++domain)
    words.insert(to_string(static_cast<error_domain>(domain)));
  EXPECT_EQ(words.size(), static_cast<std::size_t>(error_domain::internal) + 1);
}

result<std::unique_ptr<int>> half(int of) {
  if (of % 2 != 0)
    return fail(error::data("odd"));
  return std::make_unique<int>(of / 2);
}

result<int> quarter(int of) {
  SALLYPORT_TRY(auto first, half(of));
  SALLYPORT_TRY(auto second, half(*first));
  return *second;
}

status check_even(int of) {
  SALLYPORT_CHECK(half(of));
  return {};
}

TEST(error_value, try_passes_errors_on_and_moves_values_out) {
  EXPECT_EQ(quarter(12), 3);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().what, "odd");
  EXPECT_TRUE(check_even(2));
  EXPECT_FALSE(check_even(3));
}

TEST(assertion_death, a_failed_assertion_names_itself_and_its_place) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(SALLYPORT_ASSERT(1 + 1 == 3),
               "error_test.cpp:[0-9]+: assertion failed: 1 \\+ 1 == 3");
}

TEST(assertion, one_that_holds_is_evaluated_once) {
  int evaluated = 0;
  SALLYPORT_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

} // namespace
} // namespace sallyport
