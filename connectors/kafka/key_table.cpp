#include "connectors/kafka/key_table.hpp"

#include "connectors/kafka/admin.hpp"
#include "connectors/kafka/topics.hpp"
#include "engine/log/checks.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

namespace sallyport::kafka {

namespace {

/// How soon an open transaction of another process is looked at again.
constexpr std::chrono::milliseconds look_again_after{5};

} // namespace

key_table::key_table(const cluster& of, std::string topic, std::int16_t replication,
                     const wall_clock& clock)
  : of_(of), at_{std::move(topic), 0}, replication_(replication), clock_(clock),
    committed_(of, nobody_), open_(of, nobody_, false) {}

std::string key_table::row_key(std::string_view topic, std::string_view key) {
  std::string made{topic};
  made += '\0';
  made += key;
  return made;
}

record key_table::row(std::string_view topic, std::string_view key, std::int64_t first,
                      wall_time now) const {
  return {bytes{row_key(topic, key)}, bytes{std::to_string(first)}, {}, now};
}

status key_table::make_topic() {
  wanted_topic wanted;
  wanted.name = at_.topic;
  wanted.replication = replication_;
  wanted.compacted = true;
  wanted.config = {{"retention.ms", std::to_string(checks::idempotency_kept_for.count())}};
  SALLYPORT_CHECK(ensure_topics(of_.probe().get(), {wanted}));
  made_ = true;
  return {};
}

status key_table::refresh() {
  if (!made_)
    SALLYPORT_CHECK(make_topic());
  SALLYPORT_TRY(const auto written, of_.written_end(at_));
  // An open transaction ends by its own timeout at the latest.
  const auto until = std::chrono::steady_clock::now() + 3 * answer_within;
  while (next_ < written) {
    // In this order: what is committed before the question for the end is in the answer after it.
    SALLYPORT_TRY(const auto there, of_.offsets(at_));
    next_ = std::max(next_, there.begin); // what is older than a day may be gone
    SALLYPORT_TRY(const auto rows, committed_.read(at_, next_, {}));
    for (const auto& row : rows)
      remember(row);
    if (!rows.empty())
      continue;
    // What is left up to the end of the committed are markers and aborted rows.
    next_ = std::max(next_, there.end);
    if (next_ >= written)
      break;
    if (std::chrono::steady_clock::now() >= until)
      return fail(error::external(
        errc::unavailable, "topic '" + at_.topic + "' has an open transaction of another process"));
    std::this_thread::sleep_for(look_again_after);
  }
  forget_old();
  return {};
}

void key_table::remember(const log_record& row) {
  const auto text = row.rec.value.view();
  seen found{0, row.rec.timestamp};
  if (std::from_chars(text.data(), text.data() + text.size(), found.first).ec == std::errc{}) {
    auto key = row.rec.key.str();
    by_age_.emplace_back(found.at, key);
    keys_.insert_or_assign(std::move(key), found);
  }
  next_ = row.offset + 1;
}

void key_table::forget_old() {
  const auto until = clock_.now() - checks::idempotency_kept_for;
  while (!by_age_.empty() && by_age_.front().first <= until) {
    const auto found = keys_.find(by_age_.front().second);
    if (found != keys_.end() && found->second.at <= until)
      keys_.erase(found);
    by_age_.pop_front();
  }
}

std::optional<std::int64_t> key_table::find(std::string_view topic, std::string_view key) {
  const auto found = keys_.find(row_key(topic, key));
  if (found == keys_.end() || found->second.at + checks::idempotency_kept_for <= clock_.now())
    return std::nullopt;
  return found->second.first;
}

result<bool> key_table::has_rivals(const std::map<std::string, std::int64_t>& ours) {
  std::int64_t last = -1;
  for (const auto& [key, offset] : ours)
    last = std::max(last, offset);
  // Nothing stands between what is known and what was written: the usual case.
  if (last - next_ + 1 == static_cast<std::int64_t>(ours.size()))
    return false;
  for (auto next = next_; next <= last;) {
    SALLYPORT_TRY(const auto rows, open_.read(at_, next, {}));
    if (rows.empty())
      break;
    for (const auto& row : rows) {
      const auto mine = ours.find(row.rec.key.str());
      if (mine != ours.end() && row.offset < mine->second)
        return true;
      next = row.offset + 1;
    }
  }
  return false;
}

} // namespace sallyport::kafka
