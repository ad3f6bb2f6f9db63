#include "engine/config/expand.hpp"
#include "engine/config/node.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <sstream>
#include <utility>

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

/// Finds the first character that no config may hold. One is enough: a file with a tab has many.
bool check_characters(std::string_view text, const std::string& file, findings& out) {
  int line = 1;
  int column = 1;
  auto refuse = [&](std::string what, std::string hint) {
    out.push_back({{file, line, column}, std::move(what), std::move(hint)});
    return false;
  };
  while (!text.empty()) {
    auto length = utf8_length(text);
    if (length == 0)
      return refuse("the file is not UTF-8 here", "save it as UTF-8");
    const auto c = static_cast<unsigned char>(text.front());
    if (c == '\t')
      return refuse("a tab stands here", "indent with spaces; in a quoted text write \\t");
    if ((c < 0x20 && c != '\n' && c != '\r') || c == 0x7f)
      return refuse("a control character stands here", "remove it");
    line += c == '\n' ? 1 : 0;
    column = c == '\n' ? 1 : column + 1;
    text.remove_prefix(length);
  }
  return true;
}

// -- the tree from the library's events -----------------------------------------------------------

class tree_builder final : public YAML::EventHandler {
public:
  tree_builder(const std::string& file, const resolver& resolve, findings& out)
    : file_(file), resolve_(resolve), out_(out) {}

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

  [[nodiscard]] location place(const YAML::Mark& mark) const {
    return mark.is_null() ? location{file_, 0, 0} : location{file_, mark.line + 1, mark.column + 1};
  }

  [[nodiscard]] node made(node::kind type, const YAML::Mark& mark) const {
    node n;
    n.type = type;
    n.where = place(mark);
    return n;
  }

  void refuse(const YAML::Mark& mark, std::string what, std::string hint) {
    out_.push_back({place(mark), std::move(what), std::move(hint)});
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
    for (const auto& e : parent.value.entries)
      if (e.name == key.text)
        return say("'" + key.text + "' is given twice",
                   "it stands on line " + std::to_string(e.where.line) + " already");
    parent.key_is_good = true;
  }

  const std::string& file_;
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
   "close it with '}'; a ${...} needs quotes around it"},
  {"end of sequence flow not found", "a '[' is not closed before this",
   "close it with ']'; a ${...} needs quotes around it"},
  {"end of sequence not found", "this line does not go on with the list above it",
   "check the indentation, and the '- ' of the list"},
  {"illegal EOF in scalar", "a quote is not closed before the end of the file",
   "close the text with the quote that it began with"},
  {"illegal document indicator in scalar", "a quote is not closed before this", "close the text"},
  {"illegal block entry", "a '- ' stands where no list can begin",
   "put it on a line of its own, below the name of the field"},
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

finding syntax_finding(const std::string& file, const YAML::Exception& e) {
  finding f{{file, 0, 0}, "not valid YAML: " + e.msg, ""};
  if (!e.mark.is_null())
    f.where = {file, e.mark.line + 1, e.mark.column + 1};
  for (const auto& x : explanations)
    if (e.msg.starts_with(x.of)) {
      f.what = "not valid YAML: " + std::string{x.what};
      f.hint = x.hint;
      if (x.of == e.msg)
        break;
    }
  return f;
}

} // namespace

node parse_yaml_with(std::string_view text, const std::string& file, const resolver& resolve,
                     findings& out) {
  if (text.size() > file_bytes_max) {
    out.push_back({{file, 0, 0}, "the text is bigger than 1MiB", "is this the right file?"});
    return {};
  }
  if (!check_characters(text, file, out))
    return {};
  tree_builder tree{file, resolve, out};
  try {
    std::istringstream in{std::string{text}};
    YAML::Parser parser{in};
    if (parser.HandleNextDocument(tree)) {
      findings ignored;
      tree_builder second{file, resolve, ignored};
      if (parser.HandleNextDocument(second))
        out.push_back({second.root.where, "a second document begins here",
                       "a file holds one; remove the '---' and what follows"});
    }
  } catch (const YAML::Exception& e) {
    out.push_back(syntax_finding(file, e));
    return {};
  } catch (const std::exception& e) {
    out.push_back({{file, 0, 0}, std::string{"not valid YAML: "} + e.what(), ""});
    return {};
  }
  if (tree.root.where.file.empty())
    tree.root.where = {file, 1, 1};
  return std::move(tree.root);
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
