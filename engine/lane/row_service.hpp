#pragma once

#include "engine/services/http_server.hpp"
#include "engine/state/store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::lane {

/// Rows of a store as people read them, one line of JSON each,
/// `{"part":…,"lane":0,"stage":…,"kind":"state","key":…,"value":…}`, of one moment and in the order
/// of the store.
///
/// Confined to one thread at a time.
class row_lines {
public:
  static constexpr std::uint64_t limit_by_default = 1'000;

  struct filter {
    std::string part;
    std::string stage;
    std::optional<std::uint32_t> lane;
    std::optional<std::string> key; ///< the operator's own
    std::string prefix;             ///< of such keys
    std::uint64_t limit = limit_by_default;
    bool all_kinds = false; ///< the engine's rows too: timers, calls, conversations, counts

    /// As the parameters of a request say it.
    [[nodiscard]] static result<filter> of(const query_parameters& asked);
  };

  row_lines(std::unique_ptr<row_reader> from, filter wanted);

  /// Some lines more, empty at the end.
  [[nodiscard]] result<std::string> next();
  /// How many rows and bytes there are, by part, stage and kind, a line each.
  [[nodiscard]] result<std::string> sizes();

private:
  struct name;

  [[nodiscard]] bool wants(const name& row) const;

  std::unique_ptr<row_reader> from_;
  filter wanted_;
  std::string next_; ///< where the scan goes on
  std::string end_;
};

/// Shows people what the stages keep: `GET /admin/state/rows`, `GET /admin/state/size`.
///
/// Thread safety: handlers run on the threads of the server.
class row_service {
public:
  /// `from` outlives the service, and the server's answers under way.
  explicit row_service(const store& from) : from_(from) {}

  /// Adds the routes. @pre the server is not started
  void serve_on(http_server& server) const;

private:
  const store& from_;
};

} // namespace sallyport::lane
