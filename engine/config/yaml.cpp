#include "engine/config/expand.hpp"
#include "engine/config/node.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>
#include <vector>

namespace sallyport::config {

namespace {

// -- what is refused before the library sees it ---------------------------------------------------

/// The length of the UTF-8 character that `text` starts with, 0 if it starts with none.
std::size_t utf8_length(std::string_view text) {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80)
    return 1;
  std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length)
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xc0U) != 0x80U)
      return 0;
  // Too long a form, a half of a surrogate pair, or beyond the last code point.
  if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f) ||
      (lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f))
    return 0;
  return length;
}

/// The text with what no config may hold put right, so that the rest can be checked as well. A
/// mistake is told once a line. Nothing when a tab indents, as what is meant is anybody's guess.
class character_check {
public:
  character_check(const std::string& file, findings& out) : file_(file), out_(out) {}

  std::optional<std::string> read(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
      const auto length = utf8_length(text);
      take(text.substr(0, std::max<std::size_t>(length, 1)), length != 0, clean);
      text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    if (told_ > told_max)
      out_.push_back(
        {{file_, 0, 0},
         "such characters stand on " + std::to_string(told_ - told_max) + " more lines",
         ""});
    return indented_by_tab_ ? std::nullopt : std::optional{std::move(clean)};
  }

private:
  static constexpr int told_max = 20;

  void take(std::string_view character, bool is_utf8, std::string& clean) {
    const auto c = static_cast<unsigned char>(character.front());
    if (!is_utf8) {
      refuse("the file is not UTF-8 here", "save it as UTF-8");
      clean += "\xef\xbf\xbd"; // the sign for what cannot be read
    } else if (c == '\t') {
      indented_by_tab_ = indented_by_tab_ || only_spaces_;
      refuse("a tab stands here", "indent with spaces; in a quoted text write \\t");
      clean += ' ';
    } else if ((c < 0x20 && c != '\n' && c != '\r') || c == 0x7f) {
      refuse("a control character stands here", "remove it");
      clean += ' ';
    } else {
      clean += character;
    }
    only_spaces_ = c == '\n' || (only_spaces_ && c == ' ');
    line_ += c == '\n' ? 1 : 0;
    column_ = c == '\n' ? 1 : column_ + 1;
  }

  void refuse(std::string what, std::string hint) {
    if (told_line_ != line_ && ++told_ <= told_max)
      out_.push_back({{file_, line_, column_}, std::move(what), std::move(hint)});
    told_line_ = line_;
  }

  const std::string& file_;
  findings& out_;
  int line_ = 1;
  int column_ = 1;
  int told_ = 0;
  int told_line_ = 0;
  bool only_spaces_ = true;
  bool indented_by_tab_ = false;
};

/// Places of a text: the library counts bytes of a line, people characters.
class places {
public:
  places(const std::string& file, std::string_view text) : file_(file), text_(text) {}

  [[nodiscard]] location at(const YAML::Mark& mark) {
    if (mark.is_null())
      return {file_, 0, 0};
    if (starts_.empty())
      find_lines();
    const auto line = std::min(static_cast<std::size_t>(mark.line), starts_.size() - 1);
    const auto before = text_.substr(starts_[line], static_cast<std::size_t>(mark.column));
    const auto inner = std::ranges::count_if(
      before, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; });
    return {file_, mark.line + 1, mark.column + 1 - static_cast<int>(inner)};
  }

private:
  void find_lines() {
    starts_.push_back(0);
    for (auto at = text_.find('\n'); at != std::string_view::npos; at = text_.find('\n', at + 1))
      starts_.push_back(at + 1);
  }

  const std::string& file_;
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

/// What stands for a section of which nothing is known.
node unknown(const location& where) {
  node nothing;
  nothing.where = where;
  nothing.unresolved = true;
  return nothing;
}

// -- the tree from the library's events -----------------------------------------------------------

