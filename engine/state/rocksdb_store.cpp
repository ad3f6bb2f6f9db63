#include "engine/state/rocksdb_store.hpp"

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

namespace sallyport {

namespace {

rocksdb_database::column column_of(family where) {
  return static_cast<rocksdb_database::column>(where);
}

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

status scan_of(const rocksdb_database& database, const rocksdb::Snapshot* at, family where,
               std::string_view from, std::string_view to, const row_visitor& visit) {
  rocksdb::Slice end{to.data(), to.size()};
  rocksdb::ReadOptions how;
  how.snapshot = at;
  if (!to.empty())
    how.iterate_upper_bound = &end;
  std::unique_ptr<rocksdb::Iterator> row{
    database.db().NewIterator(how, database.handle(column_of(where)))};
  for (row->Seek({from.data(), from.size()}); row->Valid(); row->Next())
    if (!visit(view(row->key()), view(row->value())))
      return {};
  if (!row->status().ok())
    return fail(database.to_error(row->status(), "reading the state folder"));
  return {};
}

/// The rows of one sequence number of the database.
class rocksdb_snapshot final : public row_reader {
public:
  explicit rocksdb_snapshot(const rocksdb_database& of)
    : database_(of), at_(of.db().GetSnapshot()) {}
  ~rocksdb_snapshot() override { database_.db().ReleaseSnapshot(at_); }
  rocksdb_snapshot(const rocksdb_snapshot&) = delete;
  rocksdb_snapshot& operator=(const rocksdb_snapshot&) = delete;

  [[nodiscard]] result<std::optional<std::string>> get(family where,
                                                       std::string_view key) const override {
    return database_.get(column_of(where), key, at_);
  }
  [[nodiscard]] status scan(family where, std::string_view from, std::string_view to,
                            const row_visitor& visit) const override {
    return scan_of(database_, at_, where, from, to, visit);
  }

private:
  const rocksdb_database& database_;
  const rocksdb::Snapshot* at_;
};

} // namespace

result<std::optional<std::string>> rocksdb_store::get(family where, std::string_view key) const {
  return database_.get(column_of(where), key);
}

status rocksdb_store::scan(family where, std::string_view from, std::string_view to,
                           const row_visitor& visit) const {
  return scan_of(database_, nullptr, where, from, to, visit);
}

std::unique_ptr<row_reader> rocksdb_store::snapshot() const {
  return std::make_unique<rocksdb_snapshot>(database_);
}

status rocksdb_store::write(const store_batch& batch, bool sync) {
  rocksdb::WriteBatch all;
  SALLYPORT_CHECK(database_.add(all, batch));
  return database_.write(all, sync);
}

std::uint64_t rocksdb_store::size_bytes() const {
  return database_.size_bytes(rocksdb_database::column::state) +
         database_.size_bytes(rocksdb_database::column::journal) +
         database_.size_bytes(rocksdb_database::column::meta);
}

} // namespace sallyport
