#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

/// An immutable byte string that shares its memory.
///
/// Problem: a record read from the log is passed through several stages and written out again; to
/// copy its payload at each step costs more than the step. Idea: a view and a shared owner, so that
/// a batch of the log is held in memory once and its records point into it.
///
/// A null value (no value at all, a tombstone) differs from an empty one.
///
/// Thread safety: as a `std::shared_ptr<const T>`; the bytes never change.
class bytes {
public:
  /// The null value.
  bytes() noexcept = default;

  // NOLINTBEGIN(google-explicit-constructor): text is bytes.
  /// Takes over the memory of `text`.
  bytes(std::string text) : bytes(std::make_shared<const std::string>(std::move(text))) {}

  bytes(std::string_view text) : bytes(std::string{text}) {}
  bytes(const char* text) : bytes(std::string{text}) {}
  // NOLINTEND(google-explicit-constructor)

  /// Points into memory that `owner` keeps alive.
  bytes(std::shared_ptr<const void> owner, std::string_view view) noexcept
    : owner_(std::move(owner)), view_(view.data() == nullptr ? std::string_view{""} : view) {}

  bytes(const bytes&) noexcept = default;
  bytes& operator=(const bytes&) noexcept = default;
  /// What was moved from is null: it must not point into memory that it no longer holds.
  bytes(bytes&& other) noexcept
    : owner_(std::move(other.owner_)), view_(std::exchange(other.view_, {})) {}
  bytes& operator=(bytes&& other) noexcept {
    owner_ = std::move(other.owner_);
    view_ = std::exchange(other.view_, {});
    return *this;
  }
  ~bytes() = default;

  [[nodiscard]] bool is_null() const noexcept { return view_.data() == nullptr; }
  [[nodiscard]] bool empty() const noexcept { return view_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return view_.size(); }
  [[nodiscard]] const char* data() const noexcept { return view_.data(); }
  [[nodiscard]] std::string_view view() const noexcept { return view_; }
  [[nodiscard]] std::string str() const { return std::string{view_}; }

  // NOLINTNEXTLINE(google-explicit-constructor)
  operator std::string_view() const noexcept { return view_; }

  friend bool operator==(const bytes& a, const bytes& b) noexcept {
    return a.is_null() == b.is_null() && a.view_ == b.view_;
  }
  friend std::ostream& operator<<(std::ostream& out, const bytes& b) {
    return b.is_null() ? out << "(null)" : out << b.view_;
  }

private:
  explicit bytes(std::shared_ptr<const std::string> text) noexcept : view_(*text) {
    owner_ = std::move(text);
  }

  std::shared_ptr<const void> owner_;
  std::string_view view_{};
};

} // namespace sallyport
