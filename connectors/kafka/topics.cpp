#include "connectors/kafka/topics.hpp"

#include "connectors/kafka/admin.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>

namespace sallyport::kafka {

namespace {

struct destroy_admin {
  void operator()(rd_kafka_NewTopic_t* p) const noexcept { rd_kafka_NewTopic_destroy(p); }
  void operator()(rd_kafka_ConfigResource_t* p) const noexcept {
    rd_kafka_ConfigResource_destroy(p);
  }
};

constexpr std::string_view cannot_make = "topics cannot be made";
constexpr std::string_view cannot_describe = "the topic's configuration cannot be read";

// -- making ---------------------------------------------------------------------------------------

using new_topic = std::unique_ptr<rd_kafka_NewTopic_t, destroy_admin>;

/// Old rows of a compacted topic go too if its retention says so.
std::string policy_of(const wanted_topic& topic) {
  if (!topic.compacted)
    return "delete";
  const auto bounded = std::ranges::any_of(
    topic.config, [](const auto& each) { return each.first.starts_with("retention."); });
  return bounded ? "compact,delete" : "compact";
}

result<new_topic> described(const wanted_topic& of) {
  std::array<char, 256> why{};
  new_topic made{rd_kafka_NewTopic_new(of.name.c_str(), static_cast<int>(of.partitions),
                                       of.replication, why.data(), why.size())};
  if (made == nullptr)
    return fail(error::user(errc::invalid_config, "topic '" + of.name + "': " + why.data()));
  rd_kafka_NewTopic_set_config(made.get(), "cleanup.policy", policy_of(of).c_str());
  for (const auto* all : {&of.config_when_made, &of.config})
    for (const auto& [name, value] : *all)
      rd_kafka_NewTopic_set_config(made.get(), name.c_str(), value.c_str());
  return made;
}

/// Makes them; one that another process makes at the same time is as good.
status make(rd_kafka_t* with, const std::vector<const wanted_topic*>& topics) {
  std::vector<new_topic> made;
  std::vector<rd_kafka_NewTopic_t*> given;
  for (const auto* topic : topics) {
    SALLYPORT_TRY(auto one, described(*topic));
    given.push_back(one.get());
    made.push_back(std::move(one));
  }
  SALLYPORT_TRY(const auto answer,
                ask(with, RD_KAFKA_ADMIN_OP_CREATETOPICS, cannot_make,
                    [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                      rd_kafka_CreateTopics(with, given.data(), given.size(), options, queue);
                    }));
  std::size_t count = 0;
  const auto* const* results =
    rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      continue;
    const auto* more = rd_kafka_topic_result_error_string(results[i]);
    auto why = error_of(code, "topic '" + std::string{rd_kafka_topic_result_name(results[i])} +
                                "' cannot be made");
    if (more != nullptr)
      why.what += std::string{": "} + more;
    return fail(std::move(why));
  }
  return {};
}

bool is_led(const rd_kafka_metadata_topic_t& topic) {
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  return std::all_of(topic.partitions, topic.partitions + topic.partition_cnt,
                     [](const rd_kafka_metadata_partition_t& p) { return p.leader >= 0; });
}

/// A topic that was just made is not known at once by all brokers.
status await_leaders(rd_kafka_t* with, const std::vector<const wanted_topic*>& topics) {
  const auto until = std::chrono::steady_clock::now() + answer_within;
  for (const auto* topic : topics)
    for (;;) {
      SALLYPORT_TRY(const auto found, metadata_of(with, topic->name.c_str()));
      if (found->topic_cnt == 1 && is_led(found->topics[0]))
        break;
      if (std::chrono::steady_clock::now() >= until)
        return fail(error::external(errc::timed_out,
                                    "topic '" + topic->name + "' was made and has no leader yet"));
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  return {};
}

// -- checking -------------------------------------------------------------------------------------

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// Of these more than is wanted does no harm.
bool is_a_least_value(std::string_view name) {
  return name == "min.insync.replicas" || name == "delete.retention.ms" ||
         name == "max.message.bytes";
}

bool suits(std::string_view name, const std::string& wanted, const std::string& found) {
  const auto a = number(wanted);
  const auto b = number(found);
  return is_a_least_value(name) && a && b ? *b >= *a : wanted == found;
}

status check_config(const wanted_topic& wanted, const found_topic& found) {
  const auto named = "topic '" + wanted.name + "'";
  const auto policy = found.config.find("cleanup.policy");
  const bool compacted =
    policy != found.config.end() && policy->second.find("compact") != std::string::npos;
  if (compacted != wanted.compacted)
    return fail(
      error::user(errc::already_exists,
                  named +
                    (compacted ? " is compacted, which would drop records of a key; it must "
                                 "not be: set cleanup.policy=delete"
                               : " is not compacted, and would lose state; set "
                                 "cleanup.policy=compact") +
                    " with kafka-configs, or choose another name"));
  for (const auto& [name, value] : wanted.config) {
    const auto there = found.config.find(name);
    if (there == found.config.end() || suits(name, value, there->second))
      continue;
    std::string why = named;
    why.append(" has ").append(name).append("=").append(there->second).append(", and ");
    why.append(is_a_least_value(name) ? "at least " : "").append(value).append(" is wanted; ");
    why.append("change the topic with kafka-configs --alter, or the config");
    return fail(error::user(errc::already_exists, std::move(why)));
  }
  return {};
}

status check_topic(rd_kafka_t* with, const wanted_topic& wanted, std::uint32_t partitions) {
  if (partitions != wanted.partitions)
    return fail(error::user(errc::already_exists,
                            "topic '" + wanted.name + "' has " + std::to_string(partitions) +
                              " partitions, and " + std::to_string(wanted.partitions) +
                              " are wanted; their number cannot be changed without misplacing "
                              "keys: set partitions: " +
                              std::to_string(partitions) + ", or choose another topic"));
  SALLYPORT_TRY(const auto found, describe_topic(with, wanted.name));
  return found ? check_config(wanted, *found) : status{};
}

} // namespace

wanted_topic application_topic(const log_settings& settings, const std::string& name,
                               std::uint32_t partitions) {
  wanted_topic made;
  made.name = name;
  made.partitions = partitions;
  made.replication = settings.replication;
  made.config_when_made = {{"max.message.bytes", std::to_string(record_bytes_max)}};
  if (settings.min_insync > 0)
    made.config = {{"min.insync.replicas", std::to_string(settings.min_insync)}};
  return made;
}

status ensure_topics(rd_kafka_t* with, const std::vector<wanted_topic>& topics) {
  std::vector<const wanted_topic*> missing;
  for (const auto& topic : topics) {
    SALLYPORT_TRY(const auto partitions, partitions_of(with, topic.name));
    if (!partitions)
      missing.push_back(&topic);
    else
      SALLYPORT_CHECK(check_topic(with, topic, *partitions));
  }
  if (missing.empty())
    return {};
  SALLYPORT_CHECK(make(with, missing));
  SALLYPORT_CHECK(await_leaders(with, missing));
  // Another process may have made one of them at the same moment, and otherwise.
  for (const auto* topic : missing) {
    SALLYPORT_TRY(const auto partitions, partitions_of(with, topic->name));
    SALLYPORT_CHECK(check_topic(with, *topic, partitions.value_or(0)));
  }
  return {};
}

result<std::optional<std::uint32_t>> partitions_of(rd_kafka_t* with, const std::string& name) {
  SALLYPORT_TRY(const auto found, metadata_of(with, name.c_str()));
  if (found->topic_cnt != 1)
    return std::nullopt;
  const auto& topic = found->topics[0];
  if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      topic.err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)
    return std::nullopt;
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR &&
      topic.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
    return fail(error_of(topic.err, "topic '" + name + "' cannot be looked at"));
  return static_cast<std::uint32_t>(topic.partition_cnt);
}

