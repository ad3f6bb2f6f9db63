// docs/tutorial.md is followed to the letter: its files are written, its commands are run.

#include "tests/support/process.hpp"
#include "tests/support/stand.hpp"
#include "tests/support/wait.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fstream>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::test {
namespace {

namespace fs = std::filesystem;

struct page_block {
  std::string language;
  std::string file; ///< the file that the text before it names last: `topology.yaml`
  std::string text;
};

/// The fenced blocks of a page. A block that is no command belongs to the file that the paragraph
/// before it names last.
std::vector<page_block> blocks_of(const std::string& page) {
  std::vector<page_block> all;
  std::string file;
  std::optional<page_block> open;
  for (std::size_t at = 0; at < page.size();) {
    const auto end = std::min(page.find('\n', at), page.size());
    const auto line = page.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("```")) {
      if (open)
        all.push_back(*std::exchange(open, std::nullopt));
      else
        open = page_block{line.substr(3), file, ""};
    } else if (open) {
      open->text += line + "\n";
    } else {
      for (auto from = line.find('`'); from != std::string::npos; from = line.find('`', from + 1)) {
        const auto to = line.find('`', from + 1);
        if (to == std::string::npos)
          break;
        const auto word = line.substr(from + 1, to - from - 1);
        if (word.ends_with(".yaml") || word.ends_with(".ndjson"))
          file = word;
        from = to;
      }
    }
  }
  return all;
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// A port that nobody has now.
std::string free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(s, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(s, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(s);
  return std::to_string(ntohs(address.sin_port));
}

/// The page as a script. The block that starts the warehouse is run beside it, as it is in the
/// other terminal.
std::string script_of(std::string page) {
  replace_all(page, "8080", free_port());
  replace_all(page, "8081", free_port());
  replace_all(page, "default: 10s", "default: 1s");
  std::string script =
    "set -Eeuo pipefail\nset -m\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n";
  for (const auto& b : blocks_of(page)) {
    if (b.language != "sh") {
      script += "cat > " + b.file + " <<'END_OF_FILE'\n" + b.text + "END_OF_FILE\n";
    } else if (b.text.find("sallyport run config.yaml\n") != std::string::npos) {
      script += "( " + b.text +
                " ) > warehouse.log 2>&1 & warehouse=$!\n"
                "trap 'kill -- -$warehouse $(jobs -p) 2>/dev/null || true' EXIT\n";
    } else {
      auto text = b.text;
      replace_all(text, "kill %1\nwait\n", "kill %2\nwait %2\n");
      script += text;
    }
  }
  return script;
}

TEST(tutorial, works_as_it_stands) {
  temporary_folder work;
  const auto page = text_of(fs::path{SALLYPORT_SOURCE_DIR} / "docs/tutorial.md");
  std::ofstream{work.path() / "script"} << "cd " << work.path().string() << "\n" << script_of(page);
  const std::string path = program("sallyport").parent_path().string() + ":/usr/bin:/bin";
  process follows{{"/bin/bash",
                   {(work.path() / "script").string()},
                   {{"PATH", path}},
                   work.path() / "out",
                   work.path() / "err"}};
  const auto how = follows.wait(std::chrono::seconds{90});
  const auto out = text_of(work.path() / "out");
  ASSERT_TRUE(how) << out << text_of(work.path() / "err");
  EXPECT_EQ(*how, (exit_status{0, 0})) << out << text_of(work.path() / "err");
  EXPECT_NE(out.find("1 of 1 cases are as they must be"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("two lamps"})"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("sallyport-cause":"invalid")"), std::string::npos) << out;
  EXPECT_NE(out.find("flowchart TB"), std::string::npos) << out;
}

} // namespace
} // namespace sallyport::test
