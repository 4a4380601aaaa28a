// What is wrong with a line or with a file, by its code, in the reader's language.

import { name, quoted } from "../format.js";
import { has, t } from "../i18n.js";

// A code that this page does not know yet comes with the gateway's own sentence.
export function problemText({ problem, code, value }) {
  const key = `problem.${code}`;
  return has(key) ? t(key, { value: quoted(value ?? "") }) : name(problem);
}

// The same of a line that has only been looked at.
export function previewProblem({ problem, problem_code: code, problem_value: value }) {
  return problemText({ problem, code, value });
}

// What is told of a file as a whole: {code, text, values}.
export function noticeText({ code, text, values }) {
  const key = `notice.${code}`;
  if (!has(key)) return name(text);
  return t(key, Object.fromEntries(Object.entries(values).map(([part, value]) => [part, quoted(value)])));
}
