#include "engine/testing/replay.hpp"

#include "engine/core/binary.hpp"
#include "engine/lane/rows.hpp"
#include "engine/state/memory_store.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

namespace sallyport::testing {

namespace {

using lane::journal_records;
using lane::journal_signal;

std::uint64_t number_of(const lane::journal_entry& e) {
  if (const auto* r = std::get_if<journal_records>(&e))
    return r->first_number;
  return std::get<journal_signal>(e).number;
}

bool opens(const lane::journal_entry& e) {
  const auto* s = std::get_if<journal_signal>(&e);
  const auto* t = s == nullptr ? nullptr : std::get_if<lane::tick>(&s->what);
  return t != nullptr && t->opened;
}

std::string quoted(std::string_view name) { return "'" + std::string{name} + "'"; }

/// One lane that is run again, block by block.
class rerun {
public:
  rerun(const topology::plan& running, const topology::part& part, std::uint32_t partition,
        const log& from, memory_store& rows)
    : plan_(running), part_(part), from_(from), rows_(rows) {
    out_.name = {running.application, part.name, partition, running.topics.at(part.reads).name};
  }

  [[nodiscard]] status run(const store& finished) {
    auto prefix = lane::journal_prefix(part_.name, out_.name.partition);
    status done;
    auto scanned = finished.scan(family::journal, prefix, after_prefix(prefix),
                                 [&](std::string_view key, std::string_view row) {
                                   ++blocks_;
                                   done = guarded_block(key, row);
                                   return done.has_value();
                                 });
    SALLYPORT_CHECK(scanned);
    if (!done)
      return fail(std::move(done).error().within("the journal of lane " + out_.name.text()));
    return {};
  }

  [[nodiscard]] std::uint64_t blocks() const noexcept { return blocks_; }
  [[nodiscard]] replayed_lane take() { return std::move(out_); }

private:
  status guarded_block(std::string_view key, std::string_view row) {
    try {
      return block(key, row);
    } catch (const lane::engine_failure& e) {
      return fail(error{e.why()}.within("the lane failed when it was run again"));
    }
  }

  status block(std::string_view key, std::string_view row) {
    SALLYPORT_TRY(auto block, lane::read_journal_block(row));
    if (block.entries.empty())
      return fail(error::data("a block of the journal is empty"));
    auto first = number_of(block.entries.front());
    auto where = [&] { return "the block of input " + std::to_string(first); };
    if (opens(block.entries.front()))
      open(std::get<journal_signal>(block.entries.front()).next_offset);
    for (auto& e : block.entries) {
      SALLYPORT_CHECK(expect(e, &e == &block.entries.front()));
      if (auto taken = take(std::move(e)); !taken)
        return fail(std::move(taken).error().within(where()));
    }
    auto epoch = lane_->seal();
    for (const auto& change : epoch.entry.changes)
      if (change.where == family::journal && (change.key != key || change.value != row))
        return fail(error::data(where() + " does not fit to the records on the log"));
    auto outputs = lane::outputs_of(epoch);
    for (const auto* p : outputs)
      out_.outputs.push_back(*p);
    std::vector<lane::lane_epoch> epochs;
    epochs.push_back(std::move(epoch));
    SALLYPORT_CHECK(
      rows_.write(lane::compose(plan_.application, epochs, plan_.topics).state, false));
    lane_->committed();
    return {};
  }

  /// The lane was opened here, so all that it kept in memory came from its rows.
  void open(std::int64_t position) {
    lane_ = std::make_unique<lane::lane>(out_.name, part_, rows_, plan_.limits, plan_.topics);
    lane_->open(position);
  }

  /// Whether the entry is the one that must come now.
  status expect(const lane::journal_entry& e, bool first_of_block) const {
    auto number = number_of(e);
    auto next = lane_ == nullptr ? 1 : lane_->entry().next_number();
    if (number != next)
      return fail(error::data("input " + std::to_string(next) + " is missing, input " +
                              std::to_string(number) + " comes in its place"));
    if (lane_ == nullptr)
      return fail(error::data("it does not begin with the opening of the lane"));
    if (opens(e) && !first_of_block)
      return fail(
        error::data("the lane is opened within a block, at input " + std::to_string(number)));
    return {};
  }

