#include "engine/connectors/source_position.hpp"

#include "engine/core/murmur2.hpp"

#include <array>
#include <cstdio>

namespace sallyport {

namespace {

/// Only the last record counts; the log may drop the others.
constexpr std::uint64_t position_topic_bytes = 64U << 10U;

} // namespace

result<source_position> source_position::open(log& to, const std::string& application,
                                              const std::string& source) {
  source_position made{to, {application + "." + source, 0}};
  SALLYPORT_CHECK(to.create_topic({made.at_.topic, 1, duration{0}, position_topic_bytes}));
  SALLYPORT_TRY(const auto there, to.offsets(made.at_));
  // A log may leave gaps, so the last record need not stand right before the end.
  for (auto next = there.begin; next < there.end;) {
    SALLYPORT_TRY(const auto read, to.read(made.at_, next, {}));
    if (read.empty())
      break;
    made.last_ = read.back().rec.value.str();
    next = read.back().offset + 1;
  }
  return made;
}

status source_position::commit(std::vector<log_append> records, const std::string& position,
                               wall_time now) {
  log_commit all;
  all.application = at_.topic;
  all.appends = std::move(records);
  all.appends.push_back({at_, {{bytes{}, bytes{position}, {}, now}}});
  return log_->commit(all);
}

std::string short_hash(std::string_view text) {
  std::array<char, 16> digits{};
  const int size = std::snprintf(digits.data(), digits.size(), "%08x", murmur2(text));
  return {digits.data(), static_cast<std::size_t>(size)};
}

} // namespace sallyport
