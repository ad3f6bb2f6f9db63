#include "engine/lane/lane_rows_view.hpp"

#include "engine/lane/circuit.hpp"
#include "engine/lane/counts.hpp"
#include "engine/lane/overlay.hpp"
#include "engine/lane/rows.hpp"
#include "engine/lane/timers.hpp"

#include <vector>

namespace sallyport::lane {

namespace {

std::string prefix_of(const stage_place& at) {
  return rows::stage_prefix(at.part, at.partition, at.stage);
}

/// The method, and of the path what names no person: its first segment.
std::string shown(const call_request& request) {
  const auto end = request.path.find_first_of("/?", 1);
  return request.method + " " + request.path.substr(0, end) +
         (end == std::string::npos ? "" : "/…");
}

class rows_of_lanes final : public lanes_at_once {
public:
  rows_of_lanes(std::unique_ptr<row_reader> from, std::vector<stage_place> stages, wall_time now)
    : from_(std::move(from)), stages_(std::move(stages)), now_(now) {}

  [[nodiscard]] status calls(const std::function<bool(open_call&&)>& visit) const override {
    for (const auto& at : stages_) {
      SALLYPORT_TRY(const auto held, standing(at));
      std::set<std::string, std::less<>> keys;
      bool goes_on = true;
      status read;
      SALLYPORT_CHECK(scan(at, rows::kind::call, [&](std::string_view key, std::string_view value) {
        auto row = decode_call_row(value);
        if (!row) {
          read = fail(std::move(row).error());
          return false;
        }
        const bool behind = !row->what.key.empty() && !keys.insert(row->what.key).second;
        goes_on = visit(view_of(at, call_id_of(key), *std::move(row), behind, held));
        return goes_on;
      }));
      SALLYPORT_CHECK(read);
      if (!goes_on)
        break;
    }
    return {};
  }

  [[nodiscard]] status timers(const std::function<bool(set_timer&&)>& visit) const override {
    for (const auto& at : stages_)
      SALLYPORT_CHECK(scan(at, rows::kind::timer_due, [&](std::string_view key, std::string_view) {
        const auto [due, name] = timer_of_key(key);
        const bool own = name.starts_with(operator_timer);
        return visit({at, std::string{name.substr(own ? 1 : 0)}, due, !own});
      }));
    return {};
  }

  [[nodiscard]] result<std::vector<stage_figures_view>> stages() const override {
    std::vector<stage_figures_view> all;
    for (const auto& at : stages_) {
      SALLYPORT_TRY(auto held, standing(at));
      stage_figures_view one;
      one.at = at;
      one.circuits_open = std::move(held.circuits_open);
      one.paused_all = held.paused.all;
      one.paused = std::move(held.paused.ports);
      SALLYPORT_CHECK(add_counts(one));
      SALLYPORT_CHECK(scan(at, rows::kind::timer_due, [&](std::string_view key, std::string_view) {
        one.next_timer = timer_of_key(key).first;
        return false;
      }));
      all.push_back(std::move(one));
    }
    return all;
  }

private:
  struct held_back {
    paused_ports paused;
    std::map<std::string, wall_time> circuits_open;
  };

  [[nodiscard]] status scan(const stage_place& at, rows::kind what,
                            const row_visitor& visit) const {
    const auto stage = prefix_of(at);
    const auto first = stage + rows::key(what);
    return from_->scan(family::state, first, after_prefix(first),
                       [&](std::string_view key, std::string_view value) {
                         return visit(key.substr(stage.size()), value);
                       });
  }

  [[nodiscard]] result<held_back> standing(const stage_place& at) const {
    held_back out;
    SALLYPORT_TRY(out.paused, committed_pauses(*from_, at));
    SALLYPORT_CHECK(
      scan(at, rows::kind::circuit, [&](std::string_view key, std::string_view value) {
        if (const auto until = circuit::load(value, {}).open_until())
          out.circuits_open.emplace(key.substr(1), *until);
        return true;
      }));
    return out;
  }

  [[nodiscard]] status add_counts(stage_figures_view& to) const {
    SALLYPORT_TRY(const auto row,
                  from_->get(family::state, prefix_of(to.at) + rows::key(rows::kind::counts)));
    if (!row)
      return {};
    try {
      auto counts = stage_counts::decode(*row);
      for (std::size_t t = 0; t < term_count; ++t)
        if (counts.terms[t] != 0)
          to.terms.emplace(sallyport::to_string(static_cast<term>(t)), counts.terms[t]);
      to.discarded = std::move(counts.discarded);
      to.dead = std::move(counts.dead);
      to.timers = counts.timers;
      to.made = counts.made;
    } catch (const engine_failure& e) {
      return fail(e.why());
    }
    return {};
  }

  [[nodiscard]] open_call view_of(const stage_place& at, call_id id, call_row&& row, bool behind,
                                  const held_back& by) const {
    open_call out;
    out.at = at;
    out.id = to_string(id);
    out.state = behind                                     ? call_state::behind
                : by.paused.holds(row.what.port)           ? call_state::paused
                : row.tries > 0 && row.next_try > now_     ? call_state::retrying
                : by.circuits_open.contains(row.what.port) ? call_state::held
                                                           : call_state::under_way;
    out.request = shown(row.what.request);
    out.peer = std::move(row.what.port);
    out.key = std::move(row.what.key);
    out.read = row.what.read;
    out.tries = row.tries;
    out.in_doubt = row.earlier_unanswered;
    out.asked = row.asked;
    if (row.tries > 0) {
      out.next_try = row.next_try;
      out.last_status = row.last_status;
    }
    return out;
  }

  std::unique_ptr<row_reader> from_;
  std::vector<stage_place> stages_;
  wall_time now_;
};

} // namespace

std::unique_ptr<lanes_at_once> lane_rows_view::look(wall_time now) const {
  std::vector<stage_place> stages;
  for (const auto& part : plan_.topology.parts)
    for (std::uint32_t i = 0; i < plan_.topics.at(part.reads).partitions; ++i)
      if (!owns_ || owns_(part.name, i))
        for (const auto& stage : part.stages)
          stages.push_back({part.name, i, stage.name});
  return std::make_unique<rows_of_lanes>(from_.snapshot(), std::move(stages), now);
}

result<paused_ports> committed_pauses(const row_reader& in, const stage_place& of) {
  SALLYPORT_TRY(const auto row, in.get(family::state, prefix_of(of) + paused_key()));
  return row ? decode_paused(*row) : paused_ports{};
}

result<std::optional<wall_time>> committed_timer(const row_reader& in, std::string_view stage_rows,
                                                 std::string_view name) {
  SALLYPORT_TRY(const auto row,
                in.get(family::state, std::string{stage_rows} +
                                        timer_name_key(operator_timer + std::string{name})));
  return row ? std::optional{timer_due_of(*row)} : std::nullopt;
}

} // namespace sallyport::lane
