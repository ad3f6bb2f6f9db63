#include "engine/config/docs.hpp"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

TEST(describe, tells_all_that_a_spec_says) {
  auto s =
    spec{"hold_back"}
      .summary("Gathers records of a key.")
      .description("A later one takes the place of an earlier one.")
      .add(field::duration("for").doc("How long.").min(0).max(86'400'000).example("15m"))
      .add(field::list("by", field::text("")).doc("Pointers.").by_default("[]"))
      .add(field::choice("keep", {"first", "latest"}).doc("Which one stays.").by_default("latest"))
      .add(
        field::object("auth", {field::text("pin").doc("Proof.").secret()}).doc("Who.").optional())
      .example("for: 15m\nby: [eventType]\n");
  EXPECT_EQ(describe(s), R"(hold_back
  Gathers records of a key.

  A later one takes the place of an earlier one.

Fields
  for (duration, required, from 0s, up to 1d)
      How long.
      Example: for: 15m
  by (list of text, default [])
      Pointers.
  keep (first | latest, default latest)
      Which one stays.
  auth (mapping, optional)
      Who.
    pin (text, required, secret)
        Proof.

Example
  for: 15m
  by: [eventType]
)");
}

TEST(describe, long_texts_are_wrapped) {
  auto s = spec{"x"}.summary(std::string(300, 'a') + " " + std::string(60, 'b') + " " +
                             std::string(60, 'c'));
  EXPECT_EQ(describe(s), "x\n  " + std::string(300, 'a') + "\n  " + std::string(60, 'b') + "\n  " +
                           std::string(60, 'c') + "\n");
}

} // namespace
} // namespace sallyport::config
