#include "engine/core/edit_distance.hpp"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(edit_distance, counts_the_slips_of_a_typist) {
  EXPECT_EQ(edit_distance("hold_back", "hold_back"), 0U);
  EXPECT_EQ(edit_distance("hold_bak", "hold_back"), 1U) << "left out";
  EXPECT_EQ(edit_distance("hold_bacck", "hold_back"), 1U) << "put in";
  EXPECT_EQ(edit_distance("hold_bock", "hold_back"), 1U) << "changed";
  EXPECT_EQ(edit_distance("hold_bakc", "hold_back"), 1U) << "swapped";
  EXPECT_EQ(edit_distance("Hold_Back", "hold_back"), 0U) << "case";
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
}

} // namespace
} // namespace sallyport