  status take(lane::journal_entry&& e) {
    if (const auto* r = std::get_if<journal_records>(&e)) {
      out_.inputs += r->count;
      return records(*r);
    }
    ++out_.inputs;
    auto& s = std::get<journal_signal>(e);
    if (!s.stage.empty()) {
      auto at = std::ranges::find(part_.stages, s.stage, &topology::stage::name);
      if (at == part_.stages.end())
        return fail(error::data("the topology has no stage " + quoted(s.stage)));
      auto index = static_cast<std::size_t>(at - part_.stages.begin());
      if (auto* a = std::get_if<lane::answer>(&s.what))
        a->stage = index;
      else if (auto* c = std::get_if<lane::command>(&s.what))
        c->stage = index;
    }
    if (opens(e) && lane_->entry().next_offset() != s.next_offset)
      return fail(error::data("the lane was opened at offset " + std::to_string(s.next_offset) +
                              ", its records end at " +
                              std::to_string(lane_->entry().next_offset())));
    (void) lane_->run({}, {lane_->entry().admit(std::move(s.what), s.now)});
    return {};
  }

  status records(const journal_records& run) {
    auto next = run.first_offset;
    auto missing = run.count;
    if (next < lane_->entry().next_offset())
      return fail(error::data("the record at offset " + std::to_string(next) + " comes twice"));
    while (missing > 0) {
      read_limits limits;
      limits.records_max = static_cast<std::size_t>(
        std::min<std::uint64_t>(missing, static_cast<std::uint64_t>(limits.records_max)));
      SALLYPORT_TRY(auto found, from_.read({out_.name.source, out_.name.partition}, next, limits));
      if (found.empty())
        return fail(error::data("the log has no record at offset " + std::to_string(next)));
      for (const auto& r : found)
        if (r.offset != next++)
          return fail(error::data("the log has no record at offset " + std::to_string(next - 1)));
      missing -= found.size();
      (void) lane_->run(lane_->entry().admit(std::move(found), run.now), {});
    }
    return {};
  }

