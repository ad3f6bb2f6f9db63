#include "topologies/prison_to_probation/flaws.hpp"

#include "engine/core/assert.hpp"
#include "topologies/prison_to_probation/settings.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace sallyport::prison_to_probation {

namespace {

constexpr std::string_view all_of_them = "original";

struct flaw {
  std::string_view name;
  bool flaws::* flag;
};

constexpr std::array known{
  flaw{"give_up_silently", &flaws::give_up_silently},
  flaw{"original_counters", &flaws::original_counters},
  flaw{"forget_unanswered", &flaws::forget_unanswered},
  flaw{"merge_conflict_not_found", &flaws::merge_conflict_not_found},
  flaw{"conflict_is_exception", &flaws::conflict_is_exception},
  flaw{"retry_not_valid", &flaws::retry_not_valid},
  flaw{"inactive_is_completed", &flaws::inactive_is_completed},
  flaw{"missed_is_completed", &flaws::missed_is_completed},
  flaw{"noms_match_skips_sentence", &flaws::noms_match_skips_sentence},
  flaw{"retries_join_batches", &flaws::retries_join_batches},
  flaw{"hold_back_from_oldest", &flaws::hold_back_from_oldest},
  flaw{"rejects_lost", &flaws::rejects_lost},
  flaw{"booking_read_again", &flaws::booking_read_again},
  flaw{"snapshot_kept", &flaws::snapshot_kept},
  flaw{"retry_until_replaces", &flaws::retry_until_replaces},
  flaw{"delete_by_wall_clock", &flaws::delete_by_wall_clock},
  flaw{"missing_is_zero", &flaws::missing_is_zero},
  flaw{"three_receives", &flaws::three_receives},
  flaw{"one_try", &flaws::one_try},
  flaw{"repeats_pass", &flaws::repeats_pass},
  flaw{"newest_by_arrival", &flaws::newest_by_arrival},
};
static_assert(known.size() == sizeof(flaws), "every flag has its name here");

std::string names_of_all() {
  std::string text{all_of_them};
  for (const auto& f : known)
    text += ", " + std::string{f.name};
  return text;
}

} // namespace

result<flaws> parse_flaws(std::string_view words) {
  flaws out;
  for (const auto& word : comma_separated(words)) {
    if (word == all_of_them) {
      for (const auto& f : known)
        out.*f.flag = true;
      continue;
    }
    const auto it = std::ranges::find(known, std::string_view{word}, &flaw::name);
    if (it == known.end())
      return fail(
        error::user(errc::invalid_config,
                    "'" + word + "' is no flaw of the original; there are " + names_of_all()));
    out.*it->flag = true;
  }
  return out;
}

config::field compatibility_field() {
  return config::field::text("compatibility")
    .by_default("")
    .check([](std::string_view words) {
      auto parsed = parse_flaws(words);
      return parsed ? std::nullopt : std::optional{parsed.error().what};
    })
    .example("original")
    .doc("Flaws of the original that are wanted back, comma-separated, or `original` for all of "
         "them; empty means none.");
}

flaws flaws_of(const config::params& with) {
  auto parsed = parse_flaws(with.text("compatibility"));
  SALLYPORT_ASSERT(parsed.has_value()); // The field has checked the words.
  return *parsed;
}

} // namespace sallyport::prison_to_probation
