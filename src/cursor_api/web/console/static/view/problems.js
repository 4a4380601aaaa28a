// What is wrong with a line, in the reader's language where it is one of the known problems.

import { name } from "../format.js";
import { currentLanguage, t } from "../i18n.js";

// The gateway's English begins like this -> the entry of the language table.
const KNOWN = [
  ["the token of line ", "problem.token_again"],
  ["the alias of line ", "problem.alias_again"],
  ["a comma: ", "problem.comma"],
  ["no checksum: ", "problem.no_checksum"],
  ["the checksum is not of the known form", "problem.bad_checksum"],
  ["more than one comma", "problem.two_commas"],
  ["more than one `::`", "problem.two_colons"],
  ["no token: ", "problem.no_token"],
  ["a space inside the token", "problem.space"],
  ["a character that no token has", "problem.character"],
  ["a control character", "problem.control"],
  ["an invisible character in the alias", "problem.invisible"],
  ["the token stands where the alias belongs", "problem.swapped"],
  ["not UTF-8", "problem.not_utf8"],
  ["the file is UTF-16", "problem.utf16"],
];

export function problemText(english) {
  const found = KNOWN.find(([beginning]) => english.startsWith(beginning));
  // English says it with more detail than a table can.
  if (!found || currentLanguage() === "en") return name(english);
  const number = english.match(/(?:of line |\()([\w+]+)/)?.[1] ?? "";
  return t(found[1], { value: number });
}
