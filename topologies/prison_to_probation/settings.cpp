#include "topologies/prison_to_probation/settings.hpp"

#include "engine/core/assert.hpp"

#include <algorithm>

namespace sallyport::prison_to_probation {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

profile profile_of(std::string_view word) {
  if (word == "readme")
    return profile::readme;
  if (word == "head")
    return profile::head;
  SALLYPORT_ASSERT(word == "full");
  return profile::full;
}

std::vector<std::string> profile_words() { return {"full", "readme", "head"}; }

std::vector<std::string> comma_separated(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (auto word = trimmed(list.substr(0, comma)); !word.empty())
      words.emplace_back(word);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return words;
}

interested_prisons::interested_prisons(std::string_view list) : agencies_(comma_separated(list)) {}

bool interested_prisons::contains(const std::optional<std::string>& agency) const {
  if (agencies_.empty())
    return true;
  return agency && std::ranges::find(agencies_, *agency) != agencies_.end();
}

} // namespace sallyport::prison_to_probation
