#include "engine/topology/http_settings.hpp"

namespace sallyport::topology {

namespace {

using config::field;

std::optional<std::string> not_empty(std::string_view text) {
  return text.empty() ? std::optional<std::string>{"is empty"} : std::nullopt;
}

std::optional<std::string> web_address(std::string_view text) {
  if (text.empty() || text.starts_with("http://") || text.starts_with("https://"))
    return std::nullopt;
  return "must begin with http:// or https://";
}

std::optional<std::string> network(std::string_view text) {
  if (ip_network::parse(text))
    return std::nullopt;
  return "is no network; write one as 10.0.0.0/8";
}

field auth_section() {
  return field::object(
           "auth",
           {field::text("jwks_url")
              .doc("Where the keys of tokens are read, a JWKS; without it there are no tokens.")
              .by_default("")
              .example("https://sign-in.example/.well-known/jwks.json")
              .check(web_address),
            field::text("issuer").doc("What `iss` must be; empty: anything.").by_default(""),
            field::duration("clock_skew")
              .doc("By how much the clock of whoever makes the tokens may differ.")
              .by_default("10s")
              .min(0)
              .max(300'000),
            field::duration("keys_read_every_min")
              .doc("A token with an unknown key makes the keys be read again, but not oftener.")
              .by_default("10s")
              .min(1'000),
            field::duration("keys_age_max")
              .doc("Keys are read again after this, so that one that was withdrawn ends.")
              .by_default("15m")
              .min(1'000)})
    .doc("Tokens: who brings one may do what its roles allow.");
}

} // namespace

field http_section() {
  return field::object(
           "http",
           {field::text("bind")
              .doc("The address to listen at. One that others can reach needs tls and auth, or a "
                   "proxy.")
              .by_default("127.0.0.1")
              .check(not_empty),
            field::number("port")
              .doc("0: any free one, told in the log.")
              .by_default("8080")
              .min(0)
              .max(65'535),
            field::size("body_bytes_max")
              .doc("A bigger request is refused.")
              .by_default("32MiB")
              .min(1),
            field::size("report_bytes_max")
              .doc("What is collected for one report; two are made at the same time at most.")
              .by_default("256MiB")
              .min(1),
            field::choice("proxy", {"none", "tls", "guards"})
              .doc("`tls`: all come through a proxy that ends TLS; `guards`: and that decides who "
                   "may.")
              .by_default("none"),
            field::text("operator_role")
              .doc(
                "The role for dead letters and, from elsewhere, for ingress and log; empty: that "
                "of the topology.")
              .by_default(""),
            field::list("metrics_from", field::text("").check(network))
              .doc("Networks from which /metrics needs no token, as 10.0.0.0/8.")
              .by_default("[]"),
            auth_section(),
            field::object("tls", {field::text("certificate")
                                    .doc("The file with the certificate and its chain, in PEM.")
                                    .by_default("")
                                    .example("/etc/sallyport/tls.crt"),
                                  field::text("key")
                                    .doc("The file with its key, in PEM.")
                                    .by_default("")
                                    .example("/etc/sallyport/tls.key")})
              .doc("TLS on the port. Files that change are read anew."),
            field::map("health", field::object("", {field::text("url")
                                                      .doc("What is asked with GET; 200 means up.")
                                                      .check(web_address)}))
              .doc("Services that /health asks too, by the name of their component.")
              .example("prisonApiHealth: { url: \"http://prison-api/health/ping\" }")
              .optional()})
    .doc("The port that serves ingress, log, reports, metrics and health.");
}

http_settings read_http(const config::params& from, config::findings& out) {
  http_settings made;
  made.bind = from.text("bind");
  made.port = static_cast<std::uint16_t>(from.number("port"));
  made.body_bytes_max = static_cast<std::size_t>(from.size("body_bytes_max"));
  made.report_bytes_max = static_cast<std::size_t>(from.size("report_bytes_max"));
  made.proxy_guards = from.text("proxy") == "guards";
  made.proxy_ends_tls = from.text("proxy") != "none";
  made.operator_role = from.text("operator_role");
  for (const auto& text : from.texts("metrics_from"))
    if (auto parsed = ip_network::parse(text))
      made.metrics_from.push_back(*parsed);
  const auto& auth = from.object("auth");
  made.auth = {auth.text("jwks_url"), auth.text("issuer"), auth.duration("clock_skew"),
               auth.duration("keys_read_every_min"), auth.duration("keys_age_max")};
  const auto& tls = from.object("tls");
  made.tls = {tls.text("certificate"), tls.text("key")};
  if (from.has("health"))
    for (const auto& service : from.map("health"))
      made.health.emplace(service.name, service.value.text("url"));
  if (made.tls.certificate.empty() != made.tls.key.empty())
    out.push_back({from.where("tls"), "tls has one of certificate and key", "give both"});
  if (made.bind.empty() || made.trusts_who_comes())
    return made;
  if (made.auth.jwks_url.empty())
    out.push_back({from.where("bind"),
                   "others can reach '" + made.bind + "', and nothing says who may come",
                   "set auth.jwks_url below http:, or 'proxy: guards' if a proxy in front decides, "
                   "or bind to 127.0.0.1"});
  if (made.tls.certificate.empty() && !made.proxy_ends_tls)
    out.push_back({from.where("bind"),
                   "others can reach '" + made.bind + "', and their tokens would go in the clear",
                   "set tls.certificate and tls.key below http:, or 'proxy: tls' if a proxy in "
                   "front ends TLS, or bind to 127.0.0.1"});
  return made;
}

} // namespace sallyport::topology
