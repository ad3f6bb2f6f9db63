#include "tools/command/http_surface.hpp"

#include "engine/services/surface.hpp"
#include "tools/command/admin.hpp"

#include <algorithm>

namespace sallyport::command {

namespace {

/// The topic of a port; empty if there is none.
std::string topic_of(const topology::plan& plan, const std::string& port) {
  const auto found = plan.topics.find(port);
  return found == plan.topics.end() ? std::string{} : found->second.name;
}

/// The topic of the source port, if there is but one.
std::string only_source(const topology::plan& plan) {
  std::string only;
  for (const auto& port : plan.topology.ports)
    if (port.kind == topology::port_kind::source) {
      if (!only.empty())
        return {};
      only = topic_of(plan, port.name);
    }
  return only;
}

} // namespace

http_surface::http_surface(const topology::plan& plan, const store& state, log& of,
                           const wall_clock& clock, observe::metrics& metrics,
                           lane::lane_filter owns, other_instances others)
  : plan_(plan), rows_(state, plan, std::move(owns)),
    reports_(rows_, clock, {.bytes_max = plan.http.report_bytes_max}, std::move(others)) {
  const auto* own = surface_registry::instance().find(plan.topology.name);
  dead_letter_service::settings letters;
  letters.application = plan.application;
  letters.topics = dead_letter_topics(plan);
  letters.source_topic = only_source(plan);
  if (own != nullptr) {
    letters.tell = own->tell;
    letters.tells_to = topic_of(plan, own->tells_to);
    gauges_ = std::make_unique<gauge_board>(own->gauges, rows_, clock, metrics);
  }
  dead_letters_ = std::make_unique<dead_letter_service>(std::move(letters), of, clock);
  const auto& auth = plan.http.auth;
  if (!auth.jwks_url.empty())
    tokens_ = std::make_unique<token_verifier>(
      token_verifier::settings{.issuer = auth.issuer,
                               .clock_skew = auth.clock_skew,
                               .keys_read_every_min = auth.keys_read_every_min,
                               .keys_age_max = auth.keys_age_max},
      keys_from(auth.jwks_url), clock);
}

void http_surface::serve_on(http_server& server) {
  const auto* own = surface_registry::instance().find(plan_.topology.name);
  gate::settings who;
  who.trusts_who_comes = plan_.http.trusts_who_comes();
  who.metrics_from = plan_.http.metrics_from;
  who.operator_role = plan_.http.operator_role;
  if (who.operator_role.empty() && own != nullptr)
    who.operator_role = own->operator_role;
  if (own != nullptr)
    reports_.serve_on(server, own->queries);
  dead_letters_->serve_on(server, who.operator_role);
  docs_ = std::make_unique<api_docs>(plan_.application, SALLYPORT_VERSION);
  docs_->serve_on(server);
  for (const auto& each : server.endpoints())
    if (!each.who.role.empty())
      who.known_roles.insert(each.who.role);
  if (!who.operator_role.empty())
    who.known_roles.insert(who.operator_role);
  gate_ = std::make_unique<gate>(std::move(who), tokens_.get());
  server.set_guard([this](const http_server::endpoint* asked, http_request& request) {
    return gate_->check(asked, request);
  });
}

void http_surface::refresh_gauges() {
  if (gauges_)
    gauges_->refresh();
}

} // namespace sallyport::command
