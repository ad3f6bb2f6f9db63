#pragma once

#include "engine/config/spec.hpp"
#include "engine/core/error.hpp"
#include "engine/core/wall_time.hpp"
#include "engine/services/http_server.hpp"
#include "engine/state/store.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Questions to the state of a running topology, as a topology's author writes them.
///
/// Problem: a report reads the rows of a stage while the engine writes them, and the lanes of a
/// topology may be spread over several instances. Idea: a question is two pure functions. `collect`
/// looks at the rows of one instance's lanes, all of one commit, and makes of them what the answer
/// needs; `answer` makes the answer of what all instances have collected. Neither knows of HTTP,
/// snapshots or other instances.
namespace sallyport {

/// The committed rows of one stage's operator, over the lanes of one instance, as of one commit.
class stage_rows {
public:
  virtual ~stage_rows() = default;

  /// Visits the rows whose key starts with `prefix`, lane by lane, in each in the order of the
  /// keys.
  [[nodiscard]] virtual status scan(std::string_view prefix, const row_visitor& visit) const = 0;

  /// When a timer of the operator is due, if it is set in one of the lanes.
  [[nodiscard]] virtual result<std::optional<wall_time>> timer_due(std::string_view name) const = 0;

  /// The parameters of the stage, as its operator has them.
  [[nodiscard]] virtual const config::params& with() const = 0;
};

/// Where they come from.
class committed_state {
public:
  virtual ~committed_state() = default;

  /// Every call is a moment of its own. The rows hold that moment's state until they are let go.
  /// @pre the topology has that stage
  [[nodiscard]] virtual std::unique_ptr<stage_rows> rows_of(std::string_view part,
                                                            std::string_view stage) const = 0;
};

/// One piece that an instance has collected.
struct query_row {
  std::string order; ///< the pieces of all instances are sorted by this; UTF-8
  std::string text;  ///< UTF-8

  friend bool operator==(const query_row&, const query_row&) = default;
};

/// Takes what is collected, up to a number of bytes.
class query_rows {
public:
  explicit query_rows(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// @returns false when there is no room for it; the collector ends then
  [[nodiscard]] bool add(query_row row);

  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }
  [[nodiscard]] std::vector<query_row>&& take() && { return std::move(rows_); }

private:
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  bool overflowed_ = false;
  std::vector<query_row> rows_;
};

struct query_input {
  query_parameters parameters;
  wall_time now{}; ///< the same for all instances
};

struct state_query {
  std::string name; ///< one word, for the route between instances
  std::string path; ///< where people ask, by GET
  std::string role; ///< who may
  std::string part;
  std::string stage;
  route_description about;

  /// An error of the domain `user` says which parameter is wrong, and how.
  std::function<status(const stage_rows& of, const query_input& asked, query_rows& into)> collect;
  /// `rows` are sorted by `order`.
  std::function<http_response(std::vector<query_row> rows, const query_input& asked)> answer;
};

} // namespace sallyport
