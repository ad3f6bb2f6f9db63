#pragma once

#include "engine/config/parse.hpp"
#include "engine/operators/registry.hpp"
#include "engine/testing/operator_harness.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

/// What the tests of the operators share: an operator built from YAML text through the registry, as
/// production does it.
namespace sallyport::actors_test {

inline const wall_time start{std::chrono::sys_days{std::chrono::year{2024} / 3 / 1} +
                             std::chrono::hours{12}};

inline const operator_entry& entry_of(std::string_view name) {
  const auto* entry = operator_registry::instance().find(name);
  if (entry == nullptr)
    throw std::runtime_error("no operator '" + std::string{name} + "'");
  return *entry;
}

/// What parse and lint say against the YAML; empty if nothing.
inline std::string complaints(std::string_view name, std::string_view yaml) {
  const auto& entry = entry_of(name);
  const auto with = config::parse_params(entry.spec, yaml);
  if (!with)
    return with.error().what;
  config::findings found;
  if (entry.lint)
    entry.lint(*with, found);
  return config::joined_text(found);
}

inline operator_harness harness_of(std::string_view name, std::string_view yaml,
                                   wall_time at = start) {
  if (const auto wrong = complaints(name, yaml); !wrong.empty())
    throw std::runtime_error(wrong);
  const auto& entry = entry_of(name);
  return operator_harness(entry, config::parse_params(entry.spec, yaml).value(), at);
}

inline record record_of(std::string_view key, std::string_view value, header_list headers = {}) {
  record r;
  r.key = bytes{key};
  r.value = bytes{value};
  r.headers = std::move(headers);
  r.timestamp = start;
  return r;
}

inline record keyless(std::string_view value, header_list headers = {}) {
  auto r = record_of("", value, std::move(headers));
  r.key = bytes{};
  return r;
}

inline record tombstone(std::string_view key) {
  auto r = record_of(key, "");
  r.value = bytes{};
  return r;
}

inline std::string cause_of(const record& r) {
  return std::string{r.find("sallyport-cause").value_or("")};
}
inline std::string detail_of(const record& r) {
  return std::string{r.find("sallyport-detail").value_or("")};
}

} // namespace sallyport::actors_test
