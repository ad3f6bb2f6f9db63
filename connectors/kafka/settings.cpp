#include "connectors/kafka/settings.hpp"

#include "connectors/kafka/properties.hpp"
#include "engine/connectors/source_position.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>

namespace sallyport::kafka {

namespace {

using config::field;
using property_list = std::vector<std::pair<std::string, std::string>>;

field tls_field() {
  return field::object(
           "tls",
           {field::text("ca")
              .doc("Certificates that are trusted, as a PEM file; empty means those of the system.")
              .by_default(""),
            field::text("certificate")
              .doc("Our certificate, as a PEM file, where the brokers ask for one.")
              .by_default(""),
            field::text("key").doc("Its key, as a PEM file.").by_default(""),
            field::text("key_password")
              .doc("What the key is locked with.")
              .secret()
              .by_default("")})
    .doc("Talk to the brokers by TLS; `tls: {}` does so with the system's certificates.")
    .optional();
}

field sasl_field() {
  return field::object(
           "sasl", {field::choice("mechanism", {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
                                                "OAUTHBEARER", "GSSAPI"})
                      .doc("How we prove who we are.")
                      .example("SCRAM-SHA-512"),
                    field::text("username").doc("Our name, for PLAIN and SCRAM.").by_default(""),
                    field::text("password")
                      .doc("Our password, for PLAIN and SCRAM.")
                      .secret()
                      .by_default("")})
    .doc("Log in at the brokers. What OAUTHBEARER and GSSAPI need further are properties.")
    .optional();
}

void add_unless_empty(property_list& to, const char* name, const std::string& value) {
  if (!value.empty())
    to.emplace_back(name, value);
}

void add_security(property_list& to, const config::params& from) {
  if (from.has("tls")) {
    const auto& tls = from.object("tls");
    add_unless_empty(to, "ssl.ca.location", tls.text("ca"));
    add_unless_empty(to, "ssl.certificate.location", tls.text("certificate"));
    add_unless_empty(to, "ssl.key.location", tls.text("key"));
    add_unless_empty(to, "ssl.key.password", tls.text("key_password"));
  }
  if (from.has("sasl")) {
    const auto& sasl = from.object("sasl");
    to.emplace_back("sasl.mechanisms", sasl.text("mechanism"));
    add_unless_empty(to, "sasl.username", sasl.text("username"));
    add_unless_empty(to, "sasl.password", sasl.text("password"));
  }
  const std::string transport = from.has("tls") ? "ssl" : "plaintext";
  to.emplace_back("security.protocol", from.has("sasl") ? "sasl_" + transport : transport);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "host";
}

} // namespace

// -- connection -----------------------------------------------------------------------------------

std::vector<field> connection_fields() {
  return {field::text("bootstrap_servers")
            .doc("Brokers by which the cluster is found, as host:port, with commas between.")
            .example("kafka-1:9092,kafka-2:9092")
            .check([](std::string_view text) -> std::optional<std::string> {
              if (!text.empty() && text.find("//") == std::string_view::npos)
                return std::nullopt;
              return "brokers are wanted as host:port, with commas between";
            }),
          tls_field(), sasl_field(),
          field::choice("compression", {"none", "gzip", "snappy", "lz4", "zstd"})
            .doc("How batches of records are packed.")
            .by_default("lz4"),
          field::map("properties", field::text("").doc("The value."))
            .doc("Any property of librdkafka, as it is. Those on which exactly-once hangs are "
                 "refused. A value that shall not be shown comes from a file: `${NAME}` with "
                 "NAME_FILE set.")
            .optional()};
}

connection read_connection(const config::params& from) {
  connection made;
  made.bootstrap_servers = from.text("bootstrap_servers");
  made.client_id = "sallyport";
  add_security(made.own, from);
  made.own.emplace_back("compression.codec", from.text("compression"));
  if (from.has("properties"))
    for (const auto& each : from.map("properties"))
      made.properties.emplace_back(each.name, each.value.text(""));
  return made;
}

void check_connection(const config::params& from, config::findings& out) {
  if (from.has("sasl")) {
    const auto& sasl = from.object("sasl");
    const auto& how = sasl.text("mechanism");
    if ((how == "PLAIN" || how.starts_with("SCRAM")) &&
        (sasl.text("username").empty() || sasl.text("password").empty()))
      out.push_back({from.where("sasl"), "sasl: " + how + " needs a username and a password", ""});
  }
  if (from.has("tls")) {
    const auto& tls = from.object("tls");
    if (tls.text("certificate").empty() != tls.text("key").empty())
      out.push_back({from.where("tls"), "tls: a certificate needs its key, and the key its own",
                     "give both or none"});
  }
  if (!from.has("properties"))
    return;
  for (const auto& each : from.map("properties"))
    if (const auto wrong = wrong_property(each.name, each.value.text("")))
      out.push_back({each.where, wrong->what, wrong->hint});
}

std::vector<std::pair<std::string, std::string>> check_properties(const connection& to) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [name, value] : to.properties)
    if (auto wrong = wrong_property(name, value))
      found.emplace_back(name,
                         wrong->hint.empty() ? wrong->what : wrong->what + "; " + wrong->hint);
  return found;
}

