#pragma once

#include "engine/state/rocksdb_database.hpp"

namespace sallyport {

/// The store of an instance, in its state folder.
///
/// Thread safety: all functions may be called from any thread. A scan sees the rows as they were
/// when it began.
class rocksdb_store final : public store {
public:
  /// `database` outlives the store.
  explicit rocksdb_store(rocksdb_database& database) : database_(database) {}

  [[nodiscard]] result<std::optional<std::string>> get(family where,
                                                       std::string_view key) const override;
  [[nodiscard]] status scan(family where, std::string_view from, std::string_view to,
                            const row_visitor& visit) const override;
  [[nodiscard]] std::unique_ptr<row_reader> snapshot() const override;
  [[nodiscard]] status write(const store_batch& batch, bool sync) override;
  [[nodiscard]] std::uint64_t size_bytes() const override;

private:
  rocksdb_database& database_;
};

} // namespace sallyport
