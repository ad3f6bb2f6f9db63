#pragma once

#include "engine/core/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

/// Where a record of a lane stands. At each commit it is in exactly one term, and
/// received + made = done + superseded + held + waiting + in_call + dead + discarded.
enum class term : std::uint8_t { done, superseded, held, waiting, in_call, dead, discarded };

inline constexpr std::size_t term_count = 7;

[[nodiscard]] std::string_view to_string(term t) noexcept;

/// What an operator decides of the record that it was given: exactly one verdict for each record,
/// so that none can vanish. A record that moves on carries its count with it (its *claim*); one
/// that the operator makes beside it (`context::emit`) is counted as made and has a claim of its
/// own.
class verdict {
public:
  enum class kind : std::uint8_t { forward, keep, finish, reject };

  /// The record (changed or not) goes on by an output port.
  static verdict forward(record r, std::string_view port = "out") {
    return {kind::forward, term::done, std::string{port}, std::move(r)};
  }
  /// Work on it has ended well.
  static verdict done() { return {kind::finish, term::done, {}, {}}; }
  /// A newer one took its place.
  static verdict superseded() { return {kind::finish, term::superseded, {}, {}}; }
  /// It is not wanted, and that is no error. `reason` is a short fixed text: it becomes a metric
  /// label.
  static verdict discard(std::string reason) {
    return {kind::finish, term::discarded, std::move(reason), {}};
  }
  /// It was written to a dead-letter topic: for the operator that does that.
  static verdict dead(std::string cause) {
    return {kind::finish, term::dead, std::move(cause), {}};
  }
  /// The operator keeps it in its store until later.
  static verdict held() { return {kind::keep, term::held, {}, {}}; }
  static verdict waiting() { return {kind::keep, term::waiting, {}, {}}; }
  static verdict in_call() { return {kind::keep, term::in_call, {}, {}}; }
  /// It cannot be worked on, now or later: it leaves by the port `rejected`. `cause` is a short
  /// fixed text and a metric label; `detail` says more, without personal data.
  static verdict reject(record r, std::string cause, std::string detail = {}) {
    verdict v{kind::reject, term::dead, std::move(cause), std::move(r)};
    v.detail_ = std::move(detail);
    return v;
  }

  [[nodiscard]] kind what() const noexcept { return kind_; }
  [[nodiscard]] term where() const noexcept { return term_; }
  /// The port of `forward`, the reason of `discard`, the cause of `dead` and `reject`.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
  [[nodiscard]] record& rec() noexcept { return record_; }
  [[nodiscard]] const record& rec() const noexcept { return record_; }

private:
  verdict(kind k, term t, std::string text, record r)
    : kind_(k), term_(t), text_(std::move(text)), record_(std::move(r)) {}

  kind kind_;
  term term_;
  std::string text_;
  std::string detail_;
  record record_;
};

} // namespace sallyport
