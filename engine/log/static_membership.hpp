#pragma once

#include "engine/log/membership.hpp"

#include <deque>

namespace sallyport {

/// The lanes of a log that no other process shares: each host has its fixed share of them from the
/// start.
///
/// Thread safety: as `membership`.
class static_membership final : public membership {
public:
  static_membership(log& of, const membership_options& how);
  ~static_membership() override;
  static_membership(const static_membership&) = delete;
  static_membership& operator=(const static_membership&) = delete;

  [[nodiscard]] std::vector<lane_change> changes() override;
  void release(const lane_place& lane) override;
  void again(const lane_place& lane) override;
  [[nodiscard]] result<std::vector<log_record>> read(const lane_place& lane, std::int64_t from,
                                                     const read_limits& limits) override;
  [[nodiscard]] status commit(const std::shared_ptr<log_commit>& what) override;
  [[nodiscard]] std::chrono::steady_clock::time_point calls_until() const override;
  void leave() override {}

private:
  log* log_;
  std::string application_;
  std::function<void()> on_news_;
  std::deque<lane_place> to_give_;
  std::uint64_t listening_ = 0;
};

} // namespace sallyport
