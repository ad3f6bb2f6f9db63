#include "bench/custody/setting.hpp"

#include "bench/support/bench.hpp"
#include "engine/config/parse.hpp"

#include <map>

namespace sallyport::bench::custody {

topology::plan plan_of(const std::string& url) {
  const std::map<std::string, std::string, std::less<>> variables{
    {"PRISON_API_URL", url},
    {"COMMUNITY_API_URL", url},
    {"OFFENDER_SEARCH_URL", url},
    {"OAUTH_URL", url},
    {"OAUTH_CLIENT_ID", "sallyport"},
    {"OAUTH_CLIENT_SECRET", "sallyport"},
    {"HOLD_BACK", std::to_string(hold_back.count()) + "m"}};
  config::findings found;
  auto made = topology::load_plan(
    SALLYPORT_SOURCE_DIR "/configs/prison-to-probation.embedded.yaml",
    [&](std::string_view name) -> std::optional<std::string> {
      const auto at = variables.find(name);
      return at == variables.end() ? std::nullopt : std::optional{at->second};
    },
    found);
  if (!made)
    give_up(error::user(errc::invalid_config, config::joined_text(found)));
  return std::move(*made);
}

} // namespace sallyport::bench::custody
