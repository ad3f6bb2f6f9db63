#include "connectors/http/http_caller.hpp"
#include "engine/connectors/registry.hpp"

namespace sallyport::http {

namespace {

using config::field;

std::optional<std::string> is_address(std::string_view text) {
  if (text.starts_with("http://") || text.starts_with("https://"))
    return std::nullopt;
  return "an address that begins with http:// or https:// is wanted";
}

config::spec caller_spec() {
  return config::spec{"http"}
    .summary("Calls a peer by HTTP.")
    .description(
      "Makes one try for each that the engine asks for, over pooled connections that are kept "
      "alive. Every call but a GET carries its `Idempotency-Key`. Tries, backoff and circuits are "
      "the engine's.")
    .add(field::text("url")
           .doc("Base address of the peer; the paths of calls are put behind it.")
           .example("https://community-api.example.org")
           .check(is_address))
    .add(field::object(
           "auth",
           {field::text("token_url")
              .doc("Where a token is fetched.")
              .check(is_address)
              .example("https://auth.example.org/oauth/token"),
            field::text("client_id").doc("The client's name.").example("sallyport"),
            field::text("client_secret").doc("The client's secret.").secret().example("changeme"),
            field::text("scope").doc("The scope to ask for; empty asks for none.").by_default(""),
            field::duration("timeout")
              .doc("How long a fetch of a token may take.")
              .min(1)
              .by_default("10s")})
           .doc("OAuth2 client credentials. One token serves all calls until shortly before it "
                "ends; an answer 401 drops it.")
           .optional())
    .add(field::number("concurrency")
           .doc("How many calls may be under way at once. First tries leave before repeated ones.")
           .min(1)
           .max(1024)
           .by_default("32"))
    .add(field::duration("connect_timeout")
           .doc("How long it may take to connect.")
           .min(1)
           .by_default("2s"))
    .add(field::size("reply_bytes_max")
           .doc("The longest body that is taken as an answer; a longer one counts as none.")
           .min(1)
           .by_default("8MiB"))
    .add(field::text("ca_file")
           .doc("Certificates that are trusted, as PEM; empty means those of the system.")
           .by_default(""))
    .add(field::text("proxy")
           .doc("An HTTP proxy to go through; empty means none, whatever the environment says.")
           .by_default(""))
    .add(field::map("headers", field::text("").doc("The value."))
           .doc("Headers that are sent with every call.")
           .optional())
    .example("url: https://community-api.example.org\n"
             "auth:\n"
             "  token_url: https://auth.example.org/oauth/token\n"
             "  client_id: sallyport\n"
             "  client_secret: changeme\n"
             "concurrency: 16\n");
}

result<std::unique_ptr<caller>> make_caller(const config::params& given) {
  caller_options options;
  options.url = given.text("url");
  options.concurrency = static_cast<std::size_t>(given.number("concurrency"));
  options.connect_timeout = given.duration("connect_timeout");
  options.reply_bytes_max = given.size("reply_bytes_max");
  options.ca_file = given.text("ca_file");
  options.proxy = given.text("proxy");
  if (given.has("headers"))
    for (const auto& each : given.map("headers"))
      options.headers.push_back({each.name, each.value.text("")});
  if (given.has("auth")) {
    const auto& auth = given.object("auth");
    options.auth =
      auth_options{auth.text("token_url"), auth.text("client_id"), auth.text("client_secret"),
                   auth.text("scope"), auth.duration("timeout")};
  }
  SALLYPORT_TRY(auto made, http_caller::make(std::move(options)));
  return std::unique_ptr<caller>{std::move(made)};
}

connector_entry entry() {
  connector_entry made;
  made.name = "http";
  made.summary =
    "Calls peers by HTTP. Its ingress is part of every instance: POST /ingress/<topic>.";
  auto kind = std::make_shared<connector_entry::caller_kind>();
  kind->spec = caller_spec();
  kind->make = make_caller;
  made.as_caller = std::move(kind);
  return made;
}

} // namespace

SALLYPORT_CONNECTOR(http, entry());

} // namespace sallyport::http
