#include "engine/services/handled_letters.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace sallyport {

namespace {

using json = nlohmann::json;

/// A log may have offsets without a record; the last note stands not far from the end.
constexpr std::int64_t steps_back = 16;

result<std::optional<log_record>> last_record(const log& from, const partition_id& of) {
  SALLYPORT_TRY(const auto there, from.offsets(of));
  for (std::int64_t back = steps_back;; back *= 4) {
    const auto begin = std::max(there.begin, there.end - back);
    std::optional<log_record> last;
    for (auto next = begin; next < there.end;) {
      SALLYPORT_TRY(auto some, from.read(of, next, {}));
      if (some.empty())
        break;
      next = some.back().offset + 1;
      last = std::move(some.back());
    }
    if (last || begin == there.begin)
      return last;
  }
}

std::optional<partition_id> partition_in(const std::string& text) {
  const auto slash = text.rfind('/');
  if (slash == std::string::npos)
    return std::nullopt;
  partition_id made{text.substr(0, slash), 0};
  const auto* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data() + slash + 1, end, made.partition);
  return problem == std::errc{} && stop == end ? std::optional{made} : std::nullopt;
}

} // namespace

bool offset_set::contains(std::int64_t offset) const {
  const auto behind = ranges_.upper_bound(offset);
  return behind != ranges_.begin() && std::prev(behind)->second > offset;
}

void offset_set::add(std::int64_t begin, std::int64_t end) {
  auto at = ranges_.upper_bound(begin);
  if (at != ranges_.begin() && std::prev(at)->second >= begin)
    --at;
  while (at != ranges_.end() && at->first <= end) {
    begin = std::min(begin, at->first);
    end = std::max(end, at->second);
    at = ranges_.erase(at);
  }
  ranges_.emplace(begin, end);
}

std::int64_t offset_set::first_missing(std::int64_t from) const {
  const auto behind = ranges_.upper_bound(from);
  return behind == ranges_.begin() ? from : std::max(from, std::prev(behind)->second);
}

void offset_set::forget_below(std::int64_t offset) {
  while (!ranges_.empty() && ranges_.begin()->first < offset) {
    const auto end = ranges_.begin()->second;
    ranges_.erase(ranges_.begin());
    if (end > offset)
      ranges_.emplace(offset, end);
  }
}

result<handled_letters> handled_letters::read(const log& from, const std::string& topic) {
  handled_letters made;
  if (!from.find_topic(topic))
    return made;
  SALLYPORT_TRY(const auto last, last_record(from, {topic, 0}));
  if (!last)
    return made;
  const auto broken = [&] {
    return fail(error::internal("the last record of the topic '" + topic +
                                "' is no note of handled letters"));
  };
  const auto note = json::parse(last->rec.value.view(), nullptr, false);
  if (!note.is_object() || !note.contains("handled") || !note["handled"].is_object())
    return broken();
  for (const auto& [name, ranges] : note["handled"].items()) {
    const auto of = partition_in(name);
    if (!of || !ranges.is_array())
      return broken();
    for (const auto& range : ranges) {
      if (!range.is_array() || range.size() != 2 || !range[0].is_number_integer() ||
          !range[1].is_number_integer())
        return broken();
      made.sets_[*of].add(range[0].get<std::int64_t>(), range[1].get<std::int64_t>());
    }
  }
  return made;
}

std::size_t handled_letters::ranges() const {
  std::size_t all = 0;
  for (const auto& [of, set] : sets_)
    all += set.ranges().size();
  return all;
}

std::string handled_letters::text() const {
  auto all = json::object();
  for (const auto& [of, set] : sets_) {
    auto ranges = json::array();
    for (const auto& [begin, end] : set.ranges())
      ranges.push_back({begin, end});
    if (!ranges.empty())
      all[of.topic + "/" + std::to_string(of.partition)] = std::move(ranges);
  }
  return all.dump();
}

} // namespace sallyport
