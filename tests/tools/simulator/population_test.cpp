#include "tools/simulator/community_api.hpp"
#include "tools/simulator/events.hpp"
#include "tools/simulator/offender_search.hpp"
#include "tools/simulator/population.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace sallyport::simulator {
namespace {

using nlohmann::json;

constexpr std::size_t many = 2'000;

struct population_test : ::testing::Test {
  population all = make_population({many, 7, 0.5});
  delius people{all.probation};

  [[nodiscard]] const booking& latest(std::size_t i) const {
    return all.prison.bookings[all.prison.prisoners[i].booking];
  }

  [[nodiscard]] match_answer matched(std::size_t i) const {
    const auto& p = all.prison.prisoners[i];
    return match(people, {p.first_name, p.last_name, p.number, p.pnc, p.cro, p.born, true});
  }

  /// S of the specification.
  [[nodiscard]] optional_date sentence(std::size_t i) const {
    optional_date latest_start;
    for (const auto& term : latest(i).terms)
      if (term.start && !term.consecutive_to)
        latest_start = std::max(latest_start, term.start);
    return latest_start;
  }

  [[nodiscard]] bool has_sentence(std::size_t person, date start) const {
    return std::ranges::any_of(people.at(person).events, [&](const delius_event& event) {
      return event.custodial && event.sentence_start &&
             std::abs((*event.sentence_start - start).count()) <= 7;
    });
  }

  [[nodiscard]] std::vector<std::size_t> filtered(std::size_t i) const {
    auto found = matched(i).people;
    std::erase_if(found, [&](std::size_t p) { return !has_sentence(p, *sentence(i)); });
    return found;
  }

  /// Makes the four writes of a status change; @returns their statuses up to the first miss.
  std::vector<int> sync(std::size_t i) {
    community_api api{people, {}};
    const auto& self = all.prison.prisoners[i];
    const auto found = filtered(i);
    if (found.size() != 1)
      return {};
    const json start = iso(*sentence(i));
    std::vector<int> statuses;
    if (people.at(found.front()).noms_number != self.number)
      statuses.push_back(
        api.put_noms_number(people.at(found.front()).crn, {{"nomsNumber", self.number}}).status);
    const auto& number = latest(i).number;
    statuses.push_back(
      api.put_booking_number(self.number, {{"sentenceStartDate", start}, {"bookingNumber", number}})
        .status);
    if (statuses.back() == 200)
      statuses.push_back(
        api.put_location(self.number, {{"nomsPrisonInstitutionCode", latest(i).agency}}).status);
    if (statuses.back() == 200)
      statuses.push_back(api.post_key_dates(self.number, number, json::object()).status);
    return statuses;
  }
};

TEST_F(population_test, the_same_seed_makes_the_same_people) {
  EXPECT_EQ(delius{make_population({300, 7}).probation}.canonical_state(),
            delius{make_population({300, 7}).probation}.canonical_state());
  EXPECT_NE(delius{make_population({300, 7}).probation}.canonical_state(),
            delius{make_population({300, 8}).probation}.canonical_state());
}

TEST_F(population_test, more_people_change_nobody) {
  const auto fewer = make_population({100, 7, 0.5});
  const auto more = make_population({200, 7, 0.5});
  ASSERT_LE(fewer.probation.size(), more.probation.size());
  for (std::size_t i = 0; i < fewer.probation.size(); ++i)
    EXPECT_EQ(fewer.probation[i].crn, more.probation[i].crn);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(fewer.prison.prisoners[i].number, more.prison.prisoners[i].number);
    EXPECT_EQ(fewer.stories[i], more.stories[i]);
  }
}

TEST_F(population_test, no_two_people_share_an_identifier) {
  std::set<std::string> numbers, names, pncs, cros, crns;
  for (const auto& p : all.prison.prisoners) {
    EXPECT_TRUE(numbers.insert(p.number).second);
    EXPECT_TRUE(names.insert(p.last_name).second);
    EXPECT_TRUE(pncs.insert(p.pnc).second);
    EXPECT_TRUE(cros.insert(p.cro).second);
  }
  for (const auto& p : all.probation)
    EXPECT_TRUE(crns.insert(p.crn).second);
}

