#include "tests/engine/log/log_conformance.hpp"

namespace sallyport::test {
namespace {

constexpr auto name_of = [](const auto& info) { return std::string{info.param.first}; };

INSTANTIATE_TEST_SUITE_P(all, any_log,
                         testing::Values(std::pair{"memory", &make<memory_under_test>},
                                         std::pair{"embedded", &make<embedded_under_test>}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(all, any_retaining_log,
                         testing::Values(std::pair{"memory", &make<memory_under_test>},
                                         std::pair{"embedded", &make<embedded_under_test>}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(all, any_durable_log,
                         testing::Values(std::pair{"embedded", &make<embedded_under_test>}),
                         name_of);

TEST(memory_log_only, an_injected_failure_fails_one_commit_and_changes_nothing) {
  memory_under_test made;
  ASSERT_TRUE(made.records.create_topic({"topic", 1, 0ms, 0}));
  log_commit commit;
  commit.appends = {{{"topic", 0}, numbered(1)}};
  commit.state.put(family::state, "s", "1");
  made.records.inject_commit_failure(error::external(errc::unavailable, "as asked"));
  auto refused = made.records.commit(commit);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "as asked");
  EXPECT_TRUE(made.rows.dump(family::state).empty());
  EXPECT_EQ(made.records.offsets({"topic", 0})->end, 0);
  EXPECT_TRUE(made.records.commit(commit));
  EXPECT_EQ(made.rows.dump(family::state).size(), 1U);
}

} // namespace
} // namespace sallyport::test
