#include "connectors/kafka/settings.hpp"

#include "connectors/kafka/properties.hpp"
#include "engine/config/node.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::kafka {
namespace {

config::findings findings_of(const std::string& yaml) {
  config::findings found;
  const auto tree =
    config::parse_yaml(yaml, "log.yaml", [](std::string_view) { return std::nullopt; }, found);
  const auto given = log_spec().parse(&tree, {}, found);
  if (found.empty())
    check_connection(given, found);
  return found;
}

std::string only_finding(const std::string& yaml) {
  const auto found = findings_of(yaml);
  EXPECT_EQ(found.size(), 1U) << yaml;
  return found.empty() ? "" : found.front().text();
}

log_settings read(const std::string& yaml) {
  config::findings found;
  const auto tree =
    config::parse_yaml(yaml, "log.yaml", [](std::string_view) { return std::nullopt; }, found);
  const auto given = log_spec().parse(&tree, {}, found);
  EXPECT_TRUE(found.empty()) << found.front().text();
  return read_log_settings(given);
}

std::string property(const conf& of, const char* name) {
  std::size_t size = 0;
  if (rd_kafka_conf_get(of.get(), name, nullptr, &size) != RD_KAFKA_CONF_OK)
    return "(none)";
  std::string value(size, '\0');
  rd_kafka_conf_get(of.get(), name, value.data(), &size);
  value.resize(size - 1);
  return value;
}

const std::string at = "bootstrap_servers: a:1\n";

TEST(kafka_settings, of_a_bootstrap_server_alone_are_enough) {
  const auto made = read(at);
  EXPECT_EQ(made.session_timeout, duration{45'000});
  EXPECT_EQ(made.transaction_timeout, duration{10'000});
  EXPECT_TRUE(made.cooperative);
  EXPECT_FALSE(made.standby);
  const auto how = make_conf(made.to, {});
  ASSERT_TRUE(how) << how.error();
  EXPECT_EQ(property(*how, "bootstrap.servers"), "a:1");
  EXPECT_EQ(property(*how, "security.protocol"), "plaintext");
  EXPECT_EQ(property(*how, "compression.codec"), "lz4");
  EXPECT_EQ(property(*how, "partitioner"), "murmur2_random");
}

TEST(kafka_settings, tls_and_sasl_become_properties) {
  const auto made = read(at + "tls: {ca: /ca.pem}\n"
                              "sasl: {mechanism: SCRAM-SHA-512, username: u, password: p}\n"
                              "compression: zstd\n"
                              "properties: {socket.timeout.ms: 1234}\n");
  const auto how = make_conf(made.to, {{"isolation.level", "read_committed"}});
  ASSERT_TRUE(how) << how.error();
  EXPECT_EQ(property(*how, "security.protocol"), "sasl_ssl");
  EXPECT_EQ(property(*how, "ssl.ca.location"), "/ca.pem");
  EXPECT_EQ(property(*how, "sasl.mechanisms"), "SCRAM-SHA-512");
  EXPECT_EQ(property(*how, "sasl.username"), "u");
  EXPECT_EQ(property(*how, "sasl.password"), "p");
  EXPECT_EQ(property(*how, "compression.codec"), "zstd");
  EXPECT_EQ(property(*how, "socket.timeout.ms"), "1234");
  EXPECT_EQ(property(*how, "isolation.level"), "read_committed");
  EXPECT_EQ(property(*make_conf(read(at + "tls: {}\n").to, {}), "security.protocol"), "ssl");
}

TEST(kafka_settings, a_property_that_librdkafka_does_not_know_is_told_with_the_nearest) {
  const auto text = only_finding(at + "properties: {socket.timeout.msec: 1}\n");
  EXPECT_NE(text.find("log.yaml:2:14"), std::string::npos) << text;
  EXPECT_NE(text.find("has no property 'socket.timeout.msec'"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'socket.timeout.ms'?"), std::string::npos) << text;
}

TEST(kafka_settings, a_value_that_librdkafka_does_not_take_is_told) {
  const auto text = only_finding(at + "properties: {socket.timeout.ms: soon}\n");
  EXPECT_NE(text.find("socket.timeout.ms"), std::string::npos) << text;
}

TEST(kafka_settings, properties_on_which_exactly_once_hangs_are_refused) {
  for (const auto* name :
       {"transactional.id", "enable.idempotence", "acks", "isolation.level", "enable.auto.commit",
        "enable.auto.offset.store", "auto.offset.reset", "partitioner", "group.id",
        "group.instance.id", "partition.assignment.strategy", "transaction.timeout.ms",
        "session.timeout.ms", "request.required.acks", "message.timeout.ms", "sasl.password"}) {
    const auto text = only_finding(at + "properties: {" + name + ": \"1\"}\n");
    EXPECT_NE(text.find("the property '" + std::string{name} + "' cannot be set; "),
              std::string::npos)
      << text;
    connection by_hand{"a:1", "c", {}, {{name, "1"}}};
    EXPECT_FALSE(make_conf(by_hand, {})) << name;
  }
}

TEST(kafka_settings, what_belongs_together_is_given_together) {
  EXPECT_NE(only_finding(at + "sasl: {mechanism: PLAIN, username: u}\n").find("password"),
            std::string::npos);
  EXPECT_NE(only_finding(at + "tls: {certificate: /c.pem}\n").find("key"), std::string::npos);
  EXPECT_TRUE(findings_of(at + "sasl: {mechanism: GSSAPI}\n").empty());
}

TEST(kafka_settings, of_every_field_are_documented_and_the_example_is_right) {
  for (const auto& each : log_spec().fields)
    EXPECT_FALSE(each.documentation.empty()) << each.name;
  for (const auto& example : log_spec().examples)
    for (const auto& each : findings_of(example))
      ADD_FAILURE() << each.text();
}

TEST(kafka_settings, an_instance_without_a_name_has_the_same_one_after_a_restart) {
  EXPECT_EQ(default_instance("a.yaml"), default_instance("a.yaml"));
  EXPECT_NE(default_instance("a.yaml"), default_instance("b.yaml"));
}

TEST(kafka_errors, are_told_in_our_words) {
  const auto of = [](rd_kafka_resp_err_t code) { return error_of(code, "tried"); };
  EXPECT_EQ(of(RD_KAFKA_RESP_ERR_PRODUCER_FENCED).code, errc::fenced);
  EXPECT_EQ(of(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID).retry, retry_hint::never);
  EXPECT_EQ(of(RD_KAFKA_RESP_ERR__TIMED_OUT).code, errc::timed_out);
  EXPECT_EQ(of(RD_KAFKA_RESP_ERR__TIMED_OUT).retry, retry_hint::backoff);
  EXPECT_EQ(of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART).code, errc::not_found);
  EXPECT_EQ(of(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET).code, errc::out_of_range);
  EXPECT_EQ(of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE).code, errc::limit_reached);
  EXPECT_EQ(of(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN).code, errc::unavailable);
  EXPECT_EQ(of(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN).domain, error_domain::external);
  EXPECT_TRUE(of(RD_KAFKA_RESP_ERR__TRANSPORT).what.starts_with("tried: "));
  EXPECT_TRUE(check(nullptr, "tried"));
}

} // namespace
} // namespace sallyport::kafka
