#include "connectors/file/file_egress.hpp"
#include "connectors/file/file_ingress.hpp"
#include "engine/connectors/registry.hpp"

namespace sallyport::file {

namespace {

using config::field;

std::optional<std::string> is_pointer(std::string_view text) {
  if (text.empty() || text.front() == '/')
    return std::nullopt;
  return "a JSON pointer such as /bookingId is wanted";
}

std::shared_ptr<const connector_entry::ingress_kind> ingress_kind() {
  auto kind = std::make_shared<connector_entry::ingress_kind>();
  kind->spec =
    config::spec{"file"}
      .summary("Puts each line of a file on a topic.")
      .description("How far it has read is committed with the lines, so that a restart neither "
                   "loses nor repeats one.")
      .add(field::text("path").doc("The file.").example("events.ndjson"))
      .add(field::boolean("follow")
             .doc("Go on with what is written to the file later. It may be truncated, or replaced "
                  "under its name.")
             .by_default("false"))
      .add(field::text("key")
             .doc("JSON pointer to the field of a line that is its record's key; empty means no "
                  "key. Lines of a key keep their order; lines without one go to the partitions in "
                  "turn, and of two the later may be worked on first.")
             .by_default("")
             .check(is_pointer))
      .add(field::text("headers")
             .doc("JSON pointer to an object of a line whose members are its record's headers; "
                  "empty means none.")
             .by_default("")
             .check(is_pointer))
      .add(field::duration("poll_interval")
             .doc("How often a followed file is looked at when it has nothing new.")
             .min(1)
             .by_default("250ms"))
      .add(field::size("line_bytes_max")
             .doc("The longest line that is taken; a longer one is an error.")
             .min(1)
             .by_default("8MiB"))
      .example("path: events.ndjson\nfollow: true\nkey: /bookingId\n");
  kind->make = [](const config::params& given) -> result<std::unique_ptr<ingress>> {
    return std::make_unique<file_ingress>(ingress_options{
      given.text("path"), given.boolean("follow"), given.text("key"), given.text("headers"),
      given.duration("poll_interval"), static_cast<std::size_t>(given.size("line_bytes_max"))});
  };
  return kind;
}

std::shared_ptr<const connector_entry::egress_kind> egress_kind() {
  auto kind = std::make_shared<connector_entry::egress_kind>();
  kind->spec =
    config::spec{"file"}
      .summary("Writes the committed records of a topic as lines of JSON.")
      .description("Lines are as `GET /log/<topic>` gives them. They are synced before the "
                   "position is committed; after a crash the end of the file says where to go on, "
                   "so no record is missing and none stands there twice.")
      .add(field::text("path").doc("The file; it is appended to.").example("out.ndjson"))
      .add(field::size("batch_size")
             .doc("Records that are written and synced together.")
             .min(1)
             .by_default("1MiB"))
      .example("path: out.ndjson\n");
  kind->make = [](const config::params& given) -> result<std::unique_ptr<egress>> {
    return std::make_unique<file_egress>(
      egress_options{given.text("path"), static_cast<std::size_t>(given.size("batch_size"))});
  };
  return kind;
}

connector_entry entry() {
  connector_entry made;
  made.name = "file";
  made.summary = "Lines of JSON in files.";
  made.as_ingress = ingress_kind();
  made.as_egress = egress_kind();
  return made;
}

} // namespace

SALLYPORT_CONNECTOR(file, entry());

} // namespace sallyport::file
