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

} // namespace

result<std::optional<std::string>> rocksdb_store::get(family where, std::string_view key) const {
  return database_.get(column_of(where), key);
}

status rocksdb_store::scan(family where, std::string_view from, std::string_view to,
                           const row_visitor& visit) const {
  rocksdb::Slice end{to.data(), to.size()};
  rocksdb::ReadOptions how;
  if (!to.empty())
    how.iterate_upper_bound = &end;
  std::unique_ptr<rocksdb::Iterator> row{
    database_.db().NewIterator(how, database_.handle(column_of(where)))};
  for (row->Seek({from.data(), from.size()}); row->Valid(); row->Next())
    if (!visit(view(row->key()), view(row->value())))
      return {};
  if (!row->status().ok())
    return fail(database_.to_error(row->status(), "reading the state folder"));
  return {};
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