class tree_builder final : public YAML::EventHandler {
public:
  tree_builder(places& where, const resolver& resolve, findings& out)
    : places_(where), resolve_(resolve), out_(out) {}

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(made(node::kind::null, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, "aliases (*name) are not read here",
           "write the value out; a text that begins "
           "with * needs quotes");
    add(made(node::kind::null, mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    auto scalar = made(node::kind::scalar, mark);
    scalar.text = value;
    scalar.quoted = tag == "!";
    add(std::move(scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    open_.push_back({made(node::kind::sequence, mark), {}, {}, false, true});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    open_.push_back({made(node::kind::mapping, mark), {}, {}, false, true});
  }
  void OnMapEnd() override { close(); }

  node root;

private:
  struct frame {
    node value;
    std::string key;
    location key_where;
    bool has_key;
    bool key_is_good;
  };

  [[nodiscard]] node made(node::kind type, const YAML::Mark& mark) {
    node n;
    n.type = type;
    n.where = places_.at(mark);
    return n;
  }

  void refuse(const YAML::Mark& mark, std::string what, std::string hint) {
    out_.push_back({places_.at(mark), std::move(what), std::move(hint)});
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0)
      refuse(mark, "anchors (&name) are not read here",
             "write the value out; a text that begins with & needs quotes");
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(mark, "tags (!name) are not read here", "a text that begins with ! needs quotes");
  }

  void close() {
    auto done = std::move(open_.back().value);
    open_.pop_back();
    add(std::move(done));
  }

  void add(node value) {
    if (open_.empty()) {
      expand_scalar(value);
      root = std::move(value);
      return;
    }
    auto& parent = open_.back();
    if (parent.value.type == node::kind::sequence) {
      expand_scalar(value);
      parent.value.items.push_back(std::move(value));
    } else if (!parent.has_key) {
      take_key(parent, value);
    } else {
      expand_scalar(value);
      if (parent.key_is_good)
        parent.value.entries.push_back({std::move(parent.key), parent.key_where, std::move(value)});
      parent.has_key = false;
    }
  }

  void expand_scalar(node& value) {
    if (value.type == node::kind::scalar)
      expand(value, resolve_, out_);
  }

  void take_key(frame& parent, const node& key) {
    parent.has_key = true;
    parent.key_is_good = false;
    parent.key = key.text;
    parent.key_where = key.where;
    auto say = [&](std::string what, std::string hint) {
      out_.push_back({key.where, std::move(what), std::move(hint)});
    };
    if (key.type != node::kind::scalar)
      return say("the name of a field must be a word", "");
    if (key.text == "<<" && !key.quoted)
      return say("merge keys (<<) are not read here", "write the fields out");
    if (key.text.find("${") != std::string::npos)
      return say("the name of a field cannot hold ${...}", "only values can");
    for (auto& e : parent.value.entries)
      if (e.name == key.text) {
        if (open_.size() == 1)
          e.value = unknown(e.where);
        return say("'" + key.text + "' is given twice",
                   "it stands on line " + std::to_string(e.where.line) + " already");
      }
    parent.key_is_good = true;
  }

  places& places_;
  const resolver& resolve_;
  findings& out_;
  std::vector<frame> open_;
};

// -- syntax errors --------------------------------------------------------------------------------

struct explanation {
  std::string_view of;
  std::string_view what;
  std::string_view hint;
};

/// The library's words for common mistakes, in the words of who wrote the file.
constexpr std::array<explanation, 15> explanations{{
  {"illegal map value", "a ':' stands where no field can begin",
   "check the indentation; a text with ': ' in it needs quotes"},
  {"end of map not found", "this line does not go on with the mapping above it",
   "check the indentation, the ':' after the name of the field, and that each quote is closed"},
  {"end of map flow not found", "a '{' is not closed before this",
   "close it with '}'; a text with ': ' or ${...} in it needs quotes"},
  {"end of sequence flow not found", "a '[' is not closed before this",
   "close it with ']'; a text with ': ' or ${...} in it needs quotes"},
  {"end of sequence not found", "this line does not go on with the list above it",
   "check the indentation, and the '- ' of the list"},
  {"illegal EOF in scalar", "a quote is not closed before the end of the file",
   "close the text with the quote that it began with"},
  {"illegal document indicator in scalar", "a quote is not closed before this", "close the text"},
  {"illegal block entry", "a '- ' stands where no list can begin",
   "put it on a line of its own, below the name of the field; between '[' and ']' there are "
   "commas instead"},
  {"illegal map key", "the name of a field stands where none can begin", "check the indentation"},
  {"illegal flow end", "a '}' or ']' stands here, but none is open",
   "remove it, or open it before"},
  {"unknown token", "this character cannot begin a value", "put the text in quotes"},
  {"the referenced anchor is not defined", "aliases (*name) are not read here",
   "a text that begins with * needs quotes"},
  {"alias not found after *", "a '*' cannot begin a value",
   "a text that begins with * needs quotes"},
  {"illegal character found while scanning alias", "a '*' cannot begin a value like this",
   "a text that begins with * needs quotes"},
  {"unknown escape character", "a '\\' in double quotes begins an escape, and this is none",
   "write \\\\ for a backslash, or use single quotes"},
}};

finding syntax_finding(places& where, const YAML::Exception& e) {
  finding f{where.at(e.mark), "not valid YAML: " + e.msg, ""};
  for (const auto& x : explanations)
    if (e.msg.starts_with(x.of)) {
      f.what = "not valid YAML: " + std::string{x.what};
      f.hint = x.hint;
      if (x.of == e.msg)
        break;
    }
  return f;
}

/// The tree of a text; nothing when it is not YAML, which is told.
std::optional<node> tree_of(const std::string& text, const std::string& file,
                            const resolver& resolve, findings& out) {
  places where{file, text};
  tree_builder tree{where, resolve, out};
  try {
    std::istringstream in{text};
    YAML::Parser parser{in};
    if (parser.HandleNextDocument(tree)) {
      findings ignored;
      tree_builder second{where, resolve, ignored};
      if (parser.HandleNextDocument(second))
        out.push_back({second.root.where, "a second document begins here",
                       "a file holds one; remove the '---' and what follows"});
    }
  } catch (const YAML::Exception& e) {
    out.push_back(syntax_finding(where, e));
    return std::nullopt;
  } catch (const std::exception& e) {
    out.push_back({{file, 0, 0}, std::string{"not valid YAML: "} + e.what(), ""});
    return std::nullopt;
  }
  if (tree.root.where.file.empty())
    tree.root.where = {file, 1, 1};
  return std::move(tree.root);
}

// -- a file that is not YAML, section by section --------------------------------------------------

/// A field at the start of a line: `parts:`.
std::string_view section_name(std::string_view line) {
  const auto end =
    line.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  const bool is_one = end != std::string_view::npos && end > 0 && line[0] != '-' &&
                      line[end] == ':' &&
                      (end + 1 == line.size() || line[end + 1] == ' ' || line[end + 1] == '\r');
  return is_one ? line.substr(0, end) : std::string_view{};
}

struct section {
  std::string name;
  int line = 0;
  std::string text; ///< behind so many newlines that its lines count from the start of the file
};

std::vector<section> sections_of(std::string_view text) {
  std::vector<section> all;
  for (int line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto name = section_name(text.substr(0, end));
    if (!name.empty())
      all.push_back(
        {std::string{name}, line, std::string(static_cast<std::size_t>(line) - 1, '\n')});
    if (!all.empty())
      (all.back().text += text.substr(0, end)) += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

/// What can be read of a file that is not YAML as a whole, so that a mistake in one section hides
/// none in another. A section that cannot be read stands as an unresolved value: nothing is known
/// of it. Nothing when no section tells what is wrong with the whole.
std::optional<node> tree_of_sections(std::string_view text, const std::string& file,
                                     const resolver& resolve, findings& out) {
  node root;
  root.type = node::kind::mapping;
  root.where = {file, 1, 1};
  findings all;
  bool any_broken = false;
  for (const auto& s : sections_of(text)) {
    if (const auto* same = root.find(s.name))
      all.push_back({{file, s.line, 1},
                     "'" + s.name + "' is given twice",
                     "it stands on line " + std::to_string(same->where.line) + " already"});
    auto read = tree_of(s.text, file, resolve, all);
    any_broken = any_broken || !read;
    if (read && read->entries.size() == 1 && root.find(s.name) == nullptr) {
      root.entries.push_back(std::move(read->entries.front()));
      continue;
    }
    root.entries.push_back({s.name, {file, s.line, 1}, unknown({file, s.line, 1})});
  }
  if (!any_broken)
    return std::nullopt;
  for (auto& f : all)
    out.push_back(std::move(f));
  return root;
}

} // namespace

node parse_yaml_with(std::string_view text, const std::string& file, const resolver& resolve,
                     findings& out) {
  if (text.size() > file_bytes_max) {
    out.push_back({{file, 0, 0}, "the text is bigger than 1MiB", "is this the right file?"});
    return {};
  }
  auto clean = character_check{file, out}.read(text);
  if (!clean)
    return {};
  findings whole;
  auto tree = tree_of(*clean, file, resolve, whole);
  if (!tree)
    if (auto parts = tree_of_sections(*clean, file, resolve, out))
      return std::move(*parts);
  for (auto& f : whole)
    out.push_back(std::move(f));
  return tree ? std::move(*tree) : node{};
}

bool is_partly_read(const node& root) {
  return std::ranges::any_of(root.entries, [](const auto& e) {
    return e.value.type == node::kind::null && e.value.unresolved;
  });
}

node parse_yaml(std::string_view text, const std::string& file, const environment& env,
                findings& out) {
  return parse_yaml_with(text, file, environment_resolver(env), out);
}

node load_yaml(const std::string& path, const environment& env, findings& out) {
  auto text = read_file(path, out);
  if (!text)
    return {};
  return parse_yaml(*text, path, env, out);
}

} // namespace sallyport::config
