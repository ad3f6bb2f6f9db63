#include "tests/tools/simulator/people.hpp"
#include "tools/simulator/offender_search.hpp"

#include <gtest/gtest.h>

namespace sallyport::simulator {
namespace {

using test::person;

struct offender_search_test : ::testing::Test {
  match_request request{
    "ANDY", "MARKE", "A5089DY", "2004/0050290Y", "123456/04A", make_date(1970, 3, 9), true};

  static delius_person known() {
    auto one = person("X1");
    one.noms_number = "A5089DY";
    one.pnc = "2004/0050290Y";
    one.cro = "123456/04A";
    return one;
  }

  [[nodiscard]] std::string matched_by(std::vector<delius_person> people) const {
    return match(delius{std::move(people)}, request).matched_by;
  }

  [[nodiscard]] std::size_t hits(std::vector<delius_person> people) const {
    return match(delius{std::move(people)}, request).people.size();
  }
};

TEST_F(offender_search_test, all_numbers_and_the_name_are_all_supplied) {
  EXPECT_EQ(matched_by({known()}), "ALL_SUPPLIED");
}

TEST_F(offender_search_test, the_name_in_an_alias_with_all_numbers_is_all_supplied_alias) {
  auto one = known();
  one.surname = "Other";
  one.aliases.push_back({"andy", "marke", one.born});
  EXPECT_EQ(matched_by({one}), "ALL_SUPPLIED_ALIAS");
  one.aliases.front().born += std::chrono::days{1};
  EXPECT_EQ(matched_by({one}), "HMPPS_KEY");
}

TEST_F(offender_search_test, an_identifier_that_is_not_given_does_not_count) {
  auto one = known();
  one.cro = "999999/04A";
  EXPECT_EQ(matched_by({one}), "HMPPS_KEY");
  request.cro.clear();
  EXPECT_EQ(matched_by({one}), "ALL_SUPPLIED");
}

TEST_F(offender_search_test, the_noms_number_alone_goes_before_numbers_of_others) {
  auto one = known();
  one.first_name = "Zeb";
  auto other = person("X0");
  other.cro = "123456/04A";
  const delius people{{one, other}};
  const auto answer = match(people, request);
  EXPECT_STREQ(answer.matched_by, "HMPPS_KEY");
  ASSERT_EQ(answer.people.size(), 1U);
  EXPECT_EQ(people.at(answer.people.front()).crn, "X1");
}

TEST_F(offender_search_test, a_cro_in_other_case_needs_the_surname_or_the_birth) {
  auto one = person("X1");
  one.cro = "123456/04a";
  one.first_name = "Zeb";
  one.surname = "Other";
  EXPECT_EQ(matched_by({one}), "EXTERNAL_KEY");
  one.born += std::chrono::days{40};
  EXPECT_EQ(matched_by({one}), "NOTHING");
  one.aliases.push_back({"Zeb", "Marke", one.born});
  EXPECT_EQ(matched_by({one}), "EXTERNAL_KEY");
}

TEST_F(offender_search_test, a_pnc_is_compared_without_zeros_and_with_short_years) {
  auto one = person("X1");
  one.first_name = "Zeb";
  for (const char* pnc : {"2004/0050290Y", "04/50290y", "2004/50290y"}) {
    one.pnc = pnc;
    EXPECT_EQ(matched_by({one}), "EXTERNAL_KEY") << pnc;
  }
  for (const char* pnc : {"1904/0050290Y", "05/50290y", "04/50291y", ""}) {
    one.pnc = pnc;
    EXPECT_EQ(matched_by({one}), "PARTIAL_NAME") << pnc;
  }
}

TEST_F(offender_search_test, the_name_stages_go_from_full_to_lenient) {
  auto one = person("X1");
  EXPECT_EQ(matched_by({one}), "NAME");
  one.first_name = "Zeb";
  EXPECT_EQ(matched_by({one}), "PARTIAL_NAME");
  one.born += std::chrono::days{1};
  EXPECT_EQ(matched_by({one}), "NOTHING") << "the lenient stage needs the first name";
  one.first_name = "Andy";
  EXPECT_EQ(matched_by({one}), "PARTIAL_NAME_DOB_LENIENT");
  one.aliases.push_back({"Andy", "Marke", make_date(1970, 3, 9)});
  EXPECT_EQ(matched_by({one}), "NAME");
}

TEST_F(offender_search_test, the_lenient_birth_allows_a_swap_another_month_and_one_day) {
  auto one = person("X1");
  for (const auto born : {make_date(1970, 9, 3), make_date(1970, 12, 9), make_date(1970, 3, 8)}) {
    one.born = born;
    EXPECT_EQ(matched_by({one}), "PARTIAL_NAME_DOB_LENIENT") << iso(born);
  }
  for (const auto born : {make_date(1971, 3, 9), make_date(1970, 3, 11), make_date(1970, 4, 8)}) {
    one.born = born;
    EXPECT_EQ(matched_by({one}), "NOTHING") << iso(born);
  }
}

TEST_F(offender_search_test, only_people_with_an_active_sentence_are_found) {
  auto one = known();
  one.events.front().active = false;
  EXPECT_EQ(matched_by({one}), "NOTHING");
  request.active_sentence = false;
  EXPECT_EQ(matched_by({one}), "ALL_SUPPLIED");
  one.soft_deleted = true;
  EXPECT_EQ(matched_by({one}), "NOTHING");
}

TEST_F(offender_search_test, a_page_holds_ten_people) {
  std::vector<delius_person> people;
  for (int i = 0; i < 12; ++i)
    people.push_back(person("X" + std::to_string(10 + i)));
  EXPECT_EQ(hits(people), match_hits_max);
}

TEST_F(offender_search_test, the_answer_names_stage_and_crns) {
  const delius people{{known()}};
  const auto answer = post_match(
    people, nlohmann::json::parse(R"({"firstName":"ANDY","surname":"MARKE","pncNumber":null,
      "croNumber":null,"nomsNumber":"A5089DY","dateOfBirth":"1970-03-09","activeSentence":true})"));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["matchedBy"], "ALL_SUPPLIED");
  EXPECT_EQ(answer.body["matches"][0]["offender"]["otherIds"]["crn"], "X1");
}

TEST_F(offender_search_test, a_body_without_surname_or_with_a_wrong_date_is_refused) {
  const delius people;
  EXPECT_EQ(post_match(people, nlohmann::json::parse(R"({"firstName":"A"})")).status, 400);
  EXPECT_EQ(post_match(people, nlohmann::json::parse(R"([1])")).status, 400);
  EXPECT_EQ(
    post_match(people, nlohmann::json::parse(R"({"surname":"A","dateOfBirth":"1970-13-01"})"))
      .status,
    400);
}

} // namespace
} // namespace sallyport::simulator
