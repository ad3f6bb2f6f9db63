#include "tests/engine/log/log_conformance.hpp"

#include "tests/connectors/kafka/kafka_under_test.hpp"

namespace sallyport::test {
namespace {

constexpr auto name_of = [](const auto& info) { return std::string{info.param.first}; };

INSTANTIATE_TEST_SUITE_P(all, any_log, testing::Values(std::pair{"kafka", &make<kafka_under_test>}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(all, any_durable_log,
                         testing::Values(std::pair{"kafka", &make<kafka_under_test>}), name_of);

// The brokers drop what is too old when it suits them, whoever has read it.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(any_retaining_log);

} // namespace
} // namespace sallyport::test
