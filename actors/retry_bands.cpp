#include "actors/retry_bands.hpp"

#include "engine/core/assert.hpp"

#include <charconv>
#include <limits>

namespace sallyport {

namespace {

constexpr std::string_view rest = "rest";

std::optional<std::uint32_t> parse_attempts(std::string_view text) {
  std::uint32_t n = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (code != std::errc{} || end != text.data() + text.size() || n == 0)
    return std::nullopt;
  return n;
}

std::optional<std::string> check_attempts(std::string_view text) {
  if (text == rest || parse_attempts(text))
    return std::nullopt;
  return "it must be a whole number from 1 on, or 'rest'";
}

std::optional<std::string> check_cron(std::string_view text) {
  auto parsed = cron::parse(text);
  return parsed ? std::nullopt : std::optional{parsed.error().what};
}

std::optional<std::string> check_zone(std::string_view text) {
  auto found = zone::find(text);
  return found ? std::nullopt : std::optional{found.error().what};
}

} // namespace

config::field retry_bands::bands_field() {
  using config::field;
  return field::list(
           "bands",
           field::object(
             "",
             {field::text("attempts")
                .check(check_attempts)
                .example("4")
                .doc("How many attempts the band gives, or `rest` for all that follow."),
              field::text("cron")
                .check(check_cron)
                .example("\"0 0 * * * *\"")
                .doc("When they are made: second, minute, hour, day of month, month, weekday.")})
             .doc("A number of attempts and their times."))
    .example(
      "[{ attempts: 4, cron: \"0 0 * * * *\" }, { attempts: rest, cron: \"0 30 23 * * *\" }]")
    .doc("When to try again: the bands follow each other; the first is for the attempts after the "
         "first failure.");
}

config::field retry_bands::zone_field() {
  return config::field::text("zone")
    .by_default("UTC")
    .check(check_zone)
    .example("Europe/London")
    .doc("The time zone that the crons speak of.");
}

void retry_bands::lint(const config::params& with, config::findings& out) {
  const auto& bands = with.list("bands");
  if (bands.empty())
    out.push_back({with.where("bands"), "there must be at least one band",
                   "add for example { attempts: rest, cron: \"0 0 * * * *\" }"});
  for (std::size_t i = 0; i + 1 < bands.size(); ++i)
    if (bands[i].text("attempts") == rest)
      out.push_back({bands[i].where("attempts"), "a band for the rest hides the bands after it",
                     "put it last"});
}

retry_bands retry_bands::from(const config::params& with) {
  std::vector<band> bands;
  for (const auto& b : with.list("bands")) {
    auto when = cron::parse(b.text("cron"));
    SALLYPORT_ASSERT(when.has_value());
    bands.push_back({parse_attempts(b.text("attempts")), std::move(*when)});
  }
  auto in = zone::find(with.text("zone"));
  SALLYPORT_ASSERT(in.has_value());
  return {std::move(bands), std::move(*in)};
}

std::optional<wall_time> retry_bands::next(std::uint32_t attempts_done, wall_time after) const {
  std::uint64_t given = 0;
  for (const auto& b : bands_) {
    if (b.attempts)
      given += *b.attempts;
    if (!b.attempts || attempts_done <= given)
      return b.when.next(after, zone_);
  }
  return std::nullopt;
}

} // namespace sallyport
