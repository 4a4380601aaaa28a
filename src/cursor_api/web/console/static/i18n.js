// Words in the reader's language. Each language is one flat table of strings, lang/<name>.json.
//
// `{name}` stands for a value. A text that depends on a count has two entries, `x.one` and
// `x.other`; a language without a plural repeats itself.

import { recall, remember } from "./store.js";

export const LANGUAGES = { en: "English", zh: "中文" };

let language = "en";
let strings = {};
let plural = new Intl.PluralRules("en");

export function currentLanguage() {
  return language;
}

// The stored choice, else the first of the browser's languages that there is, else English.
export function preferredLanguage() {
  const stored = recall("localStorage", "language");
  if (stored in LANGUAGES) return stored;
  const wanted = (navigator.languages || []).map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find((tag) => tag in LANGUAGES) || "en";
}

export async function useLanguage(name, { isChoice = false } = {}) {
  const answer = await fetch(new URL(`lang/${name}.json`, import.meta.url));
  strings = await answer.json();
  language = name;
  plural = new Intl.PluralRules(locale());
  if (isChoice) remember("localStorage", "language", name);
  document.documentElement.lang = name === "zh" ? "zh-CN" : name;
}

// For dates and numbers: an English reader's own kind of English.
export function locale() {
  if (language === "zh") return "zh-CN";
  return (navigator.languages || []).find((tag) => tag.startsWith(language)) || language;
}

export function has(key) {
  return key in strings || `${key}.other` in strings;
}

// What there is behind a prefix, in the order of the table.
export function entries(prefix) {
  return Object.keys(strings)
    .filter((key) => key.startsWith(`${prefix}.`))
    .map((key) => key.slice(prefix.length + 1));
}

// Of a text that came in both languages, the reader's.
export function said(words) {
  return words[language] ?? words.en;
}

export function t(key, values = {}) {
  const found = strings[key] ?? strings[`${key}.${plural.select(values.count ?? 0)}`];
  const text = found ?? strings[`${key}.other`] ?? key;
  return text.replace(/\{(\w+)\}/g, (_whole, name) => String(values[name] ?? ""));
}