result<conf> make_conf(const connection& to,
                       const std::vector<std::pair<std::string, std::string>>& overrides) {
  for (const auto& [name, why] : check_properties(to))
    return fail(error::user(errc::invalid_config, why));
  property_list all{{"bootstrap.servers", to.bootstrap_servers},
                    {"client.id", to.client_id},
                    // Brokers close idle connections all the time.
                    {"log.connection.close", "false"},
                    {"socket.keepalive.enable", "true"},
                    // A topic that is gone shall not come back as another one.
                    {"allow.auto.create.topics", "false"},
                    {"partitioner", "murmur2_random"},
                    {"message.max.bytes", std::to_string(record_bytes_max)}};
  for (const auto* more : {&to.own, &to.properties, &overrides})
    all.insert(all.end(), more->begin(), more->end());
  conf made{rd_kafka_conf_new()};
  std::array<char, 512> why{};
  for (const auto& [name, value] : all)
    if (rd_kafka_conf_set(made.get(), name.c_str(), value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK)
      return fail(error::user(errc::invalid_config, "Kafka property " + name + ": " + why.data()));
  return made;
}

// -- the log --------------------------------------------------------------------------------------

const config::spec& log_spec() {
  static const auto form = [] {
    auto s = config::spec{"kafka"}
               .summary("Runs on a cluster of Apache Kafka.")
               .description(
                 "Topics, positions and the changelog of the state are on the cluster; instances "
                 "of one application share its lanes and take over those of one that dies.");
    for (auto& each : connection_fields())
      s = std::move(s).add(std::move(each));
    return std::move(s)
      .add(field::text("instance")
             .doc("Name of this process among those of the application, the same after a restart, "
                  "or what it left open blocks readers for `transaction_timeout`. Empty: the "
                  "host's name and a hash of the config file's, so two processes of one config on "
                  "one host need names.")
             .by_default(""))
      .add(field::duration("session_timeout")
             .doc("After which silence an instance counts as dead and its lanes go to others.")
             .min(1'000)
             .max(30 * 60'000)
             .by_default("45s"))
      .add(field::duration("transaction_timeout")
             .doc("How long what a dead instance left open may hold readers up.")
             .min(1'000)
             .max(15 * 60'000)
             .by_default("10s"))
      .add(field::number("replication")
             .doc("Copies of the topics that are made; -1 is the cluster's default.")
             .min(-1)
             .max(100)
             .by_default("-1"))
      .add(field::number("min_insync")
             .doc("How many copies must have a record before it counts as written. Topics that are "
                  "there and ask for fewer are refused; 0 takes what the cluster has.")
             .min(0)
             .max(100)
             .by_default("0"))
      .add(field::choice("standby", {"none", "all"})
             .doc("`all` keeps a copy of the state of all lanes on each instance, so that a lane "
                  "moves in a moment; it costs disk and network.")
             .by_default("none"))
      .add(field::choice("assignment", {"cooperative-sticky", "range"})
             .doc("How lanes are dealt out. With `range` all lanes stop at each change of members.")
             .by_default("cooperative-sticky"))
      .add(
        field::duration("changelog_tombstones")
          .doc("How long changelogs that are made keep what says that a row is gone. A copy of a "
               "lane that is older than half of it is not continued but restored in full.")
          .min(3'600'000)
          .by_default("7d"))
      .add(field::size("prefetch")
             .doc("What a host fetches ahead, over all its lanes.")
             .min(64LL << 10)
             .max(2LL << 30)
             .by_default("4MiB"))
      .example("bootstrap_servers: kafka-1:9092,kafka-2:9092\n"
               "instance: instance-1\n"
               "replication: 3\n"
               "min_insync: 2\n"
               "tls: {}\n"
               "sasl: {mechanism: SCRAM-SHA-512, username: sallyport, password: changeme}\n"
               "properties:\n"
               "  socket.timeout.ms: 30000\n");
  }();
  return form;
}

log_settings read_log_settings(const config::params& from) {
  log_settings made;
  made.to = read_connection(from);
  made.instance = from.text("instance");
  made.session_timeout = from.duration("session_timeout");
  made.transaction_timeout = from.duration("transaction_timeout");
  made.replication = static_cast<std::int16_t>(from.number("replication"));
  made.min_insync = static_cast<std::int16_t>(from.number("min_insync"));
  made.changelog_tombstones = from.duration("changelog_tombstones");
  made.prefetch_bytes = from.size("prefetch");
  made.cooperative = from.text("assignment") == "cooperative-sticky";
  made.standby = from.text("standby") == "all";
  return made;
}

std::string default_instance(std::string_view config_name) {
  return host_name() + "-" + short_hash(config_name);
}

} // namespace sallyport::kafka