result<std::optional<found_topic>> describe_topic(rd_kafka_t* with, const std::string& name) {
  SALLYPORT_TRY(const auto partitions, partitions_of(with, name));
  if (!partitions)
    return std::nullopt;
  const std::unique_ptr<rd_kafka_ConfigResource_t, destroy_admin> resource{
    rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str())};
  auto* asked = resource.get();
  SALLYPORT_TRY(const auto answer,
                ask(with, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, cannot_describe,
                    [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                      rd_kafka_DescribeConfigs(with, &asked, 1, options, queue);
                    }));
  std::size_t count = 0;
  const auto* const* resources = rd_kafka_DescribeConfigs_result_resources(
    rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  found_topic made;
  made.partitions = *partitions;
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_ConfigResource_error(resources[i]);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
      return std::nullopt;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return fail(error_of(code, "topic '" + name + "': " + std::string{cannot_describe}));
    std::size_t entries = 0;
    const auto* const* all = rd_kafka_ConfigResource_configs(resources[i], &entries);
    for (std::size_t j = 0; j < entries; ++j)
      if (const auto* value = rd_kafka_ConfigEntry_value(all[j]); value != nullptr)
        made.config.emplace(rd_kafka_ConfigEntry_name(all[j]), value);
  }
  return made;
}

result<std::vector<std::pair<std::string, std::uint32_t>>> list_topics(rd_kafka_t* with) {
  SALLYPORT_TRY(const auto found, metadata_of(with, nullptr));
  std::vector<std::pair<std::string, std::uint32_t>> all;
  for (int i = 0; i < found->topic_cnt; ++i) {
    const auto& topic = found->topics[i];
    const std::string_view name{topic.topic};
    if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR && !name.starts_with("__"))
      all.emplace_back(name, static_cast<std::uint32_t>(topic.partition_cnt));
  }
  std::ranges::sort(all);
  return all;
}

} // namespace sallyport::kafka