TEST_F(population_test, every_story_occurs_and_is_matched_as_it_says) {
  const std::map<story, std::string> wanted{{story::all_identifiers, "ALL_SUPPLIED"},
                                            {story::all_but_alias, "ALL_SUPPLIED_ALIAS"},
                                            {story::noms_number, "HMPPS_KEY"},
                                            {story::pnc_number, "EXTERNAL_KEY"},
                                            {story::cro_number, "EXTERNAL_KEY"},
                                            {story::full_name, "NAME"},
                                            {story::name_in_alias, "NAME"},
                                            {story::surname_only, "PARTIAL_NAME"},
                                            {story::birth_nearly, "PARTIAL_NAME_DOB_LENIENT"},
                                            {story::merged, "EXTERNAL_KEY"},
                                            {story::no_match, "NOTHING"}};
  std::set<story> seen;
  for (std::size_t i = 0; i < many; ++i) {
    seen.insert(all.stories[i]);
    const auto found = wanted.find(all.stories[i]);
    if (found != wanted.end()) {
      EXPECT_EQ(matched(i).matched_by, found->second) << to_string(all.stories[i]) << " " << i;
    }
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(story::no_sentence) + 1);
}

TEST_F(population_test, every_story_ends_as_it_says) {
  for (std::size_t i = 0; i < many; ++i) {
    const auto kind = all.stories[i];
    SCOPED_TRACE(std::string{to_string(kind)} + " " + std::to_string(i));
    if (kind == story::no_sentence) {
      EXPECT_FALSE(latest(i).dates.start);
      continue;
    }
    ASSERT_TRUE(sentence(i));
    EXPECT_EQ(latest(i).active, kind != story::inactive_booking);
    const auto fits = filtered(i).size();
    const auto statuses = sync(i);
    const bool misses = kind == story::book_number_missed || kind == story::location_missed ||
                        kind == story::key_dates_missed;
    if (kind == story::no_match || kind == story::no_sentence_match) {
      EXPECT_EQ(fits, 0U);
    } else if (kind == story::too_many_matches) {
      EXPECT_EQ(fits, 2U);
    } else {
      ASSERT_FALSE(statuses.empty());
      EXPECT_EQ(statuses.back(), misses ? 404 : kind == story::duplicate_person ? 409 : 200);
    }
    if (kind == story::location_missed) {
      EXPECT_EQ(statuses, (std::vector<int>{200, 404}));
    }
    if (kind == story::key_dates_missed) {
      EXPECT_EQ(statuses, (std::vector<int>{200, 200, 404}));
    }
  }
}

TEST_F(population_test, merged_numbers_are_replaced_once) {
  community_api api{people, {}};
  for (std::size_t i = 0; i < many; ++i) {
    const auto kind = all.stories[i];
    std::vector<int> statuses;
    for (const auto& old : latest(i).merged)
      statuses.push_back(
        api.replace_noms_number(old, {{"nomsNumber", all.prison.prisoners[i].number}}).status);
    const std::vector<int> wanted = kind == story::merged            ? std::vector<int>{200}
                                    : kind == story::merged_twice    ? std::vector<int>{200, 409}
                                    : kind == story::merged_conflict ? std::vector<int>{409}
                                                                     : std::vector<int>{};
    EXPECT_EQ(statuses, wanted) << to_string(kind);
  }
}

TEST_F(population_test, a_merge_ends_the_same_whether_it_or_the_sync_comes_first) {
  delius other{all.probation};
  for (std::size_t i = 0; i < many; ++i) {
    if (latest(i).merged.empty())
      continue;
    const auto replace = [&](delius& in) {
      community_api api{in, {}};
      for (const auto& old : latest(i).merged)
        (void) api.replace_noms_number(old, {{"nomsNumber", all.prison.prisoners[i].number}});
    };
    (void) sync(i);
    replace(people);
    std::swap(people, other);
    replace(people);
    (void) sync(i);
    std::swap(people, other);
  }
  EXPECT_EQ(people.canonical_state(), other.canonical_state());
}

