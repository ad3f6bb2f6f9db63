#include "engine/services/observe_service.hpp"

#include "engine/time/zone.hpp"

#include <nlohmann/json.hpp>

namespace sallyport {

namespace {

using json = nlohmann::ordered_json;

http_response json_response(int status, const json& of) {
  http_response made;
  made.status = status;
  made.body = of.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return made;
}

constexpr std::string_view word(bool up) { return up ? "UP" : "DOWN"; }
constexpr int status_of(bool up) { return up ? 200 : 503; }

http_server::endpoint look(std::string path, access who, std::string summary,
                           std::vector<route_description::answer> answers,
                           http_server::handler serve) {
  return {"GET",
          std::move(path),
          std::move(who),
          {"how it is", std::move(summary), {}, std::move(answers)},
          std::move(serve)};
}

} // namespace

void observe_service::serve_on(http_server& server) {
  server.route(look("/metrics", access::metrics(), "Metrics for Prometheus.",
                    {{200, "Prometheus' text form", "text/plain"}}, [this](const http_request&) {
                      http_response made;
                      made.content_type = "text/plain; version=0.0.4; charset=utf-8";
                      made.body = metrics_.text();
                      return made;
                    }));
  const auto up = [](const http_request&) { return json_response(200, {{"status", "UP"}}); };
  const auto all = access::everyone();
  server.route(look("/health", all, "Every component, and whether all are up.",
                    {{200, "all are up"}, {503, "one is down"}},
                    [this](const http_request&) { return health(); }));
  server.route(look("/health/ping", all, "Whether it answers.", {{200, "it does"}}, up));
  server.route(look("/health/liveness", all, "Whether it answers.", {{200, "it does"}}, up));
  server.route(look("/health/readiness", all, "Whether it takes events in.",
                    {{200, "it does"}, {503, "it starts or stops"}}, [this](const http_request&) {
                      const bool ready = health_.ready();
                      return json_response(status_of(ready),
                                           {{"status", ready ? "UP" : "OUT_OF_SERVICE"}});
                    }));
  server.route(look("/info", all, "What runs, with its config.", {{200, "secrets are masked"}},
                    [this](const http_request&) { return info(); }));
}

http_response observe_service::health() {
  const auto all = health_.check();
  json components = json::object();
  for (const auto& [name, report] : all.components) {
    auto& component = components[name] = {{"status", word(report.up)}};
    if (!report.details.empty())
      component["details"] = report.details;
  }
  return json_response(status_of(all.up),
                       {{"status", word(all.up)}, {"components", std::move(components)}});
}

http_response observe_service::info() const {
  return json_response(200, {{"build", {{"name", "sallyport"}, {"version", info_.version}}},
                             {"application", info_.application},
                             {"started", format_utc(info_.started)},
                             {"config", info_.config}});
}

} // namespace sallyport