  const topology::plan& plan_;
  const topology::part& part_;
  const log& from_;
  memory_store& rows_;
  replayed_lane out_;
  std::unique_ptr<lane::lane> lane_;
  std::uint64_t blocks_ = 0;
};

result<std::map<std::string, std::string>> state_rows(const store& of) {
  std::map<std::string, std::string> rows;
  SALLYPORT_CHECK(of.scan(family::state, "", "", [&](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    return true;
  }));
  return rows;
}

/// Whose row it is, without what an operator keeps in it.
std::string owner_of(std::string_view key) {
  auto nul = key.find('\0');
  if (nul == std::string_view::npos || key.size() < nul + 5)
    return "a row of no lane";
  binary::reader partition{key.substr(nul + 1)};
  std::string lane{std::string{key.substr(0, nul)} + "/" + std::to_string(partition.be32())};
  auto rest = partition.rest();
  auto end = rest.find('\0');
  if (end == std::string_view::npos || end + 1 >= rest.size())
    return "a row of lane " + lane;
  return "a row of kind '" + std::string{rest[end + 1]} + "' of lane " + lane +
         (end == 0 ? "" : ", stage " + quoted(rest.substr(0, end)));
}

/// Each difference once for each owner: thousands of rows of one stage say no more than one.
void compare_state(const std::map<std::string, std::string>& run,
                   const std::map<std::string, std::string>& again, std::set<std::string>& out) {
  for (const auto& [key, value] : run) {
    auto at = again.find(key);
    if (at == again.end())
      out.insert(owner_of(key) + " is not there when run again");
    else if (at->second != value)
      out.insert(owner_of(key) + " is another when run again");
  }
  for (const auto& [key, value] : again)
    if (!run.contains(key))
      out.insert(owner_of(key) + " is there only when run again");
}

std::string encoded(const record& r) {
  std::string out;
  binary::put_record(out, r);
  return out;
}

/// Whether records come to the topic from outside.
bool is_source(const topology::graph& of, const std::string& name) {
  return of.find_internal(name) == nullptr &&
         std::ranges::find(of.parts, name, &topology::part::reads) != of.parts.end();
}

/// The records that each lane sent to a partition, in its order.
using by_lane = std::map<std::string, std::vector<std::string>>;

status compare_outputs(const std::map<partition_id, by_lane>& sent, const partition_id& at,
                       const log& from, std::set<std::string>& out) {
  auto name = "partition " + std::to_string(at.partition) + " of topic " + quoted(at.topic);
  SALLYPORT_TRY(auto range, from.offsets(at));
  if (range.begin > 0) {
    out.insert(name + " cannot be compared: its first records are gone");
    return {};
  }
  std::vector<std::string> there;
  for (auto next = range.begin; next < range.end;) {
    SALLYPORT_TRY(auto records, from.read(at, next, {}));
    if (records.empty())
      break;
    for (const auto& r : records)
      there.push_back(encoded(r.rec));
    next = records.back().offset + 1;
  }
  std::vector<std::string> all;
  if (auto lanes = sent.find(at); lanes != sent.end())
    for (const auto& [lane, records] : lanes->second) {
      auto next = records.begin();
      for (const auto& r : there)
        if (next != records.end() && *next == r)
          ++next;
      if (next != records.end())
        out.insert(std::string{name}
                     .append(" has not the records of lane ")
                     .append(lane)
                     .append(" in their order"));
      all.insert(all.end(), records.begin(), records.end());
    }
  std::ranges::sort(all);
  std::ranges::sort(there);
  if (all != there)
    out.insert(name + " has other records than when run again");
  return {};
}

} // namespace

result<replayed> replay(const topology::plan& running, const log& from, const store& finished) {
  replayed all;
  memory_store rows;
  std::uint64_t blocks = 0;
  for (const auto& part : running.topology.parts) {
    for (std::uint32_t p = 0; p < running.topics.at(part.reads).partitions; ++p) {
      rerun lane{running, part, p, from, rows};
      SALLYPORT_CHECK(lane.run(finished));
      blocks += lane.blocks();
      auto door =
        lane::rows::stage_prefix(part.name, p, "") + lane::rows::key(lane::rows::kind::door);
      SALLYPORT_TRY(auto was, finished.get(family::state, door));
      SALLYPORT_TRY(auto is, rows.get(family::state, door));
      auto done = lane.take();
      if (was != is)
        return fail(error::data("the journal of lane " + done.name.text() +
                                " does not lead to the state of its door: it ends too early or "
                                "belongs to another run"));
      if (lane.blocks() > 0)
        all.lanes.push_back(std::move(done));
    }
  }
  std::uint64_t there = 0;
  SALLYPORT_CHECK(finished.scan(family::journal, "", "", [&](std::string_view, std::string_view) {
    ++there;
    return true;
  }));
  if (there != blocks)
    return fail(error::data("the journal has blocks of lanes that the topology has not"));
  SALLYPORT_TRY(all.state, state_rows(rows));
  return all;
}

result<std::vector<std::string>> differences(const replayed& again, const topology::plan& running,
                                             const log& from, const store& finished) {
  std::set<std::string> found;
  SALLYPORT_TRY(auto rows, state_rows(finished));
  compare_state(rows, again.state, found);
  std::map<partition_id, by_lane> sent;
  for (const auto& lane : again.lanes)
    for (const auto& p : lane.outputs)
      sent[lane::place_of(p, lane.name, running.topics)][lane.name.text()].push_back(
        encoded(p.rec));
  for (const auto& [name, topic] : running.topics) {
    if (is_source(running.topology, name))
      continue;
    for (std::uint32_t p = 0; p < topic.partitions; ++p)
      SALLYPORT_CHECK(compare_outputs(sent, {topic.name, p}, from, found));
  }
  return std::vector<std::string>{found.begin(), found.end()};
}

} // namespace sallyport::testing