// -- events
// -----------------------------------------------------------------------------------------

struct inner_event {
  std::string type;
  json body;
};

std::vector<inner_event> inner(const std::vector<std::string>& lines) {
  std::vector<inner_event> events;
  for (const auto& line : lines) {
    const auto outer = json::parse(line);
    events.push_back({outer["MessageAttributes"]["eventType"]["Value"],
                      json::parse(outer["Message"].get<std::string>())});
  }
  return events;
}

TEST_F(population_test, the_same_seed_makes_the_same_events_with_unique_ids) {
  const auto lines = make_events(all, {2'500, 3});
  EXPECT_EQ(lines, make_events(all, {2'500, 3}));
  EXPECT_NE(lines, make_events(all, {2'500, 4}));
  ASSERT_EQ(lines.size(), 2'500U);
  std::set<std::string> ids;
  for (const auto& line : lines)
    ids.insert(json::parse(line)["MessageId"]);
  EXPECT_EQ(ids.size(), lines.size());
}

TEST_F(population_test, events_fit_the_population) {
  std::set<std::int64_t> with_status;
  std::map<std::int64_t, std::int64_t> last_move;
  std::string last_time;
  for (const auto& [type, body] : inner(make_events(all, {6'000, 3, 0, 0.0}))) {
    EXPECT_EQ(body["eventType"], type);
    const auto id = body["bookingId"].get<std::int64_t>();
    ASSERT_TRUE(all.prison.booking_by_id.contains(id));
    const auto& current = all.prison.bookings[all.prison.booking_by_id.at(id)];
    EXPECT_GT(body["eventDatetime"].get<std::string>(), last_time);
    last_time = body["eventDatetime"];
    if (type == "IMPRISONMENT_STATUS-CHANGED")
      with_status.insert(id);
    EXPECT_TRUE(with_status.contains(id)) << "the status change comes first";
    if (type == "BOOKING_NUMBER-CHANGED") {
      EXPECT_FALSE(current.merged.empty());
    }
    if (type == "EXTERNAL_MOVEMENT_RECORD-INSERTED") {
      const auto sequence = body["movementSeq"].get<std::int64_t>();
      EXPECT_LE(sequence, static_cast<std::int64_t>(current.movements.size()));
      EXPECT_GE(sequence, last_move[id]);
      last_move[id] = sequence;
    }
  }
  EXPECT_EQ(with_status.size(), many) << "everybody has an event";
  for (const auto& [id, sequence] : last_move) {
    const auto& current = all.prison.bookings[all.prison.booking_by_id.at(id)];
    std::int64_t last_admission = 0;
    for (const auto& move : current.movements)
      if (move.type == "ADM")
        last_admission = move.sequence;
    EXPECT_GE(sequence, last_admission);
  }
}

TEST_F(population_test, the_last_admission_of_a_booking_is_to_its_prison) {
  for (std::size_t i = 0; i < many; ++i) {
    std::string to;
    for (const auto& move : latest(i).movements)
      if (move.type == "ADM")
        to = move.to_agency;
    EXPECT_EQ(to, latest(i).agency);
  }
}

TEST_F(population_test, poison_comes_on_top_and_cannot_be_read) {
  const auto lines = make_events(all, {100, 3, 8});
  ASSERT_EQ(lines.size(), 108U);
  std::size_t broken = 0;
  for (const auto& line : lines) {
    const auto outer = json::parse(line);
    const auto body = json::parse(outer["Message"].get<std::string>(), nullptr, false);
    const bool attribute = outer["MessageAttributes"].contains("eventType");
    const bool other =
      attribute && outer["MessageAttributes"]["eventType"]["Value"] == "SOME_OTHER_MESSAGE";
    const bool movement =
      body.is_object() && body["eventType"].get<std::string>().starts_with("EXT");
    broken += static_cast<std::size_t>(!attribute || body.is_discarded() ||
                                       (!other && !body.contains("bookingId")) ||
                                       (movement && !body.contains("movementSeq")));
  }
  EXPECT_EQ(broken, 8U);
}

} // namespace
} // namespace sallyport::simulator
